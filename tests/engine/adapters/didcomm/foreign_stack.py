"""The npm package didcomm-node as a peer: installed into a cache folder, run as a process of its own.

Where node or the registry is missing, tests that want it are skipped and say so.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from engine.adapters.didcomm import to_jwk
from engine.core.didcomm.base64url import encode
from tests.engine.adapters.didcomm.people import Person

PACKAGE = "didcomm-node"
VERSION = "0.4.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "picomesh-tests" / PACKAGE
PROGRAM = Path(__file__).with_name("foreign_stack.cjs")
INSTALL_S = 120
"""How long the registry may take; it is a megabyte."""


def installed() -> Path:
    """The folder of the package; skips the test that asks where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no foreign stack: node and npm are not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # several test processes, one folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _version() != VERSION:
            _install()
    return CACHE


def _version() -> str | None:
    about = CACHE / "node_modules" / PACKAGE / "package.json"
    version: str | None = json.loads(about.read_text())["version"] if about.exists() else None
    return version


def _install() -> None:
    command = ["npm", "install", "--prefix", str(CACHE), "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"no foreign stack: npm did not bring {PACKAGE} within {INSTALL_S} s")
    if done.returncode != 0 or _version() != VERSION:
        why = " ".join(done.stderr.split())[:200]
        pytest.skip(f"no foreign stack: npm could not install {PACKAGE}: {why}")


class ForeignStack:
    """A running peer; a context manager."""

    def __init__(self, people: Iterable[Person], owner: Person) -> None:
        folder = installed()
        self._process = subprocess.Popen(
            ["node", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NODE_PATH": str(folder / "node_modules")},
        )
        self.ask("know", documents=[_document(one) for one in people], secrets=_secrets(owner))

    def ask(self, what: str, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": what, **request}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> ForeignStack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()


def _document(one: Person) -> dict[str, Any]:
    """As that library wants it: methods apart, purposes as references."""
    document = one.document
    methods = {
        method["id"]: method for purpose in ("keyAgreement", "authentication") for method in document[purpose]
    }
    return {
        "id": one.did,
        "verificationMethod": list(methods.values()),
        "keyAgreement": [method["id"] for method in document["keyAgreement"]],
        "authentication": [method["id"] for method in document["authentication"]],
        "service": [],
    }


def _secrets(owner: Person) -> list[dict[str, Any]]:
    return [
        {
            "id": kid,
            "type": "JsonWebKey2020",
            "privateKeyJwk": to_jwk(key.public) | {"d": encode(key.secret)},
        }
        for kid, key in owner.keys.items()
    ]
