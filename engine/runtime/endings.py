"""The last entries of the logs of picos that were deleted.

They are written right after the commit that deletes the pico, one after the other, and at the next start if
the engine ended before: the logs outlive their picos, so nothing has to be remembered for that.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections import deque

from engine.core.model import PicoId
from engine.ports import BadLog, JournalFailed, KeptLog, Succession
from engine.runtime.lives import Lives, needed

logger = logging.getLogger(__name__)


class Endings:
    def __init__(self, lives: Lives, succession: Succession) -> None:
        self._lives = lives
        self._succession = succession
        self._due: deque[PicoId] = deque()
        self._task: Task[None] | None = None

    def start(self) -> None:
        """Begin with what an earlier run of the engine has left undone."""
        self._due.extend(self._lives.without_pico())
        self._go_on()

    def note(self, pico: PicoId) -> None:
        """It was deleted."""
        if self._lives.kept(pico) is not None:
            self._due.append(pico)
            self._go_on()

    async def wait_rested(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._due.clear()
        if self._task is not None:
            self._task.cancel()

    def _go_on(self) -> None:
        if self._due and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._due:
                await self._end(self._due.popleft())
        except JournalFailed as problem:
            logger.warning("logs of picos that were deleted are ended at the next start: %s", problem)
        finally:
            self._task = None

    async def _end(self, pico: PicoId) -> None:
        try:
            await self._lives.end(pico, self._last)
        except BadLog as problem:
            logger.warning("pico %s was deleted, and its log cannot be ended: %s", pico, problem)

    def _last(self, pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
        return self._succession.end(pico, needed(log), now_s)
