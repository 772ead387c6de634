"""The module `schedule`: a ruleset's own scheduled events, to be looked at and removed.

They are made by the statement `schedule`, which is part of the language: see `engine.core.scheduling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.model import Timer
from engine.core.scheduling import show_timer
from engine.core.world import World
from pico_lang.coercion import to_string
from pico_lang.host import Member
from pico_lang.values import Value

STEPS_OF_A_DESCRIPTION = 4
"""What describing one costs: a map of maps."""


def _list(world: World) -> Value:
    """In the order in which they were scheduled, as pico-engine has them."""
    timers = _own_timers(world)
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION * len(timers))
    return [show_timer(timer) for timer in timers]


def _get(world: World, timer_id: Value) -> Value:
    timer = _own_timer(world, timer_id)
    return None if timer is None else show_timer(timer)


def _remove(world: World, timer_id: Value) -> Value:
    timer = _own_timer(world, timer_id)
    if timer is not None:
        world.run.draft.remove_timer(timer.id)
    return None


def _clear(world: World) -> Value:
    for timer in _own_timers(world):
        world.run.draft.remove_timer(timer.id)
    return None


def _own_timers(world: World) -> list[Timer]:
    timers = world.run.draft.timers
    world.run.meter.charge(len(timers))
    return [timer for timer in timers.values() if timer.rid == world.rid]


def _own_timer(world: World, timer_id: Value) -> Timer | None:
    """None also for a timer of another ruleset."""
    timer = world.run.draft.timers.get(to_string(timer_id))
    return timer if timer is not None and timer.rid == world.rid else None


CALLS: Mapping[str, Callable[..., Value]] = {
    "list": _list,
    "get": _get,
    "remove": _remove,
    "clear": _clear,
}

MEMBERS: Mapping[str, Member] = {
    "list": Member("function"),
    "get": Member("function", ("id",)),
    "remove": Member("action", ("id",)),
    "clear": Member("action"),
}
