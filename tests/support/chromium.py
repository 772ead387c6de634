"""The browser for tests of the web UI: the system's Chromium, else one that is installed once.

Where there is neither, tests that want one are skipped and say why.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "picomesh-tests" / "chromium"
INSTALL_S = 600
TRY_AGAIN_S = 1_800
"""After an installation that failed; less than that lies between the tests of one run."""
HOW = "apt install chromium, or run `playwright install --with-deps chromium`"


class NotInstalled(Exception):
    """What there is instead of a browser."""


def program() -> Path:
    """Where it is; skips the test that asks where it cannot be had."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    CACHE.mkdir(parents=True, exist_ok=True)
    note = CACHE / "failed"
    with (CACHE / "lock").open("w") as lock:  # several test processes, one folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        if note.exists() and time.time() - note.stat().st_mtime < TRY_AGAIN_S:
            _skip(note.read_text())
        try:
            return _install()
        except NotInstalled as problem:
            note.write_text(str(problem))
            _skip(str(problem))


def _install() -> Path:
    """From Debian where we may, else what Playwright has for this system."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-q"], quiet)
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], quiet)
        if installed := shutil.which("chromium"):
            return Path(installed)
    _run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))
    found = sorted(_browsers().glob("chromium-*/chrome-linux*/chrome"))
    if not found:
        raise NotInstalled(f"Playwright has put no Chromium where it should be; {HOW}")
    return found[-1]


def _browsers() -> Path:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    return Path(named) if named else Path.home() / ".cache" / "ms-playwright"


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=INSTALL_S)
    except (subprocess.TimeoutExpired, OSError) as problem:
        raise NotInstalled(f"`{' '.join(command)}` did not end well: {problem}; {HOW}") from None
    if done.returncode != 0:
        why = " ".join((done.stderr or done.stdout).split())[-300:]
        raise NotInstalled(f"`{' '.join(command)}` failed: {why}; {HOW}")


def _skip(why: str) -> NoReturn:
    pytest.skip(f"no browser: {why}")
