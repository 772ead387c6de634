"""The time of day, from the operating system."""

from __future__ import annotations

import asyncio
import time
from asyncio import TimerHandle
from collections.abc import Callable

LONGEST_WAIT_S = 60.0
"""The time of day can be set and machines can sleep; the event loop notices neither while it waits."""


class SystemClock:
    """`engine.ports.Clock`."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def call_at(self, time_ms: int, call: Callable[[], None]) -> TimerHandle:
        wait_s = (time_ms - self.now_ms()) / 1000
        return asyncio.get_running_loop().call_later(min(max(wait_s, 0), LONGEST_WAIT_S), call)
