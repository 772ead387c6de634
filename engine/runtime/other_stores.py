"""A store that is somebody else's: asked with a deadline, its blocks hashed, its moods remembered.

Whatever goes wrong with it becomes a `StoreFailed`, a number in its `Standing`, one line in the log when it
begins and one when it ends, and a time for which it is left alone, longer each time.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from engine.core.cids import Cid, is_named
from engine.ports import (
    BlockStore,
    GivesTrees,
    MissingBlocks,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
    WrongBytes,
)

log = structlog.get_logger("picomesh.stores")

T = TypeVar("T")

UNKNOWN_S = 0.1
"""How long a store is expected to take of which nothing is known yet."""
FORGOTTEN_S = 300.0
"""After that nothing is known of a store any more."""
WEIGHT = 0.2
"""Of the last answer in what is expected of the next one."""

LONG_AWAY = 3
"""Failures after which somebody should look what is still there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    get_s: float = 30.0
    """For blocks, or the next ones of a tree: a node may first have to look for them itself."""
    put_s: float = 120.0
    pin_s: float = 300.0
    find_s: float = 60.0
    """For blocks in all, when stores have to be asked again."""
    first_delay_s: float = 1.0
    """Before a store that failed is asked again; twice as long each time."""
    longest_delay_s: float = 300.0
    check_every_s: float = 3600.0
    """Between two looks whether a store still has pinned what it had."""


@dataclass(slots=True)
class Condition:
    """How it is with reading from a store, or with changing what it has: one that is full can be read."""

    failures: int = 0
    """Since it last went well."""
    problem: str | None = None
    well: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """Set as long as there is none."""

    def fail(self, problem: str) -> None:
        self.failures += 1
        self.problem = problem
        self.well.clear()

    def succeed(self) -> None:
        self.failures, self.problem = 0, None
        self.well.set()


@dataclass(slots=True)
class Standing:
    """What is known of a store, in numbers."""

    name: str
    reading: Condition = field(default_factory=Condition)
    writing: Condition = field(default_factory=Condition)
    latency_s: float | None = None
    """Of a request for blocks, lately."""
    measured_s: float = 0.0
    """When that was, by the clock of the event loop."""
    asked: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """By kind: unavailable, slow, full, wrong, missing, broken."""
    blocks_sent: int = 0
    bytes_sent: int = 0
    blocks_got: int = 0

    def expected_s(self, now_s: float) -> float:
        """How long it may take; a store that fails comes after all that do not. What was long ago counts no
        more, so that one that was slow once has its chance again."""
        is_known = self.latency_s is not None and now_s - self.measured_s < FORGOTTEN_S
        return (
            self.latency_s if is_known and self.latency_s else UNKNOWN_S
        ) + 1_000.0 * self.reading.failures


class OtherStore:
    """One of them."""

    def __init__(self, store: BlockStore, patience: Patience, chance: random.Random) -> None:
        self.name = store.name
        self.standing = Standing(store.name)
        self.came_back = asyncio.Event()
        """Set when it works again after it has failed several times: it may not be what it was."""
        self._reading, self._writing = self.standing.reading, self.standing.writing
        self._store = store
        self._patience = patience
        self._chance = chance

    def expected_s(self) -> float:
        """How long it may take to answer."""
        return self.standing.expected_s(_now_s())

    async def get(self, cids: Collection[Cid]) -> dict[Cid, bytes]:
        """The right ones of what it gives. Raises `StoreFailed` if it gives nothing; wrong bytes count as
        none, and against it."""
        began_s = _now_s()
        wrong: Collection[Cid] = ()
        given: Mapping[Cid, bytes]
        try:
            given = await self._ask(self._reading, lambda: self._store.get_many(cids), self._patience.get_s)
        except WrongBytes as problem:
            given, wrong = problem.found, problem.cids
        except asyncio.CancelledError:
            # Somebody else was quicker. It is not known how long it would have taken, but so long at least.
            self._note_latency(max(_now_s() - began_s, self.standing.latency_s or 0.0), weight=1.0)
            raise
        found = {cid: given[cid] for cid in cids if cid in given and is_named(cid, given[cid])}
        if wrong or any(cid not in found for cid in given):
            count = max(len(wrong), len(given) - len(found))
            self._note_failure(self._reading, "wrong", f"gave wrong bytes for {count} blocks")
        else:
            self._note_success(self._reading)
        self._note_latency(_now_s() - began_s)
        self.standing.blocks_got += len(found)
        return found

    @property
    def gives_trees(self) -> bool:
        return isinstance(self._store, GivesTrees)

    async def get_tree(self, root: Cid) -> AsyncGenerator[dict[Cid, bytes], None]:
        """The right ones of the blocks that it gives of a tree, of a store that `gives_trees`. Raises
        `StoreFailed` when it does not go on."""
        assert isinstance(self._store, GivesTrees)
        pieces = aiter(self._store.get_tree(root))

        async def next_piece() -> Mapping[Cid, bytes] | None:
            return await anext(pieces, None)

        try:
            while (piece := await self._ask(self._reading, next_piece, self._patience.get_s)) is not None:
                found = {cid: data for cid, data in piece.items() if is_named(cid, data)}
                if len(found) < len(piece):
                    self._note_failure(self._reading, "wrong", "gave wrong bytes for blocks of a tree")
                    raise WrongBytes(self.name, "wrong bytes in a tree", piece.keys() - found.keys(), found)
                self._note_success(self._reading)
                self.standing.blocks_got += len(found)
                yield found
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def put(self, blocks: Mapping[Cid, bytes]) -> None:
        await self._change(lambda: self._store.put_many(blocks), self._patience.put_s)
        self.standing.blocks_sent += len(blocks)
        self.standing.bytes_sent += sum(map(len, blocks.values()))

    async def pin(self, root: Cid) -> None:
        await self._change(lambda: self._store.pin(root), self._patience.pin_s)

    async def unpin(self, root: Cid) -> None:
        await self._change(lambda: self._store.unpin(root), self._patience.pin_s)

    async def roots(self) -> frozenset[Cid]:
        """It counts as a change, because nobody asks for it but who makes those."""
        return await self._change(self._store.roots, self._patience.pin_s)

    async def close(self) -> None:
        try:
            await self._store.close()
        except Exception as problem:  # nothing depends on it any more
            log.warning("a store could not be closed", store=self.name, why=str(problem))

    @property
    def can_be_changed(self) -> bool:
        """Whether that went well the last time."""
        return not self._writing.failures

    async def rest_reading(self) -> None:
        await self._rest(self._reading)

    async def rest_changing(self) -> None:
        await self._rest(self._writing)

    async def _rest(self, condition: Condition) -> None:
        """Wait as long as it is to be left alone, or until it has done something for somebody else. How long
        is left to chance in part, so that engines that lost it together do not come back together."""
        if condition.failures:
            doubled = self._patience.first_delay_s * 2 ** min(condition.failures - 1, 30)
            delay_s = min(doubled, self._patience.longest_delay_s) * self._chance.uniform(0.5, 1.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await condition.well.wait()

    async def _change(self, call: Callable[[], Awaitable[T]], deadline_s: float) -> T:
        result = await self._ask(self._writing, call, deadline_s)
        self._note_success(self._writing)
        return result

    async def _ask(self, condition: Condition, call: Callable[[], Awaitable[T]], deadline_s: float) -> T:
        self.standing.asked += 1
        try:
            async with asyncio.timeout(deadline_s):
                return await call()
        except TimeoutError:
            self._note_failure(condition, "slow", f"did not answer within {deadline_s:g} s")
            raise StoreUnavailable(self.name, f"it did not answer within {deadline_s:g} s") from None
        except StoreFailed as problem:
            self._note_failure(condition, _kind_of(problem), problem.reason)
            raise
        except Exception as problem:
            if not condition.failures:
                log.exception("a store of blocks failed as none should", store=self.name)
            self._note_failure(condition, "broken", repr(problem))
            raise StoreUnavailable(self.name, f"it is broken: {problem!r}") from problem

    def _note_failure(self, condition: Condition, kind: str, reason: str) -> None:
        self.standing.failed[kind] += 1
        condition.fail(reason)
        if condition.failures == 1:
            log.warning("a store of blocks fails; it is tried again", store=self.name, kind=kind, why=reason)

    def _note_success(self, condition: Condition) -> None:
        if condition.failures:
            log.info("a store of blocks works again", store=self.name, failures=condition.failures)
        if condition.failures >= LONG_AWAY:
            self.came_back.set()
        condition.succeed()

    def _note_latency(self, seconds: float, weight: float = WEIGHT) -> None:
        before, now_s = self.standing.latency_s, _now_s()
        if before is None or now_s - self.standing.measured_s >= FORGOTTEN_S:
            before = seconds
        self.standing.latency_s = before + weight * (seconds - before)
        self.standing.measured_s = now_s


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _kind_of(problem: StoreFailed) -> str:
    match problem:
        case StoreFull():
            return "full"
        case WrongBytes():
            return "wrong"
        case MissingBlocks():
            return "missing"
        case _:
            return "unavailable"
