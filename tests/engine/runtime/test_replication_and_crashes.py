"""A crash at any write, while several stores are brought what they are to have."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.making_blocks import Tree, above, grow
from tests.engine.runtime.first_life import live_until_death
from tests.engine.runtime.store_machine import (
    Machine,
    faulty,
    keep,
    settle,
)
from tests.fakes.crashing_database import NEVER, When
from tests.fakes.virtual_loop import run_virtually

SHARED = grow(50, leaves=5)
STATES = [above(SHARED, grow(51 + number, leaves=4)) for number in range(4)]


async def live(machine: Machine, kept: dict[str, list[Tree]]) -> None:
    """A life in which roots are superseded and one is released; `kept` is what was acknowledged of each
    keeper, and after it what was asked for and not answered yet."""
    many = await machine.start()
    for number, tree in enumerate(STATES):
        keeper = "ann" if number % 2 else "bob"
        if keeper in kept:
            kept[keeper].append(tree)
        await keep(many, keeper, tree)
        kept[keeper] = [tree]
        await asyncio.sleep(0.1 * (number % 3))
    kept.pop("bob", None)
    await many.release("bob")
    await settle(many)
    await many.close()


async def writes_of_a_quiet_life() -> int:
    machine = Machine([faulty("one"), faulty("two")])
    await live(machine, {})
    return machine.database.writes


async def crash_at(at: int, when: When) -> None:
    one, two = faulty("one"), faulty("two")
    machine = Machine([one, two])
    machine.database.revive(at, when)
    kept: dict[str, list[Tree]] = {}
    tasks = asyncio.all_tasks()
    await live_until_death(live(machine, kept), machine.database.crashed)
    assert machine.database.crashed.is_set()
    for task in asyncio.all_tasks() - tasks:
        task.cancel()
    await asyncio.sleep(0)
    machine.database.revive()
    many = await machine.start()
    roots = await many.roots()
    for either in kept.values():
        assert roots & {tree.root for tree in either}, f"crash {when} write {at}"
    await settle(many)
    for store in machine.others:
        assert machine.has_exactly(store, [tree for tree in STATES if tree.root in await many.roots()])
    await many.close()

    await live(machine, {})
    for store in machine.others:
        assert machine.has_exactly(store, [STATES[3]]), f"crash {when} write {at}"
    assert machine.local._roots == {STATES[3].root}, f"crash {when} write {at}"
    assert machine.database.rows("keepers") == 1
    assert machine.database.rows("pins") == 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_loses_nothing_and_leaves_nothing_behind(when: When) -> None:
    """What was acknowledged is pinned here and comes to the others; what nobody wants any more is pinned
    nowhere, and whoever got no answer may do it all again."""
    writes = run_virtually(writes_of_a_quiet_life())
    assert 40 < writes < NEVER
    for at in range(1, writes + 1):
        run_virtually(crash_at(at, when))
