"""`picomesh serve --virtual-clock`: rulesets with timers tested from outside, in two languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.engine.runtime.test_virtual_time import ALARM

HTTP_README = Path(__file__).resolve().parents[2] / "engine" / "adapters" / "http" / "README.md"
A_DAY_MS = 86_400_000
A_DAY = "1970-01-02T00:00:00.000Z"


class Visitor:
    """Somebody with an HTTP client, and an engine whose root pico has the alarm."""

    def __init__(self, process: EngineProcess, folder: Path) -> None:
        self.process = process
        (folder / "alarm.krl").write_text(ALARM)
        engine = process.start()
        self.url, self.eci = engine.url, engine.root_eci()
        install_ruleset(engine, self.eci, (folder / "alarm.krl").as_uri(), {})

    def call(self, path: str, time: object) -> httpx.Response:
        headers = {"Picomesh-Time": str(time)}
        return httpx.get(f"{self.url}/c/{self.eci}/{path}", headers=headers, trust_env=False, timeout=30)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    process = EngineProcess(tmp_path / "home", "--virtual-clock")
    try:
        yield Visitor(process, tmp_path)
    finally:
        process.end()


def test_a_ruleset_that_waits_for_a_day_is_tested_at_once(visitor: Visitor) -> None:
    """Schedule, move time, query; the request that moves time is answered when the timer has fired."""
    assert visitor.call("event-wait/alarm/plan?at=1970-01-02T00:00:00Z", 0).status_code == 200
    assert visitor.call("query/alarm/heard", A_DAY_MS - 1).json() == []
    assert visitor.call("query/alarm/heard", A_DAY_MS).json() == [A_DAY]
    assert visitor.call("query/alarm/heard", 0).json() == [A_DAY]
    assert visitor.call("query/alarm/heard", "tomorrow").status_code == 400


def test_what_a_request_has_seen_survives_a_kill(visitor: Visitor) -> None:
    """Time and what it brought about are on disk when the request is answered."""
    visitor.call("event-wait/alarm/plan?at=1970-01-02T00:00:00Z", 0)
    assert visitor.call("query/alarm/heard", A_DAY_MS).json() == [A_DAY]
    visitor.process.kill()
    visitor.url = visitor.process.start().url
    visitor.call("event-wait/alarm/rings", 0)
    assert visitor.call("query/alarm/heard", 0).json() == [A_DAY, A_DAY]


def test_the_clock_says_so_at_the_start(visitor: Visitor) -> None:
    """Nobody should wonder why nothing happens."""
    assert "Its clock stands still" in visitor.process.log.read_text()


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")
def test_the_client_in_javascript_that_is_documented_works(visitor: Visitor, tmp_path: Path) -> None:
    """It sees no alarm before its time and one after."""
    (script,) = re.findall(r"```js\n(.*?)```", HTTP_README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "client.mjs").write_text(script)
    command = ["node", str(tmp_path / "client.mjs"), visitor.url, visitor.eci]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.stderr == ""
    assert json.loads(ran.stdout) == {"before": [], "after": [A_DAY]}


def test_an_ordinary_engine_ignores_the_header(process: EngineProcess, tmp_path: Path) -> None:
    """Its timers wait for the time of day."""
    visitor = Visitor(process, tmp_path)
    visitor.call("event-wait/alarm/plan?at=2999-01-01T00:00:00Z", 0)
    assert visitor.call("query/alarm/heard", 40_000_000_000_000).json() == []
    assert visitor.call("query/alarm/heard", "noon").json() == []
