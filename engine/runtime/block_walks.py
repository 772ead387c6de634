"""All that roots lead to, fetched from a store a bounded number of bytes at a time."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping

from engine.core.block_links import links_of_block
from engine.core.cids import Cid
from engine.ports import BlockStore, MissingBlocks

MOST_AT_ONCE, LEAST_AT_ONCE = 128, 4
"""Blocks that are asked for in one call."""
BYTES_AT_ONCE = 2 << 20
"""What such a call should give. How many blocks that are follows from those before, and is at most doubled,
because small blocks may lead to large ones."""
UNDER_WAY = 4
"""Calls at a time: a node that is far away has always something to do."""


async def walk(store: BlockStore, roots: Iterable[Cid]) -> AsyncIterator[dict[Cid, bytes]]:
    """Each block once, those above before those below, always in the same order. Raises `MissingBlocks`, and
    what the store raises.

    Of the blocks that it has seen it remembers the names, of those ahead too.
    """
    ahead = list(dict.fromkeys(roots))
    seen = set(ahead)
    at_once = LEAST_AT_ONCE
    calls: deque[tuple[list[Cid], Task[dict[Cid, bytes]]]] = deque()
    try:
        while ahead or calls:
            while ahead and len(calls) < UNDER_WAY:
                # The last first: going down before going on keeps the list of what is ahead short.
                wanted = ahead[-at_once:]
                del ahead[-at_once:]
                calls.append((wanted, asyncio.create_task(store.get_many(wanted))))
            wanted, call = calls.popleft()
            found = _in_order(store, wanted, await call)
            for cid, block in found.items():
                new = [link for link in links_of_block(cid, block) if link not in seen]
                seen.update(new)
                ahead.extend(new)
            at_once = min(2 * at_once, _how_many(found))
            yield found
    finally:
        for _, call in calls:
            call.cancel()
        await asyncio.gather(*(call for _, call in calls), return_exceptions=True)


def _in_order(store: BlockStore, wanted: Iterable[Cid], found: Mapping[Cid, bytes]) -> dict[Cid, bytes]:
    if missing := [cid for cid in wanted if cid not in found]:
        raise MissingBlocks(store.name, f"{len(missing)} of the blocks to be read are missing", missing)
    return {cid: found[cid] for cid in wanted}


def _how_many(found: Mapping[Cid, bytes]) -> int:
    """As many as have the bytes that are wanted, if they are as large as these."""
    size = sum(map(len, found.values())) // len(found)
    return max(LEAST_AT_ONCE, min(BYTES_AT_ONCE // max(size, 1), MOST_AT_ONCE))
