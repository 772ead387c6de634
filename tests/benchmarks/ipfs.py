"""What an IPFS node costs: blocks put and fetched through the adapter, beside the node's own limit.

The limit is measured in the same run, on the same node, with blocks of the same sizes that it does not have
yet: the very requests, written beforehand and sent by a process that does nothing else (`raw_posts`), and
Kubo's own commands for the bulk and for what comes from another node.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from rich.table import Table

from engine.adapters.ipfs import IpfsBlocks, NodeLimits, Rpc
from engine.core.cars import car_of
from engine.core.cids import Cid, cid_text
from engine.ipfs_choice import read_address
from tests.benchmarks.raw_posts import send_raw
from tests.engine.making_blocks import Tree, above, leaf
from tests.support.ipfs_node import IpfsNode, connected_nodes

AT_ONCE = 16
SEAL = 12
"""Blocks that one changed entry among many may make."""
SEALS = 400
LEAF_BYTES = 4_000
WIDTH = 100
BULK = 8_000
"""Leaves of the tree that is put and fetched as a whole."""
BARE = "the same requests, sent by themselves"
RAW = "the same requests, written beforehand and sent by another process"

T = TypeVar("T")

_chance = random.Random(1)


@dataclass(frozen=True)
class Pace:
    """What was done in a time, and what of it was CPU time of this process."""

    wall_s: float
    cpu_s: float


def report_ipfs() -> Iterator[Table | str]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            running = connected_nodes(Path(folder), 2)
            with running as nodes:
                yield from asyncio.run(_measure_all(nodes, Path(folder)))
        except pytest.skip.Exception as why:
            yield str(why)


async def _measure_all(nodes: list[IpfsNode], folder: Path) -> list[Table | str]:
    stores = [_store(node) for node in nodes]
    try:
        return [
            await _small_puts(nodes[0], stores[0]),
            await _bulk(nodes, stores, folder),
            await _single_blocks(nodes[0], stores[0]),
        ]
    finally:
        for store in stores:
            await store.close()


def _store(node: IpfsNode) -> IpfsBlocks:
    limits = NodeLimits()
    return IpfsBlocks(Rpc(read_address(node.url), limits), limits)


# --- what is measured ------------------------------------------------------------------------------


async def _small_puts(node: IpfsNode, store: IpfsBlocks) -> Table:
    """Each way three times in turn, and the best of each: none of them finds a warmer node."""
    async with aiohttp.ClientSession() as session:

        async def through_adapter() -> Pace:
            return await _timed(_each(store.put_many, [_tree(SEAL).blocks for _ in range(SEALS)]))

        async def bare() -> Pace:
            cars = [car_of([tree.root], tree.blocks) for tree in (_tree(SEAL) for _ in range(SEALS))]
            return await _timed(_each(partial(_post_car, session, node), cars))

        async def raw() -> Pace:
            cars = [car_of([tree.root], tree.blocks) for tree in (_tree(SEAL) for _ in range(SEALS))]
            return Pace(await asyncio.to_thread(send_raw, node.url, cars, AT_ONCE), 0.0)

        ways = (bare, through_adapter, raw)
        paces = [await way() for way in ways * 3]
    table = Table("", "blocks/s", "CPU µs a block", title=f"{SEAL} blocks a call, {AT_ONCE} calls at a time")
    for name, found in (("put through the adapter", paces[1::3]), (BARE, paces[::3]), (RAW, paces[2::3])):
        _row(table, name, min(found, key=lambda pace: pace.wall_s), SEALS * SEAL)
    return table


async def _bulk(nodes: list[IpfsNode], stores: list[IpfsBlocks], folder: Path) -> Table:
    node, elsewhere = nodes
    ours, theirs = _tree(BULK), _tree(BULK)
    file = folder / "theirs.car"
    file.write_bytes(car_of([theirs.root], theirs.blocks))
    size = sum(map(len, ours.blocks.values()))
    table = Table("", "MB/s", "blocks/s", "CPU ms", title=f"a tree of {size / 1e6:.1f} MB")

    def row(name: str, pace: Pace | None, wall_s: float = 0.0) -> None:
        wall_s = pace.wall_s if pace else wall_s
        cpu = f"{pace.cpu_s * 1e3:,.0f}" if pace else ""
        table.add_row(name, f"{size / wall_s / 1e6:.1f}", f"{len(ours.blocks) / wall_s:,.0f}", cpu)

    row("put through the adapter", await _timed(stores[0].put_many(ours.blocks)))
    command = ("dag", "import", "--pin-roots=false", str(file))
    row("`ipfs dag import` of as much", None, await _run(node, *command))
    row("pin", await _timed(stores[0].pin(ours.root)))
    row("fetched through the adapter", await _timed(_fetch(stores[0], ours)))
    out = ("dag", "export", "--progress=false", cid_text(ours.root))
    row("`ipfs dag export` of it", None, await _run(node, *out))
    row("fetched through another node, which had none of it", await _timed(_fetch(stores[1], ours)))
    for fetching in (("refs", "-r", "-u"), ("pin", "add", "--progress=false")):
        other = _tree(BULK)
        await stores[0].put_many(other.blocks)
        name = f"`ipfs {' '.join(fetching[:2])}` of as much, at a node that had none of it"
        row(name, None, await _run(elsewhere, *fetching, cid_text(other.root)))
    return table


async def _single_blocks(node: IpfsNode, store: IpfsBlocks) -> Table:
    tree = _tree(2_000)
    await store.put_many(tree.blocks)
    cids = list(tree.blocks)
    table = Table("", "blocks/s", "CPU µs a block", title="block by block, from the node's own store")
    pace = await _timed(store.get_many(cids))
    _row(table, "fetched through the adapter", pace, len(cids))
    connector = aiohttp.TCPConnector(limit=NodeLimits().at_once)
    async with aiohttp.ClientSession(connector=connector) as session:
        bare = asyncio.gather(*(_get_bare(session, node, cid) for cid in cids))
        _row(table, BARE, await _timed(bare), len(cids))
    _row(table, "looked up through the adapter", await _timed(store.has_many(cids)), len(cids))
    return table


# --- how -------------------------------------------------------------------------------------------


def _tree(leaves: int) -> Tree:
    """Fresh blocks: so many with the one that leads to them, or so many leaves when they are many."""
    if leaves <= WIDTH:
        return above(*(leaf(_chance.randbytes(LEAF_BYTES)) for _ in range(leaves - 1)))
    parts = [
        above(*(leaf(_chance.randbytes(LEAF_BYTES)) for _ in range(WIDTH))) for _ in range(leaves // WIDTH)
    ]
    return above(*parts)


async def _timed(doing: Awaitable[object]) -> Pace:
    wall, cpu = time.perf_counter(), time.process_time()
    await doing
    return Pace(time.perf_counter() - wall, time.process_time() - cpu)


async def _each(do: Callable[[T], Awaitable[object]], things: list[T]) -> None:
    """With all of them, so many at a time."""
    left = iter(things)

    async def work() -> None:
        for thing in left:
            await do(thing)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _post_car(session: aiohttp.ClientSession, node: IpfsNode, car: bytes) -> None:
    form = aiohttp.FormData()
    form.add_field("file", car, filename="x.car", content_type="application/octet-stream")
    url = f"{node.url}/api/v0/dag/import?pin-roots=false&stats=true"
    async with session.post(url, data=form) as answer:
        await answer.read()
        assert answer.status == 200


async def _get_bare(session: aiohttp.ClientSession, node: IpfsNode, cid: Cid) -> None:
    async with session.post(f"{node.url}/api/v0/block/get?arg={cid_text(cid)}") as answer:
        assert await answer.read()


async def _run(node: IpfsNode, *command: str) -> float:
    """Seconds of Kubo's own command, with its start."""
    began = time.perf_counter()
    await asyncio.to_thread(node.run, *command)
    return time.perf_counter() - began


async def _fetch(store: IpfsBlocks, tree: Tree) -> None:
    found = {cid async for blocks in store.get_tree(tree.root) for cid in blocks}
    assert found == tree.blocks.keys()


def _row(table: Table, name: str, pace: Pace, count: int) -> None:
    table.add_row(name, f"{count / pace.wall_s:,.0f}", f"{pace.cpu_s / count * 1e6:,.0f}")
