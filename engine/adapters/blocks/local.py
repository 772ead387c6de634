"""Blocks on this machine, in a file of their own: durable puts, pins that are checked, and a count of it all.

To pin a root it has to be whole: nothing that it leads to is missing. What was found whole once stays so,
because nothing is removed that leads to something and stays itself (`collecting`), so that pinning the
successor of a large tree looks at its new blocks only.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from typing import TypeVar

from engine.adapters.blocks.checking import check_blocks, check_cids, wrong_bytes
from engine.adapters.blocks.collecting import Collected, Collection
from engine.adapters.blocks.database import Database
from engine.core.block_links import links_of_block
from engine.core.cids import CID_BYTES, Cid, check_cid, cid_text, is_named
from engine.ports import MissingBlocks, StoreUnavailable

T = TypeVar("T")
Row = tuple[Cid, bytes, bytes]
"""A block with its links, one after the other."""

PUT_AT_ONCE = 4 << 20
"""Bytes that are written by one of the writes that may share a transaction."""
FEW, FEW_BYTES = 16, 128 << 10
"""Blocks that are hashed in the event loop."""
READ_AT_ONCE = 256
"""Blocks that are read before others have their turn."""
NOTED_AT_ONCE = 1_000
"""Blocks that are noted as whole by one write."""
MOST_NAMED = 1_000
"""Missing blocks that are named; whoever puts those finds out about the others."""

PUT = """
    INSERT INTO blocks (cid, links, body) VALUES (?, ?, ?)
    ON CONFLICT (cid) DO UPDATE SET links = excluded.links, body = excluded.body
    WHERE body <> excluded.body"""
FRESHEN = "INSERT OR REPLACE INTO fresh SELECT n, ? FROM blocks WHERE cid = ?"
LOOKED_AT_ONCE = 32
"""Blocks that one statement looks up: a node of a large map has as many links."""
LOOK = f"""
    SELECT cid, n, links, EXISTS (SELECT 1 FROM whole WHERE whole.n = blocks.n) FROM blocks
    WHERE cid IN ({", ".join("?" * LOOKED_AT_ONCE)})"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a local store holds; `bytes` are those of blocks, `file_bytes` what they take on the disk."""

    blocks: int
    bytes: int
    roots: int
    fresh: int
    """Blocks that stay for now although no root may lead to them, because they were put a short while ago."""
    file_bytes: int
    free_bytes: int
    """Of those on the disk: they are used for blocks to come."""


class LocalBlocks:
    """`engine.ports.BlockStore` in a `Database`."""

    def __init__(
        self, database: Database, now_ms: Callable[[], int], name: str = "local", grace_s: float = 3600.0
    ) -> None:
        """`grace_s` is for how long blocks stay, after they were put, before a root has to lead to them."""
        self.name = name
        self._database = database
        self._now_ms = now_ms
        self._collection = Collection(database, int(grace_s * 1000))
        self._is_closed = False

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        rows = await self._prepare(dict(blocks))
        put_ms = self._now_ms()
        for part in _in_parts(rows):
            await self._write(partial(self._put, rows=part, put_ms=put_ms))

    async def _prepare(self, blocks: Mapping[Cid, bytes]) -> list[Row]:
        # A few are looked at sooner than another thread has begun.
        if len(blocks) <= FEW and sum(map(len, blocks.values())) <= FEW_BYTES:
            return self._check(blocks)
        return await asyncio.to_thread(self._check, blocks)

    def _check(self, blocks: Mapping[Cid, bytes]) -> list[Row]:
        check_blocks(self.name, blocks)
        return [(cid, b"".join(links_of_block(cid, data)), bytes(data)) for cid, data in blocks.items()]

    def _put(self, connection: sqlite3.Connection, rows: Sequence[Row], put_ms: int) -> None:
        connection.executemany(PUT, rows)
        connection.executemany(FRESHEN, [(put_ms, cid) for cid, _, _ in rows])
        self._collection.protect(connection, [cid for cid, _, _ in rows])

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        found: dict[Cid, bytes] = {}
        wrong: set[Cid] = set()
        wanted = iter(check_cids(cids))
        while part := list(islice(wanted, READ_AT_ONCE)):
            right, others = await self._read(partial(_get, cids=part))
            found.update(right)
            wrong.update(others)
        if wrong:
            raise wrong_bytes(self.name, wrong, found)
        return found

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        wanted = check_cids(cids)
        return await self._read(partial(_has, cids=wanted))

    async def pin(self, root: Cid) -> None:
        check_cid(root)
        self._check_open()
        try:
            # From here on nothing that it leads to is removed: what the walk finds is still there after it.
            await self._collection.guard(root)
            whole = await self._walk(root)
            while len(whole) > NOTED_AT_ONCE:
                await self._write(partial(_note_whole, numbers=whole[:NOTED_AT_ONCE]))
                del whole[:NOTED_AT_ONCE]
            await self._write(partial(_add_root, root=root, whole=whole))
        finally:
            self._collection.let_go(root)

    async def _walk(self, root: Cid) -> list[int]:
        """All that a root leads to and was not known to be whole until now. Raises `MissingBlocks`."""
        walk = _Walk(root)
        while walk.next_ones:
            await self._read(walk.go_on)
        if walk.missing:
            reason = f"{len(walk.missing)} blocks below {cid_text(root)} are missing"
            raise MissingBlocks(self.name, reason, islice(walk.missing, MOST_NAMED))
        return walk.found

    async def unpin(self, root: Cid) -> None:
        await self._write(partial(_drop_root, root=root))

    async def roots(self) -> frozenset[Cid]:
        return await self._read(_roots)

    async def collect(self) -> Collected:
        """Removes what no root leads to and nobody has put lately, in pieces between which others have their
        turn. One that is under way already is waited for."""
        self._check_open()
        return await self._collection.run(self._now_ms())

    async def statistics(self) -> Statistics:
        return await self._read(_count)

    async def close(self) -> None:
        """The database is not closed with it: others may use it."""
        self._is_closed = True
        await self._collection.close()

    async def _write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        return await self._database.write(act)

    async def _read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        return await self._database.read(act)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(self.name, "it is closed")


class _Walk:
    """Down from a root, as far as blocks are not known to be whole."""

    def __init__(self, root: Cid) -> None:
        self.next_ones = [root]
        self.found: list[int] = []
        self.missing: set[Cid] = set()
        self._seen = {root}

    def go_on(self, connection: sqlite3.Connection) -> None:
        for _ in range(READ_AT_ONCE // LOOKED_AT_ONCE):
            if self.next_ones:
                batch = self.next_ones[-LOOKED_AT_ONCE:]
                del self.next_ones[-LOOKED_AT_ONCE:]
                self._look(connection, batch)

    def _look(self, connection: sqlite3.Connection, batch: Sequence[Cid]) -> None:
        # One name several times is as good as none, and there is one statement for all lengths.
        names = [*batch, *repeat(batch[-1], LOOKED_AT_ONCE - len(batch))]
        rows = connection.execute(LOOK, names).fetchall()
        self.missing.update(set(batch).difference(cid for cid, *_ in rows))
        for _, number, links, is_whole in rows:
            if not is_whole:
                self.found.append(number)
                self._add(split_links(links))

    def _add(self, links: Iterable[Cid]) -> None:
        new = [cid for cid in links if cid not in self._seen]
        self._seen.update(new)
        self.next_ones.extend(new)


def split_links(links: bytes) -> list[Cid]:
    return [Cid(links[place : place + CID_BYTES]) for place in range(0, len(links), CID_BYTES)]


def _in_parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    size = 0
    for row in rows:
        if part and size + len(row[2]) > PUT_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row[2])
    if part:
        yield part


def _note_whole(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    connection.executemany("INSERT OR IGNORE INTO whole VALUES (?)", [(n,) for n in numbers])


def _add_root(connection: sqlite3.Connection, root: Cid, whole: Sequence[int]) -> None:
    _note_whole(connection, whole)
    connection.execute("INSERT OR IGNORE INTO roots VALUES (?)", (root,))


def _drop_root(connection: sqlite3.Connection, root: Cid) -> None:
    connection.execute("DELETE FROM roots WHERE cid = ?", (root,))


def _roots(connection: sqlite3.Connection) -> frozenset[Cid]:
    return frozenset(cid for (cid,) in connection.execute("SELECT cid FROM roots").fetchall())


def _get(connection: sqlite3.Connection, cids: Iterable[Cid]) -> tuple[dict[Cid, bytes], set[Cid]]:
    """Those that are there and right, and the names of those that are not right any more."""
    found, wrong = {}, set()
    for cid in cids:
        row = connection.execute("SELECT body FROM blocks WHERE cid = ?", (cid,)).fetchone()
        if row is None:
            continue
        if is_named(cid, row[0]):
            found[cid] = row[0]
        else:
            wrong.add(cid)
    return found, wrong


def _has(connection: sqlite3.Connection, cids: Iterable[Cid]) -> set[Cid]:
    sql = "SELECT 1 FROM blocks WHERE cid = ?"
    return {cid for cid in cids if connection.execute(sql, (cid,)).fetchone()}


def _count(connection: sqlite3.Connection) -> Statistics:
    def number(sql: str) -> int:
        found: int = connection.execute(sql).fetchone()[0]
        return found

    blocks, size = connection.execute("SELECT blocks, bytes FROM totals").fetchone()
    page = number("PRAGMA page_size")
    return Statistics(
        blocks,
        size,
        number("SELECT count(*) FROM roots"),
        number("SELECT count(*) FROM fresh"),
        number("PRAGMA page_count") * page,
        number("PRAGMA freelist_count") * page,
    )
