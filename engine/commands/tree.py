"""`picomesh tree`: the picos of an engine below one another."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape
from rich.tree import Tree

from engine.commands.client import engine_option, find_engine
from engine.commands.moved import place_of
from engine.commands.output import json_option, print_drawing, print_json


@click.command()
@engine_option
@json_option
def tree(url: str | None, as_json: bool) -> None:
    """Show all picos of an engine.

    Each with its name, id, a channel that can be used, and rulesets; of one that has moved away, where it is.
    Picos that were brought in and have no parent here are trees of their own, beside that of the root pico.

    \b
    Examples:
      picomesh tree
      picomesh tree --json
    """
    with find_engine(url) as engine:
        found = engine.tree()
    if as_json:
        print_json(found)
        return
    print_drawing(_draw(found, _label(found, "root pico")))
    for other in found.get("beside", ()):
        note = "brought in: below no pico here"
        print_drawing(_draw(other, f"{_label(other, '(no name)')}\n  [dim]{note}[/]"))


def _draw(pico: dict[str, Any], label: str) -> Tree:
    """A pico as a branch."""
    root = Tree(label)
    waiting = [(pico, root)]
    while waiting:
        parent, branch = waiting.pop()
        for child in parent["children"]:
            waiting.append((child, branch.add(_label(child, "(no name)"))))
        if parent.get("is_cut"):
            branch.add("[dim]… and picos below it[/]")
    return root


def _label(pico: dict[str, Any], nameless: str) -> str:
    name = escape(pico["name"] or nameless)
    channel = escape(pico["eci"] or "none that is open")
    rulesets = escape(", ".join(pico["rulesets"])) or "none"
    label = f"[bold]{name}[/] [dim]{escape(pico['id'])}[/]\n  ECI {channel}\n  rulesets {rulesets}"
    if "moved" in pico:
        return _label_of_moved(pico, name)
    if "damage" in pico:
        label = f"[bold red]cannot be read[/] [dim]{escape(pico['id'])}[/]\n  {escape(pico['damage'])}"
    for rid, reason in pico.get("quarantined", {}).items():
        label += f"\n  [red]quarantined {escape(rid)}[/]: {escape(reason)}"
    return label


def _label_of_moved(pico: dict[str, Any], name: str) -> str:
    """It is here no more, whatever is still kept of it."""
    place = escape(place_of(pico["moved"]))
    return f"[dim]{name} {escape(pico['id'])}[/]\n  [yellow]moved[/] to {place}"
