"""Locks by name, of which only those exist that somebody holds or waits for."""

from __future__ import annotations

from asyncio import Lock
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class KeyedLocks:
    def __init__(self) -> None:
        self._locks: dict[Hashable, Lock] = {}
        self._users: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def holding(self, key: Hashable) -> AsyncIterator[None]:
        """Nobody else holds the same one meanwhile."""
        lock = self._locks.setdefault(key, Lock())
        self._users[key] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]
