"""`picomesh drain`: every pico that will go leaves for another engine, before this one is stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.engines_shown import count_picos
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json

LOOK_EVERY_S = 0.25
PATIENCE_S = 30.0
"""For what came for those that have left, and is sent on."""
FEW = 20
"""Picos that are named one by one."""


@click.command()
@click.argument("engines", metavar="[ENGINE]...", nargs=-1)
@click.option("--reason", default="", metavar="TEXT", help="What the picos and their logs are told.")
@click.option("--no-wait", is_flag=True, help="Begin, and do not wait until all have left.")
@engine_option
@json_option
def drain(engines: tuple[str, ...], reason: str, no_wait: bool, url: str | None, as_json: bool) -> None:
    """Empty an engine: its picos go to others.

    Every pico that will moves, before the engine is stopped. ENGINE is one of those that `picomesh
    engines list` shows. Several are tried in that order; without any, all that are trusted and say that
    they have room, those reached best first. The root pico stays: it is the engine's own. Nobody is taken
    in meanwhile. Interrupted, it goes on in the engine; to begin again does no harm. The exit code is 1
    if a pico stays.

    \b
    Examples:
      picomesh drain
      picomesh drain attic cellar --reason "the laptop goes to the shop"
    """
    with find_engine(url) as here:
        told = here.drain(engines, reason)
        if not no_wait:
            told = _awaited(here, told, as_json)
    if as_json:
        print_json(told)
    else:
        _say(told, no_wait)
    if told["stay"] and not no_wait:
        stay = "1 pico stays" if len(told["stay"]) == 1 else f"{len(told['stay']):,} picos stay"
        raise Failure(f"{stay} here", "`picomesh move ECI ENGINE` tries one elsewhere")


def _awaited(here: EngineClient, told: Mapping[str, Any], as_json: bool) -> dict[str, Any]:
    """How it was in the end."""
    quiet, until_s = as_json or not console.is_terminal, time.monotonic() + PATIENCE_S
    with console.status("…") as status:
        if quiet:
            status.stop()
        while told["running"] or (told["sending_on"] and time.monotonic() < until_s):
            gone, stay = len(told["gone"]), len(told["stay"])
            status.update(f"{gone:,} have left, {told['left']:,} are here, {stay:,} of them stay")
            time.sleep(LOOK_EVERY_S)
            if told["running"]:
                until_s = time.monotonic() + PATIENCE_S
            told = here.drained()
    return dict(told)


def _say(told: Mapping[str, Any], is_begun: bool) -> None:
    if is_begun and told["running"]:
        console.print(f"about to leave for {escape(', '.join(told['engines']))}: {count_picos(told['left'])}")
        return
    for name in told["engines"]:
        count = sum(there == name for there in told["gone"].values())
        if count:
            are = "is" if count == 1 else "are"
            console.print(f"[green]{count_picos(count)}[/] {are} at [bold]{escape(name)}[/] now")
    for pico, name in list(told["on_the_way"].items())[:FEW]:
        console.print(
            f"[yellow]on its way[/] {escape(pico)} to {escape(name)}, which has not said that it has it"
        )
    if told["on_the_way"]:
        console.print("[dim]  leave this engine running until it has: picomesh moves[/]")
    elif told["sending_on"]:
        console.print(
            "[yellow]what came for them is still sent on[/]; if the engine stops, it waits for its start"
        )
    for pico, why in list(told["stay"].items())[:FEW]:
        console.print(f"[red]stays[/] {escape(pico)}")
        for name, reason in why.items():
            console.print(f"  [dim]{escape(name)}[/] {escape(reason)}")
    if (more := len(told["stay"]) - FEW) > 0:
        console.print(f"[dim]  and {more:,} more (--json has them)[/]")
    if not told["stay"] and not told["on_the_way"]:
        console.print("nothing but the root pico is left here; the engine can be stopped")
