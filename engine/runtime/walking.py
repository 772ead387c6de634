"""Walks over blocks, driven in another thread, while their blocks come from and go to a store.

A large state is some seconds of work. It is done in small pieces with pauses in between, so that the event
loop gets the interpreter when it wants it; how long the pauses are says how much of the time a walk takes.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from engine.core.blocks.walks import BlockWalk, Wanted
from engine.core.cids import Cid

T = TypeVar("T")

BREATH_S = 0.001
"""After so much work others may run."""
AT_ONCE = 2 << 20
"""Bytes of new blocks that are put into a store together."""


class Written(Protocol):
    """Blocks that a walk has made: see `engine.core.blocks.walks`."""

    new: dict[Cid, bytes]


class Blocks(Protocol):
    """What a walk needs of a store."""

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None: ...

    async def get_many(self, cids: Wanted) -> Mapping[Cid, bytes]: ...


@dataclass(slots=True)
class Tally:
    """What a walk has come to."""

    blocks: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Step(Generic[T]):
    wanted: Wanted = ()
    result: list[T] = field(default_factory=list)


async def drive(
    walk: BlockWalk[T],
    store: Blocks,
    written: Written | None = None,
    rest: float = 0.0,
    tally: Tally | None = None,
    here_s: float = 0.0,
) -> T:
    """The result of a walk. What it has written is in the store when it is there, and what was in `written`
    before it began. `rest`: how long it pauses
    after a piece of work, in lengths of that piece. `here_s`: so much of it is done on the event loop, before
    the rest goes on in a thread. Raises what the walk and the store raise."""
    found: Mapping[Cid, bytes] | None = None
    while True:
        if here_s > 0:
            began_s = time.perf_counter()
            step = _go_on(walk, found, written, 0.0, here_s)
            here_s -= time.perf_counter() - began_s
        else:
            step = await asyncio.to_thread(_go_on, walk, found, written, rest)
        new = {} if written is None else written.new
        found = {cid: new[cid] for cid in step.wanted if cid in new}
        if written is not None and new and (step.result or _is_enough(new)):
            written.new = {}
            await store.put_many(new)
            _count(new, tally)
        if step.result:
            return step.result[0]
        if missing := tuple(cid for cid in step.wanted if cid not in found):
            found = {**found, **await store.get_many(missing)}


def _go_on(
    walk: BlockWalk[T],
    found: Mapping[Cid, bytes] | None,
    written: Written | None,
    rest: float,
    most_s: float = math.inf,
) -> _Step[T]:
    """As far as it gets without a store, and in so much time."""
    began_s = time.perf_counter()
    end_s = began_s + most_s
    while True:
        try:
            wanted = next(walk) if found is None else walk.send(found)
        except StopIteration as end:
            return _Step(result=[end.value])
        if wanted or (written is not None and _is_enough(written.new)):
            return _Step(wanted)
        found = {}
        now_s = time.perf_counter()
        if now_s > end_s:
            return _Step(wanted)
        if now_s - began_s > BREATH_S:
            time.sleep((now_s - began_s) * rest)
            began_s = time.perf_counter()


def _is_enough(blocks: Mapping[Cid, bytes]) -> bool:
    return sum(map(len, blocks.values())) >= AT_ONCE


def _count(blocks: Mapping[Cid, bytes], tally: Tally | None) -> None:
    if tally is not None:
        tally.blocks += len(blocks)
        tally.bytes += sum(map(len, blocks.values()))
