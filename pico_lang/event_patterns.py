"""`select when …`: one event and what was half-matched before it give what is half-matched after it.

What is half-matched is plain data that outlives restarts, upgrades and moves. It names places in the
structure of the expression and carries the expression's fingerprint: state kept for another expression
is dropped here, and nobody else has to ask whether it still fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple, TypedDict

from pico_lang.coercion import to_number
from pico_lang.errors import BudgetSpent
from pico_lang.event_expressions import (
    Aggregate,
    Machine,
    base_events,
    build_machine,
    pattern_fingerprint,
    problems,
)
from pico_lang.event_machine import START, Match, Place, Trial
from pico_lang.values import Value

__all__ = [
    "Machine",
    "Match",
    "Step",
    "advance",
    "base_events",
    "build_machine",
    "pattern_fingerprint",
    "problems",
]

MOST_PLACES = 1_000
"""How many places one expression may stand at. Only `and` and `any` of many operands that wait for the
same events get there; without the bound, one event on them could cost any amount of time and memory."""


class State(TypedDict):
    """What is half-matched: plain data, to be kept until the next event."""

    pattern: str
    """The fingerprint of the expression it belongs to."""
    places: list[str]
    """Where the expression stands: the words of each place, with dots between; "" is the start."""
    bindings: dict[str, Value]
    rows: dict[str, list[Value]]
    """Of each aggregate, by its number: the captures of the events it reaches over."""
    since: float
    """When the event came that left the start, in milliseconds."""


class Step(NamedTuple):
    """What one event did."""

    state: Value
    """To be kept for the next event; None when nothing is half-matched."""
    fired: bool
    bindings: Mapping[str, Value]
    """When fired: the names that were captured. One that was not is null."""
    why: str
    """`selected`, `advanced`, `waiting` (nothing changed), `reset` (what was half-matched is lost) or
    `refused` (nothing was; the event's attributes or a condition did not fit). `expired, ` in front:
    `within` had first ended what was half-matched."""


SELECTED = Step(None, True, {}, "selected")
IDLE = Step(None, False, {}, "waiting")
REFUSED = Step(None, False, {}, "refused")


def advance(
    machine: Machine,
    state: Value,
    domain: str,
    name: str,
    match: Callable[[int], Match | None],
    time_ms: float,
    within_ms: float | None,
) -> Step:
    """Show an event to a machine.

    `match` tests attributes and condition of a base event, given its number in `machine.bases`; it is
    asked at most once about each, and only about those that wait for this domain and name.
    """
    if machine.is_single:
        return _advance_single(machine, domain, name, match)
    before = _of_this_expression(machine, state)
    if (domain, name) not in machine.listens:
        return IDLE._replace(state=before)
    expired = before is not None and within_ms is not None and time_ms - before["since"] > within_ms
    trial = Trial(machine.tests, domain, name, match)
    step = _advance(machine, None if expired else before, trial, float(time_ms))
    return step._replace(why=f"expired, {step.why}") if expired else step


def _of_this_expression(machine: Machine, state: State | None) -> State | None:
    return None if state is None or state["pattern"] != machine.fingerprint else state


def _advance_single(machine: Machine, domain: str, name: str, match: Callable[[int], Match | None]) -> Step:
    """By far the commonest expression, `select when domain name …`, which never has any state."""
    base = machine.tests[0]
    if base.name != name or base.domain != domain:
        return IDLE
    if base.bare:
        return SELECTED
    found = match(0)
    return REFUSED if found is None else Step(None, True, found.bindings, "selected")


def _advance(machine: Machine, before: State | None, trial: Trial, time_ms: float) -> Step:
    places = _places(before)
    finished, repeating, reached = _moves(machine, places, trial)
    if not finished and not reached:
        return _stay(before, trial)
    if not finished and reached == [START]:
        return Step(None, False, {}, "reset")
    bindings, rows = _captured(machine, before, trial)
    since = before["since"] if before is not None and START not in places else time_ms
    if not finished:
        return Step(_state(machine, reached, bindings, rows, since), False, {}, "advanced")
    # A `repeat` that goes on has not been back at the start: its `within` runs on, its captures are new.
    after = _state(machine, repeating, {}, rows, since) if repeating else None
    return Step(after, True, bindings, "selected")


def _stay(before: State | None, trial: Trial) -> Step:
    """Nothing moved: an event that was waited for, but did not fit, ends what was half-matched."""
    if trial.failed:
        return REFUSED if before is None else Step(None, False, {}, "reset")
    return IDLE if before is None else Step(before, False, {}, "waiting")


def _moves(machine: Machine, places: Iterable[Place], trial: Trial) -> tuple[bool, list[Place], list[Place]]:
    """Whether the expression is satisfied, where it may be satisfied again from, and where it stands."""
    finished = False
    repeating: dict[Place, None] = {}
    reached: dict[Place, None] = {}
    for place in places:
        for move in machine.pattern.moves(place, trial):
            finished = finished or move.finished
            if move.place is not None:
                (repeating if move.finished else reached)[move.place] = None
        if len(reached) > MOST_PLACES:
            raise BudgetSpent("R703", f"an event expression that stands at more than {MOST_PLACES:,} places")
    return finished, list(repeating), list(reached)


def _places(state: State | None) -> list[Place]:
    if state is None:
        return [START]
    return [tuple(place.split(".")) if place else START for place in state["places"]]


def _state(
    machine: Machine,
    places: Iterable[Place],
    bindings: dict[str, Value],
    rows: dict[str, list[Value]],
    since: float,
) -> State:
    return State(
        pattern=machine.fingerprint,
        places=[".".join(place) for place in places],
        bindings=bindings,
        rows=rows,
        since=since,
    )


# --- captures --------------------------------------------------------------------------------------


def _captured(
    machine: Machine, before: State | None, trial: Trial
) -> tuple[dict[str, Value], dict[str, list[Value]]]:
    """Names and rows with what this event adds: first what `setting` names, then the aggregates. Of two
    values for one name the later stays, and each kind is in the order of the text."""
    bindings = {} if before is None else dict(before["bindings"])
    rows = {} if before is None else dict(before["rows"])
    for number in sorted(trial.found):
        bindings.update(trial.found[number].bindings)
    for number, length in sorted(trial.rows.items()):
        aggregate = machine.aggregates[number]
        captures = _by_position(aggregate, trial.found[aggregate.base])
        rows[str(number)] = [*rows.get(str(number), []), captures][-length:]
        bindings.update(_aggregated(machine, aggregate, rows[str(number)]))
    return bindings, rows


def _by_position(aggregate: Aggregate, match: Match) -> list[Value]:
    return [
        match.captures[place] if place < len(match.captures) else None
        for place in range(len(aggregate.names))
    ]


def _aggregated(machine: Machine, aggregate: Aggregate, row: Sequence[Sequence[Value]]) -> dict[str, Value]:
    if not machine.bases[aggregate.base].matches:
        return dict.fromkeys(aggregate.names)
    columns = zip(*row, strict=True)
    return {
        name: _aggregate(aggregate.function, list(column))
        for name, column in zip(aggregate.names, columns, strict=True)
    }


def _aggregate(function: str, captures: list[Value]) -> Value:
    if function == "push":
        return captures
    numbers = [to_number(capture) or 0.0 for capture in captures]
    if function in ("max", "min"):
        return max(numbers) if function == "max" else min(numbers)
    # Not `sum`: since Python 3.12 it adds floats in another way, and a replay must give the same result.
    total = reduce(add, numbers)
    return total if function == "sum" else total / len(numbers)
