"""`picomesh log`: what happened to a pico."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.moved import note_moved
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.commands.reasons import draw, tell_line, tell_message
from engine.commands.telling import tell_origin, tell_part
from engine.core.telling import tell_step

MOST_TOLD = 8
"""Reasons, changes or messages of one event, each on a few words."""

RAN = {"fired": "", "failed": " failed"}
"""Verdicts on rules that ran, and what is added to their names."""


@click.command()
@click.argument("eci")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(1), help="How many events.")
@click.option("--full", is_flag=True, help="Explain each of them, as `why` does; at most 100.")
@engine_option
@json_option
def log(eci: str, count: int, full: bool, url: str | None, as_json: bool) -> None:
    """Show the last events of a pico.

    Each with the rules that fired, those that were shown it and did not, what changed, what was sent, how
    it ended and what it cost: the steps are those of the record, the microseconds what running the turn
    again takes now. `picomesh why EID` says more about one.

    \b
    Examples:
      picomesh log root
      picomesh log root -n 3 --full
      picomesh log root -n 100 --json
    """
    with find_engine(url) as engine:
        found = engine.past("log", eci=eci, n=count, full="true" if full else None)
    note_moved(found)
    if as_json:
        print_json(found)
        return
    for event in found["events"]:
        print_drawing(draw({**event, "pico": found["pico"]})) if full else _show(event)


def _show(event: dict[str, Any]) -> None:
    colour = "bold" if event["fault"] is None else "bold red"
    console.print(f"[{colour}]{event['seq']:>5} {escape(event['event'])}[/] → {escape(_rules(event))}")
    for line in _lines(event):
        console.print(f"      {escape(line)}")
    origin = f"{event['time']} from {tell_origin(event)}, {event['eid']}"
    console.print(f"      [dim]{escape(origin)}[/]")


def _rules(event: dict[str, Any]) -> str:
    """Those that ran, in order, and where it went wrong."""
    if "rules" not in event:
        return str(event["note"])
    ran = [
        f"{one['rid']}/{one['rule']}{RAN[one['verdict']]}"
        for one in event.get("rules", ())
        if one["verdict"] in RAN
    ]
    return ", ".join(ran) or "no rule"


def _lines(event: dict[str, Any]) -> Iterator[str]:
    cost = f"{event['steps']} steps" + (f", {event['microseconds']} µs" if "microseconds" in event else "")
    yield f"{_outcome(event)}; {cost}"
    yield from _some([line for one in event.get("rules", ()) for line in _refusal(one)])
    if event.get("changed"):
        yield f"changed {', '.join(_some([tell_part(part) for part in event['changed']]))}"
    yield from _some([tell_message(message) for message in event.get("sent", ())])
    # A failure is told as the outcome already.
    lines = event.get("lines", []) if event["fault"] is None else event.get("lines", [])[:-1]
    yield from _some([tell_line(line) for line in lines])


def _refusal(rule: dict[str, Any]) -> Iterator[str]:
    """Why a rule that was shown the event did not run."""
    if rule["verdict"] not in RAN:
        yield f"not {rule['rid']}/{rule['rule']}: {_reason(rule)}"


def _some(told: list[str]) -> list[str]:
    """Each once, and not too many."""
    different = list(dict.fromkeys(told))
    more = len(different) - MOST_TOLD
    return different if more <= 0 else [*different[:MOST_TOLD], f"and {more} more (--full shows them)"]


def _reason(rule: dict[str, Any]) -> str:
    match rule["verdict"]:
        case "held back":
            return "its condition did not hold"
        case "not reached":
            return "a rule before it was the last, or failed"
    return tell_step(rule["why"])


def _outcome(event: dict[str, Any]) -> str:
    if event["fault"] is not None:
        return f"failed: {event['fault']['message']} [{event['fault']['code']}]"
    return f"done, directives: {event['directives']}" if event["directives"] else "done"
