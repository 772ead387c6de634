"""When a pico's records since its last snapshot are worth a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Unsaved:
    """Due after so many turns, but never before the records weigh as much as the last snapshot.

    So a waking pico reads at most that many records or its own size once more, and the snapshots
    of a large pico at most double what is written.
    """

    every: int
    """Turns between two snapshots."""
    snapshot: int
    """Bytes of the last one."""
    turns: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """One more record of that many bytes."""
        self.turns += 1
        self.bytes += size

    @property
    def is_due(self) -> bool:
        return self.turns >= self.every and self.bytes >= self.snapshot

    def save(self, size: int) -> None:
        """There is a new snapshot of that many bytes."""
        self.snapshot, self.turns, self.bytes = size, 0, 0


def read_unsaved(every: int, snapshot: bytes, records: Sequence[bytes]) -> Unsaved:
    """As found in the journal."""
    return Unsaved(every, len(snapshot), len(records), sum(map(len, records)))
