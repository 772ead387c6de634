"""Brings one store what it is to have, in the background, and lets it forget what it is not to have any more.

The order is what makes a crash at any moment harmless: blocks before those that lead to them, all of them
before the pin, the new pin before the old one goes. What was sent is noted, so that the next root of the
same keeper costs the blocks that are new. While a root is under way the names of what it takes are held, and
few blocks at a time.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from engine.core.block_links import links_of_block
from engine.core.cids import Cid, cid_text
from engine.ports import Goal, MissingBlocks, ReplicationLedger, StoreFailed
from engine.runtime.background import Background
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.other_stores import OtherStore, Patience

log = structlog.get_logger("picomesh.stores")

READ_AT_ONCE = 64
"""Blocks that are read to find out what they lead to."""
SENT_AT_ONCE = 256
"""Blocks in one call, at most."""
BYTES_AT_ONCE = 2 << 20
"""Bytes in one call, unless a single block has more."""

SHARE = 0.01
"""Of the loop's time, for each root that is under way, while the loop is busy with other things."""
STUCK_S = 10.0
"""How long is waited when a root cannot be brought for a reason of our own."""

Source = Callable[[Collection[Cid]], Awaitable[Mapping[Cid, bytes]]]
"""Where the blocks are."""
Plan = Iterator[tuple[Cid, int]]
"""What is to be sent, in order, with the sizes. It is made as it is followed: all at once it would keep the
event loop for as long as a large tree takes."""


class Replicator:
    """For one store. `at_once` roots are under way at a time, in the background if there is one."""

    def __init__(
        self,
        store: OtherStore,
        ledger: ReplicationLedger,
        source: Source,
        patience: Patience,
        on_reached: Callable[[], None],
        background: Background | None = None,
        at_once: int = 4,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._source = source
        self._patience = patience
        self._on_reached = on_reached
        self._background = background
        self._at_once = at_once
        self._busy: set[str] = set()
        """Keepers that are under way."""
        self._news = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        """Held by whoever waits until a store that fails may be tried again."""
        self._roots = KeyedLocks()
        self._tasks: list[Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep_on(self._work)) for _ in range(self._at_once)]
        self._tasks.append(asyncio.create_task(self._keep_on(self._check)))

    def wake(self) -> None:
        """There may be something new to do."""
        self._news.set()

    async def close(self) -> None:
        """What is under way is given up, and done again another time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_on(self, step: Callable[[], Awaitable[None]]) -> None:
        """Nothing that goes wrong ends it; what the ledger or a bug is to blame for is tried again later."""
        while True:
            try:
                await step()
            except StoreFailed as problem:
                log.warning("blocks wait to be replicated", store=self._store.name, why=str(problem))
                await asyncio.sleep(self._patience.first_delay_s)
            except Exception:
                log.exception("replication failed as it never should", store=self._store.name)
                await asyncio.sleep(self._patience.longest_delay_s)

    async def _check(self) -> None:
        """Whether the store still has what it had; it may have been given a new disk."""
        try:
            async with self._its_turn():
                roots = await self._store.roots()
        except StoreFailed:
            return
        lost = await self._ledger.check_pins(self._store.name, roots)
        if lost:
            log.warning("a store has lost what it had; it gets it again", store=self._store.name, roots=lost)
            self.wake()
        self._store.came_back.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.check_every_s):
                await self._store.came_back.wait()

    async def _work(self) -> None:
        keeper = await self._take()
        try:
            async with self._its_turn():
                if self._background is None:
                    await self._try(keeper)
                else:
                    await self._background.run(self._try(keeper))
        finally:
            self._busy.discard(keeper)
            self._news.set()

    @asynccontextmanager
    async def _its_turn(self) -> AsyncIterator[None]:
        """At once; but a store that fails is left alone for a time, and then tried by one, and the next one
        only after another such time, unless it works again."""
        if not self._store.can_be_changed:
            async with self._one_by_one:
                await self._store.rest_changing()
        yield

    async def _take(self) -> str:
        while True:
            self._news.clear()
            for goal in await self._ledger.next_goals(self._store.name, len(self._busy) + 1):
                if goal.keeper not in self._busy:
                    self._busy.add(goal.keeper)
                    return goal.keeper
            await self._news.wait()

    async def _try(self, keeper: str) -> None:
        goal = await self._ledger.goal(self._store.name, keeper)
        if goal is None:
            return
        try:
            await self._reach(goal)
        except StoreFailed as problem:
            await self._ledger.postpone(goal)
            if self._store.can_be_changed:
                # It is not the store's fault, so nobody else waits before this comes again.
                log.warning("a root is not replicated", store=goal.store, keeper=keeper, why=str(problem))
                await asyncio.sleep(STUCK_S)
        except Exception:
            log.exception("a root is not replicated, for no good reason", store=goal.store, keeper=keeper)
            await self._ledger.postpone(goal)
            await asyncio.sleep(STUCK_S)

    async def _reach(self, goal: Goal) -> None:
        if goal.root is not None:
            pins = await self._ledger.pins(goal.store, goal.keeper)
            if not pins.get(goal.root) and not await self._bring(goal, goal.root):
                return
        await self._forget_others(goal)
        self._on_reached()

    async def _bring(self, goal: Goal, root: Cid) -> bool:
        """Blocks, then the pin; whether it was still wanted."""
        for part in _in_parts(await self._plan(root)):
            if await self._ledger.goal(goal.store, goal.keeper) != goal:
                return False
            blocks = await self._read(part)
            await self._store.put(blocks)
            await self._ledger.hold(goal.store, part)
        async with self._roots.holding(root):
            await self._ledger.begin_pin(goal.store, goal.keeper, root)
            try:
                await self._store.pin(root)
            except MissingBlocks:
                # It may have collected what is held to be there, or lost it: all of it is sent again.
                await self._forget_below(root)
                raise
            await self._ledger.end_pin(goal.store, goal.keeper, root)
        return True

    async def _plan(self, root: Cid) -> Plan:
        """All below a root that the store is not known to hold, in an order in which links lead backwards."""
        sizes: dict[Cid, int] = {}
        links: dict[Cid, tuple[Cid, ...]] = {}
        ahead = await self._not_held([root])
        seen = set(ahead)
        while ahead:
            wanted = ahead[-READ_AT_ONCE:]
            del ahead[-READ_AT_ONCE:]
            for cid, data in (await self._read(wanted)).items():
                sizes[cid] = len(data)
                links[cid] = links_of_block(cid, data)
            new = list(dict.fromkeys(link for cid in wanted for link in links[cid] if link not in seen))
            new = await self._not_held(new)
            seen.update(new)
            ahead.extend(new)
        return ((cid, sizes[cid]) for cid in _children_first(root, links))

    async def _not_held(self, cids: list[Cid]) -> list[Cid]:
        held = await self._ledger.held(self._store.name, cids)
        return [cid for cid in cids if cid not in held]

    async def _read(self, cids: Collection[Cid]) -> Mapping[Cid, bytes]:
        found = await self._source(cids)
        if missing := [cid for cid in cids if cid not in found]:
            raise MissingBlocks(
                "local", f"{cid_text(missing[0])} is to be replicated and is nowhere", missing
            )
        return found

    async def _forget_below(self, root: Cid) -> None:
        ahead, seen = [root], {root}
        while ahead:
            wanted = ahead[-READ_AT_ONCE:]
            del ahead[-READ_AT_ONCE:]
            await self._ledger.forget(self._store.name, wanted)
            for cid, data in (await self._read(wanted)).items():
                new = [link for link in links_of_block(cid, data) if link not in seen]
                seen.update(new)
                ahead.extend(new)

    async def _forget_others(self, goal: Goal) -> None:
        """The goal is reached with the last of them."""
        pins = await self._ledger.pins(goal.store, goal.keeper)
        others = [root for root in pins if root != goal.root]
        for place, root in enumerate(others, 1):
            async with self._roots.holding(root):
                if not await self._ledger.has_other_keepers(goal.store, goal.keeper, root):
                    await self._store.unpin(root)
                closing = goal if place == len(others) else None
                await self._ledger.drop_pin(goal.store, goal.keeper, root, closing)
        if not others:
            await self._ledger.close_goal(goal)


def _children_first(root: Cid, links: Mapping[Cid, tuple[Cid, ...]]) -> Iterator[Cid]:
    """All that are in `links`, each after those that it leads to."""
    if root not in links:
        return
    seen = {root}
    path = [(root, iter(links[root]))]
    while path:
        cid, rest = path[-1]
        below = next((link for link in rest if link in links and link not in seen), None)
        if below is None:
            path.pop()
            yield cid
        else:
            seen.add(below)
            path.append((below, iter(links[below])))


def _in_parts(plan: Plan) -> Iterator[list[Cid]]:
    part: list[Cid] = []
    size = 0
    for cid, length in plan:
        if part and (size + length > BYTES_AT_ONCE or len(part) == SENT_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(cid)
        size += length
    if part:
        yield part
