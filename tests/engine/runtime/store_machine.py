"""A machine with a local store and others that it can reach, in time that takes no time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps

from engine.adapters.blocks.ledger import SqliteLedger
from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.replicas import Replication
from engine.ports import BlockStore, GivesTrees
from engine.runtime.many_stores import ManyStores
from tests.engine.making_blocks import Tree
from tests.fakes.faulty_blocks import FaultyBlocks, Mood
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.virtual_loop import run_virtually

EVERYWHERE = Replication(copies=9)


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
