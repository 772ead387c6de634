"""All that roots lead to, a bounded number of bytes at a time."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.ports import MissingBlocks
from engine.runtime.block_walks import UNDER_WAY, walk
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import Tree, above, grow, leaf
from tests.fakes.faulty_blocks import FaultyBlocks


async def kept(tree: Tree) -> FaultyBlocks:
    store = FaultyBlocks("one", random.Random(1), latency_s=0.0)
    await store.inner.put_many(tree.blocks)
    return store


async def parts_of(store: FaultyBlocks | MemoryBlocks, tree: Tree) -> list[dict[Cid, bytes]]:
    return [part async for part in walk(store, [tree.root])]


@in_loop
async def test_each_block_comes_once_after_one_that_leads_to_it() -> None:
    """From several calls at a time, but never many blocks of one."""
    tree = above(grow(6, leaves=1_000, width=50), grow(7))
    store = await kept(tree)
    parts = await parts_of(store, tree)
    assert max(map(len, parts)) <= 128
    assert 1 < store.most_under_way <= UNDER_WAY
    order = [cid for part in parts for cid in part]
    assert len(order) == len(tree.blocks)
    assert {cid: data for part in parts for cid, data in part.items()} == tree.blocks
    known = {tree.root}
    for cid in order:
        assert cid in known
        known.update(store.inner._links[cid])


@in_loop
async def test_large_blocks_are_asked_for_a_few_at_a_time() -> None:
    """So that what is held stays some megabytes, whatever they are and however soon they come."""
    tree = above(*(leaf(bytes([number]) * (1 << 20)) for number in range(60)))
    sizes = [sum(map(len, part.values())) for part in await parts_of(await kept(tree), tree)]
    assert max(sizes) <= 8 << 20
    assert max(sizes[5:]) <= 4 << 20


@in_loop
async def test_a_walk_that_is_given_up_leaves_nothing_under_way() -> None:
    """Nor does one that fails."""
    tree = above(*(grow(seed, leaves=40) for seed in range(20)))
    store = await kept(tree)
    walking = walk(store, [tree.root])
    assert (await anext(walking)).keys() == {tree.root}
    await anext(walking)
    await walking.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert store.under_way == 0
    del store.inner.blocks[grow(3, leaves=40).root]
    with pytest.raises(MissingBlocks) as caught:
        await parts_of(store, tree)
    assert caught.value.cids == {grow(3, leaves=40).root}
    await asyncio.sleep(0)
    assert store.under_way == 0
