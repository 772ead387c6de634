"""By how much a turn makes a pico larger, in bytes as they are stored.

Only the parts that its changes touched are looked at, so it costs about what was written, now or when
those parts were.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from engine.core.codec import to_bytes
from engine.core.differences import Part, differences_of
from engine.core.messages import Change
from engine.core.model import Pico


def growth(before: Pico, changes: Iterable[Change]) -> int:
    """Below zero when it shrinks."""
    touched, _ = differences_of(before, changes)
    parts = {one.part for one in touched}
    whole = (one for one in touched if not _is_inside(one.part, parts))
    return sum(_weight(one.part, one.new) - _weight(one.part, one.old) for one in whole)


def _is_inside(part: Part, parts: Set[Part]) -> bool:
    """Whether a larger part that it belongs to was touched as well, and so would count it a second time."""
    return any(part[:words] in parts for words in range(1, len(part)))


def _weight(part: Part, value: Any) -> int:
    """With its name. What is not there weighs nothing."""
    return 0 if value is None else len(to_bytes({part[-1]: value}))
