"""Whose turn it is: picos with work take one turn each, round and round.

Between rounds the event loop gets its share, so that neither a pico with a long queue nor many busy
picos keep replies, reads and timers waiting for longer than a slice.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

SLICE_S = 0.001
"""After this long the event loop is let in. A turn under way is not cut short. Half of it is what a request
waits on average, beside picos that always have something to do, before anybody even looks at it."""

TakeTurn = Callable[[], bool]
"""Does a little work; returns whether there is more to do."""


class Rota:
    """The picos of this engine that have something to do, in the order in which they are served."""

    __slots__ = ("_is_called", "_ready")

    def __init__(self) -> None:
        self._ready: deque[TakeTurn] = deque()
        self._is_called = False

    def enlist(self, take_turn: TakeTurn) -> None:
        """Have it called, soon and again for as long as it says there is more to do."""
        self._ready.append(take_turn)
        self._call()

    def _call(self) -> None:
        if self._ready and not self._is_called:
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._go_round)

    def _go_round(self) -> None:
        self._is_called = False
        end = time.perf_counter() + SLICE_S
        try:
            while self._ready:
                take_turn = self._ready.popleft()
                if take_turn():
                    self._ready.append(take_turn)
                if time.perf_counter() > end:
                    break
        finally:
            # Also when a turn let a bug out: the others must not stand still because of it.
            self._call()
