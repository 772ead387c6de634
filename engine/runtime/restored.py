"""That a home was made of a backup, as its journal says it for ever.

What happened after the backup was made may have been acknowledged, sent and sealed, and this home knows
nothing of it. So whoever would act for a pico of such a home has to be able to find out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

RESTORED = "restored from backups"
"""The fact."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Once: of when the backup was, and when a home was made of it."""

    made_ms: int
    restored_ms: int


def read_restored(fact: str | None) -> tuple[Restored, ...]:
    """The oldest first."""
    return () if fact is None else tuple(Restored(**one) for one in json.loads(fact))


def write_restored(each: Sequence[Restored]) -> str:
    return json.dumps([asdict(one) for one in each])


def restored(fact: Callable[[str], str | None]) -> tuple[Restored, ...]:
    """What a journal knows of it; `fact` is the journal's."""
    return read_restored(fact(RESTORED))
