"""Every interleaving of a move: messages lost, doubled, late and out of order, crashes, backups.

`exploring` makes the worlds. What must hold in each of them is said here, and that the exploration would
see it if a guard were missing from the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from engine.core.migration import acts, forwards_to
from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import (
    Again,
    Cancel,
    Late,
    NotStaged,
    Ready,
    Refuse,
    Sent,
    Signed,
    Started,
    Willing,
)
from tests.campaign import CAMPAIGN
from tests.engine.core.migration.exploring import (
    AWAY,
    BORN,
    HOME,
    Bounds,
    Broken,
    Explored,
    World,
    calm,
    explore,
    is_calm,
)

LEFT = {leaving.Phase.RELEASED, leaving.Phase.GONE}
SECRETLY = partial(Bounds, noticed=False)
FEW = Bounds(attempts=2, starts=0)

PLANS = {
    "crashes": (Bounds(attempts=2, starts=1), 134),
    "three attempts": (Bounds(attempts=3, starts=0), 117),
    "home restored": (Bounds(starts=0, restored=HOME), 176),
    "away restored": (Bounds(starts=0, restored=AWAY), 94),
    "home restored secretly": (SECRETLY(attempts=1, starts=0, restored=HOME), 274),
    "away restored secretly": (SECRETLY(starts=0, restored=AWAY), 94),
}
"""What may happen, and how many pairs of seats can be reached then, whatever way one looks for them."""


def holds(world: World) -> bool:
    """Whether the pico's state is safe away from home."""
    return world.away.source is not None or world.away.target.phase is coming.Phase.STAGED


def is_astray(world: World) -> bool:
    """Whether home was restored and does not know it. Nothing can keep it from acting until it hears."""
    return world.restored == HOME and not world.doubtful


def wrong(before: World, after: World) -> str | None:
    """What must never happen, whatever does."""
    home, away = after.home.source, after.away.source
    assert home is not None
    if acts(after.home) and acts(after.away):
        if not is_astray(after):
            return "it lives in two places"
        if away is not None and home.entry.number >= away.entry.number:
            return "it lives in two places, and nobody can say which is the old one"
    if home.phase in LEFT and after.restored is None and not holds(after):
        return "it was released, and nobody has it"
    if after.taken not in (None, before.taken) and not is_what_was_released(after):
        return "what lives away is not what was released"
    if is_thrown_away(before, after):
        return "what was released is thrown away"
    return None


def is_what_was_released(world: World) -> bool:
    """A home that was restored may let go a second time; what counts is the first. Who is astray, and went on
    without knowing, has things to forward."""
    released = world.released
    again = released is not None and released.state != BORN.state
    return is_astray(world) or again or world.taken == released


def is_thrown_away(before: World, after: World) -> bool:
    if is_astray(after) or after.restored == AWAY or before.released is None:
        return False
    staged = before.away.target.head == before.released
    return staged and after.away.target == coming.NOTHING and after.away.source is None


def endings(found: Explored, fails: Callable[[Any], bool] = lambda what: False) -> set[str]:
    """What can become of the worlds when the disasters are over."""
    kept = {replace(world, under_way=0) for world in found.came_from}
    return {ending(calm(world, fails)) for world in kept}


def ending(world: World) -> str:
    if not is_calm(world):
        return "it never ends"
    match acts(world.home), acts(world.away):
        case True, False:
            return "at home"
        case False, True:
            return "away" if forwards_to(world.home) == AWAY else "away, and home does not know"
        case _:
            return "in no place, or in two"


@pytest.mark.parametrize("plan", PLANS)
def test_whatever_happens_it_lives_in_one_place_and_comes_to_an_end(plan: str) -> None:
    """From each world that can be reached; also if the target refuses from then on."""
    bounds, pairs = PLANS[plan]
    found = explore(bounds, wrong)
    print(f"{plan}: {found.worlds} worlds, {found.steps} steps, {len(found.pairs)} pairs of seats")
    assert len(found.pairs) == pairs
    assert endings(found) == {"at home", "away"}
    assert endings(found, lambda what: isinstance(what, Willing)) == {"at home", "away"}


@pytest.mark.skipif(not CAMPAIGN, reason="takes minutes; CAMPAIGN=1 does it")
@pytest.mark.parametrize(
    "bounds", [Bounds(attempts=3, starts=1), SECRETLY(starts=0, restored=HOME)], ids=repr
)
def test_more_of_the_same(bounds: Bounds) -> None:
    """With more attempts, and more crashes between them."""
    assert endings(explore(bounds, wrong)) == {"at home", "away"}


def test_who_loses_its_target_before_the_release_lives_on() -> None:
    """And who loses it after that keeps the state, and acts no more."""
    found = explore(FEW, wrong)
    for world in {replace(world, under_way=0) for world in found.came_from}:
        alone = calm(replace(world, starts=(0, 0)), lambda what: isinstance(what, Sent | NotStaged))
        was, now = world.home.source, alone.home.source
        assert was is not None
        assert now is not None
        assert now.phase is (was.phase if was.phase in LEFT else leaving.Phase.LIVE)
        assert now.phase is not leaving.Phase.RELEASED or now.head is not None


# --- what if a guard were missing -------------------------------------------------------------------


def sign_for_anybody(source: leaving.Source, ready: Ready) -> leaving.Step:
    return leaving._sign(replace(source, attempt=ready.attempt, head=ready.head), ready)


def cancel_any(target: coming.Target, cancel: Cancel) -> coming.Step:
    return coming.NOTHING, ()


def give_up(source: leaving.Source, message: object) -> leaving.Step:
    return leaving._given_up(source), ()


def release_anyway(source: leaving.Source, signed: Signed) -> leaving.Step:
    known = replace(source, attempt=signed.attempt, head=BORN)
    return leaving._release(known, signed)


MUTANTS: dict[str, tuple[Any, Any, Bounds]] = {
    "a ready of another attempt counts": ((leaving.Phase.LEAVING, Ready), sign_for_anybody, FEW),
    "an entry is used though the attempt is given up": ((leaving.Phase.LIVE, Signed), release_anyway, FEW),
    "a released pico is taken back in time": ((leaving.Phase.RELEASED, Late), give_up, FEW),
    "a released pico is taken back when it is refused": ((leaving.Phase.RELEASED, Refuse), give_up, FEW),
    "a released pico is taken back at a start": ((leaving.Phase.RELEASED, Started), give_up, Bounds()),
    "a source does not repeat the release": ((leaving.Phase.RELEASED, Again), leaving.stay, FEW),
    "a source does not say that it has given up": ((leaving.Phase.LIVE, Ready), leaving.stay, FEW),
    "a target throws away what is staged in time": ((coming.Phase.STAGED, Late), coming._too_late, FEW),
    "any cancel counts": ((coming.Phase.STAGED, Cancel), cancel_any, FEW),
    "a target does not ask what became of it": ((coming.Phase.STAGED, Again), coming.stay, FEW),
    "home does not doubt itself": (leaving, "doubted", Bounds(starts=0, restored=HOME)),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_missing_guard_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exploration is no better than what it would notice."""
    where, instead, bounds = MUTANTS[mutant]
    if isinstance(where, tuple):
        table: Any = leaving.TABLE if isinstance(where[0], leaving.Phase) else coming.TABLE
        monkeypatch.setitem(table, where, instead)
    else:
        monkeypatch.setattr(where, instead, lambda source: leaving._started(source, Started()))
    try:
        found = explore(bounds, wrong)
    except Broken as broken:
        print(broken)
        return
    assert endings(found) != {"at home", "away"}, "nobody noticed"
