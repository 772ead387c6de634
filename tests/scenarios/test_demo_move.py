"""`picomesh demo move`: what it shows, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from engine.commands.demo_move import Scene, draw
from engine.commands.following import Course, Sent
from engine.commands.two_engines import Journey

HERE = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "engine", "demo", "move"]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}


def test_every_event_is_counted_once_across_two_moves(tmp_path: Path) -> None:
    """There and back again, a line for each in a pipe; the folder is empty afterwards."""
    words = [*COMMAND, "--moves", "2", "--senders", "2"]
    done = subprocess.run(words, cwd=HERE, env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if " → " in line]
    assert [re.findall(r"(\w+) → (\w+)", line)[0] for line in lines] == [
        ("laptop", "server"),
        ("server", "laptop"),
    ]
    assert all("the demo wants it to" in line for line in lines)
    assert "lost 0, doubled 0, without an answer 0" in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_it_ends_cleanly_when_it_is_interrupted(tmp_path: Path) -> None:
    """Both engines are gone, and what they wrote; there is no traceback."""
    words = [*COMMAND, "--moves", "500"]
    running = subprocess.Popen(
        words,
        cwd=HERE,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if "→" in line:
                break
        pids = [int(pid) for pid in re.findall(r"process (\d+)", said)]
        assert len(pids) == 2, said
        # As a terminal does it: to the command and to everything that it has started.
        os.killpg(running.pid, signal.SIGINT)
        said += running.communicate(timeout=60)[0]
    finally:
        running.kill()
    assert running.returncode == 0, said
    assert said.rstrip().endswith("stopped; both engines are gone, and so is what they wrote")
    assert "Traceback" not in said
    assert not any(is_running(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def picture(scene: Scene) -> str:
    console = Console(width=110, force_terminal=False)
    with console.capture() as captured:
        console.print(draw(scene))
    return captured.get()


def test_the_picture_shows_where_the_counter_is() -> None:
    course = Course([Sent(f"t{number}", 0.0, 0.01) for number in range(1234)])
    scene = Scene(6, course)
    at_home = picture(scene)
    assert "● counter" in at_home.split("server")[0] + at_home.splitlines()[1][:24]
    assert "counted 1,234" in at_home
    assert "moves 0 of 6" in at_home


def test_while_it_moves_it_is_on_the_road() -> None:
    scene = Scene(6, goes_to="server")
    assert "counter" not in picture(scene)
    assert "●" in picture(scene)


def test_the_last_pause_is_shown() -> None:
    scene = Scene(6, place="server", done=[(Journey("laptop", "server", 0.2), 0.041)])
    assert "last: to server, pause 41 ms" in picture(scene)


def test_the_pause_is_the_longest_wait_of_an_event_that_was_answered_since() -> None:
    """One that was sent before the move and answered after it counts, one that was answered before not."""
    course = Course([Sent("a", 0.0, 5.0), Sent("b", 5.9, 6.5), Sent("c", 6.5, 6.6)])
    assert course.slowest_since(6.0) == pytest.approx(0.6)
    assert course.slowest_since(7.0) == 0.0
