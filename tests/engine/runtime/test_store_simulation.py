"""Days among stores that fail in every way, one after the other and together; with seeds."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.core.replicas import Replication, choose
from engine.runtime.many_stores import ManyStores
from engine.runtime.other_stores import Patience
from engine.runtime.replication import BYTES_AT_ONCE
from tests.campaign import examples
from tests.engine.making_blocks import Tree, above, grow
from tests.engine.runtime.store_machine import (
    Machine,
    keep,
    settle,
)
from tests.fakes.faulty_blocks import FaultyBlocks, Mood
from tests.fakes.virtual_loop import run_virtually

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
