"""Blocks of one machine in two real IPFS nodes, and on another machine when the first is gone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.adapters.blocks import CarFile, Database, LocalBlocks, SqliteLedger, write_car
from engine.core.replicas import Replication
from engine.runtime.block_walks import walk
from engine.runtime.many_stores import ManyStores
from tests.engine.in_loop import in_loop_within
from tests.engine.making_blocks import above, grow
from tests.support.ipfs_bench import blocks_in
from tests.support.ipfs_node import IpfsNode, connected_nodes

EVERYWHERE = Replication(copies=2)
LONG_S = 120


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2) as running:
        yield running


@asynccontextmanager
async def machine(folder: Path, nodes: list[IpfsNode]) -> AsyncIterator[ManyStores]:
    """What an engine in that folder has, with those nodes."""
    folder.mkdir(exist_ok=True)
    database = Database(folder / "blocks.db")
    local = LocalBlocks(database, lambda: 0)
    stores = ManyStores(
        local, [blocks_in(node) for node in nodes], SqliteLedger(database), chance=random.Random(1)
    )
    try:
        await stores.start()
        yield stores
    finally:
        await stores.close()
        await database.close()


async def settle(stores: ManyStores) -> None:
    while any(one.waiting for one in await stores.standings()):
        await asyncio.sleep(0.02)


@in_loop_within(LONG_S)
async def test_what_a_machine_kept_outlives_it(nodes: list[IpfsNode], tmp_path: Path) -> None:
    """Each root comes to both nodes, and goes when it is superseded; the last one is brought to a bare
    machine from either, and its CAR is the same file on all of them."""
    large = grow(1, leaves=2_000, width=32, size=1_500)
    first, second = above(large, content=b"first"), above(large, content=b"second")
    async with machine(tmp_path / "one", nodes) as stores:
        for tree in (first, second):
            await stores.put_many(tree.blocks)
            await stores.keep("ann", tree.root, EVERYWHERE)
            await settle(stores)
        sent = [one.standing.blocks_sent for one in await stores.standings()]
        assert sent == [len(first.blocks) + 1] * 2
        await write_car(tmp_path / "one.car", [second.root], walk(stores, [second.root]))
    for node in nodes:
        node_blocks = blocks_in(node)
        assert second.root in await node_blocks.roots()
        assert first.root not in await node_blocks.roots()
        await node_blocks.close()

    for number, node in enumerate(nodes):
        async with machine(tmp_path / f"bare {number}", [node]) as stores:
            await stores.bring(second.root)
            await stores.keep("ann", second.root, EVERYWHERE)
        async with machine(tmp_path / f"bare {number}", []) as stores:
            assert await stores.get_many(second.blocks) == second.blocks
            await write_car(tmp_path / "two.car", [second.root], walk(stores, [second.root]))
        assert (tmp_path / "two.car").read_bytes() == (tmp_path / "one.car").read_bytes()
    car = await CarFile.open(tmp_path / "two.car")
    assert await car.has_many(second.blocks) == set(second.blocks)
    await car.close()


@in_loop_within(LONG_S)
async def test_a_node_that_is_away_gets_all_of_it_when_it_is_back(
    nodes: list[IpfsNode], tmp_path: Path
) -> None:
    """Meanwhile nobody waits for it."""
    away = nodes[1]
    async with machine(tmp_path / "one", nodes) as stores:
        away.stop()
        trees = [grow(seed) for seed in range(50, 55)]
        for tree in trees:
            await stores.put_many(tree.blocks)
            await stores.keep("bob", tree.root, EVERYWHERE)
        standings = await stores.standings()
        assert standings[1].waiting == 1
        away.start()
    async with machine(tmp_path / "one", nodes) as stores:
        await settle(stores)
    node_blocks = blocks_in(away)
    assert trees[-1].root in await node_blocks.roots()
    assert await node_blocks.has_many(trees[-1].blocks) == set(trees[-1].blocks)
    await node_blocks.close()
