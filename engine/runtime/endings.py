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

AT_ONCE = 100
"""Picos that are looked for before others have their turn."""


class Endings:
    def __init__(self, lives: Lives, succession: Succession) -> None:
        self._lives = lives
        self._succession = succession
        self._due: deque[PicoId] = deque()
        self._task: Task[None] | None = None

    def start(self) -> None:
        """Begin with what an earlier run of the engine has left undone. Nobody waits for it: there may be
        ten thousand picos with names."""
        self._task = asyncio.get_running_loop().create_task(self._work(looks_back=True))

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

    async def _work(self, looks_back: bool = False) -> None:
        try:
            if looks_back:
                await self._look_back()
            while self._due:
                await self._end(self._due.popleft())
        except JournalFailed as problem:
            logger.warning("logs of picos that were deleted are ended at the next start: %s", problem)
        finally:
            self._task = None

    async def _look_back(self) -> None:
        for number, pico in enumerate(self._lives.not_ended()):
            if not self._lives.is_here(pico):
                self._due.append(pico)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _end(self, pico: PicoId) -> None:
        try:
            await self._lives.end(pico, self._last)
        except BadLog as problem:
            logger.warning("pico %s was deleted, and its log cannot be ended: %s", pico, problem)

    def _last(self, pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
        return self._succession.end(pico, needed(log), now_s)
