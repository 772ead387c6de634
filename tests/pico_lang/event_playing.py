"""Playing events to an event expression written as text: what the tests of event patterns share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pico_lang import nodes as n
from pico_lang.event_patterns import Machine, Match, Step, advance, build_machine
from pico_lang.parser import parse
from pico_lang.source import Source
from pico_lang.values import Value

UNIT = "e"
"""The domain of every event in these tests."""


def expression(text: str) -> n.EventExpression:
    """The event expression of `select when text`."""
    select = parse(Source(f"ruleset t {{ rule r {{ select when {text} }} }}")).rules[0].select
    assert isinstance(select, n.SelectWhen)
    return select.event


def fits(base: n.BaseEvent, attrs: Mapping[str, str]) -> Match | None:
    """A plain stand-in for attribute matching: every pattern is found, and captures are bound in order."""
    captures: list[Value] = []
    for one in base.matches:
        found = re.search(one.pattern.source, attrs.get(one.attribute, ""))
        if found is None:
            return None
        captures += found.groups()
    names = [name.id for name in base.setting]
    padded = captures + [None] * len(names)
    return Match(dict(zip(names, padded, strict=False)), captures)


@dataclass
class Rule:
    """A rule's event expression with what is half-matched, which survives a journey through JSON."""

    text: str
    within_ms: float | None = None
    state: Value = None
    asked: list[int] = field(default_factory=list)
    """The numbers of the base events whose attributes were tested, over all events."""

    def __post_init__(self) -> None:
        self.machine: Machine = build_machine(expression(self.text))

    def show(self, name: str, time_ms: float = 0, **attrs: str) -> Step:
        """Show one event of the domain `e`."""

        def match(index: int) -> Match | None:
            self.asked.append(index)
            return fits(self.machine.bases[index], attrs)

        step = advance(self.machine, self.state, UNIT, name, match, time_ms, self.within_ms)
        self.state = json.loads(json.dumps(step.state))
        assert self.state == step.state
        return step


def play(text: str, events: str) -> str:
    """Show events, one letter each; the ones that selected the rule come back as capitals."""
    rule = Rule(text)
    return "".join(name.upper() if rule.show(name).fired else name for name in events)


def play_values(text: str, name: str, values: Iterable[str]) -> list[Mapping[str, Value] | None]:
    """Show events `name` with the attribute n; the captured names of those that selected the rule."""
    rule = Rule(text)
    steps = [rule.show(name, n=value) for value in values]
    return [step.bindings if step.fired else None for step in steps]
