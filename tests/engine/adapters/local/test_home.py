"""One engine per home, and nobody else reads it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.local.home import HomeBusy, take_home


def test_a_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else can list it or read the lock."""
    home = tmp_path / "deep" / "home"
    lock = take_home(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "engine.lock").stat().st_mode) == 0o600
    lock.release()


def test_a_second_engine_is_told_who_is_there(tmp_path: Path) -> None:
    """The refusal names the process and where it can be reached."""
    lock = take_home(tmp_path)
    lock.announce("http://127.0.0.1:3000")
    with pytest.raises(HomeBusy, match=rf"pid {os.getpid()}\).*at http://127.0.0.1:3000; use that one"):
        take_home(tmp_path)
    lock.release()


def test_a_released_home_can_be_taken_again(tmp_path: Path) -> None:
    """Stopping an engine leaves nothing in the way of the next one."""
    take_home(tmp_path).release()
    take_home(tmp_path).release()


def test_a_killed_engine_leaves_its_home_free(tmp_path: Path) -> None:
    """The lock goes with the process, however it ended."""
    script = (
        "import os, signal, sys; from pathlib import Path; from engine.adapters.local.home import take_home;"
        "take_home(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert (tmp_path / "engine.lock").read_text().startswith('{"pid"')
    take_home(tmp_path).release()
