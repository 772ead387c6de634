"""Whether an event selects a rule: attribute matches and conditions around the state machine.

`pico_lang.event_patterns` knows how events follow each other; this module knows what it means that
one event matches: domain and type, every attribute's regular expression, then `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.event_patterns import Machine, Match, advance, build_machine
from pico_lang.regexps import captures as captures_of
from pico_lang.runtime import Runtime
from pico_lang.values import RegExp, Value

Condition = Callable[[Mapping[str, Value]], bool]

UNIT_MS = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
    "month": 30 * 86_400_000,
    "year": 365 * 86_400_000,
}
"""Units of `within`; a month has 30 days, a year 365."""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What a rule's event expression may look at."""

    domain: str
    name: str
    attrs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one event did to one rule."""

    fired: bool
    state: Value
    """The pattern state to keep; None when nothing is half-matched."""
    bindings: Mapping[str, Value]
    why: str


@dataclass(frozen=True, slots=True)
class Base:
    """One base event expression: the attributes it matches and the names it sets."""

    matches: tuple[tuple[str, RegExp], ...]
    setting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What every pico's copy of a rule shares."""

    name: str
    active: bool
    machine: Machine | None
    """None for `select where`, which is tried on every event."""
    bases: tuple[Base, ...]
    unit_ms: int | None

    def listens_to(self, domain: str, name: str) -> bool:
        return self.active and (self.machine is None or (domain, name) in self.machine.listens)

    def within_ms(self, amount: Value) -> float | None:
        """The limit of `within` in milliseconds, from the amount as the ruleset computed it."""
        if self.unit_ms is None:
            return None
        number = to_number(amount)
        if number is None:
            raise TypeFault(f"within needs a number, not {to_string(amount)}")
        return number * self.unit_ms


def make_rule(rule: n.Rule) -> Rule:
    """The shared part of a checked rule."""
    if not isinstance(rule.select, n.SelectWhen):
        return Rule(rule.name.id, rule.active, None, (), None)
    machine = build_machine(rule.select.event)
    return Rule(
        name=rule.name.id,
        active=rule.active,
        machine=machine,
        bases=tuple(_base(event) for event in machine.bases),
        unit_ms=None if rule.select.within is None else UNIT_MS[rule.select.within.unit],
    )


def _base(event: n.BaseEvent) -> Base:
    return Base(
        tuple((one.attribute, RegExp(one.pattern.source, one.pattern.flags)) for one in event.matches),
        tuple(name.id for name in event.setting),
    )


def select(
    rule: Rule,
    rt: Runtime,
    conditions: Sequence[Condition | None],
    within_ms: float | None,
    event: EventFacts,
    state: Value,
    time_ms: int,
) -> Selection:
    """Show an event to a rule that listens to it."""
    machine = rule.machine
    assert machine is not None
    known = _still_captured(machine, state, time_ms, within_ms)

    def match(index: int) -> Match | None:
        return match_base(rt, rule.bases[index], conditions[index], event.attrs, known)

    step = advance(machine, state, event.domain, event.name, match, time_ms, within_ms)
    return Selection(step.fired, step.state, step.bindings, step.why)


def _still_captured(
    machine: Machine, state: Value, time_ms: int, within_ms: float | None
) -> Mapping[str, Value]:
    """Names captured by earlier events of a pattern that is still under way."""
    if state is None or state["pattern"] != machine.fingerprint:
        return {}
    if within_ms is not None and time_ms - state["since"] > within_ms:
        return {}
    captured: Mapping[str, Value] = state["bindings"]
    return captured


def match_base(
    rt: Runtime,
    base: Base,
    condition: Condition | None,
    attrs: Mapping[str, Value],
    known: Mapping[str, Value],
) -> Match | None:
    """Test one base event expression; its domain and type are known to be the event's.

    Captures of all attribute matches are put one after the other; names take them by position. A
    missing attribute is matched as "", which null is not.
    """
    captures: list[Value] = []
    for attribute, pattern in base.matches:
        text = to_string(attrs[attribute]) if attribute in attrs else ""
        found = captures_of(rt.meter, pattern, text)
        if found is None:
            return None
        captures += found
    bindings = {
        name: captures[place] if place < len(captures) else None for place, name in enumerate(base.setting)
    }
    if condition is not None and not condition({**known, **bindings}):
        return None
    return Match(bindings, tuple(captures))
