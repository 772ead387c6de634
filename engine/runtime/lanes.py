"""How much of one kind picos may have under way outside: a few each, and a number for the whole engine.

A pico that asks much waits for itself before it stands in the way of others.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from engine.core.model import PicoId


class Lanes:
    """One for each pico that has something under way."""

    def __init__(self, per_pico: int, at_once: int) -> None:
        self._per_pico = per_pico
        self._all = Semaphore(at_once)
        self._lanes: WeakValueDictionary[PicoId, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, pico: PicoId) -> AsyncIterator[None]:
        """Wait until it is the pico's turn, and take a place while it lasts."""
        async with self._lane(pico), self._all:
            yield

    def _lane(self, pico: PicoId) -> Semaphore:
        lane = self._lanes.get(pico)
        if lane is None:
            lane = self._lanes[pico] = Semaphore(self._per_pico)
        return lane
