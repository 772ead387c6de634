"""`picomesh did log`, `did rotate --log` and `did recover`, on a real engine that may lose its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from did_webvh.core.state import DocumentState

from engine.adapters.dids import hash_key, log_from_jsonl, verify_log
from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from engine.commands.recovery import owners_file
from engine.wiring import SEED_FILE
from tests.scenarios.messages import neighbour

LATER_S = 4_000_000_000.0


@dataclass
class Home:
    process: EngineProcess
    engine: EngineClient

    def run(self, *words: str) -> Result:
        return CliRunner(env={"PICOMESH_URL": self.engine.url, "COLUMNS": "200"}).invoke(main, list(words))

    def told(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def start_again(self, without_keys: bool = False) -> None:
        self.process.stop()
        if without_keys:
            (self.process.home / SEED_FILE).unlink()
        self.engine = self.process.start()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    process = neighbour(tmp_path / "home")
    try:
        yield Home(process, process.start())
    finally:
        process.end()


def test_a_name_is_made_once_and_served(home: Home) -> None:
    """As did:webvh has it, which others' software believes; it outlives a restart."""
    first = home.told("did", "log", "root")
    home.start_again()
    again = home.told("did", "log", "root")
    assert first["log"] == again["log"]
    assert first["did"].startswith("did:scid:vh:1:Qm")
    assert verify_log(log_from_jsonl(again["log"]), LATER_S).name == first["did"]
    state = DocumentState.load_history_line(json.loads(first["log"]), None)
    assert state.scid == first["did"].removeprefix("did:scid:vh:1:")
    served = httpx.get(f"{home.engine.url}/picos/{first['pico']}/did.jsonl")
    assert (served.status_code, served.text) == (200, first["log"])
    assert httpx.get(f"{home.engine.url}/picos/nobody/did.jsonl").status_code == 404


def test_its_key_is_rotated_to_the_promised_one(home: Home, tmp_path: Path) -> None:
    """The name stays, and the owner's key stays promised."""
    key = tmp_path / "owner.key"
    first = home.told("did", "log", "root", "--recovery-key", str(key))
    second = home.told("did", "rotate", "root", "--log")
    assert (second["did"], second["epoch"]) == (first["did"], 2)
    log = verify_log(log_from_jsonl(second["log"]), LATER_S)
    keys = [entry.parameters["updateKeys"] for entry in log.entries]
    assert keys[0] != keys[1]
    owners = hash_key(owners_file(key).key(1).multikey)
    assert all(owners in entry.parameters["nextKeyHashes"] for entry in log.entries)


def test_an_engine_that_lost_its_keys_goes_on_with_the_owners(home: Home, tmp_path: Path) -> None:
    """By itself it cannot; after that it can again, and the owner's spent key cannot be used twice."""
    old, new = tmp_path / "owner.key", tmp_path / "owner-2.key"
    first = home.told("did", "log", "root", "--recovery-key", str(old))
    home.start_again(without_keys=True)
    stuck = home.run("did", "rotate", "root", "--log")
    assert (stuck.exit_code, "picomesh did recover" in stuck.stderr) == (1, True), stuck.output
    recovered = home.told("did", "recover", "root", "--key", str(old), "--new-key", str(new))
    assert (recovered["did"], recovered["epoch"]) == (first["did"], 2)
    assert home.told("did", "rotate", "root", "--log")["epoch"] == 3
    spent = home.run("did", "recover", "root", "--key", str(old), "--new-key", str(tmp_path / "3.key"))
    assert (spent.exit_code, "does not promise this key" in spent.stderr) == (1, True), spent.output
    assert home.told("did", "recover", "root", "--key", str(new), "--new-key", str(old) + "4")["epoch"] == 4


def test_one_file_of_the_owner_is_enough_for_ever(home: Home, tmp_path: Path) -> None:
    """A key that was used is spent, and the next one is out of the same file."""
    key = tmp_path / "owner.key"
    home.told("did", "log", "root", "--recovery-key", str(key))
    for epoch in (2, 4):
        home.start_again(without_keys=True)
        assert home.told("did", "recover", "root", "--key", str(key))["epoch"] == epoch
        assert home.told("did", "rotate", "root", "--log")["epoch"] == epoch + 1
    existing = home.run("did", "recover", "root", "--key", str(key), "--new-key", str(key))
    assert (existing.exit_code, "there already" in existing.stderr) == (1, True), existing.output


def test_an_owner_may_come_later(home: Home, tmp_path: Path) -> None:
    """His key is promised by one more entry; what is promised already is not promised twice."""
    key = tmp_path / "owner.key"
    home.told("did", "log", "root")
    told = home.told("did", "log", "root", "--recovery-key", str(key))
    assert (told["epoch"], told["promised"]) == (2, 2)
    again = home.run("did", "log", "root", "--recovery-key", str(key))
    assert (again.exit_code, "promises this key already" in again.stderr) == (1, True), again.output
    home.start_again(without_keys=True)
    assert home.told("did", "recover", "root", "--key", str(key))["epoch"] == 3


def test_what_cannot_be_is_told(home: Home, tmp_path: Path) -> None:
    """And the log stays as it is."""
    first = home.told("did", "log", "root")
    key = tmp_path / "other.key"
    owners_file(key, new=True)
    for words, said in (
        (("log", "nobody"), "no channel nobody"),
        (("recover", "root", "--key", str(tmp_path / "none"), "--new-key", str(tmp_path / "n")), "no key"),
        (("recover", "root", "--key", str(key)), "does not promise this key"),
        (("recover", "root", "--ask", str(tmp_path / "n")), "names no guardians"),
    ):
        result = home.run("did", *words)
        assert (result.exit_code, said in result.stderr) == (1, True), result.output
    assert home.told("did", "log", "root")["log"] == first["log"]


@pytest.mark.parametrize("entry", ["", "{}", "not JSON", "\n\n", '["2-x"]'])
def test_what_is_no_entry_is_refused(home: Home, entry: str) -> None:
    """Whoever sends it; so is the same entry again."""
    first = home.told("did", "log", "root")
    eci = home.engine.root_eci()
    for line in (entry, first["log"]):
        url, given = f"{home.engine.url}/api/did/log", {"eci": eci, "entry": line}
        answer = httpx.post(url, json=given, headers=home.engine.credentials())
        assert answer.status_code == 400, answer.text
    assert home.told("did", "log", "root")["log"] == first["log"]
