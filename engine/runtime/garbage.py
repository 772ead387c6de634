"""When Python looks for objects that keep only each other alive, so that no pause for it is long.

Looking through everything takes tens of milliseconds for a hundred picos and seconds for ten thousand, and
finds next to nothing, because what refers to each other here is taken apart where it ends. So what has been
looked through once is set aside, and each look is at what is new since the one before. Now and then, in a
quiet moment, all of it is looked through once more.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any

RARELY = (2_000, 10, 20)
"""Objects that are new before the young are looked through, and how many such looks until a longer one."""

SOMETIMES_S = 3_600.0
"""Until all of it is looked through, when there is a quiet moment then."""
AT_LAST_S = 24 * SOMETIMES_S
"""Until that happens without one."""
LOOK_S = 5.0


class Collector:
    """Of the process: there is only one."""

    def start(self) -> None:
        gc.collect()
        gc.freeze()  # what the program consists of stays for ever
        gc.set_threshold(*RARELY)
        gc.callbacks.append(self._note)

    async def collect_all(self, is_quiet: Callable[[], bool], sometimes_s: float = SOMETIMES_S) -> None:
        """Look through everything now and then. Never returns."""
        while True:
            await asyncio.sleep(sometimes_s)
            end_s = time.monotonic() + AT_LAST_S
            while not is_quiet() and time.monotonic() < end_s:
                await asyncio.sleep(LOOK_S)
            gc.unfreeze()
            gc.collect()

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "stop" and info["generation"] == len(RARELY) - 1:
            gc.freeze()


COLLECTOR = Collector()
