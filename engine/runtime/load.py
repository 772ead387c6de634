"""How busy this engine is: which share of one processor it took of late.

It is reckoned when somebody asks, over the time since somebody asked before. Asked again within seconds it
says the same: over so short a time whoever asks would measure himself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pico_lang.processor_time import own_s

SHORTEST_S = 10.0

Now = Callable[[], float]


class Load:
    def __init__(self, now: Now = time.monotonic, busy_s: Now = own_s) -> None:
        self._now = now
        self._busy_s = busy_s
        self._since_s, self._busy_before_s = now(), busy_s()
        self._latest: float | None = None

    def share(self) -> float | None:
        """From 0 to 1; None before it was there for long enough to say."""
        passed_s = self._now() - self._since_s
        if passed_s >= SHORTEST_S:
            busy_s = self._busy_s()
            self._latest = round(min(1.0, max(0.0, (busy_s - self._busy_before_s) / passed_s)), 3)
            self._since_s, self._busy_before_s = self._now(), busy_s
        return self._latest
