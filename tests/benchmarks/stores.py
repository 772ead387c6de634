"""Blocks in stores that need no service: put, fetched, pinned, collected, in CAR files, brought elsewhere.

The same bytes are also only hashed, and only written as one file. "stop" is for how long at most nobody else
in the event loop had their turn; doing nothing has one too, on a busy machine.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from rich.table import Table

from engine.adapters.blocks import CarFile, Database, LocalBlocks, MemoryBlocks, SqliteLedger, write_car
from engine.core.cids import Cid, cid_of
from engine.core.replicas import Replication
from engine.runtime.block_walks import walk
from engine.runtime.many_stores import ManyStores
from tests.benchmarks.measure import best_of
from tests.engine.making_blocks import Tree, above, leaf

BLOCKS = 10_000
SIZE = 2_000
"""Bytes of a block."""
WIDTH = 32
"""Links of a block, as the large maps of a state have them."""
SEALS = 200
"""Roots, each of which has ten new blocks."""

Work = Callable[[], Awaitable[object]]


def report_stores(blocks: int = BLOCKS) -> Iterator[Table | str]:
    """So many blocks of two kilobytes, then seals of ten new ones each."""
    with tempfile.TemporaryDirectory(prefix="picomesh-bench-") as folder:
        yield asyncio.run(_Benchmark(Path(folder), blocks).run())


class _Benchmark:
    def __init__(self, folder: Path, blocks: int) -> None:
        self._folder = folder
        self._tree = _forest(blocks)
        self._table = Table(
            "",
            "blocks/s",
            "MB/s",
            "CPU µs each",
            "stop ms",
            title=f"stores: {len(self._tree.blocks):,} blocks of {SIZE:,} bytes",
        )

    async def run(self) -> Table:
        blocks, root = self._tree.blocks, self._tree.root
        database = Database(self._folder / "blocks.db")
        local = LocalBlocks(database, lambda: 0)
        self._compare("hashed only", lambda: [cid_of(data) for data in blocks.values()])
        self._compare("written as one file, fsync", lambda: self._write_file(b"".join(blocks.values())))
        self._row("nothing, for a second", 0, 1.0, None, await self._stop_of(lambda: asyncio.sleep(1.0)))
        await self._measure("local: put, one call", lambda: local.put_many(blocks))
        await self._measure("local: put again", lambda: local.put_many(blocks))
        await self._measure("local: pin, first time", lambda: local.pin(root))
        await self._measure("local: get, one call", lambda: local.get_many(blocks))
        await self._measure("local: get, one by one", lambda: _get_singly(local, blocks))
        await self._measure("local: collect, all of it stays", local.collect)
        car = self._folder / "tree.car"
        await self._measure("CAR: written from there", lambda: write_car(car, [root], walk(local, [root])))
        await self._measure("CAR: opened, each block checked", lambda: _open_and_close(car))
        many = ManyStores(local, [MemoryBlocks("other")], SqliteLedger(database), Replication(copies=1))
        await many.start()
        await self._measure("replicated to a store in memory", lambda: _keep(many, self._tree))
        seals = [_successor(self._tree) for _ in range(SEALS)]
        await self._measure("seals of ten blocks, each waited for", lambda: _seal(many, seals), 10 * SEALS)
        await many.close()
        await database.close()
        return self._table

    def _compare(self, name: str, work: Callable[[], object]) -> None:
        seconds, count = best_of(work, 3), len(self._tree.blocks)
        self._row(name, count, seconds, None, None)

    def _write_file(self, data: bytes) -> None:
        with (self._folder / "plain").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    async def _measure(self, name: str, work: Work, count: int = 0) -> None:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        stop_s = await self._stop_of(work)
        seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        self._row(name, count or len(self._tree.blocks), seconds, cpu_s, stop_s)

    async def _stop_of(self, work: Work) -> float:
        stops = asyncio.create_task(_longest_stop())
        await asyncio.sleep(0)
        await work()
        stops.cancel()
        return await stops

    def _row(self, name: str, count: int, seconds: float, cpu_s: float | None, stop_s: float | None) -> None:
        self._table.add_row(
            name,
            f"{count / seconds:,.0f}" if count else "",
            f"{count * SIZE / seconds / 1e6:,.0f}" if count else "",
            "" if cpu_s is None else f"{cpu_s / count * 1e6:,.1f}",
            "" if stop_s is None else f"{stop_s * 1e3:,.1f}",
        )


async def _longest_stop() -> float:
    """How long nobody else in the loop had their turn, until it is cancelled; it looks each millisecond."""
    longest_s, before_s = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0.001)
            now_s = time.perf_counter()
            longest_s, before_s = max(longest_s, now_s - before_s - 0.001), now_s
    except asyncio.CancelledError:
        return longest_s


def _forest(blocks: int) -> Tree:
    """Leaves, and as many blocks above them as it takes, each with so many links."""
    trees = [leaf(os.urandom(SIZE)) for _ in range(blocks)]
    while len(trees) > 1:
        content = os.urandom(max(0, SIZE - 41 * WIDTH))
        trees = [above(*trees[at : at + WIDTH], content=content) for at in range(0, len(trees), WIDTH)]
    return trees[0]


def _successor(tree: Tree) -> Tree:
    """A root that leads to all of a tree, and the ten blocks of it that are new."""
    leaves = [leaf(os.urandom(SIZE)) for _ in range(9)]
    return above(Tree(tree.root, {}), *leaves)


async def _get_singly(store: LocalBlocks, blocks: Mapping[Cid, bytes]) -> None:
    for cid in blocks:
        await store.get_many([cid])


async def _open_and_close(path: Path) -> None:
    await (await CarFile.open(path)).close()


async def _keep(many: ManyStores, tree: Tree) -> None:
    await many.keep("first", tree.root, Replication(copies=1))
    while any(one.waiting for one in await many.standings()):
        await asyncio.sleep(0.005)


async def _seal(many: ManyStores, trees: list[Tree]) -> None:
    """One pico's states, one after the other; each call returns when it is durable here."""
    for tree in trees:
        await many.put_many(tree.blocks)
        await many.keep("first", tree.root, Replication(copies=1))
