"""What the README of the ruleset library lists is what its rulesets have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ruleset_library
from engine.core.domains import MODULES
from pico_lang import nodes
from pico_lang.parser import parse
from pico_lang.program import compile_ruleset
from pico_lang.source import Source

LIBRARY = Path(ruleset_library.__file__).parent
README = (LIBRARY / "README.md").read_text("utf-8")
SOURCES = {path.stem: Source(path.read_text("utf-8"), path.name) for path in LIBRARY.glob("*.krl")}


def section(rid: str) -> str:
    """What is said of a ruleset."""
    return README.split(f"\n## {rid}\n")[1].split("\n## ")[0]


def rows(rid: str, heading: str) -> list[list[str]]:
    """The cells of the table in a ruleset's section that has this first column, if there is one."""
    _, _, rest = section(rid).partition(f"\n| {heading} |")
    table = rest.split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def told(rid: str, domain: str, name: str) -> str:
    """An event as its section calls it: those of the domain it says they are of go by name alone."""
    home = re.search(r"All events are of the domain `(\w+)`", section(rid))
    return name if home is not None and home[1] == domain else f"{domain}:{name}"


def calls(rid: str, heading: str) -> dict[str, list[str]]:
    """Documented names with their parameters."""
    found = [re.fullmatch(r"`(\w+)\((.*)\)`", row[0]) for row in rows(rid, heading)]
    return {call[1]: re.findall(r"\w+", call[2]) for call in found if call is not None}


def parameters(rid: str, kind: type[nodes.FunctionLiteral | nodes.ActionLiteral]) -> dict[str, list[str]]:
    """Functions or actions of the global block with their parameters."""
    found = ((one.name.id, one.value) for one in parse(SOURCES[rid]).declarations)
    return {
        name: [one.name.id for one in value.parameters] for name, value in found if isinstance(value, kind)
    }


def selected(event: nodes.EventExpression) -> Iterator[nodes.BaseEvent]:
    """The events in an event expression."""
    match event:
        case nodes.BaseEvent():
            yield event
        case nodes.EventOperator(operands=operands):
            for operand in operands:
                yield from selected(operand)
        case _:
            raise AssertionError(f"this test does not know {event}")


def test_every_ruleset_has_its_section() -> None:
    """And nothing else has one."""
    assert set(re.findall(r"^## (.*)$", README, re.MULTILINE)) == set(SOURCES)


@pytest.mark.parametrize("rid", SOURCES)
def test_what_others_may_call_is_listed(rid: str) -> None:
    """With its parameters in their order; what is listed is shared, or provided, or both."""
    program = compile_ruleset(SOURCES[rid], MODULES)
    functions = parameters(rid, nodes.FunctionLiteral)
    actions = parameters(rid, nodes.ActionLiteral)
    public = {*program.shares, *program.provides} - {"__testing"}  # which every ruleset shares
    assert calls(rid, "query or function") == {name: functions[name] for name in functions if name in public}
    assert calls(rid, "action") == {name: actions[name] for name in actions if name in public}
    assert public == {*calls(rid, "query or function"), *calls(rid, "action")}


@pytest.mark.parametrize("rid", SOURCES)
def test_the_events_that_it_handles_are_listed(rid: str) -> None:
    whens = [rule.select for rule in parse(SOURCES[rid]).rules if isinstance(rule.select, nodes.SelectWhen)]
    handled = {told(rid, one.domain, one.name) for when in whens for one in selected(when.event)}
    assert sorted(row[0].strip("`") for row in rows(rid, "event")) == sorted(handled)


@pytest.mark.parametrize("rid", SOURCES)
def test_the_events_that_it_raises_are_listed(rid: str) -> None:
    """In the last column, each before the attributes that are added; a semicolon comes between them."""
    raised = {told(rid, *one) for one in re.findall(r'raise (\w+) event "(\w+)"', SOURCES[rid].text)}
    cells = [cell for row in rows(rid, "event") for cell in row[3].split("; ")]
    assert {name for cell in cells for name in re.findall(r"^`([\w:]+)`", cell)} == raised
