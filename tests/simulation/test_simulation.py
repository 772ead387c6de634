"""Thousands of small worlds, each with hundreds of moves between engines that fail in every way there is.

Each comes from one number, so a failure can be had again: `World(seed, plan_of(seed)).run()`.
`CAMPAIGN=10` runs ten times as many, and others each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.core.migration import forwards_to
from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import Late, Refuse
from tests.campaign import examples, seed
from tests.simulation import engine as shell
from tests.simulation.copies import Copy, follow
from tests.simulation.network import CALM
from tests.simulation.world import Broken, Plan, World, sequential

SEEDS = 2000
BATCH = 25
FAILED_ONCE = (70, 677, 1004)
"""Worlds in which something was found to be wrong, beside those that other changes have made others."""


def plan_of(seed: int) -> Plan:
    """Two to five engines."""
    return Plan(engines=2 + seed % 4)


def run(seed: int, plan: Plan | None = None) -> World:
    world = World(seed, plan or plan_of(seed))
    try:
        world.run()
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from broken
    return world


@pytest.mark.parametrize("batch", range(examples(SEEDS // BATCH)))
def test_nothing_is_lost_and_nothing_happens_twice(batch: int) -> None:
    """Each world looks itself whether what it promises is kept; see there."""
    first = seed(batch * BATCH)
    for number in range(first, first + BATCH):
        assert run(number).arrivals >= 200


@pytest.mark.parametrize("number", FAILED_ONCE)
def test_what_was_wrong_once_is_right_now(number: int) -> None:
    """And stays so."""
    run(number)


def test_a_seed_is_a_world() -> None:
    """The same one each time."""
    one, other = run(3), run(3)
    assert one.clock.now == other.clock.now
    assert one.performed == other.performed


def test_disasters_happen() -> None:
    """A world in which everything goes well would prove nothing."""
    worlds = [run(number) for number in range(8)]
    assert sum(world.restores for world in worlds) > 0
    assert sum(engine.boot for world in worlds for engine in world.engines.values()) > len(worlds)
    assert sum(len(world.forgiven) for world in worlds) < sum(world.sent for world in worlds) / 20


def test_where_nothing_fails_nothing_is_forgiven() -> None:
    """Then it is only a matter of taking turns."""
    world = run(1, replace(plan_of(1), weather=CALM))
    assert not world.forgiven
    assert world.restores == 0


def test_the_sequential_model_sees_the_order() -> None:
    """And how often something has happened."""
    assert len({sequential([1, 2]), sequential([2, 1]), sequential([1, 2, 2])}) == 3


# --- what if something were missing -----------------------------------------------------------------


def give_up(source: leaving.Source, message: object) -> leaving.Step:
    return leaving._given_up(source), ()


def forget_the_number(copy: Copy, events: tuple[tuple[int, int], ...]) -> None:
    for event, _ in events:
        copy.forward.pop(event, None)


def run_again(self: Copy, event: int) -> None:
    del self.inbox[event]
    self.history.append(event)
    self.handled.add(event)
    self.digest = follow(self.digest, event)
    self.unsent[event] = None


def put_down_blindly(copy: Copy, event: int, number: int) -> None:
    if forwards_to(copy.seat) is None:
        copy.inbox[event] = None
    else:
        copy.forward[event] = number


def leave_nothing(self: Copy, everything: bool, number: int) -> None:
    self.inbox, self.unsent = {}, {}


def ask_nobody(self: shell.Engine) -> None:
    self._be_sure()


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "released is not for ever": lambda patch: patch.setitem(
        leaving.TABLE, (leaving.Phase.RELEASED, Refuse), give_up
    ),
    "staged is not until further notice": lambda patch: patch.setitem(
        coming.TABLE, (coming.Phase.STAGED, Late), coming._too_late
    ),
    "any receipt counts": lambda patch: patch.setattr(shell, "_note_receipt", forget_the_number),
    "what was run is run again": lambda patch: (
        patch.setattr(Copy, "run", run_again),
        patch.setattr(shell, "_put_down", put_down_blindly),
    ),
    "what waits is not forwarded": lambda patch: patch.setattr(Copy, "leave", leave_nothing),
    "who was restored asks nobody": lambda patch: patch.setattr(shell.Engine, "ask_around", ask_nobody),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_what_is_missing_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first few worlds already."""
    MUTANTS[mutant](monkeypatch)
    with pytest.raises(Broken):
        _run_some()


def _run_some() -> None:
    for number in range(60):
        run(number)
