"""`picomesh replay`: whether a pico's history still leads where it led."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.moved import note_moved
from engine.commands.output import console, json_option, print_json
from engine.commands.telling import tell_lacking


@click.command()
@click.argument("eci")
@engine_option
@json_option
def replay(eci: str, url: str | None, as_json: bool) -> None:
    """Run all turns of a pico again.

    Each has to come out as it was recorded, and each record has to follow from the one before it. A
    history that somebody has touched is refused, and a turn that comes out differently is shown, each by
    the number of its turn; then the exit code is 1. The pico is not changed and goes on meanwhile.

    \b
    Examples:
      picomesh replay root
      picomesh replay root --json
    """
    with find_engine(url) as engine:
        found = engine.past("replay", eci=eci)
    note_moved(found)
    print_json(found) if as_json else _show(found)
    if found["refused"] is not None or found["departure"] is not None:
        sys.exit(Failure.exit_code)


def _show(found: dict[str, Any]) -> None:
    turns = f"turns {found['from'] + 1} to {found['to']}" if found["to"] > found["from"] else "no turns"
    console.print(f"{turns} of pico {escape(found['pico'])}: {found['repeated']} run again, as recorded")
    if found["skipped"]:
        numbers = ", ".join(map(str, found["skipped"]))
        console.print(f"[yellow]taken as recorded, because a limit had stopped them: {numbers}[/]")
    for line in tell_lacking(found["lacking"]):
        console.print(f"[yellow]{escape(line)}[/]")
    if found["lacking"]:
        console.print(
            "  [dim]the engine keeps what it is sent with POST /api/rulesets, and runs them then[/]"
        )
    if found["refused"] is not None:
        refused = found["refused"]
        console.print(f"[bold red]record {refused['seq']} is refused:[/] {escape(refused['reason'])}")
    if found["departure"] is not None:
        _show_departure(found["departure"])
    console.print(f"[dim]state id after turn {found['to']}: {found['state']}[/]")


def _show_departure(departure: dict[str, Any]) -> None:
    console.print(f"[bold red]turn {departure['seq']} comes out differently:[/] {escape(departure['part'])}")
    console.print(f"  recorded  {escape(departure['recorded'])}")
    console.print(f"  came out  {escape(departure['came_out'])}")
