"""The module `engine`: where the pico lives, where else it could, and going there.

Which engines there are, and how they were measured, is nothing of a pico's, so it is asked for and recorded:
a turn that is run again elsewhere comes out the same. To move is an effect. It begins after the commit, and
what becomes of it the pico hears as an event of the domain `engine`. A pico has to be granted the module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.consultation import MODULE, make_content, read_value
from engine.core.later import send_off
from engine.core.mesh.offers import BadFilter, check_filter
from engine.core.messages import Question
from engine.core.world import World
from pico_lang.coercion import to_string
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.values import Value, is_null, is_number, to_stored

NAME = "engine"
STEPS_OF_A_QUESTION = 1_000
"""As many as a question to a plugin costs."""
LONGEST_REASON = 500
"""Characters. It goes to the other engine, and into the logs of both."""
LONGEST_NAME = 4_096
"""Of an engine; a DID with everything in it has some hundreds."""

LARGEST_PRICE = 2**53 - 1

ARRIVED, LEAVING, DEPARTED_FAILED = "arrived", "leaving", "departed_failed"
TOLD = frozenset({ARRIVED, LEAVING, DEPARTED_FAILED})
"""Events by which a pico hears of its moves."""


def _here(world: World) -> Value:
    """What the engine says of itself, and since when the pico is there."""
    return _ask(world, "here", {})


def _offers(world: World, filter: Value) -> Value:
    """The engines that this one knows, so far as they are as wanted."""
    return _ask(world, "offers", {"filter": _read_filter(world, filter)})


def _migrate(world: World, to: Value, reason: Value, price: Value) -> Value:
    """Go there, after this turn."""
    arguments = {"to": _read_engine(to), "reason": _read_reason(reason), "price": _read_price(price)}
    world.run.meter.charge(STEPS_OF_A_QUESTION)
    send_off(world, Question(MODULE, make_content(NAME, "migrate", arguments, world.run.next_key())))
    return None


def _ask(world: World, name: str, arguments: Mapping[str, Value]) -> Value:
    run = world.run
    run.meter.charge(STEPS_OF_A_QUESTION)
    return read_value(run.meter, run.learned.ask(MODULE, make_content(NAME, name, arguments, None)))


def _read_filter(world: World, given: Value) -> dict[str, Value]:
    """Null members say nothing: a setting that nobody has made is no wish."""
    if is_null(given):
        return {}
    if not isinstance(given, dict):
        raise TypeFault(f"engine:offers takes a map of wishes, not {to_string(given)}")
    wishes = {name: value for name, value in given.items() if not is_null(value)}
    try:
        check_filter(wishes)
    except BadFilter as problem:
        raise TypeFault(f"engine:offers: {problem}") from None
    kept: dict[str, Value] = to_stored(wishes, world.run.meter)
    return kept


def _read_engine(given: Value) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_NAME:
        raise TypeFault(
            "engine:migrate needs an engine, by its DID or by the name that the owner of this one gave it, "
            f"not {to_string(given)[:64]!r}"
        )
    return given.strip()


def _read_reason(given: Value) -> str:
    return "" if is_null(given) else to_string(given)[:LONGEST_REASON]


def _read_price(given: Value) -> float:
    if is_null(given):
        return 0.0
    if not is_number(given) or given < 0 or given != int(given) or given > LARGEST_PRICE:
        raise TypeFault(
            f"engine:migrate: a price is a whole number of units a day, not {to_string(given)[:64]}"
        )
    return float(given)


CALLS: Mapping[str, Callable[..., Value]] = {"here": _here, "offers": _offers, "migrate": _migrate}

MEMBERS: Mapping[str, Member] = {
    "here": Member("both"),
    "offers": Member("both", ("filter",)),
    "migrate": Member("action", ("to", "reason", "price")),
}
