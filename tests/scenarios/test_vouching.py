"""`picomesh credential issue --by`: a pico vouches by its name for life, and others find out if it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from tests.scenarios.messages import neighbour

ALICE = "did:web:alice.example"


@dataclass
class Home:
    """Of an engine; commands that are typed there ask that engine, and know no other."""

    folder: Path
    engine: EngineClient

    def run(self, *words: str) -> Result:
        settings = {"PICOMESH_URL": self.engine.url, "PICOMESH_HOME": str(self.folder), "COLUMNS": "200"}
        settings |= {"XDG_CONFIG_HOME": str(self.folder / "me"), "HOME": str(self.folder / "me")}
        return CliRunner(env=settings).invoke(main, list(words))

    def issue(self, *words: str) -> dict[str, Any]:
        result = self.run("credential", "issue", ALICE, "Friend", "since=2024", *words, "--json")
        assert result.exit_code == 0, result.output
        made: dict[str, Any] = json.loads(result.stdout)
        return made

    def verify(self, text: str, *words: str) -> dict[str, Any]:
        (self.folder / "shown").write_text(text)
        shown = str(self.folder / "shown")
        found: dict[str, Any] = json.loads(self.run("credential", "verify", shown, *words, "--json").stdout)
        return found

    def status_list(self, credential_id: str) -> str:
        """As it is now, in a file."""
        listed = json.loads(self.run("credential", "list", "--json").stdout)
        assert credential_id in [one["id"] for one in listed]
        (self.folder / "list.jwt").write_text(self.run("credential", "status").stdout)
        return str(self.folder / "list.jwt")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Home]]:
    """Two engines that have never heard of each other."""
    folders = [tmp_path_factory.mktemp(name) / "home" for name in ("here", "there")]
    processes = [neighbour(folder) for folder in folders]
    try:
        here, there = (Home(one.home, one.start()) for one in processes)
        yield here, there
    finally:
        for process in processes:
            process.end()


@pytest.mark.parametrize("form", ["jwt", "linked-data"])
def test_a_pico_vouches_and_another_home_believes_it_until_it_is_revoked(
    homes: tuple[Home, Home], form: str
) -> None:
    """With the status list by the pico, and its keys from the log that its own engine is asked for."""
    here, there = homes
    made = here.issue("--by", "root", "--form", form)
    assert made["issuer"] == json.loads(here.run("did", "log", "root", "--json").stdout)["did"]
    text, named, listed = made["credential"], ("--issuer", made["address"]), here.status_list(made["id"])

    found = there.verify(text, "--status", listed, *named)
    assert (found["verified"], found["form"], found["claims"]) == (True, form, {"since": 2024})
    assert here.run("credential", "revoke", made["id"]).exit_code == 0
    assert there.verify(text, "--status", here.status_list(made["id"]), *named)["code"] == "revoked"


def test_where_to_ask_is_not_up_to_the_credential(homes: tuple[Home, Home]) -> None:
    """There nobody knows the pico, and nobody is asked unless the issuer is named; its own engine knows."""
    here, there = homes
    made = here.issue("--by", "root")
    listed = here.status_list(made["id"])
    assert there.verify(made["credential"], "--status", listed)["code"] == "unknown-issuer"
    assert here.verify(made["credential"])["verified"]


def test_people_are_told_how_old_the_list_is(homes: tuple[Home, Home]) -> None:
    """What was revoked after that would not be on it."""
    here, _ = homes
    made = here.issue("--by", "root")
    (here.folder / "friend.jwt").write_text(made["credential"])
    shown = here.run("credential", "verify", str(here.folder / "friend.jwt"))
    day = here.verify(made["credential"])["status_from"][:10]
    assert f"not revoked, by a list of {day}T" in shown.output


def test_what_cannot_be_issued_is_refused_with_the_reason(homes: tuple[Home, Home]) -> None:
    """A subject without a scheme, a channel that is not there, claims that linked data cannot hold."""
    here, _ = homes
    wrong = {
        "is no DID, nor another absolute URI": ("alice", "--by", "root"),
        "there is no channel zzz here": (ALICE, "--by", "zzz"),
        "--home is of no use with --by": (ALICE, "--by", "root", "--home", str(here.folder)),
    }
    for reason, (subject, *words) in wrong.items():
        refused = here.run("credential", "issue", subject, "Friend", *words)
        assert refused.exit_code != 0
        assert reason in refused.stderr
    fraction = here.run(
        "credential", "issue", ALICE, "Friend", "x=1.5", "--by", "root", "--form", "linked-data"
    )
    assert "x in the claims is a fraction" in fraction.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"claims": []}, "claims is to be an object, and not a list"),
        ({"days": 0}, "days is to be a whole number >= 1"),
        ({"days": True}, "days is to be a whole number, and not true or false"),
        ({"days": 36_501}, "days is to be a whole number <= 36500"),
        ({"form": "paper"}, "form: invalid enum value 'paper'"),
        ({"subject": 7}, "subject is to be a text, and not a whole number"),
        ({"eci": None}, "eci is to be a text, and not null"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_so(
    homes: tuple[Home, Home], changes: dict[str, Any], reason: str
) -> None:
    """By the route itself, whoever sends it."""
    engine = homes[0].engine
    asked = {"eci": engine.root_eci(), "subject": ALICE, "type": "Friend", "claims": {}, "days": 1} | changes
    answer = httpx.post(f"{engine.url}/api/credential", json=asked, headers=engine.credentials())
    assert answer.status_code == 400
    assert reason in answer.json()["detail"]


def test_numbers_in_claims_are_signed_as_they_were_written(homes: tuple[Home, Home]) -> None:
    """A whole number stays one; one that readers would round is refused."""
    here, _ = homes
    text = here.issue("--by", "root", f"most={2**53 - 1}")["credential"]
    assert here.verify(text)["claims"]["most"] == 2**53 - 1
    assert here.run("credential", "issue", ALICE, "Friend", f"n={2**53 + 1}", "--by", "root").exit_code == 1


def test_looking_issues_nothing(homes: tuple[Home, Home]) -> None:
    """A link that somebody follows has no pico vouch for anybody; nor has what is no JSON."""
    engine = homes[0].engine
    url, headers = f"{engine.url}/api/credential", engine.credentials()
    assert "this takes POST" in httpx.get(url, headers=headers).json()["detail"]
    as_json = {**headers, "content-type": "application/json"}
    broken = httpx.post(url, content=b'{"eci": 1', headers=as_json)
    assert "the body is not JSON" in broken.json()["detail"]
