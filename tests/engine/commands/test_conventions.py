"""What holds for every command: JSON for programs, colours on terminals alone, failures with their codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.cli import main

FOR_PEOPLE_OR_PROTOCOLS = {
    "serve": "its logs are JSON by themselves where there is no terminal (log_format)",
    "demo": "a play, whose exit code is its result",
    "demo move": "a play too",
    "lsp": "speaks a protocol of its own",
    "mcp": "speaks one too",
}
"""Commands without --json, each with its reason."""

BAD = "ruleset bad { global { f = nothing_of_that_name } }"


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, *path, name)


def takes_json(command: click.Command) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


def test_every_command_with_a_result_has_json() -> None:
    """And those without one are the few that are named here with their reason."""
    without = {name for name, command in leaves(main) if not takes_json(command)}
    assert without == set(FOR_PEOPLE_OR_PROTOCOLS)


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("tree", "--url", "http://127.0.0.1:1"), "no-engine", 3),
        (("check", "nowhere.krl"), "failed", 1),
        (("settings", "--home", "{folder}"), "cannot-start", 4),
        (("new", "No-Name"), "bad-name", 1),
    ],
)
def test_whoever_asks_for_json_gets_failures_as_json(
    words: tuple[str, ...], code: str, exit_code: int, tmp_path: Path
) -> None:
    """On standard error, with the exit code; standard output stays empty."""
    (tmp_path / "picomesh.toml").write_text("prot = 1\n")
    given = [word.format(folder=tmp_path) for word in words]
    result = CliRunner().invoke(main, [*given, "--json"])
    told = json.loads(result.stderr)
    assert (result.exit_code, told["exit"], told["error"]["code"]) == (exit_code, exit_code, code)
    assert told["error"]["message"]
    assert result.stdout == ""


def test_people_see_the_code_of_a_failure(tmp_path: Path) -> None:
    """Behind the sentence; what to do stands below."""
    result = CliRunner().invoke(main, ["new", str(tmp_path / "No-Name")])
    sentence, hint = result.stderr.splitlines()
    assert sentence.endswith("[bad-name]")
    assert hint == "  try: did you mean `picomesh new no_name`?"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("sned", "root", "a:b"), "'send'"),
        (("engines", "lst"), "'list'"),
        (("send", "root", "a:b", "--nowait"), "'--no-wait'"),
        (("check", "examples/counter/countr.krl"), "examples/counter/counter.krl"),
        (
            ("install", "root", "examples/counter/countr.krl", "--url", "http://127.0.0.1:1"),
            "examples/counter",
        ),
    ],
)
def test_what_was_probably_meant_is_told(words: tuple[str, ...], meant: str) -> None:
    """Of commands, options and files that there are not."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code != 0
    assert f"did you mean {meant}" in result.output.replace("Did", "did")


def seen_on_a_terminal(*words: str, **environment: str) -> str:
    """What a command writes when all it has is a terminal."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-m", "engine", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm", **environment},
        check=False,
    )
    os.close(theirs)
    seen = b""
    # When the other end is closed and everything read, Linux answers with an error.
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass
    os.close(ours)
    return seen.decode()


def shown(tmp_path: Path, **environment: str) -> tuple[str, ...]:
    """A diagnostic, a failure and a table: by click, by ourselves, and by rich."""
    (tmp_path / "bad.krl").write_text(BAD)
    return (
        seen_on_a_terminal("check", str(tmp_path / "bad.krl"), **environment),
        seen_on_a_terminal("tree", "--url", "http://127.0.0.1:1", **environment),
        seen_on_a_terminal("doctor", "--home", str(tmp_path / "none"), **environment),
    )


def test_a_terminal_gets_colours_unless_it_wants_none(tmp_path: Path) -> None:
    """NO_COLOR ends them wherever they come from."""
    assert all("\x1b[" in text for text in shown(tmp_path))
    assert not any("\x1b[" in text for text in shown(tmp_path, NO_COLOR="1"))


def test_a_pipe_gets_no_colours(tmp_path: Path) -> None:
    """Neither in what is found nor in what went wrong."""
    (tmp_path / "bad.krl").write_text(BAD)
    for words in (("check", str(tmp_path / "bad.krl")), ("tree", "--url", "http://127.0.0.1:1")):
        command = [sys.executable, "-m", "engine", *words]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert said.stdout + said.stderr
        assert "\x1b[" not in said.stdout + said.stderr
