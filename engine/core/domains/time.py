"""The module `time`: reading, writing and adding to times, with the turn's time as now.

Everything is UTC, also `strftime`, which once used the time zone of the machine: what a ruleset
answers must not depend on where its pico lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core import strftime as formats
from engine.core import timekeeping
from engine.core.world import World
from pico_lang.coercion import to_number, to_string, truthy
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.meter import Meter
from pico_lang.values import Value, is_number

STEPS = 120
"""Of any of these functions: reading and writing a date takes as long as that many steps of a program."""

LONGEST_CONVERSION = 16
"""Characters in the text of a conversion for each one of its pattern: `%c` gives 31 for 2."""


def now(meter: Meter, now_ms: int, options: Value) -> Value:
    """The time of the turn, the same however often it is asked for. A time zone has no effect."""
    if truthy(options) and not isinstance(options, dict):
        raise TypeFault(f"time:now takes a map of options, not {to_string(options)}")
    return timekeeping.to_iso(now_ms)


def new(meter: Meter, now_ms: int, date: Value) -> Value:
    """A text in any form of ISO 8601, or milliseconds since 1970, as a text in the one usual form."""
    if is_number(date) and date:
        return _iso("time:new", lambda: timekeeping.to_iso(date))
    return timekeeping.to_iso(_read("time:new", meter, now_ms, date))


def add(meter: Meter, now_ms: int, date: Value, spec: Value) -> Value:
    ms = _read("time:add", meter, now_ms, date)
    if not isinstance(spec, dict):
        raise TypeFault(f'time:add takes a map like {{"days": 1}}, not {to_string(spec)}')
    meter.charge(len(spec))
    amounts = {unit: amount for unit, value in spec.items() if (amount := _amount(value)) is not None}
    return _iso("time:add", lambda: timekeeping.to_iso(timekeeping.add(ms, amounts)))


def strftime(meter: Meter, now_ms: int, date: Value, pattern: Value) -> Value:
    ms = _read("time:strftime", meter, now_ms, date)
    if not isinstance(pattern, str) or not pattern:
        raise TypeFault(f'time:strftime takes a pattern like "%F %T", not {to_string(pattern)}')
    meter.check_string(len(pattern) * LONGEST_CONVERSION)
    return formats.strftime(ms, pattern)


def _read(name: str, meter: Meter, now_ms: int, date: Value) -> int:
    if not truthy(date):
        raise TypeFault(f"{name} needs a date")
    text = to_string(date)
    meter.check_string(len(text))
    ms = timekeeping.parse_time(text, now_ms)
    if ms is None:
        raise TypeFault(f"{name} needs a date in a form of ISO 8601 like 2024-02-29T12:00Z, not {text[:40]}")
    return ms


def _amount(value: Value) -> float | None:
    """An amount of some unit; what is no number adds nothing."""
    return to_number(value) if isinstance(value, str | float) else None


def _iso(name: str, reckon: Callable[[], str]) -> str:
    try:
        return reckon()
    except ValueError as beyond:
        raise TypeFault(f"{name} was given {beyond}") from None


FUNCTIONS: Mapping[str, Callable[..., Value]] = {"now": now, "new": new, "add": add, "strftime": strftime}

MEMBERS: Mapping[str, Member] = {
    "now": Member("function", ("opts",)),
    "new": Member("function", ("date",)),
    "add": Member("function", ("date", "spec")),
    "strftime": Member("function", ("date", "fmt")),
}


def _timed(function: Callable[..., Value]) -> Callable[..., Value]:
    def call(world: World, *arguments: Value) -> Value:
        world.run.meter.charge(STEPS)
        return function(world.run.meter, world.run.learned.time_ms, *arguments)

    return call


CALLS: Mapping[str, Callable[..., Value]] = {name: _timed(one) for name, one in FUNCTIONS.items()}
