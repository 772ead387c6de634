"""`picomesh credential`, as people run it: in a home of its own, without an engine."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.adapters.credentials import Credential, Didkit, Signer, issue, key_signer
from engine.adapters.dids import make_did_peer_2
from engine.adapters.keys import SeedFile
from engine.cli import main

if find_spec("didkit") is None:
    pytest.skip("didkit has wheels for Python 3.11 and 3.12 alone", allow_module_level=True)

ALICE = "did:web:alice.example"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A command in a home; the first word says whose."""

    def run_in(home: str, *words: str, text: str | None = None) -> Result:
        environment = {"PICOMESH_URL": None, "HOME": str(tmp_path), "COLUMNS": "200"}
        place = ["--home", str(tmp_path / home)]
        return CliRunner(env=environment).invoke(main, ["credential", *words, *place], input=text)

    return run_in


def issued(run: Run, *words: str) -> dict[str, Any]:
    result = run("bob", "issue", ALICE, "FriendCredential", "since=2024", *words, "--json")
    assert result.exit_code == 0, result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def verified(run: Run, home: str, text: str, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(home, "verify", "-", *words, "--json", text=text).stdout)
    return found


def status_file(run: Run, folder: Path, home: str = "bob") -> str:
    (folder / "list.jwt").write_text(run(home, "status").stdout)
    return str(folder / "list.jwt")


@pytest.mark.parametrize("form", ["jwt", "linked-data"])
def test_a_credential_is_issued_verified_and_revoked(run: Run, tmp_path: Path, form: str) -> None:
    """By the home that issued it, and by another one that has its status list."""
    made = issued(run, "--form", form)
    text, before = made["credential"], status_file(run, tmp_path)
    assert verified(run, "bob", text)["verified"]
    found = verified(run, "carol", text, "--status", before)
    assert (found["status"], found["form"], found["claims"]) == ("good", form, {"since": 2024})

    assert run("bob", "revoke", made["id"]).exit_code == 0
    assert verified(run, "bob", text)["code"] == "revoked"
    assert verified(run, "carol", text, "--status", status_file(run, tmp_path))["code"] == "revoked"


def test_the_output_is_the_credential_and_nothing_else(run: Run) -> None:
    """So that it can be sent into a file or another command; the rest is told beside it."""
    result = run("bob", "issue", ALICE, "FriendCredential")
    assert result.stdout.count("\n") == 1
    assert verified(run, "bob", result.stdout)["verified"]
    assert "made the key" in result.stderr
    assert "issued urn:uuid:" in result.stderr


def test_the_key_is_made_once_and_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    """Two credentials have the same issuer."""
    first, second = issued(run), issued(run)
    assert first["issuer"] == second["issuer"]
    assert first["id"] != second["id"]
    assert stat.S_IMODE((tmp_path / "bob" / "engine.key").stat().st_mode) == 0o600


def test_a_good_one_is_shown_to_people(run: Run, tmp_path: Path) -> None:
    """Whom it is about, by whom, until when, what it says; and with --out it is in a file."""
    target = str(tmp_path / "alice.jwt")
    run("bob", "issue", ALICE, "FriendCredential", "since=2024", "--out", target)
    shown = run("bob", "verify", target).output
    assert shown.startswith("good FriendCredential\n")
    for part in (ALICE, "did:key:z6Mk", "not revoked", "since = 2024"):
        assert part in shown


def test_a_refused_one_ends_with_one_and_says_what_to_do(run: Run) -> None:
    """Here the status list is missing."""
    result = run("carol", "verify", "-", text=issued(run)["credential"])
    assert result.exit_code == 1
    assert "error: refused: its status list urn:uuid:" in result.stderr
    assert "try: ask its issuer for the status list, and give it with --status FILE" in result.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--issuer", "did:web:eve.example"], "wrong-issuer"),
        (["--subject", "did:web:eve.example"], "wrong-subject"),
        (["--type", "EngineCredential"], "wrong-type"),
    ],
)
def test_what_was_not_expected_is_refused(run: Run, words: list[str], code: str) -> None:
    """Though it is good."""
    assert verified(run, "bob", issued(run)["credential"], *words)["code"] == code


def test_one_can_be_kept_and_is_listed(run: Run, tmp_path: Path) -> None:
    """Only when it is good; the list says which were issued and which are held."""
    text, listed = issued(run)["credential"], status_file(run, tmp_path)
    run("alice", "verify", "-", "--keep", text=text)
    assert run("alice", "list").output == "there are none\n"
    run("alice", "verify", "-", "--keep", "--status", listed, text=text)
    held = json.loads(run("alice", "list", "--json").stdout)
    assert [(one["kept"], one["subject"], one["revoked"]) for one in held] == [("held", ALICE, None)]


def test_the_list_shows_what_became_of_each(run: Run) -> None:
    """In the order of issue, with enough of the id to revoke by."""
    first, _ = issued(run), issued(run)
    short = first["id"].removeprefix("urn:uuid:")[:13]
    assert run("bob", "revoke", short).exit_code == 0
    rows = [line.split() for line in run("bob", "list").output.splitlines() if ALICE in line]
    assert [(row[0] == short, row[-1]) for row in rows] == [(True, "revoked"), (False, "issued")]


def test_revoking_again_says_since_when(run: Run) -> None:
    """And changes nothing."""
    made = issued(run)
    first = json.loads(run("bob", "revoke", made["id"], "--json").stdout)
    again = run("bob", "revoke", made["id"])
    assert f"is already revoked, since {first['revoked']}" in again.output


def test_revoking_says_how_others_learn_of_it(run: Run, tmp_path: Path) -> None:
    """By a command for the home in which it was revoked."""
    said = run("bob", "revoke", issued(run)["id"]).output.replace("\n", "")
    assert f"picomesh credential status --home {tmp_path / 'bob'} > list.jwt" in said


def test_looking_makes_no_home(run: Run, tmp_path: Path) -> None:
    """Only issuing and keeping do."""
    text = issued(run)["credential"]
    results = [
        run("new", *words, text=text) for words in (["verify", "-"], ["list"], ["status"], ["revoke", "x"])
    ]
    assert [result.exit_code for result in results] == [1, 0, 1, 1]
    assert not (tmp_path / "new").exists()


def one_by(signer: Signer) -> str:
    return issue(Credential("urn:uuid:1", signer.did, ALICE, ("A",), {}, 0, None), signer, "jwt", Didkit())


def test_one_by_a_did_that_carries_its_document_takes_none(run: Run) -> None:
    """A did:peer says which key may vouch."""
    key = key_signer(b"\5" * 32)
    did = make_did_peer_2([("assertionMethod", key.did.removeprefix("did:key:"))])
    signer = Signer(did, f"{did}#key-1", key.seed)
    text = one_by(signer)
    assert verified(run, "carol", text)["status"] == "none"
    stranger = Signer(did, signer.key_id, b"\6" * 32)
    assert verified(run, "carol", one_by(stranger))["code"] == "bad-proof"


def test_one_by_another_did_takes_its_document(run: Run, tmp_path: Path) -> None:
    """Which whoever verifies has from somewhere and vouches for."""
    key = key_signer(b"\5" * 32)
    ours = Signer("did:scid:vh:1:Qm", "did:scid:vh:1:Qm#key-1", key.seed)
    method = {"id": ours.key_id, "publicKeyMultibase": key.did.removeprefix("did:key:")}
    (tmp_path / "did.json").write_text(json.dumps({"id": ours.did, "assertionMethod": [method]}))
    text = one_by(ours)
    assert verified(run, "carol", text)["code"] == "unknown-issuer"
    assert verified(run, "carol", text, "--document", str(tmp_path / "did.json"))["status"] == "none"


BAD: dict[str, tuple[list[str], str]] = {
    "no DID": (["issue", "alice", "FriendCredential"], "the subject 'alice' is no DID"),
    "a claim for the subject": (["issue", ALICE, "A", "id=7"], "a claim cannot be called id"),
    "no type": (["issue", ALICE, "Friend Credential"], "'Friend Credential' is no name of a type"),
    "a list in linked data": (
        ["issue", ALICE, "A", "x=[1]", "--form", "linked-data"],
        "x in the claims is a list",
    ),
    "no such file": (["verify", "nowhere.jwt"], "nowhere.jwt cannot be read: No such file"),
    "no such list": (["verify", "-", "--status", "pyproject.toml"], "pyproject.toml is no status list"),
    "no such document": (
        ["verify", "-", "--document", "pyproject.toml"],
        "pyproject.toml is no DID document",
    ),
    "no such credential": (["revoke", "beef"], "no credential beef was issued here"),
    "nothing issued": (["status"], "nothing was issued here"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_told(run: Run, name: str) -> None:
    """What is wrong, in one sentence, and exit code 1."""
    words, sentence = BAD[name]
    result = run("bob", *words, text="")
    assert (result.exit_code, sentence in result.stderr) == (1, True), result.output


@pytest.mark.parametrize("words", [("notadid", "FriendCredential"), (ALICE, "not a type")])
def test_what_cannot_be_issued_makes_no_home(run: Run, tmp_path: Path, words: tuple[str, str]) -> None:
    """Nor a key that somebody would have to keep."""
    result = run("bob", "issue", *words)
    assert (result.exit_code, "this cannot be issued" in result.stderr) == (1, True), result.output
    assert not (tmp_path / "bob").exists()


def test_a_key_that_others_can_read_is_not_used(run: Run, tmp_path: Path) -> None:
    """Nor replaced."""
    issued(run)
    (tmp_path / "bob" / "engine.key").chmod(0o644)
    result = run("bob", "issue", ALICE, "FriendCredential")
    assert (result.exit_code, "others can read" in result.stderr) == (1, True)


def test_a_lost_key_is_not_replaced_behind_ones_back(run: Run, tmp_path: Path) -> None:
    """A status list by a new key would be nobody's who verifies."""
    issued(run)
    (tmp_path / "bob" / "engine.key").unlink()
    result = run("bob", "status")
    assert (result.exit_code, "engine.key is missing" in result.stderr) == (1, True)
    assert not (tmp_path / "bob" / "engine.key").exists()


def test_the_key_is_sealed_with_the_engine_s(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its passphrase the issuer is the same as before, and without it nothing is signed."""
    before = issued(run)["issuer"]
    SeedFile(tmp_path / "bob" / "engine.key").change_passphrase(None, "open sesame")
    refused = run("bob", "issue", ALICE, "FriendCredential")
    assert (refused.exit_code, "sealed with a passphrase" in refused.stderr) == (1, True)
    monkeypatch.setenv("PICOMESH_PASSPHRASE", "open sesame")
    assert issued(run)["issuer"] == before


def test_an_old_list_does_not_bring_back_what_the_home_has_revoked(run: Run, tmp_path: Path) -> None:
    """Its own store knows better than any file."""
    made = issued(run)
    old = status_file(run, tmp_path)
    run("bob", "revoke", made["id"])
    assert verified(run, "bob", made["credential"], "--status", old)["code"] == "revoked"


def test_claims_cannot_steer_the_terminal(run: Run) -> None:
    """They are a stranger's words."""
    text = issued(run, "\x1b[2Jevil=\u202e")["credential"]
    assert "\x1b" not in run("bob", "verify", "-", text=text).output
    assert "\u202e" not in run("bob", "verify", "-", text=text).output
