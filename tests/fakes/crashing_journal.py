"""A journal whose process dies at a chosen commit: just before it is durable, or just after."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Sequence
from typing import Literal

from engine.ports import Write
from tests.fakes.memory_journal import Disk, MemoryJournal

When = Literal["before", "after"]


class CrashingJournal(MemoryJournal):
    """After the crash nothing is written and nobody is told anything; `disk` is what is left."""

    def __init__(self, disk: Disk, at: int, when: When) -> None:
        super().__init__(disk)
        self.commits = 0
        """How many there have been."""
        self.crashed = asyncio.Event()
        self._at = at
        self._when = when

    def _make_durable(self, writes: Sequence[Write], durable: Future[None]) -> None:
        if self.crashed.is_set():
            return
        self.commits += 1
        if self.commits != self._at:
            super()._make_durable(writes, durable)
            return
        if self._when == "after":
            # It is on the disk, but the news of it has nobody to go to.
            super()._make_durable(writes, asyncio.get_running_loop().create_future())
        self.crashed.set()
        self.crash()
