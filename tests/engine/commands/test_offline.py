"""The commands that need no engine, and what the others say when there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.config import describe_settings
from engine.version import VERSION

COUNTER = "examples/counter/counter.krl"

BAD = """\
ruleset bad {
  global {
    f = function() { nothing_of_that_name }
    g = function() { another }
  }
}
"""


def run(*words: str, text: str | None = None) -> Result:
    """A command as a person runs it, with an empty home and environment."""
    environment = {"PICOMESH_URL": None, "HOME": "/nonexistent", "COLUMNS": "100"}
    return CliRunner(env=environment).invoke(main, list(words), input=text)


def test_a_sound_ruleset_passes() -> None:
    """The example has neither errors nor warnings."""
    result = run("check", COUNTER)
    assert (result.exit_code, result.output) == (0, "0 errors, 0 warnings in 1 file\n")


def test_every_mistake_is_shown_with_its_place(tmp_path: Path) -> None:
    """All at once, each with a caret under the text it blames; exit code 1."""
    (tmp_path / "bad.krl").write_text(BAD)
    result = run("check", str(tmp_path / "bad.krl"), COUNTER)
    assert result.exit_code == 1
    assert f"{tmp_path}/bad.krl:3:22: error K201" in result.output
    assert "   3 |     f = function() { nothing_of_that_name }" in result.output
    assert "     |                      ^^^^^^^^^^^^^^^^^^^^" in result.output
    assert "2 errors, 0 warnings in 2 files" in result.output


def test_rulesets_that_are_checked_together_are_held_against_each_other(tmp_path: Path) -> None:
    """A name that a module does not provide is a mistake as soon as the module's text is there."""
    (tmp_path / "user.krl").write_text(
        "ruleset user { meta { use module a.module alias m } global { x = m:wrong() } }"
    )
    (tmp_path / "module.krl").write_text(
        "ruleset a.module { meta { provides f } global { f = function(){ 1 } } }"
    )
    alone = run("check", str(tmp_path / "user.krl"))
    together = run("check", str(tmp_path / "user.krl"), str(tmp_path / "module.krl"))
    assert (alone.exit_code, together.exit_code) == (0, 1)
    assert "error K402: a.module does not provide wrong" in together.output


def test_mistakes_are_data_for_programs() -> None:
    """--json gives code, place and sentence; `-` reads standard input."""
    result = run("check", "-", "--json", text=BAD)
    first, second = json.loads(result.output)
    assert (first["file"], first["code"], first["severity"]) == ("<stdin>", "K201", "error")
    assert (first["start"], first["end"]) == ({"line": 3, "column": 22}, {"line": 3, "column": 42})
    assert second["start"]["line"] == 4
    assert result.exit_code == 1


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, or not UTF-8."""
    (tmp_path / "latin.krl").write_bytes(b"ruleset \xe9 {}")
    assert "nowhere.krl cannot be read: No such file" in run("check", "nowhere.krl").output
    result = run("check", str(tmp_path / "latin.krl"))
    assert result.exit_code == 1
    assert "latin.krl is not UTF-8" in result.output


def test_settings_are_listed_with_what_is_in_force(tmp_path: Path) -> None:
    """Every setting, its value and its meaning."""
    (tmp_path / "picomesh.toml").write_text("port = 4321\n")
    result = run("settings", "--home", str(tmp_path))
    assert "4321" in result.output
    assert all(one.name in result.output for one in describe_settings())
    assert json.loads(run("settings", "--home", str(tmp_path), "--json").output)["port"] == 4321


def test_what_is_piped_has_a_line_for_each_setting(tmp_path: Path) -> None:
    """Nothing is cut off or broken, however wide a terminal would be; values are as in the file."""
    lines = run("settings", "--home", str(tmp_path)).output.splitlines()
    for one in describe_settings():
        (line,) = [line for line in lines if line.split()[:1] == [one.name]]
        assert one.about in line
    assert any(line.split()[:2] == ["virtual_clock", "false"] for line in lines)


def test_an_unknown_setting_keeps_an_engine_from_starting(tmp_path: Path) -> None:
    """Exit code 4, and the setting that was meant."""
    (tmp_path / "picomesh.toml").write_text("prot = 4321\n")
    result = run("serve", "--home", str(tmp_path))
    assert result.exit_code == 4
    assert "did you mean 'port'?" in result.output


def test_version() -> None:
    """For people and for programs."""
    assert f"picomesh {VERSION}" in run("version").output
    assert json.loads(run("version", "--json").output)["version"] == VERSION


@pytest.mark.parametrize(
    "words", [("tree",), ("send", "root", "a:b"), ("query", "root", "a/b"), ("install", "root", COUNTER)]
)
def test_without_an_engine_a_command_says_how_to_get_one(words: tuple[str, ...]) -> None:
    """Exit code 3: nothing was found, or nothing answers at the address."""
    nothing_known = run(*words)
    assert (nothing_known.exit_code, "picomesh serve" in nothing_known.output) == (3, True)
    nothing_there = run(*words, "--url", "http://127.0.0.1:1")
    assert nothing_there.exit_code == 3
    assert "no engine answers at http://127.0.0.1:1" in nothing_there.output


@pytest.mark.parametrize("words", [("send", "root", "increment"), ("query", "root", "count"), ("check",)])
def test_a_command_line_that_makes_no_sense(words: tuple[str, ...]) -> None:
    """Exit code 2, as everywhere."""
    assert run(*words).exit_code == 2


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_explains_itself(name: str) -> None:
    """A line that fits into the list of commands; examples where there are arguments."""
    command = main.commands[name]
    text = run(name, "--help").output
    assert "..." not in command.get_short_help_str(limit=45)
    if any(parameter.param_type_name == "argument" for parameter in command.params):
        assert "Examples:" in text
