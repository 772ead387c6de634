"""The folder an engine lives in: only for its owner, and for one engine at a time.

The lock is one of the operating system's, held on an open file, so it ends with the process however
that ends. The file's text only tells people who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any


class HomeBusy(Exception):
    """Another engine runs on this home."""

    def __init__(self, home: Path, pid: int | None, url: str | None) -> None:
        self.home = home
        self.pid = pid
        self.url = url
        holder = "another engine" if pid is None else f"an engine (pid {pid})"
        where = "" if url is None else f" at {url}"
        super().__init__(
            f"{holder} already runs on {home}{where}; use that one, stop it, or choose another home"
        )


class HomeLock:
    """The right to be the engine of a home, from `take_home` to `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.announce(None)

    def announce(self, url: str | None) -> None:
        """Tell whoever finds the home taken where its engine can be reached."""
        text = json.dumps({"pid": os.getpid(), "url": url}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def take_home(home: Path) -> HomeLock:
    """Make the folder if it is not there, and lock it. Raises `HomeBusy`."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read_holder(descriptor)
        os.close(descriptor)
        raise HomeBusy(home, holder.get("pid"), holder.get("url")) from None
    return HomeLock(descriptor)


def _read_holder(descriptor: int) -> dict[str, Any]:
    """What the holder wrote; empty in the moment before it has written."""
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
