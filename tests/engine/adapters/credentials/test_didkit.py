"""What didkit does and does not do: the reasons for what is checked here besides, and for its process."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from engine.adapters.credentials import didkit_process
from engine.adapters.credentials.didkit_process import WORKER, Didkit, DidkitRefuses, check_report
from engine.adapters.credentials.documents import CREDENTIALS_V1, VOCABULARY
from engine.adapters.credentials.refusals import NotRelied
from tests.engine.adapters.credentials.people import ISSUER

DEEP = 120
"""Beyond 128 its JSON reader refuses; before that its stack ends."""
OPTIONS = {"verificationMethod": ISSUER.key_id, "proofPurpose": "assertionMethod"}


def plain(**changes: Any) -> dict[str, Any]:
    """A credential that didkit signs, expired long ago."""
    return {
        "@context": [CREDENTIALS_V1, VOCABULARY],
        "id": "urn:uuid:1b2a9d1e-8b7a-4b3b-9d0a-111111111111",
        "type": ["VerifiableCredential"],
        "issuer": ISSUER.did,
        "issuanceDate": "2020-01-01T00:00:00Z",
        "expirationDate": "2020-02-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:bob", "name": "Bob"},
    } | changes


def signed(didkit: Didkit, **changes: Any) -> dict[str, Any]:
    text = didkit.issue_credential(plain(**changes), OPTIONS, ISSUER.jwk)
    made: dict[str, Any] = json.loads(text)
    return made


def is_good(didkit: Didkit, document: dict[str, Any]) -> bool:
    try:
        didkit.verify_credential(json.dumps(document), {"proofPurpose": "assertionMethod"})
    except DidkitRefuses:
        return False
    return True


def test_didkit_reports_no_error_for_an_expired_credential(didkit: Didkit) -> None:
    """Of linked data it checks the proof and no date; so dates are ours to check."""
    assert is_good(didkit, signed(didkit))


def test_didkit_reports_an_error_for_a_tampered_credential(didkit: Didkit) -> None:
    """Else the tests around this one would show nothing."""
    tampered = signed(didkit) | {"credentialSubject": {"id": "did:example:bob", "name": "Eve"}}
    assert not is_good(didkit, tampered)


@pytest.mark.parametrize(
    ("context", "claims"),
    [
        ({"alias": "urn:picomesh:credential:name"}, {"alias": "Bob"}),
        ({"admin": None}, {"name": "Bob", "admin": True}),
        ({}, {"name": ["Bob", "Bob"]}),
        ({}, {"name": "Bob", "admin": None, "rights": []}),
        ({}, {"name": "Bob", "friend": {"id": "relative"}}),
    ],
)
def test_didkit_takes_another_text_with_the_same_graph(
    didkit: Didkit, context: dict[str, Any], claims: dict[str, Any]
) -> None:
    """A claim renamed or added by whoever passes the credential on: so contexts and claims are narrowed."""
    changed = {"@context": [CREDENTIALS_V1, {**VOCABULARY, **context}]}
    changed["credentialSubject"] = {"id": "did:example:bob", **claims}  # type: ignore[assignment]
    assert is_good(didkit, signed(didkit) | changed)


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    """Somebody who would notice being asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


FETCHES = """
import asyncio, json, os, sys, didkit
async def fetch():
    request = json.loads(sys.stdin.readline())
    await didkit.verify_credential(*request["words"])
asyncio.run(fetch())
os._exit(0)
"""
"""What the worker does, but not shut in."""


def run_through_proxy(program: list[str], document: dict[str, Any]) -> bool:
    """Whether a process that verifies this calls the proxy it is given for everything."""
    request = {"call": "verify_credential", "words": [json.dumps(document), "{}"]}
    with listening() as (server, port):
        proxy = f"http://127.0.0.1:{port}"
        paths = os.pathsep.join(map(os.path.abspath, sys.path))
        environment = {"PYTHONPATH": paths, "http_proxy": proxy, "https_proxy": proxy}
        with subprocess.Popen(
            [sys.executable, "-P", *program], env=environment, stdin=PIPE, stdout=PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.close()
            ready, _, _ = select.select([server.fileno(), process.stdout.fileno()], [], [], 20)
            process.kill()
        assert ready
        return server.fileno() in ready


@pytest.mark.parametrize("issuer", ["did:web:localhost", "did:web:registry.example"])
def test_no_document_of_an_issuer_is_fetched(didkit: Didkit, issuer: str) -> None:
    """didkit resolves did:web by itself, wherever a stranger says; in its process it cannot open a socket."""
    document = signed(didkit) | {"issuer": issuer}
    assert run_through_proxy(["-c", FETCHES], document)
    assert not run_through_proxy([str(WORKER)], document)


def test_no_context_is_fetched(didkit: Didkit) -> None:
    """didkit refuses those that it does not know, and could not fetch them either."""
    document = signed(didkit) | {"@context": [CREDENTIALS_V1, "http://contexts.example/v1"]}
    assert not is_good(didkit, document)
    assert not run_through_proxy(["-c", FETCHES], document)
    assert not run_through_proxy([str(WORKER)], document)


def test_a_document_that_ends_the_process_ends_nothing_else(didkit: Didkit) -> None:
    """didkit overflows its stack on deep claims: that call is refused, and the next has a new process."""
    deep: dict[str, Any] = {"a": 1}
    for _ in range(DEEP):
        deep = {"a": deep}
    with pytest.raises(NotRelied, match="too-costly"):
        didkit.issue_credential(
            plain(credentialSubject={"id": "did:example:bob", "deep": deep}), OPTIONS, ISSUER.jwk
        )
    assert is_good(didkit, signed(didkit))


def test_a_report_without_a_check_is_none() -> None:
    """No error is not enough: something has to have been looked at."""
    check_report('{"checks": ["proof"], "warnings": [], "errors": []}')
    for report in ('{"checks": [], "errors": []}', '{"checks": ["proof"], "errors": ["it is bad"]}'):
        with pytest.raises(DidkitRefuses):
            check_report(report)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="limits are shown by Linux alone")
def test_the_process_is_shut_in() -> None:
    """No file or socket more, no core file, and bounded memory."""
    pytest.importorskip("didkit")
    paths = os.pathsep.join(map(os.path.abspath, sys.path))
    command = [sys.executable, "-P", str(WORKER)]
    with subprocess.Popen(command, env={"PYTHONPATH": paths}, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"call": "verify_credential", "words": ["{}", "{}"]}\n')
        process.stdin.flush()
        assert b"refused" in process.stdout.readline()
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        process.stdin.close()
        assert process.wait(20) == 0
    soft = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert (soft["Max open files"], soft["Max core file size"]) == ("0", "0")
    assert soft["Max address space"].isdigit()


def test_an_answer_without_end_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bounded by its length, not only by the time that it takes."""
    pytest.importorskip("didkit")
    endless = [sys.executable, "-c", "while True: print('x' * 65536, end='')"]
    monkeypatch.setattr(didkit_process, "_start", lambda: subprocess.Popen(endless, stdin=PIPE, stdout=PIPE))
    with Didkit() as didkit, pytest.raises(NotRelied, match="too-costly") as refused:
        didkit.verify_credential("{}", {})
    assert "does not end" in str(refused.value.__cause__)


def test_a_document_that_takes_too_long_is_given_up() -> None:
    """Eight blank nodes that look alike keep it computing for many seconds; a deadline ends that."""
    pytest.importorskip("didkit")
    nodes = range(9)
    graph = [{"id": f"_:b{n}", "knows": [{"id": f"_:b{m}"} for m in nodes if m != n]} for n in nodes]
    with Didkit(deadline_s=2.0) as hasty:
        hasty.issue_credential(plain(), OPTIONS, ISSUER.jwk)
        with pytest.raises(NotRelied, match="too-costly"):
            hasty.issue_credential(
                plain(credentialSubject={"id": "did:example:bob", "graph": graph}), OPTIONS, ISSUER.jwk
            )
        assert is_good(hasty, signed(hasty))
