"""Examples whose READMEs are a walk through them: each command works as it stands, with what is said."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess

ROOT = Path(__file__).resolve().parents[2]
SETTLING_S = 20.0
"""For what picos send each other, and to webhooks."""


class Walk:
    """Through the README of one example, on an engine of its own."""

    def __init__(self, engine: EngineClient, name: str) -> None:
        self._engine = engine
        self._lines = re.findall(r"^    ((?:picomesh|curl) .*)$", readme(name), re.MULTILINE)

    def go(self) -> dict[str, str]:
        """What each command printed, by its words."""
        return {line: self._run(shlex.split(self._meant(line))) for line in self._lines}

    def ask(self, pico: str, rid: str, name: str, wanted: Any) -> Any:
        """The value of a query, once it is that, or at last."""
        end = time.monotonic() + SETTLING_S
        while (found := self._engine.query(pico, (rid, name), {})) != wanted and time.monotonic() < end:
            pass
        return found

    def _meant(self, line: str) -> str:
        """With the channels that it leaves to the reader, and the address of this engine."""
        for word, pico in (("INBOX", "root/Inbox"), ("DISPLAY", "root/Display"), ("BRIDGE", "root")):
            if word in line:
                line = line.replace(word, self._engine.eci(pico))
        return line.replace("http://127.0.0.1:3000", self._engine.url)

    def _run(self, words: list[str]) -> str:
        if words[0] == "curl":
            return httpx.post(words[2], json=json.loads(words[4])).text
        result = CliRunner(env={"PICOMESH_URL": self._engine.url}).invoke(main, words[1:])
        assert result.exit_code == 0, (words, result.output)
        return result.output


def readme(name: str) -> str:
    return (ROOT / "examples" / name / "README.md").read_text("utf-8")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineClient]:
    """As the README of the bridge wants it; commands are typed at the top of the repository."""
    monkeypatch.chdir(ROOT)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "picomesh.toml").write_text('http_private = ["127.0.0.1"]\n')
    process = EngineProcess(home)
    try:
        yield process.start()
    finally:
        process.end()


def test_the_house_hears_its_sensors(engine: EngineClient) -> None:
    """And warns of the one where it is too warm."""
    walk = Walk(engine, "sensors")
    walk.go()
    assert walk.ask("root", "house", "silent", []) == []
    rooms = engine.query("root", ("house", "rooms"), {})
    assert {name: one["celsius"] for name, one in rooms.items()} == {"Kitchen": 21.5, "Attic": 31}
    assert [one["sensor"] for one in engine.query("root", ("house", "warnings"), {})] == ["Attic"]


def test_an_order_waits_until_it_is_approved(engine: EngineClient) -> None:
    """The large one; the small one needs nobody."""
    said = Walk(engine, "approval").go()
    assert json.loads(said["picomesh query root approval/waiting"]) == ["b"]
    assert "approved" in said["picomesh send root order:decided id=b by=Ada yes=true"]
    assert json.loads(said["picomesh query root approval/order id=b"])["by"] == "Ada"


def test_what_is_posted_to_the_bridge_arrives(engine: EngineClient) -> None:
    """At the other pico, as what it wants of it; and it is counted."""
    walk = Walk(engine, "webhook")
    walk.go()
    assert walk.ask("root/Inbox", "inbox", "texts", ["shop: mend the till"]) == ["shop: mend the till"]
    assert walk.ask("root", "bridge", "delivered", 1) == 1


def test_who_has_subscribed_hears_what_fits(engine: EngineClient) -> None:
    """What was retained too, though it came before."""
    walk = Walk(engine, "fanout")
    walk.go()
    wanted = [{"topic": "home/door", "payload": "open"}, {"topic": "home/kitchen/temp", "payload": 21}]
    assert walk.ask("root/Display", "listener", "heard", wanted) == wanted
    assert engine.query("root", ("broker", "subscriptions"), {}) == {}
