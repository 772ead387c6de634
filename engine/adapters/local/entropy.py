"""Fresh random bytes, from the operating system."""

from __future__ import annotations

import os

SEED_BYTES = 16
DRAWN_AT_ONCE = 64
"""Seeds per call of the system. Such a call costs as much as a tenth of a turn, whatever it brings."""


class SystemEntropy:
    """`engine.ports.Entropy`."""

    def __init__(self) -> None:
        self._seeds: list[str] = []
        # A copy of this process must not hand out the same seeds once more.
        os.register_at_fork(after_in_child=self._seeds.clear)

    def seed(self) -> str:
        if not self._seeds:
            drawn = os.urandom(SEED_BYTES * DRAWN_AT_ONCE)
            starts = range(0, len(drawn), SEED_BYTES)
            self._seeds += [drawn[start : start + SEED_BYTES].hex() for start in starts]
        return self._seeds.pop()
