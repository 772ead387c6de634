"""What was probably meant by a word that means nothing here."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable
from pathlib import Path

ALIKE = 0.6


def likely(word: str, known: Iterable[str]) -> str | None:
    """`did you mean …?`, if there is something of that kind."""
    found = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=ALIKE)
    return f"did you mean {found[0]}?" if found else None


def likely_file(name: str) -> str | None:
    """The same for a file that is not there: among those beside it."""
    path = Path(name)
    if path.exists():
        return None
    try:
        beside = [one.name for one in path.parent.iterdir()]
    except OSError:
        return None
    found = difflib.get_close_matches(path.name, beside, n=1, cutoff=ALIKE)
    return f"did you mean {shlex.quote(str(path.parent / found[0]))}?" if found else None
