"""When a pico's records since its last snapshot are worth a new one, and how much the pico holds by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Unsaved:
    """Due after so many turns, but never before the records weigh as much as the last snapshot.

    So a waking pico reads at most that many records or its own size once more, and the snapshots
    of a large pico at most double what is written.

    What a pico holds is at most its last snapshot and the records since. That is good enough while it
    is far from what it may hold; from half of that on, each turn says by how much it makes the pico grow.
    """

    every: int
    """Turns between two snapshots."""
    snapshot: int
    """Bytes of the last one."""
    turns: int = 0
    bytes: int = 0
    most: int = 64 << 20
    """Bytes that the pico may hold."""
    grown: int = 0
    """Bytes by which it has, since the snapshot, at the most."""
    guessed: int = 0
    """Bytes of these that are the size of a record, and so perhaps too many."""

    def add(self, size: int, growth: int | None = None) -> None:
        """One more record of that many bytes; without a growth nobody has looked."""
        self.turns += 1
        self.bytes += size
        self.grown += size if growth is None else growth
        self.guessed += size if growth is None else 0

    @property
    def held(self) -> int:
        """Bytes that the pico holds, at the most."""
        return self.snapshot + self.grown

    @property
    def is_light(self) -> bool:
        """Whether nobody has to look at what a turn adds, which is a few megabytes at the most."""
        return self.held * 2 < self.most

    @property
    def is_due(self) -> bool:
        return self.turns >= self.every and self.bytes >= self.snapshot

    def save(self, size: int) -> None:
        """There is a new snapshot of that many bytes."""
        self.snapshot = size
        self.turns = self.bytes = self.grown = self.guessed = 0


def read_unsaved(every: int, snapshot: int, records: Sequence[bytes], most: int) -> Unsaved:
    """As found in the journal."""
    size = sum(map(len, records))
    return Unsaved(every, snapshot, len(records), size, most, size, size)
