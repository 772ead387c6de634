"""A file of blocks that is no file and has no threads, so that a simulation comes out the same each time."""

from __future__ import annotations

import asyncio
import sqlite3

from engine.adapters.blocks.database import MARKS, TABLES, Act, Database, T
from tests.fakes.crashing_database import NEVER, When


class InlineDatabase(Database):
    """It outlives the engine that uses it: a crash at a chosen write leaves whoever asks without an answer,
    until it is revived."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.executescript(TABLES + MARKS)
        self.writes = 0
        self.crashed = asyncio.Event()
        self.revive()

    def revive(self, at: int = NEVER, when: When = "before") -> None:
        """For the next life, which ends at that write if it comes so far."""
        self.writes = 0
        self.crashed = asyncio.Event()
        self._at, self._when = at, when

    async def write(self, act: Act[T]) -> T:
        crashed = self.crashed
        await asyncio.sleep(0)
        self.writes += not crashed.is_set()
        if self.writes == self._at and self._when == "before":
            crashed.set()
        if crashed.is_set() or crashed is not self.crashed:
            await _for_ever()
        self._connection.execute("BEGIN")
        try:
            result = act(self._connection)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        if self.writes == self._at:
            crashed.set()
            await _for_ever()
        return result

    async def read(self, act: Act[T]) -> T:
        if self.crashed.is_set():
            await _for_ever()
        await asyncio.sleep(0)
        return act(self._connection)

    def rows(self, table: str) -> int:
        count: int = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count

    async def close(self) -> None:
        pass


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()
