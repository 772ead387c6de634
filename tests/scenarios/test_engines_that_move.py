"""Two real engines, one of which comes back at another port: names for life and DIDs of channels still do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from tests.scenarios.messages import befriend, free_port, neighbour, wait_until

LETTERS = {"allow": [{"domain": "pen", "name": "letter"}], "deny": []}
ALL_QUERIES = {"allow": [{"rid": "*", "name": "*"}], "deny": []}


@dataclass
class Party:
    folder: Path
    process: EngineProcess
    client: EngineClient
    eci: str = ""
    did: str = ""

    @classmethod
    def begin(cls, folder: Path) -> Party:
        process = neighbour(folder / "home")
        party = cls(folder, process, process.start())
        party.eci, party.did = befriend(party.client, folder)
        return party

    def move(self) -> None:
        self.process.stop()
        self.process = EngineProcess(self.folder / "home", "--port", str(free_port()))
        self.client = self.process.start()

    def end(self) -> None:
        """Whichever process it runs in by then."""
        self.process.end()

    def run(self, *words: str) -> Result:
        """A command of somebody who has this engine."""
        me = str(self.folder)
        environment = {
            "XDG_CONFIG_HOME": me,
            "HOME": me,
            "PICOMESH_URL": self.client.url,
            "COLUMNS": "200",
        }
        return CliRunner(env=environment).invoke(main, list(words))

    def told(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def post(self, did: str, n: str) -> None:
        self.client.send_event("root", ("pen", "post"), {"did": did, "from": self.eci, "n": n})

    def seen(self) -> Any:
        return self.client.query("root", ("penpal", "seen"), {})

    def wait_seen(self, *letters: str) -> None:
        wait_until(lambda: self.seen() == list(letters))
        assert self.seen() == list(letters)


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[tuple[Party, Party]]:
    with ExitStack() as stack:
        both = []
        for name in ("ann", "bob"):
            (tmp_path / name).mkdir()
            party = Party.begin(tmp_path / name)
            stack.callback(party.end)
            both.append(party)
        yield both[0], both[1]


def test_a_conversation_survives_a_move(parties: tuple[Party, Party]) -> None:
    """Both write to the DIDs that they have had from the beginning."""
    ann, bob = parties
    ann.post(bob.did, "hello")
    bob.wait_seen("hello")
    ann.move()
    bob.post(ann.did, "where are you?")
    ann.wait_seen("where are you?")
    ann.post(bob.did, "in the attic")
    bob.wait_seen("hello", "in the attic")


def test_a_name_for_life_is_written_to_and_asked(parties: tuple[Party, Party]) -> None:
    """By commands and by picos, on its own engine and from another, before and after a move."""
    ann, bob = parties
    told = ann.told("did", "log", "root")
    name, address = told["did"], told["address"]
    closed = ann.run("send", name, "pen:letter", "n=closed")
    assert (closed.exit_code, "no channel of the pico is tagged did" in closed.stderr) == (1, True), (
        closed.output
    )
    policies = {"eventPolicy": LETTERS, "queryPolicy": ALL_QUERIES}
    ann.client.send_event("root", ("wrangler", "new_channel_request"), {"tags": ["did"], **policies})
    assert ann.run("send", name, "pen:letter", "n=one").exit_code == 0
    denied = ann.run("send", name, "other:event")
    assert (denied.exit_code, "did show --me" in denied.stderr) == (1, True), denied.output
    assert "no channel" not in denied.stderr
    hinted = bob.run("send", address, "other:event")
    assert (hinted.exit_code, "without one it takes none" in hinted.stderr) == (1, True), hinted.output
    assert ann.told("query", name, "penpal/seen") == ["one"]
    unknown = bob.run("send", name, "pen:letter", "n=lost")
    assert (unknown.exit_code, "picomesh did log ECI" in unknown.stderr) == (1, True), unknown.output
    assert bob.run("send", address, "pen:letter", "n=two").exit_code == 0
    bob.post(address, "three")
    wait_until(lambda: ann.seen()[-1] == "three")
    ann.move()
    bob.post(name, "four")
    wait_until(lambda: ann.seen()[-1] == "four")
    assert bob.told("query", name, "penpal/seen") == ["one", "two", "three", "four"]
    assert ann.told("did", "log", "root")["epoch"] == 2
