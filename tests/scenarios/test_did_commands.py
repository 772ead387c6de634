"""Commands that write to DIDs, and those that show them, against real engines."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.adapters.credentials import Credential, read_unproven
from engine.cli import main
from engine.commands.client import EngineClient
from tests.scenarios.messages import befriend, neighbour


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EngineClient, str]]:
    """A running engine, and the DID of its root's channel for letters."""
    process = neighbour(tmp_path_factory.mktemp("ann") / "home")
    try:
        client = process.start()
        _, did = befriend(client, tmp_path_factory.mktemp("rulesets"))
        yield client, did
    finally:
        process.end()


def run(folder: Path, *words: str, url: str | None = None) -> Result:
    """A command of somebody who has this configuration folder."""
    environment = {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder), "PICOMESH_URL": url, "COLUMNS": "200"}
    return CliRunner(env=environment).invoke(main, list(words))


def test_an_event_is_sent_to_a_did_from_anywhere(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """No engine is named: the DID says where to go. The rule knows the sender."""
    _, did = ann
    sent = run(tmp_path, "send", did, "pen:letter", "n=hello")
    assert sent.exit_code == 0, sent.output
    me = run(tmp_path, "did", "show", "--me").output.strip()
    assert f'read {{"n": "hello", "from": "{me}"}}' in sent.output


def test_a_message_sent_twice_under_one_id_runs_once(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """--eid names the message."""
    client, did = ann
    replies = [run(tmp_path, "send", did, "pen:letter", "n=once", "--eid", "one", "--json") for _ in range(2)]
    assert replies[0].output == replies[1].output
    assert client.query("root", ("penpal", "seen"), {}).count("once") == 1


def test_a_did_is_asked_from_anywhere(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """`picomesh query`; what is not there, or not allowed, is told."""
    _, did = ann
    run(tmp_path, "send", did, "pen:letter", "n=seen")
    assert "seen" in json.loads(run(tmp_path, "query", did, "penpal/seen", "--json").output)
    none = run(tmp_path, "query", did, "penpal/none")
    assert (none.exit_code, "There is no such query." in none.stderr) == (1, True)


def test_the_log_names_a_sender_by_the_beginning_of_its_did(
    ann: tuple[EngineClient, str], tmp_path: Path
) -> None:
    """DIDs can be long, and most of this one is where it can be reached."""
    client, did = ann
    run(tmp_path, "send", did, "pen:letter", "n=logged")
    me = run(tmp_path, "did", "show", "--me").output.strip()
    log = run(tmp_path, "log", "root", url=client.url).output
    assert f"from {me[:59]}…" in log
    assert me not in log


def test_an_event_need_not_be_waited_for(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """--no-wait returns when it is safely kept."""
    _, did = ann
    kept = run(tmp_path, "send", did, "pen:letter", "n=later", "--no-wait")
    assert kept.output.startswith("kept as ")


def test_messages_and_envelopes_are_shown(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """-v: what is said, what goes over the wire, what comes back."""
    _, did = ann
    said = run(tmp_path, "send", did, "pen:letter", "n=1", "-v").stderr
    headings = [line for line in said.splitlines() if line.startswith("---")]
    assert [heading.split()[1] for heading in headings] == ["message", "POST", "200", "answer"]
    assert '"ciphertext"' in said


def test_ones_own_did_is_made_once_and_kept_safe(tmp_path: Path) -> None:
    """In the configuration folder, where nobody else can read it."""
    first, second = (run(tmp_path, "did", "show", "--me").output for _ in range(2))
    assert first == second
    assert first.startswith("did:peer:2.")
    (file,) = tmp_path.rglob("identity.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_dids_are_shown(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """The engine's, and that of a channel, which stays."""
    client, _ = ann
    engine = run(tmp_path, "did", "show", url=client.url).output.strip()
    root = run(tmp_path, "did", "show", "root", url=client.url).output.strip()
    again = json.loads(run(tmp_path, "did", "show", "root", "--json", url=client.url).output)
    assert engine.startswith("did:peer:2.")
    assert engine != root == again["did"]
    for words in (("show", "nobody"), ("log", "nobody"), ("rotate", "nobody")):
        none = run(tmp_path, "did", *words, url=client.url)
        assert (none.exit_code, "no channel nobody" in none.stderr) == (1, True)
        assert "picomesh tree" in none.stderr


@pytest.mark.parametrize(
    ("did", "said", "code"),
    [
        ("did:nonsense", "is not a DID", 1),
        ("did:key:z6MkkkBb9keG1b218f1CyZqfqxkuy75AP35jf5VGniNRXMob", "names no place", 1),
        ("did:example:x", "not read here", 1),
    ],
)
def test_a_did_that_leads_nowhere_is_told(did: str, said: str, code: int, tmp_path: Path) -> None:
    """In a sentence."""
    result = run(tmp_path, "send", did, "pen:letter")
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_a_passphrase_seals_the_keys_of_an_engine(tmp_path: Path) -> None:
    """It is the same engine, which does not start without it, and says how to give it."""
    process = neighbour(tmp_path / "home")
    try:
        did = process.start().did()["did"]
        busy = run(tmp_path, "passphrase", "--home", str(process.home))
        assert (busy.exit_code, "already runs" in busy.stderr) == (1, True)
        process.stop()
        sealed = CliRunner().invoke(
            main, ["passphrase", "--home", str(process.home)], input="secret\nsecret\n"
        )
        assert sealed.exit_code == 0, sealed.output
        (process.home / "picomesh.toml").write_text(f'passphrase_file = "{tmp_path / "phrase"}"\n')
        for phrase, said in (("", "is empty"), ("wrong", "not the passphrase")):
            (tmp_path / "phrase").write_text(phrase)
            with pytest.raises(Exception, match=said):
                process.start()
        (tmp_path / "phrase").write_text("secret\n")
        assert process.start().did()["did"] == did
        assert "sealed with a passphrase" in process.log.read_text()
    finally:
        process.end()


def test_a_credential_is_shown(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """A channel asks for one, and says so; its owner's home issues it, with a list of what is revoked."""
    pytest.importorskip("didkit", reason="didkit has wheels for Python 3.11 and 3.12 alone")
    client, _ = ann
    me, home = run(tmp_path, "did", "show", "--me").output.strip(), ("--home", str(tmp_path / "guild"))
    card, status = str(tmp_path / "card.jwt"), tmp_path / "list.jwt"
    assert run(tmp_path, "credential", "issue", me, "Supplier", "--out", card, *home).exit_code == 0
    issued = read_unproven(Path(card).read_text())
    assert isinstance(issued, Credential)
    asked = {"type": "Supplier", "issuer": issued.issuer}
    policy = {"allow": [{"domain": "pen", "name": "*", "credential": asked}], "deny": []}
    opened = client.send_event("root", ("pen", "open"), {"policy": policy})["directives"]
    did = opened[0]["options"]["did"]
    letter = ("send", did, "pen:letter", "n=order")
    refused = run(tmp_path, *letter)
    assert (refused.exit_code, f"Supplier by {issued.issuer}" in refused.stderr) == (1, True)
    assert "--show FILE" in refused.stderr
    assert "--status-list FILE" in run(tmp_path, *letter, "--show", card).stderr
    status.write_text(run(tmp_path, "credential", "status", *home).stdout)
    taken = run(tmp_path, *letter, "--show", card, "--status-list", str(status))
    assert taken.exit_code == 0, taken.stderr
    assert f'read {{"n": "order", "from": "{me}"}}' in taken.output


def test_what_cannot_be_shown_is_not_sent(ann: tuple[EngineClient, str], tmp_path: Path) -> None:
    """To an ECI, what is about somebody else, and what is no credential at all."""
    pytest.importorskip("didkit", reason="didkit has wheels for Python 3.11 and 3.12 alone")
    _, did = ann
    (tmp_path / "none").write_text("nothing")
    other = str(tmp_path / "other.jwt")
    home = ("--home", str(tmp_path / "guild"))
    run(tmp_path, "credential", "issue", "did:example:other", "Supplier", "--out", other, *home)
    none, url = str(tmp_path / "none"), ann[0].url
    for words, why in (
        (("send", "root", "pen:letter", "--show", none), "goes to an ECI"),
        (("query", "root", "penpal/seen", "--show", none), "goes to an ECI"),
        (("send", did, "pen:letter", "--show", none), "is no credential"),
        (("query", did, "penpal/seen", "--show", other), "is about did:example:other"),
        (("send", did, "pen:letter", "--status-list", none), "about a credential that is shown"),
    ):
        failed = run(tmp_path, *words, url=url)
        assert (failed.exit_code, why in failed.stderr) == (1, True), failed.stderr
