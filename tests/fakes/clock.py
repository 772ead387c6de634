"""A clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SetClock:
    """`engine.ports.Clock`."""

    time_ms: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.time_ms
