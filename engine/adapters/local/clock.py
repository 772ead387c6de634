"""The time of day, from the operating system."""

from __future__ import annotations

import time


class SystemClock:
    """`engine.ports.Clock`."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000
