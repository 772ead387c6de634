"""What `picomesh new` makes: every command of its README works as it stands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.commands.process import EngineProcess

ELSEWHERE = {"dev"}
"""It runs until it is stopped: tests/scenarios has it."""


def commands(readme: str) -> list[list[str]]:
    """The lines of its shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_the_commands_of_a_new_project_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the README's order, against an engine, and the answers are those of its ruleset."""
    monkeypatch.chdir(tmp_path)
    process = EngineProcess(tmp_path / "home")
    try:
        runner = CliRunner(env={"PICOMESH_URL": process.start().url})
        assert runner.invoke(main, ["new", "shop"]).exit_code == 0
        monkeypatch.chdir(tmp_path / "shop")
        lines = commands(Path("README.md").read_text("utf-8"))
        results = [
            (line, runner.invoke(main, line[1:]))
            for line in lines
            if line[0] == "picomesh" and line[1] not in ELSEWHERE
        ]
    finally:
        process.end()
    assert [(line, result.output) for line, result in results if result.exit_code != 0] == []
    said = {" ".join(line[1:3]): result.output for line, result in results}
    assert "Hello, Ada!" in said["send root"]
    (guests, times) = (result.output for line, result in results if line[1] == "query")
    assert (json.loads(guests), json.loads(times)) == ({"Ada": 1}, 1)
    assert {line[0] for line in lines} == {"picomesh"}
