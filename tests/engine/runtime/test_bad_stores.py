"""What callers notice of a store that is bad, which is nothing."""

from __future__ import annotations

import asyncio

from tests.engine.making_blocks import grow
from tests.engine.runtime.store_machine import (
    Machine,
    faulty,
    keep,
    replicated,
    timed_get,
    virtually,
)

DAY_S = 24 * 3600


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
