"""An event that is explained, drawn as a tree: its rules with their reasons and deeds, and below them the
events that they raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from engine.commands.telling import shorten, tell_difference, tell_origin
from engine.core.telling import tell_step

COLOURS = {"fired": "bold green", "failed": "bold red"}


def draw(found: dict[str, Any]) -> Tree:
    """What `/api/why` answers, or one event of a full log."""
    tree = Tree(_headline(found))
    if found.get("cause") is not None:
        cause = found["cause"]
        place = f"turn {cause['seq']} of pico {cause['pico']}, {cause['eid']}"
        tree.add(f"[bold]because of {escape(cause['event'])}[/] [dim]{escape(place)}[/]")
    if found.get("events", [{"rules": []}])[0]["rules"]:
        _add_rules(tree, found["events"], 0)
    else:
        if "events" in found:
            tree.add("[dim]no rule was shown it[/]")
        for one in found["differences"]:
            tree.add(escape(tell_difference(one)))
    if found["fault"] is not None:
        tree.add(f"[red]{escape('failed: ' + found['fault']['message'])}[/]; nothing of it was kept")
    if "note" in found:
        tree.add(f"[yellow]{escape(found['note'])}[/]")
    return tree


def _own(attrs: dict[str, Any]) -> dict[str, Any]:
    """Attributes without what came along with the request."""
    return {name: value for name, value in attrs.items() if name != "_headers"}


def _headline(found: dict[str, Any]) -> str:
    attrs = escape(shorten(_own(found["attrs"])))
    place = f"turn {found['seq']} of pico {found['pico']}, {found['time']}, from {tell_origin(found)}"
    now = f", {found['microseconds']} µs" if "microseconds" in found else ""
    cost = f"{found['eid']}, {found['steps']} steps{now}"
    return f"[bold]{escape(found['event'])}[/] {attrs}\n[dim]{escape(place)}\n{escape(cost)}[/]"


def _add_rules(branch: Tree, events: list[dict[str, Any]], number: int) -> None:
    """The rules that were shown an event; below each, what it did, and the events it raised."""
    for rule in events[number]["rules"]:
        twig = branch.add(_verdict(rule))
        for line in _deeds(rule):
            twig.add(escape(line))
        for raised in rule["raised"]:
            event = events[raised]
            below = twig.add(
                f"raised [bold]{escape(event['event'])}[/] {escape(shorten(_own(event['attrs'])))}"
            )
            _add_rules(below, events, raised)


def _verdict(rule: dict[str, Any]) -> str:
    name = f"{rule['rid']}/{rule['rule']}"
    times = f" {rule['times']} times" if rule["times"] > 1 else ""
    ending = "" if rule["ending"] in (None, "done") else f", and was the last ({rule['ending']})"
    colour = COLOURS.get(rule["verdict"], "dim")
    return f"[{colour}]{escape(name)}[/]: {rule['verdict']}{times}{ending}[dim]{escape(_reason(rule))}[/]"


def _reason(rule: dict[str, Any]) -> str:
    match rule["verdict"]:
        case "not selected":
            return f" ({tell_step(rule['why'])})"
        case "held back":
            return " (it was selected, but its condition did not hold)"
        case "not reached":
            return " (a rule before it was the last)"
    bindings = f", {shorten(rule['bindings'])}" if rule["bindings"] else ""
    return f" ({rule['steps']} steps{bindings})"


def _deeds(rule: dict[str, Any]) -> Iterator[str]:
    for one in rule["differences"]:
        yield tell_difference(one)
    for one in rule["directives"]:
        yield f"directive {one['name']} {shorten(one['options'])}"
    for message in rule["messages"]:
        yield tell_message(message)
    yield from map(tell_line, rule["log"])


def tell_line(line: dict[str, Any]) -> str:
    """What a rule wrote."""
    value = "" if line["value"] is None else f" {shorten(line['value'])}"
    return f"log {line['level']}: {shorten(line['message'])}{value}"


def _tell_asked(errand: dict[str, Any]) -> str:
    """What is asked: a member of a plugin, or only the kind of the question."""
    if errand["kind"] != "module":
        return str(errand["kind"])
    asked = errand.get("content", errand)  # a list of events has it without what it carries
    return f"{asked['module']}:{asked['name']}"


def tell_message(message: dict[str, Any]) -> str:
    match message:
        case {"send": sent}:
            return f"sent {sent['domain']}:{sent['name']} to {sent['eci']} as {sent['eid']}"
        case {"ask": errand}:
            return f"asked the outside ({_tell_asked(errand)}), to be answered later"
        case {"create": made}:
            return f"made the pico {made['pico']}"
        case {"delete": pico}:
            return f"deleted the pico {pico}"
    return shorten(message)
