"""`picomesh pipe` against engines that fail, stop and die: no line is lost, none counts twice."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import CODE, counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.commands.traffic import count_tickets

INCREMENT = "counter:increment"


def pipe(engine: EngineClient, *words: str, text: str) -> Result:
    runner = CliRunner(env={"PICOMESH_URL": engine.url})
    return runner.invoke(main, ["pipe", "root", *words], input=text)


def reset(engine: EngineClient) -> None:
    engine.send_event("root", ("counter", "reset"), {})


def tickets(count: int) -> str:
    return "".join(f'{{"ticket": "t{number}"}}\n' for number in range(count))


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_an_event_in_its_order(engine: EngineClient) -> None:
    """The answers come in the order of the lines, and say what each led to."""
    reset(engine)
    told = answers(pipe(engine, INCREMENT, "--json", text='{"by": 1}\n\n{"by": 2}\n{"by": 3}'))
    counts = [(one["line"], one["directives"][0]["options"]["count"]) for one in told]
    assert counts == [(1, 1), (3, 3), (4, 6)]


def test_a_line_may_be_a_text_or_name_its_event(engine: EngineClient) -> None:
    """With --text, and without DOMAIN:TYPE."""
    reset(engine)
    assert pipe(engine, INCREMENT, "--text", "ticket", text="a\nb\na").output == "3 lines\n"
    pipe(engine, text='{"event": "counter:increment", "attributes": {"ticket": "a"}}\n')
    assert count_tickets(engine, "root") == {"a": 3, "b": 1}


def test_a_line_that_fails_is_told_with_its_number_and_the_others_go_on(engine: EngineClient) -> None:
    """Be it no JSON, or refused by a rule; the exit code is 1."""
    text = '{"by": 1}\noops\n{"url": "file:///nowhere.krl"}\n{"by": 1}\n'
    result = pipe(engine, "wrangler:install_ruleset_request", text=text.replace('{"by": 1}', "{}"))
    assert result.exit_code == 1
    assert "line 2: it is not JSON" in result.stderr
    assert "line 3: " in result.stderr
    assert "/nowhere.krl" in result.stderr
    assert "4 lines, " in result.stdout
    assert "failed" in result.stdout


def test_it_ends_at_the_first_failure_if_wanted(engine: EngineClient) -> None:
    """With --stop, what follows is not sent."""
    reset(engine)
    result = pipe(engine, INCREMENT, "--stop", text='{"ticket": "a"}\noops\n{"ticket": "b"}\n')
    assert (result.exit_code, count_tickets(engine, "root")) == (1, {"a": 1})


def test_a_channel_that_is_not_there_ends_it_at_once(engine: EngineClient) -> None:
    """It says at which line, and how the rest is sent."""
    result = CliRunner(env={"PICOMESH_URL": engine.url}).invoke(
        main, ["pipe", "nobody", INCREMENT], input=tickets(3)
    )
    assert result.exit_code == 1
    assert "line 1: there is no channel nobody" in result.stderr
    assert "tail -n +1" in result.stderr


def test_several_at_once_lose_nothing(engine: EngineClient, tmp_path: Path) -> None:
    """They may overtake each other; the place is behind all of them in the end, and nothing is sent again."""
    reset(engine)
    words = (INCREMENT, "--at-once", "16", "--no-wait", "--resume", str(tmp_path / "place"))
    assert pipe(engine, *words, text=tickets(200)).output == "200 lines\n"
    assert pipe(engine, *words, text=tickets(201)).output == "1 line, after 200 before\n"
    reply = engine.send_event("root", ("counter", "nothing"), {})  # behind all that waited
    assert reply["directives"] == []
    assert count_tickets(engine, "root") == {f"t{number}": 1 for number in range(201)}


def test_another_input_does_not_go_on(engine: EngineClient, tmp_path: Path) -> None:
    """It is refused before anything of it is sent."""
    reset(engine)
    words = (INCREMENT, "--resume", str(tmp_path / "place"))
    pipe(engine, *words, text=tickets(2))
    result = pipe(engine, *words, text=tickets(2).replace("t0", "other"))
    assert (result.exit_code, "other-input" in result.stderr) == (1, True)
    assert count_tickets(engine, "root") == {"t0": 1, "t1": 1}


# --- when something dies -----------------------------------------------------------------------------


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine that is started again at the address where it was."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = EngineProcess(tmp_path / "home", "--port", str(port))
    yield process
    process.end()


def piping(url: str, file: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "engine", "pipe", "root", INCREMENT, "--json", "--url", url, *words]
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    with file.open() as lines:
        return subprocess.Popen(command, stdin=lines, stdout=subprocess.PIPE, text=True, env=environment)


def read(running: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    assert running.stdout is not None
    return [json.loads(running.stdout.readline()) for _ in range(count)]


def test_an_engine_that_is_killed_and_comes_back_is_waited_for(mortal: EngineProcess, tmp_path: Path) -> None:
    """The line whose answer was lost is sent again under its id; every ticket is counted once."""
    engine = mortal.start()
    install_ruleset(engine, "root", counter_ruleset().as_uri(), {})
    (tmp_path / "lines").write_text(tickets(300))
    running = piping(engine.url, tmp_path / "lines")
    told = read(running, 50)
    mortal.kill()
    engine = mortal.start()
    told += read(running, 250)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert [one["line"] for one in told] == list(range(1, 301))
    assert count_tickets(engine, "root") == {f"t{number}": 1 for number in range(300)}


def test_a_pipe_that_is_killed_goes_on(mortal: EngineProcess, tmp_path: Path) -> None:
    """The same command with the same input sends again what is not noted, and none of it counts twice."""
    engine = mortal.start()
    install_ruleset(engine, "root", counter_ruleset().as_uri(), {})
    (tmp_path / "lines").write_text(tickets(300))
    place = tmp_path / "place"
    running = piping(engine.url, tmp_path / "lines", "--resume", str(place))
    read(running, 1)
    while not place.exists():  # it is noted now and then
        read(running, 1)
    running.kill()
    running.communicate()
    again = piping(engine.url, tmp_path / "lines", "--resume", str(place))
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert json.loads(out.splitlines()[0])["line"] > 1
    assert count_tickets(engine, "root") == {f"t{number}": 1 for number in range(300)}


def test_patience_comes_to_an_end(mortal: EngineProcess, tmp_path: Path) -> None:
    """Exit code 3, with the line at which it goes on."""
    engine = mortal.start()
    install_ruleset(engine, "root", counter_ruleset().as_uri(), {})
    (tmp_path / "lines").write_text(tickets(300))
    running = piping(engine.url, tmp_path / "lines", "--patience", "0")
    read(running, 20)
    mortal.kill()
    running.communicate(timeout=60)
    assert running.returncode == 3
