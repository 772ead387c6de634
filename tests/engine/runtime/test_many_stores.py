"""Several stores as one: what the others get of what is kept here, and when it goes again."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.replicas import Replication
from engine.ports import MissingBlocks
from engine.runtime.many_stores import ManyStores
from tests.engine.making_blocks import above, grow, leaf
from tests.engine.runtime.store_machine import (
    EVERYWHERE,
    Machine,
    faulty,
    keep,
    settle,
    virtually,
)


@virtually
async def test_what_is_kept_comes_to_the_other_stores() -> None:
    """Blocks before those that lead to them, all of them before the pin."""
    one, two = faulty("one"), faulty("two")
    machine, tree = Machine([one, two]), above(grow(1, leaves=700), grow(2))
    many = await machine.start()
    await keep(many, "ann", tree)
    await settle(many)
    assert machine.has_exactly(one, [tree])
    assert machine.has_exactly(two, [tree])
    assert one.order[-1] == f"pin {tree.root.hex()}"
    place = {step: number for number, step in enumerate(one.order)}
    puts = [cid for cid in tree.blocks if cid[1] == 0x71]
    assert len(puts) > 100
    for cid in puts:
        below = one.inner._links[cid]
        assert all(place[f"put {link.hex()}"] < place[f"put {cid.hex()}"] for link in below)
    await many.close()


@virtually
async def test_a_successor_costs_what_is_new_of_it() -> None:
    """Nothing is sent twice, and the root that it supersedes goes after it is there."""
    one = faulty("one")
    machine, large = Machine([one]), grow(3, leaves=300)
    first, second = above(large, content=b"1"), above(large, content=b"2")
    many = await machine.start()
    await keep(many, "ann", first)
    await settle(many)
    one.order.clear()
    await keep(many, "ann", second)
    await settle(many)
    new, old = second.root.hex(), first.root.hex()
    assert one.order == [f"put {new}", f"pin {new}", f"unpin {old}"]
    assert await many.roots() == {second.root}
    await many.close()


@virtually
async def test_a_store_that_was_away_gets_the_newest_root_only() -> None:
    """However many there were meanwhile: the queue has one row for each keeper and store."""
    one = faulty("one", "dead")
    machine = Machine([one])
    many = await machine.start()
    trees = [grow(seed) for seed in range(10, 30)]
    for tree in trees:
        await keep(many, "ann", tree)
        await asyncio.sleep(600)
    assert machine.database.rows("goals") <= 2
    one.mood = "well"
    await settle(many)
    assert machine.has_exactly(one, trees[-1:])
    assert [step for step in one.order if step.startswith("pin")] == [f"pin {trees[-1].root.hex()}"]
    await many.close()


@virtually
async def test_what_is_released_goes_everywhere() -> None:
    """Unless somebody else keeps the same root."""
    one = faulty("one")
    machine, shared, own = Machine([one]), grow(4), grow(5)
    many = await machine.start()
    await keep(many, "ann", shared)
    await keep(many, "bob", shared)
    await keep(many, "cyd", own)
    await settle(many)
    await many.release("ann")
    await many.release("cyd")
    await settle(many)
    assert machine.has_exactly(one, [shared])
    assert await many.roots() == {shared.root}
    await many.release("bob")
    await settle(many)
    assert machine.has_exactly(one, [])
    assert await many.roots() == frozenset()
    assert [machine.database.rows(table) for table in ("keepers", "goals", "pins")] == [0, 0, 0]
    await many.close()


@virtually
async def test_the_policy_says_how_many_and_which() -> None:
    """Those that are always to have it, then others, the same ones each time."""
    stores = [faulty(name) for name in ("ant", "bee", "cat", "dog")]
    machine = Machine(stores)
    many = await machine.start()
    trees = {f"keeper {number}": grow(100 + number) for number in range(12)}
    for keeper, tree in trees.items():
        await keep(many, keeper, tree, Replication(copies=2, always=("dog",), among=("ant", "bee", "dog")))
    await settle(many)
    assert machine.has_exactly(stores[3], trees.values())
    assert machine.has_exactly(stores[2], [])
    roots = [len(store.inner._roots) for store in stores]
    assert roots[0] + roots[1] == len(trees)
    assert min(roots[:2]) > 0
    await many.close()


@virtually
async def test_a_store_that_is_not_chosen_any_more_keeps_all_until_the_others_have_it() -> None:
    """Moving copies never leaves fewer of them."""
    ant, bee = faulty("ant"), faulty("bee", "dead")
    machine, tree = Machine([ant, bee]), grow(6)
    many = await machine.start()
    await keep(many, "ann", tree, Replication(copies=1, among=("ant",)))
    await settle_at(many, ant.name)
    await keep(many, "ann", tree, Replication(copies=1, among=("bee",)))
    await asyncio.sleep(24 * 3600)
    assert machine.has_exactly(ant, [tree])
    bee.mood = "well"
    await settle(many)
    assert machine.has_exactly(ant, [])
    assert machine.has_exactly(bee, [tree])
    await many.close()


async def settle_at(many: ManyStores, name: str) -> None:
    while any(one.waiting for one in await many.standings() if one.standing.name == name):
        await asyncio.sleep(1)


@virtually
async def test_a_list_of_stores_that_changes_is_followed() -> None:
    """A store that is added gets its share at the next start, and one that was taken away is left alone."""
    ant, bee = faulty("ant"), faulty("bee")
    machine, tree = Machine([ant]), grow(7)
    many = await machine.start()
    await keep(many, "ann", tree, Replication(copies=2))
    await settle(many)
    await many.close()
    many = await machine.start([ant, bee])
    await settle(many)
    assert machine.has_exactly(bee, [tree])
    await many.close()
    many = await machine.start([bee])
    await settle(many)
    assert machine.has_exactly(ant, [tree])
    assert machine.has_exactly(bee, [tree])
    await many.close()


@virtually
async def test_a_store_that_lost_everything_gets_it_again() -> None:
    """It is looked at now and then, and whenever it comes back after it was away."""
    one = faulty("one")
    machine, tree = Machine([one]), grow(8)
    many = await machine.start()
    await keep(many, "ann", tree)
    await settle(many)
    one.lose_everything()
    await asyncio.sleep(3700)
    await settle(many)
    assert machine.has_exactly(one, [tree])
    one.lose_everything()
    one.mood = "dead"
    await keep(many, "bob", leaf(b"something to fail with"))
    await asyncio.sleep(600)
    one.mood = "well"
    await asyncio.sleep(600)
    assert machine.has_exactly(one, [tree, leaf(b"something to fail with")])
    await many.close()


@virtually
async def test_a_root_with_a_hole_is_refused_and_the_one_before_stays() -> None:
    """Here, in the other stores, and after a restart."""
    one = faulty("one")
    machine, tree, bad = Machine([one]), grow(9), above(leaf(b"never put"))
    many = await machine.start()
    await keep(many, "ann", tree)
    await many.put_many({bad.root: bad.blocks[bad.root]})
    for keeper in ("ann", "bob"):
        with pytest.raises(MissingBlocks):
            await many.keep(keeper, bad.root, EVERYWHERE)
    await settle(many)
    await many.close()
    many = await machine.start()
    await settle(many)
    assert machine.has_exactly(one, [tree])
    assert await many.roots() == {tree.root}
    await many.close()


@virtually
async def test_blocks_may_be_put_with_the_root_that_leads_to_them() -> None:
    """What was there already and what comes with it are kept as one tree."""
    one, below = faulty("one"), grow(4)
    machine, tree = Machine([one]), above(below, content=b"1")
    many = await machine.start()
    await many.put_many(below.blocks)
    await many.keep("ann", tree.root, EVERYWHERE, {tree.root: tree.blocks[tree.root]})
    assert await many.roots() == {tree.root}
    await settle(many)
    assert machine.has_exactly(one, [tree])
    await many.close()


@virtually
async def test_a_root_without_its_blocks_is_not_kept_although_it_is_put() -> None:
    """The one before stays."""
    machine, before, tree = Machine([]), grow(5), above(grow(6))
    many = await machine.start()
    await keep(many, "ann", before)
    with pytest.raises(MissingBlocks):
        await many.keep("ann", tree.root, EVERYWHERE, {tree.root: tree.blocks[tree.root]})
    assert await many.roots() == {before.root}
    await many.close()
