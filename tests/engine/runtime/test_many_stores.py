"""Several stores as one: what callers notice of the others, which is nothing, and what the others get."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps

import pytest

from engine.adapters.blocks.ledger import SqliteLedger
from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.core.replicas import Replication, choose
from engine.ports import BlockStore, GivesTrees, MissingBlocks, WrongBytes
from engine.runtime.block_walks import walk
from engine.runtime.many_stores import ManyStores
from engine.runtime.other_stores import Patience
from engine.runtime.replication import BYTES_AT_ONCE
from tests.campaign import examples
from tests.engine.making_blocks import Tree, above, grow, leaf
from tests.engine.runtime.first_life import live_until_death
from tests.fakes.crashing_database import NEVER, When
from tests.fakes.faulty_blocks import FaultyBlocks, Mood
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.virtual_loop import run_virtually

EVERYWHERE = Replication(copies=9)
DAY_S = 24 * 3600


def virtually(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run an `async def` test in time that takes no time."""

    @wraps(test)
    def run() -> None:
        async def work() -> None:
            await test()

        run_virtually(work())

    return run


@dataclass
class Machine:
    """An engine's machine: what is on its disk, and the stores that it can reach."""

    others: list[FaultyBlocks]
    seed: int = 0
    local: MemoryBlocks = field(default_factory=lambda: MemoryBlocks("local"))
    database: InlineDatabase = field(default_factory=InlineDatabase)

    async def start(self, others: Sequence[BlockStore] | None = None) -> ManyStores:
        """A life of the engine. The one before has ended, however it did."""
        ledger, chance = SqliteLedger(self.database), random.Random(self.seed)
        stores = self.others if others is None else others
        many = ManyStores(Kept(self.local), [Kept(store) for store in stores], ledger, chance=chance)
        await many.start()
        return many

    def has_exactly(self, store: FaultyBlocks, trees: Iterable[Tree]) -> bool:
        """Whether these roots are pinned there, with all below them, and nothing else is."""
        trees = list(trees)
        wanted = {cid: data for tree in trees for cid, data in tree.blocks.items()}
        there = store.inner.blocks
        return store.inner._roots == {tree.root for tree in trees} and all(
            there.get(cid) == data for cid, data in wanted.items()
        )


class Kept:
    """A store that goes on when the engine that uses it closes it."""

    def __init__(self, store: BlockStore) -> None:
        self.name = store.name
        self.put_many, self.get_many, self.has_many = store.put_many, store.get_many, store.has_many
        self.pin, self.unpin, self.roots = store.pin, store.unpin, store.roots
        if isinstance(store, GivesTrees):
            self.get_tree = store.get_tree

    async def close(self) -> None:
        pass


def faulty(name: str, mood: Mood = "well", latency_s: float = 0.01) -> FaultyBlocks:
    return FaultyBlocks(name, random.Random(name), mood, latency_s)


async def keep(many: ManyStores, keeper: str, tree: Tree, replication: Replication = EVERYWHERE) -> None:
    await many.put_many(tree.blocks)
    await many.keep(keeper, tree.root, replication)


async def settle(many: ManyStores, hours: float = 24) -> None:
    """Until nothing waits to be done anywhere."""
    async with asyncio.timeout(hours * 3600):
        while any(one.waiting for one in await many.standings()):
            await asyncio.sleep(1)


# --- replicating -----------------------------------------------------------------------------------


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
    await asyncio.sleep(DAY_S)
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


# --- bad ones --------------------------------------------------------------------------------------


@virtually
async def test_a_bad_store_costs_callers_nothing() -> None:
    """No failure and no time, in any mood; it is a warning and a number."""
    bad = [faulty(mood, mood) for mood in ("slow", "hanging", "dead", "full", "broken")]
    machine = Machine([*bad, faulty("good")])
    many = await machine.start()
    began_s = asyncio.get_running_loop().time()
    for number in range(5):
        await keep(many, f"keeper {number}", grow(number))
        assert await many.get_many(grow(number).blocks) == grow(number).blocks
    assert asyncio.get_running_loop().time() == began_s
    await asyncio.sleep(DAY_S)
    by_name = {one.standing.name: one for one in await many.standings()}
    assert {name for name, one in by_name.items() if one.waiting} == {"hanging", "dead", "full", "broken"}
    kinds = {name: set(one.standing.failed) for name, one in by_name.items()}
    assert kinds.pop("slow") <= {"slow"}
    assert kinds == {
        "hanging": {"slow"},
        "dead": {"unavailable"},
        "full": {"full"},
        "broken": {"broken"},
        "good": set(),
    }
    await many.close()


@virtually
async def test_a_dead_store_is_asked_more_and_more_rarely() -> None:
    """By one at a time, however much waits for it."""
    dead = faulty("dead", "dead")
    many = await Machine([dead]).start()
    for number in range(50):
        await keep(many, f"keeper {number}", grow(number))
    await asyncio.sleep(60)
    first_minute = dead.calls
    await asyncio.sleep(DAY_S - 60)
    assert 4 < first_minute < 20
    assert dead.calls < first_minute + DAY_S / 150 + 10
    assert dead.most_under_way <= 2
    await many.close()


@virtually
async def test_a_full_store_is_read_as_any_other() -> None:
    """Nor does reading from it make anybody think that there is room again."""
    full, other = faulty("a", "full"), faulty("b", latency_s=0.5)
    _, many = await replicated(grow(1), full, other)
    await keep(many, "ann", grow(2))
    for _ in range(600):
        await asyncio.sleep(1)
        assert await timed_get(many, grow(1)) < 0.1
    (standing, _) = (one.standing for one in await many.standings())
    assert standing.reading.failures == 0
    assert 8 < standing.writing.failures <= standing.failed["full"] < 14
    assert standing.writing.problem == "no room"
    await many.close()


# --- reading ---------------------------------------------------------------------------------------


async def replicated(tree: Tree, *others: FaultyBlocks) -> tuple[Machine, ManyStores]:
    """A machine that has lost what its others have."""
    machine = Machine(list(others))
    for other in others:
        await other.inner.put_many(tree.blocks)
    return machine, await machine.start()


async def timed_get(many: ManyStores, tree: Tree) -> float:
    """In how many seconds all of a tree is there."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    assert await many.get_many(tree.blocks) == tree.blocks
    return loop.time() - began_s


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


# --- crashes ---------------------------------------------------------------------------------------

SHARED = grow(50, leaves=5)
STATES = [above(SHARED, grow(51 + number, leaves=4)) for number in range(4)]


async def live(machine: Machine, kept: dict[str, list[Tree]]) -> None:
    """A life in which roots are superseded and one is released; `kept` is what was acknowledged of each
    keeper, and after it what was asked for and not answered yet."""
    many = await machine.start()
    for number, tree in enumerate(STATES):
        keeper = "ann" if number % 2 else "bob"
        if keeper in kept:
            kept[keeper].append(tree)
        await keep(many, keeper, tree)
        kept[keeper] = [tree]
        await asyncio.sleep(0.1 * (number % 3))
    kept.pop("bob", None)
    await many.release("bob")
    await settle(many)
    await many.close()


async def writes_of_a_quiet_life() -> int:
    machine = Machine([faulty("one"), faulty("two")])
    await live(machine, {})
    return machine.database.writes


async def crash_at(at: int, when: When) -> None:
    one, two = faulty("one"), faulty("two")
    machine = Machine([one, two])
    machine.database.revive(at, when)
    kept: dict[str, list[Tree]] = {}
    tasks = asyncio.all_tasks()
    await live_until_death(live(machine, kept), machine.database.crashed)
    assert machine.database.crashed.is_set()
    for task in asyncio.all_tasks() - tasks:
        task.cancel()
    await asyncio.sleep(0)
    machine.database.revive()
    many = await machine.start()
    roots = await many.roots()
    for either in kept.values():
        assert roots & {tree.root for tree in either}, f"crash {when} write {at}"
    await settle(many)
    for store in machine.others:
        assert machine.has_exactly(store, [tree for tree in STATES if tree.root in await many.roots()])
    await many.close()

    await live(machine, {})
    for store in machine.others:
        assert machine.has_exactly(store, [STATES[3]]), f"crash {when} write {at}"
    assert machine.local._roots == {STATES[3].root}, f"crash {when} write {at}"
    assert machine.database.rows("keepers") == 1
    assert machine.database.rows("pins") == 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_loses_nothing_and_leaves_nothing_behind(when: When) -> None:
    """What was acknowledged is pinned here and comes to the others; what nobody wants any more is pinned
    nowhere, and whoever got no answer may do it all again."""
    writes = run_virtually(writes_of_a_quiet_life())
    assert 40 < writes < NEVER
    for at in range(1, writes + 1):
        run_virtually(crash_at(at, when))


# --- simulation ------------------------------------------------------------------------------------

KEEPERS = 6
STORES = ("ant", "bee", "cat", "dog")
HOURS = 30
BAD_MOODS: tuple[Mood, ...] = ("slow", "hanging", "dead", "full", "lying", "forgetful", "broken")
AT_LEAST = Replication(copies=3)


class World:
    """Some days of an engine among stores that fail in every way, one after the other and together."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.stores = [FaultyBlocks(name, random.Random(f"{name} {seed}")) for name in STORES]
        self.machine = Machine(self.stores, seed)
        self.kept: dict[str, Tree] = {}
        self.parts = [grow(seed * 1_000 + number, leaves=6) for number in range(20)]
        self.loop = asyncio.get_running_loop()

    async def run(self) -> None:
        many = await self.machine.start()
        for _ in range(HOURS):
            await self.change_moods()
            for _ in range(4):
                await self.act(many)
                await asyncio.sleep(self.chance.uniform(0, 1_800))
            if self.chance.random() < 0.2:
                many = await self.restart(many)
            self.check_bounds()
        for store in self.stores:
            store.mood = "well"
        await asyncio.sleep(2 * 3600)  # by then it was looked what each of them has lost
        await settle(many)
        await self.check_end(many)
        await many.close()

    async def change_moods(self) -> None:
        for store in self.stores:
            if self.chance.random() < 0.5:
                store.mood = "well" if self.chance.random() < 0.4 else self.chance.choice(BAD_MOODS)
            if self.chance.random() < 0.03:
                store.lose_everything()

    async def act(self, many: ManyStores) -> None:
        """Nothing that a caller does here takes time or fails, whatever the others are up to."""
        keeper, began_s = f"keeper {self.chance.randrange(KEEPERS)}", self.loop.time()
        if self.chance.random() < 0.1:
            await many.release(keeper)
            self.kept.pop(keeper, None)
        else:
            tree = above(*self.chance.sample(self.parts, 4), content=self.chance.randbytes(8))
            await keep(many, keeper, tree, AT_LEAST)
            self.kept[keeper] = tree
        assert await many.roots() == {tree.root for tree in self.kept.values()}
        assert self.loop.time() == began_s
        await self.read_elsewhere(many)
        if self.chance.random() < 0.3:
            await self.machine.local.collect()

    async def read_elsewhere(self, many: ManyStores) -> None:
        """What others give is right or not there at all, and nobody waits for it for ever."""
        tree, began_s = grow(self.chance.choice([1, 2, 3])), self.loop.time()
        kept = self.chance.choice(list(self.kept.values()) or [tree])
        hidden = {
            cid: self.machine.local.blocks.pop(cid)
            for cid in list(kept.blocks)[:3]
            if cid in kept.blocks and cid in self.machine.local.blocks
        }
        try:
            found = await many.get_many([*kept.blocks, *tree.blocks])
        finally:
            self.machine.local.blocks.update(hidden)
        assert all(data == kept.blocks.get(cid, tree.blocks.get(cid)) for cid, data in found.items())
        assert self.loop.time() <= began_s + Patience().find_s + 1

    async def restart(self, many: ManyStores) -> ManyStores:
        await many.close()
        return await self.machine.start()

    def check_bounds(self) -> None:
        """What waits is no more than what is kept, and what is under way is little."""
        assert self.machine.database.rows("goals") <= KEEPERS * (len(STORES) + 1)
        for store in self.stores:
            assert store.largest_put <= BYTES_AT_ONCE
        assert len(asyncio.all_tasks()) < 40

    async def check_end(self, many: ManyStores) -> None:
        """Each root is where it is to be, whole, and nowhere else."""
        for store in self.stores:
            mine = [
                tree for keeper, tree in self.kept.items() if store.name in choose(AT_LEAST, keeper, STORES)
            ]
            assert self.machine.has_exactly(store, mine)
        assert await many.roots() == {tree.root for tree in self.kept.values()}


@pytest.mark.parametrize("seed", range(examples(4)))
def test_nothing_is_lost_among_stores_that_fail_in_every_way(seed: int) -> None:
    """Callers never fail or wait for them; in the end every root is in as many stores as it is to be."""

    async def live_there() -> None:
        await World(seed).run()

    run_virtually(live_there())
