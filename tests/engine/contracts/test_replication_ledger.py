"""What a ledger of replication promises, held against a file and against the one of simulations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path

import pytest

from engine.adapters.blocks.database import Database
from engine.adapters.blocks.ledger import SqliteLedger
from engine.core.cids import Cid
from engine.core.replicas import NOWHERE, Replication
from engine.ports import Goal, Kept, ReplicationLedger
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import leaf
from tests.fakes.inline_database import InlineDatabase

A, B, C = (leaf(name).root for name in (b"a", b"b", b"c"))
TWO = Replication(copies=2, always=("ant",), among=("ant", "bee"))


class Shelf:
    """Opens a ledger over the same durable content every time."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._inline = InlineDatabase() if kind == "inline" else None
        self._path = folder / "blocks.db"
        self._open: list[Database] = []

    async def open(self) -> ReplicationLedger:
        await self.close()
        self._open.append(self._inline or Database(self._path))
        return SqliteLedger(self._open[-1])

    async def close(self) -> None:
        for database in self._open:
            await database.close()


@asynccontextmanager
async def shelf(kind: str, folder: Path) -> AsyncIterator[Shelf]:
    one = Shelf(kind, folder)
    try:
        yield one
    finally:
        await one.close()


def on_each_ledger(test: Callable[[Shelf], Awaitable[None]]) -> Callable[[str, Path], None]:
    @pytest.mark.parametrize("kind", ["file", "inline"])
    @wraps(test)
    def run(kind: str, tmp_path: Path) -> None:
        @in_loop
        async def on_shelf() -> None:
            async with shelf(kind, tmp_path) as one:
                await test(one)

        on_shelf()

    del run.__wrapped__  # pytest would take its parameter for a fixture
    return run


async def want(ledger: ReplicationLedger, keeper: str, root: Cid | None, *stores: str) -> None:
    """A root as `ManyStores` asks for it."""
    await ledger.want(keeper, root, TWO if root else NOWHERE, "local", stores)


@on_each_ledger
async def test_what_is_wanted_is_to_be_reached(shelf: Shelf) -> None:
    """In each of the stores, and in the local one it is pinned already; after a restart too."""
    await want(await shelf.open(), "ann", A, "ant", "bee")
    ledger = await shelf.open()
    assert await ledger.kept("", 9) == [Kept("ann", A, TWO, frozenset({"local", "ant", "bee"}))]
    for store in ("local", "ant", "bee"):
        assert await ledger.next_goals(store, 9) == [Goal(store, "ann", A)]
    assert await ledger.next_goals("cat", 9) == []
    assert await ledger.pins("local", "ann") == {A: True}
    assert await ledger.pins("ant", "ann") == {}
    assert await ledger.open_goals() == {"local": 1, "ant": 1, "bee": 1}


@on_each_ledger
async def test_a_goal_that_is_reached_is_closed_unless_it_has_changed(shelf: Shelf) -> None:
    """And opened by the next root, not by the same one."""
    ledger = await shelf.open()
    await want(ledger, "ann", A, "ant")
    await want(ledger, "ann", B, "ant")
    await ledger.close_goal(Goal("ant", "ann", A))
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "ann", B)]
    await ledger.close_goal(Goal("ant", "ann", B))
    await want(ledger, "ann", B, "ant")
    assert await ledger.next_goals("ant", 9) == []
    assert await ledger.goal("ant", "ann") == Goal("ant", "ann", B)
    await want(ledger, "ann", C, "ant")
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "ann", C)]


@on_each_ledger
async def test_goals_come_in_the_order_of_their_keepers_first_wish(shelf: Shelf) -> None:
    """But one that was postponed comes after all others."""
    ledger = await shelf.open()
    for keeper in ("cyd", "ann", "bob"):
        await want(ledger, keeper, A, "ant")
    assert [goal.keeper for goal in await ledger.next_goals("ant", 2)] == ["cyd", "ann"]
    await ledger.postpone(Goal("ant", "cyd", A))
    assert [goal.keeper for goal in await ledger.next_goals("ant", 9)] == ["ann", "bob", "cyd"]
    assert [kept.keeper for kept in await ledger.kept("ann", 9)] == ["bob", "cyd"]


@on_each_ledger
async def test_a_store_that_is_left_waits_for_those_that_are_chosen(shelf: Shelf) -> None:
    """Until each of them has the root; a keeper that wants nothing any more waits for nobody."""
    ledger = await shelf.open()
    await want(ledger, "ann", A, "ant")
    await want(ledger, "ann", A, "bee", "cat")
    for store in ("local", "bee", "cat"):
        assert await ledger.next_goals("ant", 9) == []
        await ledger.close_goal(Goal(store, "ann", A))
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "ann", None)]
    await want(ledger, "ann", B, "bee")
    await want(ledger, "ann", None)
    for store in ("local", "ant", "bee", "cat"):
        assert await ledger.next_goals(store, 9) == [Goal(store, "ann", None)]
        await ledger.close_goal(Goal(store, "ann", None))
        assert await ledger.goal(store, "ann") is None
    assert await ledger.kept("", 9) == []


@on_each_ledger
async def test_a_pin_is_noted_before_it_is_sure(shelf: Shelf) -> None:
    """So that whoever comes after a crash looks: the goal is open until somebody has."""
    ledger = await shelf.open()
    await want(ledger, "ann", A, "ant")
    await ledger.close_goal(Goal("ant", "ann", A))
    assert not await ledger.begin_pin("ant", "ann", B)
    assert await ledger.begin_pin("ant", "ann", B)
    ledger = await shelf.open()
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "ann", A)]
    assert await ledger.pins("ant", "ann") == {B: False}
    await ledger.end_pin("ant", "ann", B)
    assert await ledger.begin_pin("ant", "ann", B)
    assert await ledger.pins("ant", "ann") == {B: True}
    assert await ledger.has_other_keepers("ant", "bob", B)
    assert not await ledger.has_other_keepers("ant", "ann", B)
    assert not await ledger.has_other_keepers("bee", "bob", B)
    await ledger.drop_pin("ant", "ann", B)
    assert await ledger.pins("ant", "ann") == {}


@on_each_ledger
async def test_a_goal_is_reached_with_the_last_pin_that_goes(shelf: Shelf) -> None:
    """In one write; but not when it has become another one meanwhile."""
    ledger = await shelf.open()
    await want(ledger, "ann", B, "ant")
    for root in (A, C):
        await ledger.begin_pin("ant", "ann", root)
    await ledger.drop_pin("ant", "ann", A, Goal("ant", "ann", A))
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "ann", B)]
    await ledger.drop_pin("ant", "ann", C, Goal("ant", "ann", B))
    assert await ledger.next_goals("ant", 9) == []
    assert await ledger.pins("ant", "ann") == {}


@on_each_ledger
async def test_what_a_store_has_lost_is_to_be_brought_again(shelf: Shelf) -> None:
    """Its pins are not sure any more, their goals are open, and nothing is thought to be held there."""
    ledger = await shelf.open()
    for keeper, root in (("ann", A), ("bob", B)):
        await want(ledger, keeper, root, "ant")
        await ledger.begin_pin("ant", keeper, root)
        await ledger.end_pin("ant", keeper, root)
        await ledger.close_goal(Goal("ant", keeper, root))
    await ledger.hold("ant", [A, B])
    await ledger.hold("bee", [A])
    assert await ledger.check_pins("ant", {A, B, C}) == 0
    assert await ledger.held("ant", [A, B, C]) == {A, B}
    assert await ledger.check_pins("ant", {A}) == 1
    assert await ledger.next_goals("ant", 9) == [Goal("ant", "bob", B)]
    assert (await ledger.pins("ant", "ann"), await ledger.pins("ant", "bob")) == ({A: True}, {B: False})
    assert await ledger.held("ant", [A, B]) == set()
    assert await ledger.held("bee", [A]) == {A}


@on_each_ledger
async def test_what_is_held_is_known_until_it_is_forgotten(shelf: Shelf) -> None:
    """For each store apart, and over a restart."""
    ledger = await shelf.open()
    await ledger.hold("ant", [A, B])
    await ledger.hold("ant", [B])
    ledger = await shelf.open()
    await ledger.forget("ant", [A, C])
    assert await ledger.held("ant", [A, B, C]) == {B}
    assert await ledger.held("bee", [B]) == set()
