"""The stores that have to keep what `engine.ports.BlockStore` promises, each with what a test does to it.

Whoever adds a store adds a bench here, and the suite in `test_block_stores` is run on it.
"""

from __future__ import annotations

import random
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from engine.adapters.blocks.car_files import CarFile, write_car
from engine.adapters.blocks.database import Database
from engine.adapters.blocks.ledger import SqliteLedger
from engine.adapters.blocks.local import LocalBlocks
from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.core.replicas import Replication
from engine.ports import BlockStore
from engine.runtime.many_stores import ManyStores
from engine.runtime.other_stores import Patience
from tests.fakes.faulty_blocks import MOODS, FaultyBlocks
from tests.support.ipfs_bench import ipfs_bench
from tests.support.kubo import program


class Bench(Protocol):
    """A store under test. What is durable in it is there whenever it is opened again."""

    @property
    def is_durable(self) -> bool:
        """Whether closing and opening it again gives the same content."""

    @property
    def is_writable(self) -> bool:
        """Whether anything can be put into it; else `fill` makes it."""

    async def open(self) -> BlockStore:
        """The store, over the same content every time; an earlier one is closed by then."""

    async def fill(self, blocks: Mapping[Cid, bytes], roots: Iterable[Cid]) -> BlockStore:
        """The store, opened for the first time, with these blocks put and these roots pinned."""

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        """Makes other bytes of a block behind the back of the open store; False when no test can do that."""


OpenBench = Callable[[Path], AbstractAsyncContextManager[Bench]]


class WritableBench(ABC):
    """What benches of stores have in common into which something can be put."""

    is_writable = True

    @abstractmethod
    async def open(self) -> BlockStore: ...

    async def fill(self, blocks: Mapping[Cid, bytes], roots: Iterable[Cid]) -> BlockStore:
        store = await self.open()
        await store.put_many(blocks)
        for root in roots:
            await store.pin(root)
        return store


class MemoryBench(WritableBench):
    is_durable = False

    def __init__(self) -> None:
        self._store = MemoryBlocks()

    async def open(self) -> MemoryBlocks:
        self._store = MemoryBlocks()
        return self._store

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        self._store.blocks[cid] = data
        return True


class LocalBench(WritableBench):
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


IMPATIENT = Patience(get_s=0.05, put_s=0.05, pin_s=0.05, find_s=0.2, first_delay_s=0.01)


class ManyBench(WritableBench):
    """A local store that replicates to others, which are there as long as the bench is."""

    is_durable = True

    def __init__(self, path: Path, others: Sequence[BlockStore]) -> None:
        self._here = LocalBench(path)
        self._others = others
        self._many: ManyStores | None = None

    async def open(self) -> ManyStores:
        await self.close()
        local = await self._here.open()
        ledger = SqliteLedger(self._here.databases[-1])
        self._many = ManyStores(
            local, self._others, ledger, Replication(copies=len(self._others)), IMPATIENT, random.Random(1)
        )
        await self._many.start()
        return self._many

    async def close(self) -> None:
        if self._many is not None:
            await self._many.close()
        await self._here.close()

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        return False  # it is mended from another store


class CarBench:
    is_durable = True
    is_writable = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blocks: Mapping[Cid, bytes] = {}

    async def open(self) -> CarFile:
        return await CarFile.open(self._path)

    async def fill(self, blocks: Mapping[Cid, bytes], roots: Iterable[Cid]) -> CarFile:
        self._blocks = blocks
        await write_car(self._path, roots, _one_part(blocks))
        return await self.open()

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        assert len(data) == len(self._blocks[cid])
        written = self._path.read_bytes()
        with self._path.open("r+b") as file:
            file.write(written.replace(self._blocks[cid], data))
        return True


async def _one_part(blocks: Mapping[Cid, bytes]) -> AsyncIterator[Mapping[Cid, bytes]]:
    yield blocks


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


@asynccontextmanager
async def car_bench(folder: Path) -> AsyncIterator[Bench]:
    yield CarBench(folder / "blocks.car")


@asynccontextmanager
async def together_bench(folder: Path) -> AsyncIterator[Bench]:
    bench = ManyBench(folder / "blocks.db", [MemoryBlocks("one"), MemoryBlocks("two")])
    try:
        yield bench
    finally:
        await bench.close()


@asynccontextmanager
async def among_bad_ones_bench(folder: Path) -> AsyncIterator[Bench]:
    chance = random.Random(1)
    bench = ManyBench(folder / "blocks.db", [FaultyBlocks(mood, chance, mood) for mood in MOODS])
    try:
        yield bench
    finally:
        await bench.close()


BENCHES: Mapping[str, OpenBench] = {
    "memory": memory_bench,
    "local": local_bench,
    "car": car_bench,
    "together": together_bench,
    "among bad ones": among_bad_ones_bench,
    "ipfs": ipfs_bench,
}
NEEDS: Mapping[str, Callable[[], object]] = {"ipfs": program}
"""What has to be there before the time of a test runs; it may take minutes, the first time."""
