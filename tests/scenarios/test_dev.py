"""`picomesh dev`: what is saved is checked, tested and in force, or told why it is not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.adapters.http import read_run_file
from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import CODE
from engine.commands.process import EngineProcess


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `picomesh new` makes."""
    folder = tmp_path / "shop"
    assert CliRunner().invoke(main, ["new", str(folder)]).exit_code == 0
    return folder


class Watcher:
    """`picomesh dev --json` that runs, and what it has told."""

    def __init__(self, folder: Path, *words: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(CODE), "HOME": str(folder.parent)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine", "dev", str(folder), "--json", *words],
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in environment.items() if name != "PICOMESH_URL"},
        )

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def stop(self) -> int:
        """As Ctrl-C does it."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def watching(folder: Path, *words: str) -> Iterator[Watcher]:
    watcher = Watcher(folder, *words)
    try:
        yield watcher
    finally:
        watcher.process.kill()
        watcher.process.communicate()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def guests(engine: EngineClient) -> Any:
    return engine.query("root", ("shop", "guests"), {})


def greet(engine: EngineClient) -> str:
    (directive,) = engine.send_event("root", ("shop", "greet"), {"name": "Ada"})["directives"]
    return str(directive["options"]["text"])


def test_what_is_saved_is_in_force(process: EngineProcess, project: Path) -> None:
    """After it was tried on what has really happened; what the pico remembers stays."""
    engine, ruleset = process.start(), project / "shop.krl"
    with watching(project, "--url", engine.url) as dev:
        first = dev.read()
        assert (first["file"], first["outcome"], len(first["tests"])) == ("shop.krl", "installed", 3)
        assert greet(engine) == "Hello, Ada!"
        change(ruleset, '"Hello"', '"Good day"')
        told = dev.read()
        assert (told["outcome"], [one["passed"] for one in told["tests"]].count(False)) == ("tests failed", 1)
        assert greet(engine) == "Hello again, Ada!"
        change(project / "shop.test.krl", "Hello, Ada!", "Good day, Ada!")
        told = dev.read()
        assert told["outcome"] == "upgraded"
        (turn,) = told["trial"]["others"]
        assert (turn["event"], turn["contrasts"][0]["part"]) == ("shop:greet", "directives")
        assert guests(engine) == {"Ada": 2}
        engine.send_event("root", ("shop", "forget"), {})
        assert greet(engine) == "Good day, Ada!"


def test_mistakes_keep_the_text_that_is_in_force(process: EngineProcess, project: Path) -> None:
    """They are told, and so is that the next save mends them."""
    engine, ruleset = process.start(), project / "shop.krl"
    with watching(project, "--url", engine.url) as dev:
        dev.read()
        change(ruleset, "times(name) + 1", "times(name) + nothing")
        told = dev.read()
        assert (told["outcome"], [one["code"] for one in told["diagnostics"]]) == ("wrong", ["K201"])
        assert greet(engine) == "Hello, Ada!"
        change(ruleset, "times(name) + nothing", "times(name) + 1")
        assert dev.read()["outcome"] == "unchanged"


def test_a_text_with_which_events_would_fail_is_held_back(process: EngineProcess, project: Path) -> None:
    """Although its tests pass: somebody has really sent such an event. --force has it all the same."""
    engine = process.start()
    run = CliRunner(env={"PICOMESH_URL": engine.url})
    assert run.invoke(main, ["dev", str(project), "--once"]).exit_code == 0
    engine.send_event("root", ("shop", "greet"), {"name": "Bo"})
    change(project / "shop.krl", "+ 1", '+ (name == "Bo" => time:new("soon") | 1)')
    held = run.invoke(main, ["dev", str(project), "--once"])
    assert (held.exit_code, "held back shop.krl" in held.output) == (1, True)
    assert "turn" in held.output
    forced = run.invoke(main, ["dev", str(project), "--once", "--force"])
    assert (forced.exit_code, "in force shop.krl, 3 tests passed" in forced.output) == (0, True)


def test_it_has_an_engine_of_its_own_when_none_runs(project: Path) -> None:
    """It ends with the command, and what its picos remember is there the next time."""
    home = project / ".picomesh-dev" / "home"
    for greeting in ("Hello, Ada!", "Hello again, Ada!"):
        with watching(project) as dev:
            assert dev.read()["outcome"] in ("installed", "unchanged")
            note = read_run_file(home)
            assert note is not None
            with EngineClient(note.url) as engine:
                assert greet(engine) == greeting
            assert dev.stop() == 0
            assert read_run_file(home) is None
    assert (project / ".picomesh-dev" / ".gitignore").read_text() == "*\n"


def test_a_ruleset_comes_behind_the_module_it_uses(process: EngineProcess, tmp_path: Path) -> None:
    """So that both can be installed, whatever their files are called; a change of the module is in force."""
    engine, folder = process.start(), tmp_path / "two"
    folder.mkdir()
    (folder / "z.krl").write_text(
        "ruleset tools { meta { provides f } global { f = function(){ 1 } } }", "utf-8"
    )
    (folder / "a.krl").write_text(
        "ruleset user { meta { use module tools alias t shares g } global { g = function(){ t:f() } } }"
    )
    with watching(folder, "--url", engine.url) as dev:
        assert [dev.read()["outcome"] for _ in range(2)] == ["installed", "installed"]
        change(folder / "z.krl", "{ 1 }", "{ 2 }")
        assert [(one["file"], one["outcome"]) for one in (dev.read(), dev.read())] == [
            ("z.krl", "upgraded"),
            ("a.krl", "unchanged"),
        ]
        assert engine.query("root", ("user", "g"), {}) == 2
