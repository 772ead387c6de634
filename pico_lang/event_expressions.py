"""What an event expression is made of: its base events, its machine, its fingerprint, its mistakes.

Everything here is worked out once from the text. How a machine moves is in `event_machine`, what is
kept between two events in `event_patterns`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from typing import Any

from pico_lang import nodes as n
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.event_machine import Base, Chain, Choice, Exclusion, Gathering, Pattern, Row, Single

DEEPEST = 100
"""Expressions within expressions. Chains of `or`, `before`, `after` and `then` are as long as they like."""

LONGEST_AGGREGATE = 10_000
"""Events one aggregate may reach over: their captures are part of the state."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`max(a, b)` after the `count` or `repeat` of a base event."""

    base: int
    function: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """An event expression ready to be shown events."""

    bases: tuple[n.BaseEvent, ...]
    """The base events by number, as `base_events` gives them."""
    pattern: Pattern
    aggregates: tuple[Aggregate, ...]
    fingerprint: str
    listens: frozenset[tuple[str, str]]
    """Domain and name of the only events that can do anything to it, if only disturb a `then`."""

    @cached_property
    def tests(self) -> tuple[Base, ...]:
        """The base events as a trial wants them."""
        return tuple(
            Base(one.domain, one.name, not (one.matches or one.setting or one.where)) for one in self.bases
        )

    @cached_property
    def is_single(self) -> bool:
        """One base event and no more: nothing is ever half-matched."""
        return isinstance(self.pattern, Single)


def build_machine(event: n.EventExpression) -> Machine:
    """The machine of an event expression. One that `problems` finds fault with may never be satisfied."""
    bases = base_events(event)
    builder = _Builder({_identity(base): number for number, base in enumerate(bases)})
    return Machine(
        bases=bases,
        pattern=builder.pattern(event),
        aggregates=tuple(builder.aggregates),
        fingerprint=pattern_fingerprint(event),
        listens=frozenset((base.domain, base.name) for base in bases),
    )


# --- base events -----------------------------------------------------------------------------------


def base_events(event: n.EventExpression) -> tuple[n.BaseEvent, ...]:
    """The base events in the order of the text, which numbers them.

    Equal ones share a number, so that they are tested once; those with a `where` never do, because the
    same words may mean something else once another name was set.
    """
    found: dict[object, n.BaseEvent] = {}
    for node in _walk(event):
        if isinstance(node, n.BaseEvent):
            found.setdefault(_identity(node), node)
    return tuple(found.values())


def _identity(base: n.BaseEvent) -> object:
    return json.dumps(_shape(base)) if base.where is None else id(base)


def _walk(event: n.EventExpression) -> Iterator[n.EventExpression]:
    """The expression and everything in it, in the order of the text; long chains need no deep stack."""
    waiting = [event]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(_parts(node))


def _parts(event: n.EventExpression) -> Sequence[n.EventExpression]:
    match event:
        case n.BaseEvent():
            return ()
        case n.Counted(event=counted):
            return (counted,)
        case n.Between(event=inner, opening=opening, closing=closing):
            return (inner, opening, closing)
        case n.EventOperator(operands=operands) | n.AnyOf(operands=operands):
            return operands


# --- from nodes to patterns ------------------------------------------------------------------------


class _Builder:
    """Makes patterns of nodes, and numbers the aggregates in the order of the text."""

    def __init__(self, numbers: Mapping[object, int]) -> None:
        self._numbers = numbers
        self.aggregates: list[Aggregate] = []

    def pattern(self, event: n.EventExpression) -> Pattern:
        match event:
            case n.BaseEvent():
                return Single(self._numbers[_identity(event)])
            case n.Counted():
                return self._row(event)
            case n.Between(negated=negated):
                inner, opening, closing = self._patterns(_parts(event))
                return Exclusion(opening, closing, inner) if negated else Chain((opening, inner, closing))
            case n.AnyOf(operands=operands, count=count):
                return _gathering(self._patterns(operands), count)
            case n.EventOperator():
                return self._combination(event)

    def _combination(self, event: n.EventOperator) -> Pattern:
        operands = self._patterns(_operands(event))
        match event.operator:
            case "or":
                return Choice(operands)
            case "and":
                return _gathering(operands, len(operands))
            case "after":
                return Chain(operands[::-1])
            case "before" | "then":
                return Chain(operands, strict=event.operator == "then")

    def _row(self, event: n.Counted) -> Row:
        base = self._numbers[_identity(event.event)]
        aggregate = None
        if event.aggregator is not None:
            aggregate = len(self.aggregates)
            names = tuple(name.id for name in event.aggregator.names)
            self.aggregates.append(Aggregate(base, event.aggregator.function, names))
        return Row(base, event.count, event.kind == "repeat", aggregate)

    def _patterns(self, events: Iterable[n.EventExpression]) -> tuple[Pattern, ...]:
        return tuple(self.pattern(event) for event in events)


def _gathering(parts: tuple[Pattern, ...], needed: int) -> Gathering:
    return Gathering(parts, needed, tuple(parts.index(part) for part in parts))


def _operands(event: n.EventOperator) -> list[n.EventExpression]:
    """The operands, with those of an operand of the same operator in its place where that is the same.

    It is for `or`, `before` and `after`; for `then` only in front, since `a then (b then c)` falls back
    behind `a`. It is not for `and`, whose operands are gathered each to its end: `a and b and c` leans
    left, so `a c b` leaves it half-matched, while `and(a, b, c)` takes any order.
    """
    found: list[n.EventExpression] = []
    waiting: list[n.EventExpression] = list(reversed(event.operands))
    while waiting:
        operand = waiting.pop()
        if _dissolves(operand, event.operator, is_first=not found):
            waiting += reversed(_parts(operand))
        else:
            found.append(operand)
    return found


def _dissolves(operand: n.EventExpression, operator: str, *, is_first: bool) -> bool:
    if not isinstance(operand, n.EventOperator) or operand.operator != operator:
        return False
    return operator in ("or", "before", "after") or (operator == "then" and is_first)


# --- what a text is, apart from how it is laid out -------------------------------------------------


def pattern_fingerprint(event: n.EventExpression) -> str:
    """A name for what the expression says. State kept under it fits every text that says the same.

    Layout, comments and the choice between `a or b` and `or(a, b)` do not count. Nor does `within`,
    which may change while something is half-matched.
    """
    return sha256(json.dumps(_shape(event)).encode()).hexdigest()[:16]


def _shape(event: n.EventExpression) -> list[Any]:
    """Written out kind by kind, so that a change of the node classes leaves stored state alone."""
    match event:
        case n.BaseEvent():
            matches = [[one.attribute, one.pattern.source, one.pattern.flags] for one in event.matches]
            names = [name.id for name in event.setting]
            return ["event", event.domain, event.name, matches, names, _plain(event.where)]
        case n.Counted(aggregator=aggregator):
            named = aggregator and [aggregator.function, *(name.id for name in aggregator.names)]
            return [event.kind, event.count, _shape(event.event), named]
        case n.Between():
            return ["not between" if event.negated else "between", *map(_shape, _parts(event))]
        case n.AnyOf():
            return ["any", event.count, *map(_shape, event.operands)]
        case n.EventOperator():
            return [event.operator, *map(_shape, _operands(event))]


def _plain(value: object) -> object:
    """An expression as JSON, without its places in the text."""
    if isinstance(value, n.Node):
        inside = (_plain(getattr(value, field.name)) for field in fields(value) if field.name != "span")
        return [type(value).__name__, *inside]
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


# --- mistakes --------------------------------------------------------------------------------------


def problems(event: n.EventExpression) -> list[Diagnostic]:
    """Everything in an event expression that no series of events can satisfy, or that we cannot run."""
    found = [problem for node in _walk(event) for problem in _problems_of(node)]
    if _depth(event) > DEEPEST:
        message = f"events combined more than {DEEPEST} levels deep"
        found.append(diagnostic("K105", message, event.span, "`and(…)` takes any number of events at once"))
    return found


def _depth(event: n.EventExpression) -> int:
    """Levels that remain when chains are taken for one level."""
    deepest = 0
    waiting = [(event, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        chain = node.operator if isinstance(node, n.EventOperator) else ""
        for index, part in enumerate(_parts(node)):
            waiting.append((part, depth + (not _dissolves(part, chain, is_first=index == 0))))
    return deepest


def _problems_of(event: n.EventExpression) -> Iterator[Diagnostic]:
    match event:
        case n.AnyOf(operands=operands, count=count) if not 0 < count < len(operands):
            yield diagnostic(
                "K312",
                f"`any {count}` of {len(operands)} events can never be satisfied",
                event.span,
                "the number is at least 1 and smaller than the number of events; "
                "for all of them in any order write `and(…)`",
            )
        case n.Counted(count=count) if count < 1:
            yield diagnostic(
                "K312",
                f"`{event.kind} {count}` can never be satisfied",
                event.span,
                "count at least one event",
            )
        case n.Counted(count=count, aggregator=n.Aggregator()) if count > LONGEST_AGGREGATE:
            yield diagnostic(
                "K313",
                f"`{event.kind} {count}` would keep the captures of {count:,} events",
                event.span,
                f"an aggregate reaches over at most {LONGEST_AGGREGATE:,}; "
                "sum up in an entity variable instead",
            )
        case _:
            pass
