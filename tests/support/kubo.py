"""The program `ipfs`, Kubo: the one on the PATH, else one that Go builds once into a cache folder.

Where there is neither, or the build fails, tests that want a node are skipped and say why. Kubo is built in
its module's own folder, with the very versions that its release names: `go install` would ask for a list
of all releases too, which not every module proxy gives out.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NoReturn

import pytest

MODULE = "github.com/ipfs/kubo"
VERSION = "v0.43.0"
"""The newest that takes all it needs from releases: v0.43.1 has a fork in the place of a dependency."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "picomesh-tests" / "kubo" / VERSION
BUILD_S = 900
"""How long a build may take. Go keeps what is done, so that one that was cut short goes on the next time."""
TRY_AGAIN_S = 1_800
"""After a build that failed; less than that lies between the tests of one run."""
AT_ONCE = "2"
"""Packages compiled at a time: the other tests want a processor too."""


class NotBuilt(Exception):
    """What there is instead of a program."""


def program() -> Path:
    """Where it is; skips the test that asks where it cannot be had."""
    if found := shutil.which("ipfs"):
        return Path(found)
    if shutil.which("go") is None:
        _skip("there is no ipfs on the PATH, and no go to build it")
    CACHE.mkdir(parents=True, exist_ok=True)
    built = CACHE / "ipfs"
    with (CACHE / "lock").open("w") as lock:  # several test processes, one folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build_or_remember(built, CACHE / "failed")
    return built


def _build_or_remember(target: Path, note: Path) -> None:
    """Dozens of tests in several processes want it: one that fails is not tried for each of them."""
    if note.exists() and time.time() - note.stat().st_mtime < TRY_AGAIN_S:
        _skip(note.read_text())
    try:
        _build(target)
    except NotBuilt as problem:
        note.write_text(str(problem))
        _skip(str(problem))
    note.unlink(missing_ok=True)


def _build(target: Path) -> None:
    named = f"{MODULE}@{VERSION}"
    source = json.loads(_run(["go", "mod", "download", "-json", named], CACHE))["Dir"]
    fresh = target.with_suffix(".new")
    command = ["nice", "-n", "10", "go", "build", "-p", AT_ONCE, "-o", str(fresh), "./cmd/ipfs"]
    _run(command, Path(source))
    fresh.rename(target)  # whole, or not there


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_S)
    except subprocess.TimeoutExpired:
        raise NotBuilt(
            f"go did not build {MODULE} {VERSION} within {BUILD_S} s; a later run goes on from there"
        ) from None
    if done.returncode != 0:
        why = " ".join((done.stderr or done.stdout).split())[-300:]
        raise NotBuilt(f"go could not build {MODULE} {VERSION}: {why}")
    return done.stdout


def _skip(why: str) -> NoReturn:
    pytest.skip(f"no IPFS node: {why}")
