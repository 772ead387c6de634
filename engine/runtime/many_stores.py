"""Several stores as one: what is put and pinned is durable in the local one at once, in others soon after.

Callers notice nothing of the others: a call is done when the local store has done it, and a read goes on to
them only for what is missing or damaged here. Which of them get a root follows from a policy; that they have
got it can be read from `standings`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from engine.core.cids import Cid, check_cid, cid_text
from engine.core.model import EMPTY
from engine.core.replicas import NOWHERE, Replication, choose
from engine.ports import (
    BlockStore,
    Goal,
    Kept,
    MissingBlocks,
    ReplicationLedger,
    StoreFailed,
    StoreUnavailable,
    WrongBytes,
)
from engine.runtime.background import Background
from engine.runtime.block_walks import walk
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.nearest import find_blocks, nearest_first
from engine.runtime.other_stores import OtherStore, Patience, Standing
from engine.runtime.replication import Replicator

log = structlog.get_logger("picomesh.stores")

PAGE = 500
"""Keepers that are looked at together when an engine starts."""

ASKED_AT_ONCE = 256
"""Blocks that others are asked for in one call, which has a deadline."""

Get = Callable[[Sequence[Cid]], Awaitable[dict[Cid, bytes]]]


@dataclass(frozen=True, slots=True)
class StoreStanding:
    """A store's numbers, and how many keepers wait to have something done there."""

    standing: Standing
    waiting: int


class ManyStores:
    """`engine.ports.BlockStore`. It takes the stores that it is made of over: they are closed with it."""

    def __init__(
        self,
        local: BlockStore,
        others: Sequence[BlockStore],
        ledger: ReplicationLedger,
        usual: Replication = NOWHERE,
        patience: Patience | None = None,
        chance: random.Random | None = None,
        background: Background | None = None,
    ) -> None:
        """`usual` is the policy for roots that are pinned without any. With a `background`, replication
        leaves the loop to others."""
        names = [local.name, *(store.name for store in others)]
        if len(set(names)) < len(names):
            raise ValueError(f"two stores have one name: {', '.join(sorted(names))}")
        self.name = local.name
        self._local = local
        self._ledger = ledger
        self._usual = usual
        self._patience = patience or Patience()
        chance = chance or random.Random()
        self._others = [OtherStore(store, self._patience, chance) for store in others]
        self._replicators = [
            Replicator(other, ledger, self._get, self._patience, self._reached, background)
            for other in self._others
        ]
        self._locks = KeyedLocks()
        self._progress = asyncio.Event()
        """Set, and replaced by another, when a store has got what it was to have."""
        self._is_closed = False

    async def start(self) -> None:
        """End what a crash has interrupted, follow a list of stores that has changed, and replicate."""
        await self._tidy_up()
        await self._choose_again()
        for replicator in self._replicators:
            replicator.start()

    # As a store

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        self._check_open()
        await self._local.put_many(blocks)

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        """From here, and what is not here from the nearest that has it."""
        self._check_open()
        return await self._get(cids)

    async def _get(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        wanted = list(dict.fromkeys(cids))
        damaged = frozenset[Cid]()
        local_problem: StoreUnavailable | None = None
        try:
            found = await self._local.get_many(wanted)
        except WrongBytes as problem:
            found, damaged = dict(problem.found), problem.cids
        except StoreUnavailable as problem:
            log.warning("the local store cannot be read; others are asked", why=problem.reason)
            found, local_problem = {}, problem
        found.update(await self._get_elsewhere([cid for cid in wanted if cid not in found]))
        if damaged:
            await self._mend(damaged, found)
        if local_problem is not None and len(found) < len(wanted):
            raise local_problem
        return found

    async def _get_elsewhere(self, missing: Sequence[Cid]) -> dict[Cid, bytes]:
        found: dict[Cid, bytes] = {}
        for place in range(0, len(missing), ASKED_AT_ONCE) if self._others else ():
            part = missing[place : place + ASKED_AT_ONCE]
            found.update(await find_blocks(part, self._others, self._patience))
        return found

    async def _mend(self, damaged: frozenset[Cid], found: Mapping[Cid, bytes]) -> None:
        log.warning("blocks in the local store were altered", blocks=len(damaged))
        mended = {cid: found[cid] for cid in damaged if cid in found}
        if len(mended) < len(damaged):
            reason = f"{len(damaged) - len(mended)} blocks were altered, and no other store has them"
            raise WrongBytes(self.name, reason, damaged - mended.keys(), found)
        try:
            await self._local.put_many(mended)
        except StoreFailed as problem:
            log.warning("altered blocks were not mended", why=str(problem))

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        """Those that are here: what only others have cannot be pinned, and whoever asks means to."""
        self._check_open()
        return await self._local.has_many(cids)

    async def pin(self, root: Cid) -> None:
        await self.keep(_alone(check_cid(root)), root, self._usual)

    async def unpin(self, root: Cid) -> None:
        await self.release(_alone(root))

    async def roots(self) -> frozenset[Cid]:
        self._check_open()
        return await self._local.roots()

    async def pinned(self) -> AsyncIterator[tuple[str, dict[Cid, bytes]]]:
        """The root blocks that each store has, some at a time. A store that fails is passed over."""
        stores: list[tuple[BlockStore | OtherStore, Get]] = [(self._local, self._local.get_many)]
        for store, get in (*stores, *((one, one.get) for one in self._others)):
            try:
                roots = list(await store.roots())
                for place in range(0, len(roots), ASKED_AT_ONCE):
                    yield store.name, await get(roots[place : place + ASKED_AT_ONCE])
            except StoreFailed as problem:
                log.info("the roots of a store were not looked at", store=store.name, why=str(problem))

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for replicator in self._replicators:
            await replicator.close()
        for other in self._others:
            await other.close()
        await self._local.close()

    # As a whole

    async def keep(
        self, keeper: str, root: Cid, replication: Replication, blocks: Mapping[Cid, bytes] = EMPTY
    ) -> None:
        """This root for a keeper, in the place of the one before, and blocks that are put with it. When it
        returns, the root is pinned here and its replication is queued. Raises what `put_many` and `pin` of a
        store raise; then the one before stays."""
        self._check_open()
        check_cid(root)
        async with self._locks.holding(keeper):
            await self._pin_here(keeper, root, blocks)
            await self._want(keeper, root, replication)
            await self._forget_here(keeper, root)
        self._wake()

    async def bring(self, root: Cid) -> None:
        """All that a root leads to is here when it returns, from wherever it can be had; to be kept then.
        Raises `MissingBlocks`; what was found stays for a while, so that trying again goes on from there."""
        self._check_open()
        for other in nearest_first([other for other in self._others if other.gives_trees]):
            if await self._is_whole(root):
                return
            try:
                async with aclosing(other.get_tree(root)) as pieces:
                    async for piece in pieces:
                        await self._local.put_many(piece)
            except StoreFailed as problem:
                if problem.store == self._local.name:
                    raise
                log.info("a store did not give a whole tree", store=other.name, why=str(problem))
        async for blocks in walk(self, [root]):
            here = await self._local.has_many(blocks)
            await self._local.put_many({cid: data for cid, data in blocks.items() if cid not in here})

    async def _is_whole(self, root: Cid) -> bool:
        """Whether the local store has all of a tree."""
        try:
            async for _ in walk(self._local, [root]):
                pass
        except (MissingBlocks, WrongBytes):
            return False
        return True

    async def release(self, keeper: str) -> None:
        """Nothing is kept for it any more."""
        self._check_open()
        async with self._locks.holding(keeper):
            await self._ledger.want(keeper, None, NOWHERE, self._local.name, ())
            await self._forget_here(keeper, None)
        self._wake()

    async def keepers(self, beginning: str) -> AsyncIterator[Kept]:
        """Those whose names begin like this, with their roots."""
        self._check_open()
        after = beginning
        while page := await self._ledger.kept(after, PAGE):
            for kept in page:
                if not kept.keeper.startswith(beginning):
                    return
                yield kept
            after = page[-1].keeper

    def walk_here(self, roots: Iterable[Cid]) -> AsyncIterator[dict[Cid, bytes]]:
        """All that these lead to in the local store alone. Raises `MissingBlocks`."""
        self._check_open()
        return walk(self._local, roots)

    async def standings(self) -> tuple[StoreStanding, ...]:
        """Of each other store, in the order in which they were given."""
        waiting = await self._ledger.open_goals()
        return tuple(StoreStanding(other.standing, waiting.get(other.name, 0)) for other in self._others)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(self.name, "it is closed")

    async def holders(self, keeper: str, root: Cid) -> list[str]:
        """The other stores that have a root pinned for a keeper, with all that it leads to."""
        names = [other.name for other in self._others]
        return [name for name in names if (await self._ledger.pins(name, keeper)).get(root)]

    async def wait_held(self, keeper: str, root: Cid, stores: Collection[str]) -> None:
        """Until these have it, or the keeper wants another root. Who has no time for that cancels it."""
        while True:
            progress = self._progress  # before looking, so that nothing is missed in between
            goal = await self._ledger.goal(self._local.name, keeper)
            if goal is None or goal.root != root or set(stores) <= set(await self.holders(keeper, root)):
                return
            await progress.wait()

    def _reached(self) -> None:
        progress, self._progress = self._progress, asyncio.Event()
        progress.set()
        self._wake()

    def _wake(self) -> None:
        for replicator in self._replicators:
            replicator.wake()

    async def _want(self, keeper: str, root: Cid, replication: Replication) -> None:
        chosen = choose(replication, keeper, [other.name for other in self._others])
        await self._ledger.want(keeper, root, replication, self._local.name, chosen)

    # In the local store, in the steps in which a `Replicator` does it elsewhere

    async def _pin_here(self, keeper: str, root: Cid, blocks: Mapping[Cid, bytes]) -> None:
        here = self._local.name
        async with self._locks.holding(root):
            # Neither has to wait for the other, and in one file they are one write.
            was_pinned, _ = await asyncio.gather(
                self._ledger.begin_pin(here, keeper, root), self._local.put_many(blocks)
            )
            try:
                await self._local.pin(root)
            except MissingBlocks:
                if not was_pinned:
                    await self._ledger.drop_pin(here, keeper, root)
                if goal := await self._ledger.goal(here, keeper):
                    await self._ledger.close_goal(goal)
                raise

    async def _forget_here(self, keeper: str, root: Cid | None) -> None:
        here = self._local.name
        others = [other for other in await self._ledger.pins(here, keeper) if other != root]
        goal = Goal(here, keeper, root)
        for place, other in enumerate(others, 1):
            async with self._locks.holding(other):
                if not await self._ledger.has_other_keepers(here, keeper, other):
                    await self._local.unpin(other)
                await self._ledger.drop_pin(
                    here, keeper, other, closing=goal if place == len(others) else None
                )
        if not others:
            await self._ledger.close_goal(goal)

    async def _tidy_up(self) -> None:
        """Pins of which a crash has left open whether they count: those that nobody was told of do not."""
        while goals := await self._ledger.next_goals(self._local.name, PAGE):
            for goal in goals:
                await self._forget_here(goal.keeper, goal.root)

    async def _choose_again(self) -> None:
        after = ""
        while page := await self._ledger.kept(after, PAGE):
            for kept in page:
                chosen = choose(kept.replication, kept.keeper, [other.name for other in self._others])
                if kept.stores - {self._local.name} != set(chosen):
                    await self._want(kept.keeper, kept.root, kept.replication)
            after = page[-1].keeper


def _alone(root: Cid) -> str:
    """The keeper of a root that is pinned for its own sake."""
    return f"root {cid_text(root)}"
