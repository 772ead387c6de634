"""`picomesh why`: how an event came about, and what each rule made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.markup import escape
from rich.tree import Tree

from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_json
from engine.commands.telling import shorten, tell_origin, tell_part

COLOURS = {"fired": "bold green", "failed": "bold red"}

STEPS = {
    "refused": "an attribute or its `where` did not match",
    "where": "its `where` did not hold",
    "advanced": "its event expression is part of the way",
    "waiting": "its event expression waits for another event",
    "reset": "its event expression began anew",
}
"""What event expressions say of an event, for people."""


@click.command()
@click.argument("eid")
@click.argument("eci", required=False)
@click.option("--all", "everything", is_flag=True, help="Name the rules that listen to other events, too.")
@engine_option
@json_option
def why(eid: str, eci: str | None, everything: bool, url: str | None, as_json: bool) -> None:
    """Say why an event led to what it led to.

    EID is the id that `picomesh send` and `picomesh log` show. With ECI only that pico is searched. Every
    rule that was shown the event tells whether it fired and why, what it changed, sent and wrote; events
    that a rule raised stand below it. The turn is run again for this, which changes nothing.

    \b
    Examples:
      picomesh why 5f0c61f2c3a94d30b1f2f9c3a7d1e0aa
      picomesh why ticket-17 root --all
    """
    with find_engine(url) as engine:
        found = engine.past("why", eid=eid, eci=eci)
    print_json(found) if as_json else _show(found, everything)


def _show(found: dict[str, Any], everything: bool) -> None:
    tree = Tree(_headline(found))
    if found["cause"] is not None:
        cause = found["cause"]
        place = f"turn {cause['seq']} of pico {cause['pico']}, {cause['eid']}"
        tree.add(f"[bold]because of {escape(cause['event'])}[/] [dim]{escape(place)}[/]")
    if found.get("events", [{"rules": []}])[0]["rules"]:
        _add_rules(tree, found["events"], 0)
    else:
        tree.add("[dim]no rule was shown it[/]")
        for one in found["differences"]:
            tree.add(escape(_tell_difference(one)))
    if found["fault"] is not None:
        tree.add(f"[red]{escape('failed: ' + found['fault']['message'])}[/]; nothing of it was kept")
    if "note" in found:
        tree.add(f"[yellow]{escape(found['note'])}[/]")
    console.print(tree, soft_wrap=False)
    _show_bystanders(found.get("bystanders", []), everything)


def _headline(found: dict[str, Any]) -> str:
    attrs = escape(shorten(found["attrs"]))
    place = f"turn {found['seq']} of pico {found['pico']}, {found['time']}, from {tell_origin(found)}"
    return f"[bold]{escape(found['event'])}[/] {attrs}\n[dim]{escape(place)}[/]"


def _add_rules(branch: Tree, events: list[dict[str, Any]], number: int) -> None:
    """The rules that were shown an event; below each, what it did, and the events it raised."""
    for rule in events[number]["rules"]:
        twig = branch.add(_verdict(rule))
        for line in _deeds(rule):
            twig.add(escape(line))
        for raised in rule["raised"]:
            event = events[raised]
            below = twig.add(f"raised [bold]{escape(event['event'])}[/] {escape(shorten(event['attrs']))}")
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
            return f" ({_tell_step(rule['why'])})"
        case "held back":
            return " (it was selected, but its condition did not hold)"
        case "not reached":
            return " (a rule before it was the last)"
    bindings = f", {shorten(rule['bindings'])}" if rule["bindings"] else ""
    return f" ({rule['steps']} steps{bindings})"


def _tell_step(step: str) -> str:
    expired = step.removeprefix("expired, ")
    told = STEPS.get(expired, expired)
    return told if expired == step else f"what was half-matched had expired; {told}"


def _deeds(rule: dict[str, Any]) -> Iterator[str]:
    for one in rule["differences"]:
        yield _tell_difference(one)
    for one in rule["directives"]:
        yield f"directive {one['name']} {shorten(one['options'])}"
    for message in rule["messages"]:
        yield _tell_message(message)
    for line in rule["log"]:
        value = "" if line["value"] is None else f" {shorten(line['value'])}"
        yield f"log {line['level']}: {shorten(line['message'])}{value}"


def _tell_difference(one: dict[str, Any]) -> str:
    return f"{tell_part(one['part'])}: {shorten(one['old'])} → {shorten(one['new'])}"


def _tell_message(message: dict[str, Any]) -> str:
    match message:
        case {"send": sent}:
            return f"sent {sent['domain']}:{sent['name']} to {sent['eci']} as {sent['eid']}"
        case {"ask": errand}:
            return f"asked the outside ({errand['kind']}), to be answered later"
        case {"create": made}:
            return f"made the pico {made['pico']}"
        case {"delete": pico}:
            return f"deleted the pico {pico}"
    return shorten(message)


def _show_bystanders(bystanders: list[dict[str, Any]], everything: bool) -> None:
    if not bystanders:
        return
    if not everything:
        console.print(f"[dim]{len(bystanders)} rules listen to other events; --all names them[/]")
        return
    console.print("[dim]listening to other events:[/]")
    for one in bystanders:
        listens = ", ".join(one["listens"]) if one["active"] else "inactive"
        console.print(f"  {escape(one['rid'])}/{escape(one['rule'])} [dim]{escape(listens)}[/]")
