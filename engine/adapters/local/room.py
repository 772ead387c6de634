"""How much room an engine takes, and how much there is: on the disk of its home, and in memory."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

JOURNAL = "journal.sqlite"


def measure_room(home: Path) -> Mapping[str, int]:
    """In bytes."""
    disk = os.statvfs(home)
    return {
        "journal": sum(_size(file) for file in home.glob(f"{JOURNAL}*")),
        "home": sum(_size(file) for file in home.rglob("*")),
        "free": disk.f_bavail * disk.f_frsize,
        "memory_peak": _memory_peak(),
    }


def _size(file: Path) -> int:
    """Files come and go while one looks."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0


def _memory_peak() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
