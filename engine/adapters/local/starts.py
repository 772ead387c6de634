"""How often a home's engine was started, counted in its journal and beside it.

A journal that counts fewer starts than the file beside it is an older one that was put in its place, and one
whose file is gone has been copied. Whoever acts for a pico has to know, since it may be elsewhere by now.
"""

from __future__ import annotations

import os
from pathlib import Path

from engine.ports import Journal, SetFact

FILE = "engine.starts"
FACT = "starts"


async def count_start(home: Path, journal: Journal) -> bool | None:
    """Counts this one. Whether the journal is the one that was here last time; None at the first start."""
    before, beside = int(journal.fact(FACT) or "0"), _read(home / FILE)
    await journal.commit([SetFact(FACT, str(max(before, beside) + 1))])
    _write(home / FILE, max(before, beside) + 1)
    if before == 0 and beside == 0:
        return None
    # The engine may have died between the two.
    return before in (beside, beside + 1)


def _read(file: Path) -> int:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _write(file: Path, count: int) -> None:
    part = file.with_suffix(".part")
    with part.open("w", encoding="ascii") as out:
        out.write(f"{count}\n")
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
