"""The stores that have to keep what `engine.ports.BlockStore` promises, each with what a test does to it.

Whoever adds a store adds a bench here, and the suite in `test_block_stores` is run on it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from engine.adapters.blocks.database import Database
from engine.adapters.blocks.local import LocalBlocks
from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.ports import BlockStore


class Bench(Protocol):
    """A store under test. What is durable in it is there whenever it is opened again."""

    @property
    def is_durable(self) -> bool:
        """Whether closing and opening it again gives the same content."""

    async def open(self) -> BlockStore:
        """The store, over the same content every time; an earlier one is closed by then."""

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        """Makes other bytes of a block behind the back of the open store; False when no test can do that."""


OpenBench = Callable[[Path], AbstractAsyncContextManager[Bench]]


class MemoryBench:
    is_durable = False

    def __init__(self) -> None:
        self._store = MemoryBlocks()

    async def open(self) -> MemoryBlocks:
        self._store = MemoryBlocks()
        return self._store

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        self._store.blocks[cid] = data
        return True


class LocalBench:
    is_durable = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.databases: list[Database] = []

    async def open(self) -> LocalBlocks:
        await self.close()
        self.databases.append(Database(self._path))
        return LocalBlocks(self.databases[-1], lambda: 0)

    async def close(self) -> None:
        for database in self.databases:
            await database.close()

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        connection = sqlite3.connect(self._path)
        with connection:
            connection.execute("UPDATE blocks SET body = ? WHERE cid = ?", (data, cid))
        connection.close()
        return True


@asynccontextmanager
async def memory_bench(folder: Path) -> AsyncIterator[Bench]:
    yield MemoryBench()


@asynccontextmanager
async def local_bench(folder: Path) -> AsyncIterator[Bench]:
    bench = LocalBench(folder / "blocks.db")
    try:
        yield bench
    finally:
        await bench.close()


BENCHES: Mapping[str, OpenBench] = {"memory": memory_bench, "local": local_bench}


async def filled(store: BlockStore, blocks: Mapping[Cid, bytes], roots: Iterable[Cid]) -> BlockStore:
    """The store, with these blocks put and these roots pinned."""
    await store.put_many(blocks)
    for root in roots:
        await store.pin(root)
    return store
