"""Garbage collection of a file of blocks: what no root leads to goes, in pieces between which others write.

First it marks: all roots, all that was put lately, and what those lead to. Then it forgets of the rest that
it is whole, and only then removes it, so that a crash in between leaves nothing that is said to be whole and
is not. What is put or about to be pinned meanwhile is marked too, before the next piece is removed. The
marks are in tables that a crash takes along; the next collection begins anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
from asyncio import Task
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from engine.adapters.blocks.database import Database
from engine.core.cids import CID_BYTES, Cid

PIECE = 500
"""Blocks that are looked at, or removed, before others have their turn."""

FOLLOWED = "SELECT n, links FROM ahead JOIN blocks USING (n) LIMIT ?"
UNMARKED = """
    SELECT n, length(body) FROM blocks
    WHERE n > ? AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.n = blocks.n) ORDER BY n LIMIT ?"""
FIND = "SELECT n FROM blocks WHERE cid = ? AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.n = blocks.n)"


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection came to."""

    kept: int
    removed: int
    removed_bytes: int


class Collection:
    """The collections of one database, of which one runs at a time."""

    def __init__(self, database: Database, grace_ms: int) -> None:
        self._database = database
        self._grace_ms = grace_ms
        self.piece = PIECE
        self._is_running = False
        """Only the thread that writes looks at it and changes it."""
        self._guarded: Counter[Cid] = Counter()
        """Roots about to be pinned."""
        self._under_way: Task[Collected] | None = None

    async def run(self, now_ms: int) -> Collected:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._collect(now_ms - self._grace_ms))
        return await asyncio.shield(self._under_way)

    async def close(self) -> None:
        """One that is under way is given up."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    async def _collect(self, oldest_ms: int) -> Collected:
        begin = partial(self._begin, oldest_ms=oldest_ms, guarded=list(self._guarded))
        try:
            await self._database.write(begin)
            while await self._database.write(partial(_follow, piece=self.piece)):
                pass
            last: int | None = 0
            while last is not None:
                last = await self._database.write(partial(_doubt, last=last, piece=self.piece))
            return await self._sweep(oldest_ms)
        finally:
            self._is_running = False

    async def _sweep(self, oldest_ms: int) -> Collected:
        removed = removed_bytes = 0
        last: int | None = 0
        while last is not None:
            last, count, size = await self._database.write(partial(_remove, last=last, piece=self.piece))
            removed, removed_bytes = removed + count, removed_bytes + size
        await self._database.write(partial(_forget_age, oldest_ms=oldest_ms))
        return Collected(await self._database.read(_count), removed, removed_bytes)

    def _begin(self, connection: sqlite3.Connection, oldest_ms: int, guarded: Sequence[Cid]) -> None:
        connection.execute("DELETE FROM marks")
        connection.execute("DELETE FROM ahead")
        connection.execute("INSERT INTO marks SELECT n FROM fresh WHERE put_ms >= ?", (oldest_ms,))
        connection.execute("INSERT OR IGNORE INTO marks SELECT n FROM roots JOIN blocks USING (cid)")
        connection.execute("INSERT INTO ahead SELECT n FROM marks")
        self._is_running = True
        self.protect(connection, guarded)

    def protect(self, connection: sqlite3.Connection, cids: Iterable[Cid]) -> None:
        """What is put, or put again, stays, and so does what it leads to. In the transaction that puts it."""
        if self._is_running:
            _mark(connection, cids)

    async def guard(self, root: Cid) -> None:
        """Nothing that a root leads to is removed until it is let go, whether this has ended well or not."""
        self._guarded[root] += 1
        # One that begins later looks at what is guarded.
        if self._under_way is not None and not self._under_way.done():
            await self._database.write(partial(self.protect, cids=[root]))

    def let_go(self, root: Cid) -> None:
        self._guarded[root] -= 1
        if not self._guarded[root]:
            del self._guarded[root]


def _mark(connection: sqlite3.Connection, cids: Iterable[Cid]) -> None:
    found = [row for cid in cids for row in connection.execute(FIND, (cid,)).fetchall()]
    connection.executemany("INSERT OR IGNORE INTO marks VALUES (?)", found)
    connection.executemany("INSERT OR IGNORE INTO ahead VALUES (?)", found)


def _follow(connection: sqlite3.Connection, piece: int) -> bool:
    """A piece of marking; whether there may be more of it."""
    rows = connection.execute(FOLLOWED, (piece,)).fetchall()
    connection.executemany("DELETE FROM ahead WHERE n = ?", [(n,) for n, _ in rows])
    links = {row[place : place + CID_BYTES] for _, row in rows for place in range(0, len(row), CID_BYTES)}
    _mark(connection, (Cid(link) for link in links))
    return bool(rows)


def _doubt(connection: sqlite3.Connection, last: int, piece: int) -> int | None:
    """A piece of what is to go is not said to be whole any more; where to go on."""
    rows = connection.execute(UNMARKED, (last, piece)).fetchall()
    connection.executemany("DELETE FROM whole WHERE n = ?", [(n,) for n, _ in rows])
    return rows[-1][0] if rows else None


def _remove(connection: sqlite3.Connection, last: int, piece: int) -> tuple[int | None, int, int]:
    """A piece of what is to go; where to go on, how many there were and how large."""
    while _follow(connection, piece):
        pass
    rows = connection.execute(UNMARKED, (last, piece)).fetchall()
    gone = [(n,) for n, _ in rows]
    connection.executemany("DELETE FROM fresh WHERE n = ?", gone)
    connection.executemany("DELETE FROM held WHERE cid = (SELECT cid FROM blocks WHERE n = ?)", gone)
    connection.executemany("DELETE FROM blocks WHERE n = ?", gone)
    return (rows[-1][0] if rows else None), len(rows), sum(size for _, size in rows)


def _forget_age(connection: sqlite3.Connection, oldest_ms: int) -> None:
    connection.execute("DELETE FROM fresh WHERE put_ms < ?", (oldest_ms,))


def _count(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT blocks FROM totals").fetchone()[0]
    return count
