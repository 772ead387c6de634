"""`picomesh log`: what happened to a pico."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_json
from engine.commands.telling import tell_origin


@click.command()
@click.argument("eci")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(1), help="How many events.")
@engine_option
@json_option
def log(eci: str, count: int, url: str | None, as_json: bool) -> None:
    """Show the last events of a pico.

    Each with the rules that fired, how it ended and what it cost: the steps are those of the record,
    the microseconds what running the turn again takes now. `picomesh why EID` says more about one.

    \b
    Examples:
      picomesh log root
      picomesh log root -n 100 --json
    """
    with find_engine(url) as engine:
        found = engine.past("log", eci=eci, n=count)
    if as_json:
        print_json(found)
    else:
        for event in found["events"]:
            _show(event)


def _show(event: dict[str, Any]) -> None:
    fired = ", ".join(f"{one['rid']}/{one['rule']}" for one in event.get("fired", ())) or "no rule"
    colour = "bold" if event["fault"] is None else "bold red"
    console.print(f"[{colour}]{event['seq']:>5} {escape(event['event'])}[/] → {escape(fired)}")
    cost = f"{event['steps']} steps" + (f", {event['microseconds']} µs" if "microseconds" in event else "")
    console.print(f"      {escape(_outcome(event))}; {cost}")
    origin = f"{event['time']} from {tell_origin(event)}, {event['eid']}"
    console.print(f"      [dim]{escape(origin)}[/]")


def _outcome(event: dict[str, Any]) -> str:
    if event["fault"] is not None:
        return f"failed: {event['fault']['message']} [{event['fault']['code']}]"
    counts = (f"{name}: {event[name]}" for name in ("directives", "messages") if event[name])
    return ", ".join(("done", *counts))
