"""The module `random`: ids, words and numbers, all drawn from the turn's recorded chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from engine.core.chance import Chance
from engine.core.world import World
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.values import Value, is_null


def uuid(chance: Chance) -> Value:
    """An id of 25 characters, which never was a UUID."""
    return chance.id()


def word(chance: Chance) -> Value:
    return chance.word()


def integer(chance: Chance, upper: Value, lower: Value) -> Value:
    """A whole number between the bounds, both included; the bounds are rounded."""
    low, high = sorted(math.floor(bound + 0.5) for bound in _bounds(upper, lower))
    return float(chance.integer(low, high))


def number(chance: Chance, upper: Value, lower: Value) -> Value:
    """A number between the bounds, both included."""
    low, high = sorted(_bounds(upper, lower))
    share = chance.below(2**53 + 1) / 2**53
    return min(high, max(low, low * (1 - share) + high * share))


def _bounds(upper: Value, lower: Value) -> tuple[float, float]:
    """0 and 1, unless given; an upper bound that is missing is 0 when there is a lower one."""
    low, high = _bound(lower), _bound(upper)
    if high is None:
        high = 1.0 if low is None else 0.0
    return low or 0.0, high


def _bound(value: Value) -> float | None:
    """None when it is null or no number."""
    bound = None if is_null(value) else to_number(value)
    if bound is not None and not math.isfinite(bound):
        raise TypeFault(f"a random number has no bound {to_string(value)}")
    return bound


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "uuid": uuid,
    "word": word,
    "integer": integer,
    "number": number,
}

MEMBERS: Mapping[str, Member] = {
    "uuid": Member("function"),
    "word": Member("function"),
    "integer": Member("function", ("upper", "lower")),
    "number": Member("function", ("upper", "lower")),
}


def _drawing(function: Callable[..., Value]) -> Callable[..., Value]:
    def call(world: World, *arguments: Value) -> Value:
        return function(world.run.learned.chance, *arguments)

    return call


CALLS: Mapping[str, Callable[..., Value]] = {name: _drawing(one) for name, one in FUNCTIONS.items()}
