"""The plugin of the examples, installed as a package, in a real engine with its worker processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.hints import CODE
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.fakes.installed import THERMOMETER, install_project, install_text

HEATING = THERMOMETER / "heating.krl"
FILES = [str(HEATING), str(THERMOMETER / "heating.test.krl")]

MANY = """
ruleset many {
  meta { shares sum }
  global {
    sum = function(n) {
      0.range(n).map(function(x) { thermometer:fahrenheit(x) }).reduce(function(a, b) { a + b })
    }
  }
}
"""


@dataclass
class Place:
    """An engine with a thermometer, and the folder in which its sensors are."""

    process: EngineProcess
    site: Path
    sensors: Path
    engine: EngineClient

    def shows(self, degrees: float) -> None:
        """Have the sensor show so much."""
        (self.sensors / "thermal_zone0").mkdir(parents=True, exist_ok=True)
        (self.sensors / "thermal_zone0" / "temp").write_text(str(round(degrees * 1000)))

    def run(self, *words: str) -> Result:
        environment = {"PICOMESH_URL": self.engine.url, "COLUMNS": "200"}
        return CliRunner(env=environment).invoke(main, list(words))

    def latest(self) -> Any:
        return self.engine.query("root", ("heating", "latest"), {})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    site, sensors, home = tmp_path / "site", tmp_path / "sensors", tmp_path / "home"
    install_project(THERMOMETER, site)
    install_text(site, "odd-package", "import nowhere_at_all", "odd")
    home.mkdir()
    # Little enough for a sum to be sent to a worker.
    (home / "picomesh.toml").write_text("turn_steps = 20000\n")
    monkeypatch.setenv("THERMOMETER_FOLDER", str(sensors))
    process = EngineProcess(home, packages=[site])
    try:
        made = Place(process, site, sensors, process.start())
        made.shows(20)
        yield made
    finally:
        process.end()


def test_a_plugin_is_installed_granted_and_used(place: Place) -> None:
    """Listed with its members; refused until it is granted; then asked, and told of what an effect did."""
    listed = place.run("modules")
    assert "picomesh-thermometer 1.0  for picos that are granted it" in listed.output
    assert "thermometer:celsius(zone: Integer = 0)  question" in listed.output
    install_ruleset(place.engine, "root", HEATING.as_uri(), {})
    with pytest.raises(Failure, match=r"picomesh grant \w+ thermometer \[R611\]"):
        place.engine.send_event("root", ("heating", "look"), {})
    granted = place.run("grant", "root", "thermometer")
    assert granted.output.endswith("may use thermometer\n"), granted.output
    place.engine.send_event("root", ("heating", "look"), {})
    assert place.latest() == {"celsius": 20, "fahrenheit": 68}
    place.shows(35)
    place.engine.send_event("root", ("heating", "look"), {}, eid="warm")
    # What comes of the effect is an event of its own, in the same inbox: it runs before the next one.
    assert wait_for_lines(place) == 1
    assert (place.sensors / "diary.txt").read_text().endswith(" it is 35 degrees\n")
    for told in (place.run("log", "root"), place.run("why", "warm", "root")):
        assert "asked the outside (thermometer:note), to be answered later" in told.output


def wait_for_lines(place: Place) -> Any:
    """How many lines the diary has, when the pico has been told."""
    for _ in range(1000):
        latest = place.latest()
        if "lines" in latest:
            return latest["lines"]
    raise AssertionError("the pico was never told of the effect")


def test_a_worker_process_has_the_functions_too(place: Place) -> None:
    """A query that is too much for the engine's own process comes out right where there is more room."""
    place.run("grant", "root", "thermometer")
    text = place.sensors / "many.krl"
    text.write_text(MANY)
    install_ruleset(place.engine, "root", text.as_uri(), {})
    assert place.engine.query("root", ("many", "sum"), {"n": 9}) == sum(x * 9 / 5 + 32 for x in range(10))
    few_steps_each = 3_000
    expected = sum(x * 9 / 5 + 32 for x in range(few_steps_each + 1))
    assert place.engine.query("root", ("many", "sum"), {"n": few_steps_each}) == pytest.approx(expected)


def test_a_long_text_is_compiled_with_the_signatures(place: Place) -> None:
    """In the process for such texts, which has none of the plugin's code."""
    place.run("grant", "root", "thermometer")
    text = place.sensors / "long.krl"
    padding = "".join(f"// {'x' * 80}\n" for _ in range(200))
    text.write_text(padding + MANY.replace("ruleset many", "ruleset long"))
    install_ruleset(place.engine, "root", text.as_uri(), {})
    assert place.engine.query("root", ("long", "sum"), {"n": 1}) == pytest.approx(65.8)


def offline(place: Place, *words: str) -> str:
    """What a command prints that needs no engine, where the package is installed."""
    command = [sys.executable, "-m", "engine", *words]
    path = os.pathsep.join([str(CODE), str(place.site)])
    environment = {**os.environ, "PYTHONPATH": path, "PICOMESH_HOME": str(place.sensors)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_commands_without_an_engine_know_plugins(place: Place) -> None:
    """Checks, tests that give a plugin's answers, expressions, and the list of modules."""
    assert "0 errors, 0 warnings in 2 files" in offline(place, "check", *FILES)
    assert "3 passed, 0 failed" in offline(place, "test", str(THERMOMETER))
    assert "the plugin odd of odd-package 1.0 is left out" in offline(place, "test", str(THERMOMETER))
    assert offline(place, "modules").count("thermometer:fahrenheit(celsius: Number)") == 1


STUBBORN = """
import asyncio, threading
from engine.plugins import Call, Module

async def listen(call: Call) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def block(call: Call) -> None:
    await asyncio.to_thread(threading.Event().wait)

MODULE = Module("stubborn", questions={"listen": listen, "block": block})
"""


@pytest.mark.parametrize("member", ["listen", "block"])
def test_a_plugin_that_never_ends_keeps_no_engine_from_stopping(place: Place, member: str) -> None:
    """Neither one that does not let itself be cancelled nor a thread that waits for ever."""
    place.process.stop()
    install_text(place.site, "stubborn-package", STUBBORN, "stubborn")
    settings = place.process.home / "picomesh.toml"
    settings.write_text(settings.read_text() + "plugin_answer_s = 0.1\n")
    place.engine = place.process.start()
    place.run("grant", "root", "stubborn")
    text = place.sensors / "asker.krl"
    text.write_text(f"ruleset asker {{ rule r {{ select when a b pre {{ x = stubborn:{member}() }} }} }}")
    install_ruleset(place.engine, "root", text.as_uri(), {})
    with pytest.raises(Failure, match=r"gave no answer within 0\.1 s"):
        place.engine.send_event("root", ("a", "b"), {})
    assert place.process.stop() == 0


def test_a_broken_plugin_keeps_no_engine_from_starting(place: Place) -> None:
    """The log and `picomesh modules` say which it is and why."""
    reason = "odd_package:MODULE cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'"
    assert f"the plugin odd of odd-package 1.0 is left out: {reason}" in place.process.log.read_text()
    listed = json.loads(place.run("modules", "--json").output)
    assert listed["problems"] == [{"name": "odd", "from": "odd-package 1.0", "reason": reason}]


def test_a_module_taken_away_is_missed_in_words(place: Place) -> None:
    """Also a built-in one, and what a pico may use is in its state."""
    revoked = place.run("revoke", "root", "http", "ctx")
    assert "may no longer use http" in revoked.output
    state = json.loads(place.run("state", "root", "--json").output)
    assert state["grants"] == {"ctx": False, "http": False}
    with pytest.raises(Failure, match=r"ctx:channels needs the module ctx, which this pico may not use"):
        place.engine.query("root", ("io.picolabs.wrangler", "channels"), {})
    place.run("grant", "root", "ctx")
    assert place.engine.query("root", ("io.picolabs.wrangler", "channels"), {})


def test_without_the_package_its_rulesets_wait(place: Place) -> None:
    """The engine starts and the pico goes on; the ruleset says what it misses, and works when it is back."""
    place.run("grant", "root", "thermometer")
    install_ruleset(place.engine, "root", HEATING.as_uri(), {})
    place.process.stop()
    bare = EngineProcess(place.process.home)
    try:
        engine = bare.start()
        assert engine.query("root", ("io.picolabs.wrangler", "name"), {})
        with pytest.raises(Failure, match="heating"):
            engine.query("root", ("heating", "latest"), {})
        assert "there is no module thermometer" in bare.log.read_text()
    finally:
        bare.end()
    place.engine = place.process.start()
    place.engine.send_event("root", ("heating", "look"), {})
    assert place.latest() == {"celsius": 20, "fahrenheit": 68}
