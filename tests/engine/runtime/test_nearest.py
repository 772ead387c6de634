"""Blocks and trees from whichever store has them soonest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.core.replicas import Replication
from engine.ports import MissingBlocks, StoreUnavailable, WrongBytes
from engine.runtime.block_walks import walk
from engine.runtime.other_stores import Patience
from tests.engine.making_blocks import above, grow, leaf
from tests.engine.runtime.store_machine import (
    Machine,
    faulty,
    keep,
    replicated,
    settle,
    timed_get,
    virtually,
)
from tests.fakes.crashing_database import NEVER
from tests.fakes.faulty_blocks import FaultyBlocks, Mood


@virtually
async def test_the_nearest_is_asked_first() -> None:
    """Once it is known who that is, nobody else is."""
    far, near = faulty("far", latency_s=0.5), faulty("near", latency_s=0.01)
    _, many = await replicated(grow(1), far, near)
    for _ in range(3):
        await timed_get(many, grow(1))
    before = far.calls
    for _ in range(20):
        assert await timed_get(many, grow(1)) < 0.05
    assert far.calls == before
    await many.close()


@virtually
async def test_whoever_was_late_is_not_asked_first_again() -> None:
    """For a while; then it has its chance, since it may be the nearest after all."""
    hanging, good = faulty("a"), faulty("b", latency_s=0.03)
    hanging.mood = "hanging"
    _, many = await replicated(grow(1), hanging, good)
    assert await timed_get(many, grow(1)) > 0.2
    asked = hanging.calls
    for _ in range(10):
        assert await timed_get(many, grow(1)) < 0.1
    assert hanging.calls == asked
    hanging.mood = "well"
    await asyncio.sleep(1_000)
    asked = hanging.calls
    for _ in range(10):
        await timed_get(many, grow(1))
    assert hanging.calls == asked + 10
    await many.close()


@pytest.mark.parametrize("mood", ["hanging", "dead", "lying", "broken", "slow"])
def test_a_bad_store_does_not_keep_anybody_from_reading(mood: Mood) -> None:
    """The next one is asked soon, and gives all of it."""

    @virtually
    async def read() -> None:
        bad, good = faulty("bad", mood), faulty("good", latency_s=0.02)
        _, many = await replicated(grow(2), bad, good)
        for _ in range(10):
            assert await timed_get(many, grow(2)) < 1
        await many.close()

    read()


@virtually
async def test_each_may_have_a_part() -> None:
    """What one has not got, the others are asked for; what nobody has is known soon not to be there."""
    one, two = faulty("one"), faulty("two")
    machine, tree = Machine([one, two]), grow(3)
    half = dict(list(tree.blocks.items())[::2])
    await one.inner.put_many(half)
    await two.inner.put_many({cid: data for cid, data in tree.blocks.items() if cid not in half})
    many = await machine.start()
    assert await timed_get(many, tree) < 1
    assert await many.get_many([grow(4).root]) == {}
    assert asyncio.get_running_loop().time() < 2
    await many.close()


@virtually
async def test_the_only_store_that_has_it_is_asked_again() -> None:
    """While there is time."""
    one = faulty("one", "dead")
    _, many = await replicated(grow(5), one, faulty("empty"))
    one.inner.blocks.update(grow(5).blocks)
    many._others[1]._store.get_many = MemoryBlocks().get_many  # type: ignore[method-assign]
    reading = asyncio.ensure_future(many.get_many(grow(5).blocks))
    await asyncio.sleep(8)
    one.mood = "well"
    assert await reading == grow(5).blocks
    assert asyncio.get_running_loop().time() < Patience().find_s
    await many.close()


@virtually
async def test_altered_blocks_are_mended_from_another_store() -> None:
    """Whoever reads gets the right ones; if nobody has them, they are told which ones are not."""
    one = faulty("one")
    machine, tree = Machine([one]), grow(6)
    many = await machine.start()
    await keep(many, "ann", tree)
    await settle(many)
    machine.local.blocks[tree.root] = b"altered"
    assert await many.get_many(tree.blocks) == tree.blocks
    assert machine.local.blocks == tree.blocks
    one.lose_everything()
    machine.local.blocks[tree.root] = b"altered"
    with pytest.raises(WrongBytes) as caught:
        await many.get_many(tree.blocks)
    assert caught.value.cids == {tree.root}
    assert caught.value.found.keys() == tree.blocks.keys() - {tree.root}
    await many.close()


@virtually
async def test_a_local_store_that_cannot_be_read_is_not_needed_for_reading() -> None:
    """As long as another one has all of it; what cannot be written fails, since nothing would be durable."""
    tree = grow(7)
    machine, many = await replicated(tree, faulty("one"))
    await machine.local.close()
    assert await many.get_many(tree.blocks) == tree.blocks
    with pytest.raises(StoreUnavailable):
        await many.get_many([*tree.blocks, grow(8).root])
    with pytest.raises(StoreUnavailable):
        await many.put_many(tree.blocks)
    await many.close()


class Generous(FaultyBlocks):
    """A store that gives whole trees, or what it does instead after so many pieces."""

    def __init__(self, name: str, fails_after: int = NEVER) -> None:
        super().__init__(name, random.Random(name))
        self.trees = 0
        self._fails_after = fails_after

    async def get_tree(self, root: Cid) -> AsyncIterator[dict[Cid, bytes]]:
        self.trees += 1
        pieces = 0
        async for piece in walk(self.inner, [root]):
            if pieces == self._fails_after:
                async with self._answering():
                    piece = dict.fromkeys(piece, b"lies")
            pieces += 1
            yield piece


@pytest.mark.parametrize("mood", ["well", "lying", "dead", "hanging", "broken"])
def test_a_tree_is_brought_from_wherever_it_can_be_had(mood: Mood) -> None:
    """In one go from a store that gives trees; when that fails, its rest from others."""

    @virtually
    async def bring() -> None:
        fails_after = NEVER if mood == "well" else 2
        generous, other = Generous("a", fails_after), faulty("b")
        tree = grow(8, leaves=300)
        machine, many = await replicated(tree, generous, other)
        generous.mood = mood
        await many.bring(tree.root)
        assert machine.local.blocks == tree.blocks
        assert generous.trees == 1
        assert (other.calls > 1) == (mood != "well")
        await many.keep("ann", tree.root, Replication(copies=0))
        await many.bring(tree.root)
        assert generous.trees == 1
        await many.close()

    bring()


@virtually
async def test_a_tree_that_nobody_has_whole_is_not_brought() -> None:
    """What is missing is named, and what was found is here when it is tried again."""
    hole = leaf(b"hole")
    tree = above(grow(9), hole)
    one = faulty("one")
    machine, many = await replicated(tree, one)
    del one.inner.blocks[hole.root]
    with pytest.raises(MissingBlocks) as caught:
        await many.bring(tree.root)
    assert caught.value.cids == {hole.root}
    one.inner.blocks.update(hole.blocks)
    await many.bring(tree.root)
    assert machine.local.blocks == tree.blocks
    await many.close()
