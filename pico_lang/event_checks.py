"""What can be said of the events that a ruleset raises for itself.

Only raises of constant events are looked at, and only warnings come of it: the world outside may raise
the same events with other attributes, and a chain of rules may end in ways that no text shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.traversal import walk

EventName = tuple[str, str]

TESTS_FOR_NULL = frozenset({"defaultsTo", "isnull", "typeof", "klog"})
"""Operators that expect what they are called on to be missing."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A raise of a constant event; `certain` when it happens every time its rule fires."""

    event: EventName
    statement: n.Raise
    certain: bool


def check_events(ruleset: n.Ruleset) -> Iterator[Diagnostic]:
    """Rules that raise each other for ever, and attributes that no raise gives."""
    raised = {id(rule): list(_raised_by(rule)) for rule in ruleset.rules}
    yield from _endless(ruleset.rules, raised)
    yield from _missing_attributes(ruleset.rules, [one for some in raised.values() for one in some])


def _raised_by(rule: n.Rule) -> Iterator[Raised]:
    postlude = rule.postlude
    if postlude is None or not rule.active:
        return
    unconditional = rule.block is None or rule.block.condition is None
    for block, runs in (
        (postlude.body, postlude.kind == "always" or (postlude.kind == "fired" and unconditional)),
        (postlude.otherwise, False),
        (postlude.final, True),
    ):
        for statement in () if block is None else block.statements:
            if isinstance(statement.core, n.Raise) and (event := _event_of(statement.core)) is not None:
                certain = runs and not rule.loops and statement.condition is None
                yield Raised(event, statement.core, certain)


def _event_of(statement: n.Raise) -> EventName | None:
    if not isinstance(statement.event, n.StringLiteral):
        return None
    if statement.domain is not None:
        return statement.domain.id, statement.event.value
    domain, _, name = "".join(statement.event.value.split()).partition(":")
    return domain, name


# --- endless rounds --------------------------------------------------------------------------------


def _endless(rules: Sequence[n.Rule], raised: Mapping[int, Sequence[Raised]]) -> Iterator[Diagnostic]:
    """A raise is in an endless round when its rule can be reached from it by certain raises alone."""
    following: dict[EventName, list[n.Rule]] = {}
    for rule in rules:
        for event in _surely_selected_by(rule):
            following.setdefault(event, []).append(rule)
    for rule in rules:
        for one in raised[id(rule)]:
            if one.certain and _leads_back(one.event, rule, following, raised):
                yield diagnostic(
                    "K510",
                    f"rule {rule.name.id} raises an event that selects it again, without end",
                    one.statement.span,
                    "add a condition: raise … if …",
                )


def _leads_back(
    event: EventName,
    goal: n.Rule,
    following: Mapping[EventName, Sequence[n.Rule]],
    raised: Mapping[int, Sequence[Raised]],
) -> bool:
    seen: set[EventName] = set()
    waiting = [event]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for rule in following.get(here, ()):
            if rule is goal:
                return True
            waiting += [one.event for one in raised[id(rule)] if one.certain]
    return False


def _surely_selected_by(rule: n.Rule) -> Iterator[EventName]:
    """Events that select the rule whatever they carry and whatever came before."""
    if not rule.active or not isinstance(rule.select, n.SelectWhen):
        return
    waiting: list[n.EventExpression] = [rule.select.event]
    while waiting:
        match waiting.pop():
            case n.BaseEvent(matches=(), where=None) as base:
                yield base.domain, base.name
            case n.EventOperator(operator="or", operands=operands):
                waiting += operands
            case _:
                pass


# --- attributes ------------------------------------------------------------------------------------


def _missing_attributes(rules: Sequence[n.Rule], raised: Sequence[Raised]) -> Iterator[Diagnostic]:
    given = _attributes_given(raised)
    for rule in rules:
        events = _events_of(rule)
        if not events or not all(event in given for event in events):
            continue
        known = set[str]().union(*(given[event] for event in events))
        for node in _attributes_read(rule):
            assert isinstance(node.key, n.StringLiteral)
            if node.key.value not in known:
                yield diagnostic(
                    "K511",
                    f"no raise of {_listed(events)} in this ruleset gives it the attribute {node.key.value}",
                    node.key.span,
                    f'if it may be missing, say so: event:attrs{{"{node.key.value}"}}.defaultsTo(…)',
                )


def _attributes_given(raised: Sequence[Raised]) -> dict[EventName, set[str]]:
    """Attribute names by event, of those events whose every raise spells its attributes out."""
    given: dict[EventName, set[str]] = {}
    unknown: set[EventName] = set()
    for one in raised:
        match one.statement.attributes:
            case None:
                given.setdefault(one.event, set())
            case n.MapLiteral(entries=entries):
                given.setdefault(one.event, set()).update(entry.key for entry in entries)
            case _:
                unknown.add(one.event)
    return {event: names for event, names in given.items() if event not in unknown}


def _events_of(rule: n.Rule) -> list[EventName]:
    if rule.select is None:
        return []
    return list(
        dict.fromkeys((node.domain, node.name) for node in walk(rule.select) if isinstance(node, n.BaseEvent))
    )


def _attributes_read(rule: n.Rule) -> Iterator[n.PathRead]:
    """`event:attrs{"x"}` wherever its being null is not provided for."""
    forgiven: set[int] = set()
    for node in walk(rule):
        match node:
            case n.MethodCall(target=target, name=n.Identifier(id=name)) if name in TESTS_FOR_NULL:
                forgiven.add(id(target))
            case n.Binary(operator="||", left=left):
                forgiven.add(id(left))
            case n.Conditional(test=test):
                forgiven.update(id(part) for part in walk(test))
            case n.PathRead(target=n.DomainName(domain="event", name="attrs"), key=n.StringLiteral()):
                if id(node) not in forgiven:
                    yield node
            case _:
                pass


def _listed(events: Sequence[EventName]) -> str:
    return " or ".join(f"{domain}:{name}" for domain, name in events)
