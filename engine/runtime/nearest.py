"""Blocks from whichever store has them soonest.

The one that was quickest lately is asked first. If it takes longer than it should, the next is asked too,
and so on; if it has not got all, the next is asked for the rest. Stores that fail are asked again as long
as there is time and somebody else has not got what is missing.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Collection, Sequence
from contextlib import suppress

from engine.core.cids import Cid
from engine.ports import StoreFailed
from engine.runtime.other_stores import OtherStore, Patience

LATE = 3.0
"""Times what was expected of a store: then the next one is asked too."""
SOONEST_S = 0.05
"""Before that nobody is late."""
LATEST_S = 2.0
"""After that everybody is."""


async def find_blocks(
    cids: Collection[Cid], stores: Sequence[OtherStore], patience: Patience
) -> dict[Cid, bytes]:
    """Those of them that any store gives in time."""
    search = _Search(cids, stores)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.find_s):
                await search.run()
    finally:
        await search.end()
    return search.found


def nearest_first(stores: Sequence[OtherStore]) -> list[OtherStore]:
    """As far as is known now."""
    return sorted(stores, key=OtherStore.expected_s)


class _Search:
    def __init__(self, cids: Collection[Cid], stores: Sequence[OtherStore]) -> None:
        self.found: dict[Cid, bytes] = {}
        self._wanted = set(cids)
        self._ahead = nearest_first(stores)
        self._asking: set[Task[None]] = set()

    async def run(self) -> None:
        while self._wanted and (self._ahead or self._asking):
            late_s = None
            if self._ahead:
                store = self._ahead.pop(0)
                self._asking.add(asyncio.create_task(self._ask(store)))
                late_s = min(max(LATE * store.expected_s(), SOONEST_S), LATEST_S)
            # Woken by the first who is done, whatever it has: if something is missing, the next is asked.
            done, self._asking = await asyncio.wait(
                self._asking, timeout=late_s if self._ahead else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()

    async def _ask(self, store: OtherStore) -> None:
        while wanted := tuple(self._wanted):
            try:
                found = await store.get(wanted)
            except StoreFailed:
                await store.rest_reading()
            else:
                self.found.update(found)
                self._wanted -= found.keys()
                return

    async def end(self) -> None:
        """Whoever was asked too and is not needed any more."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
