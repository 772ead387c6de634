"""The note that a running engine leaves in its home, so that the commands find it.

It may be stale, since nothing removes it when a process is killed; whoever reads it finds out by
calling the engine.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "engine.json"


@dataclass(frozen=True, slots=True)
class RunFile:
    """Where an engine is reached, and what its root pico is addressed by."""

    url: str
    pid: int
    root_eci: str
    token: str = ""
    """What its owner shows to it: of this run alone. The file is for the owner's eyes."""


def write_run_file(home: Path, note: RunFile) -> None:
    """Leave the note, whole or not at all."""
    fresh = home / f"{NAME}.new"
    fresh.unlink(missing_ok=True)
    # Nobody else may ever have it open, so it is not made first and closed to others then.
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(asdict(note)) + "\n")
    os.replace(fresh, home / NAME)


def read_run_file(home: Path) -> RunFile | None:
    """The note of the last engine that ran there, if there is one."""
    try:
        return RunFile(**json.loads((home / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_run_file(home: Path) -> None:
    (home / NAME).unlink(missing_ok=True)
