"""A file of blocks whose process dies at a chosen commit: just before it is durable, or just after."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Literal

from engine.adapters.blocks.database import Database

When = Literal["before", "after"]
NEVER = 10**9


class Died(BaseException):
    """Ends the thread that writes, and nothing else."""


class CrashingDatabase(Database):
    """After the crash nothing is written and nobody is told anything; the file is what is left."""

    def __init__(self, path: Path, at: int = NEVER, when: When = "before") -> None:
        super().__init__(path)
        self.commits = 0
        """How many there have been."""
        self.crashed = asyncio.Event()
        self._at = at
        self._when = when
        self._loop = asyncio.get_running_loop()

    def _keep_writing(self) -> None:
        with suppress(Died):
            super()._keep_writing()

    def _make_durable(self, connection: sqlite3.Connection) -> None:
        self.commits += 1
        if self.commits != self._at or self._when == "after":
            super()._make_durable(connection)
        if self.commits == self._at:
            self._loop.call_soon_threadsafe(self.crashed.set)
            raise Died
