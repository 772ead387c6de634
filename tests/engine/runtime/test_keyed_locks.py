"""Locks by name."""

from __future__ import annotations

import asyncio

from engine.runtime.keyed_locks import KeyedLocks
from tests.engine.in_loop import in_loop


@in_loop
async def test_one_name_is_held_by_one_at_a_time() -> None:
    """Others of that name wait, in order; those of another name do not. Afterwards nothing is left."""
    locks, seen = KeyedLocks(), []

    async def hold(key: str, number: int) -> None:
        async with locks.holding(key):
            seen.append(f"{key}{number} begins")
            await asyncio.sleep(0)
            seen.append(f"{key}{number} ends")

    await asyncio.gather(hold("a", 1), hold("a", 2), hold("b", 1))
    assert [one for one in seen if one[0] == "a"] == ["a1 begins", "a1 ends", "a2 begins", "a2 ends"]
    assert seen.index("b1 begins") < seen.index("a1 ends")
    assert not locks._locks


@in_loop
async def test_whoever_gives_up_waiting_leaves_nothing_behind() -> None:
    """And whoever comes next gets the lock."""
    locks = KeyedLocks()

    async def hold() -> None:
        async with locks.holding("a"):
            await asyncio.sleep(0)

    async with locks.holding("a"):
        waiting = asyncio.ensure_future(hold())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await hold()
    assert not locks._locks
