"""`picomesh move`, `moves` and `where`: picos on their way from engine to engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.engines_shown import engine_names, tell_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json

PATIENCE_S = 90.0
LOOK_EVERY_S = 0.05
UNDER_WAY = ("offered", "leaving", "released")


@click.command()
@click.argument("eci")
@click.argument("engine")
@click.option("--reason", default="", metavar="TEXT", help="What the pico and its logs are told.")
@click.option("--price", type=click.IntRange(0), default=0, help="What it may cost there a day [0].")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is there.")
@engine_option
@json_option
def move(
    eci: str, engine: str, reason: str, price: int, no_wait: bool, url: str | None, as_json: bool
) -> None:
    """Have a pico move to another engine.

    ENGINE is its name among those that `picomesh engines list` shows, or its DID. The other engine has to
    take the pico in: there, `picomesh engines accept` says whose may come. The pico keeps its names, its
    state and all that waits for it; what is sent to it here is sent on. If the other engine refuses, nothing
    has changed.

    \b
    Examples:
      picomesh move ckxyz server
      picomesh move ckxyz did:peer:2.Vz6Mk… --reason "the laptop goes to sleep"
    """
    with find_engine(url) as here:
        begun = here.move(eci, engine, reason, price)
        told = begun if no_wait or not begun["attempt"] else _awaited(here, begun)
        names = {} if as_json else engine_names(here.engines(all=True))
    print_json(told) if as_json else _say(told, names)


def _awaited(here: EngineClient, begun: dict[str, Any]) -> dict[str, Any]:
    """How it stands when it is there, or stays."""
    until_s, told = time.monotonic() + PATIENCE_S, begun
    while time.monotonic() < until_s:
        told = next((one for one in here.moves() if one["pico"] == begun["pico"]), begun)
        if told["phase"] == "live":
            why = told.get("failed") or "the other engine did not take it"
            raise Failure(f"it stays: {why}", "there, `picomesh engines accept` says whose may come")
        if told["phase"] == "gone":
            return {**begun, **told}
        time.sleep(LOOK_EVERY_S)
    return {**begun, **told}


def _say(told: dict[str, Any], names: Mapping[str, str]) -> None:
    place = f"[bold]{escape(tell_engine(told.get('to', ''), names))}[/]"
    match told["phase"]:
        case "gone":
            console.print(f"moved to {place}")
        case "live" if not told["attempt"]:
            console.print("it lives there already")
        case phase:
            console.print(f"[bold]{escape(phase)}[/], on its way to {place}; see `picomesh moves`")
    console.print(f"  {escape(told.get('did', ''))}")


@click.command()
@engine_option
@json_option
def moves(url: str | None, as_json: bool) -> None:
    """Show which picos move, have left, or came.

    A pico that is `offered` or `leaving` is still here, one that is `released` or `gone` is not: what comes
    for it is sent on.

    \b
    Examples:
      picomesh moves
      picomesh moves --json
    """
    with find_engine(url) as here:
        found = here.moves()
        names = {} if as_json or not found else engine_names(here.engines(all=True))
    print_json({"moves": found}) if as_json else _draw(found, names)


def _draw(found: list[dict[str, Any]], names: Mapping[str, str]) -> None:
    if not found:
        console.print("no pico of this engine has moved, or is about to")
        return
    table = Table(box=None, header_style="dim")
    for name in ("pico", "phase", "from", "to", "reason"):
        table.add_column(name, overflow="fold")
    for one in found:
        phase = f"coming: {one['coming']}" if "coming" in one else one["phase"]
        if one["phase"] == "live" and one.get("came"):
            phase = "lives here"
        places = (tell_engine(one.get(name, ""), names) for name in ("from", "to"))
        table.add_row(*(escape(cell) for cell in (one["pico"], phase, *places, one["reason"])))
    print_drawing(table)


@click.command()
@click.argument("did")
@engine_option
@json_option
def where(did: str, url: str | None, as_json: bool) -> None:
    """Say on which engine a pico lives.

    DID is the pico's name for life. This engine answers as far as it knows: by the newest entry of the log
    that it has.

    \b
    Examples:
      picomesh where did:scid:vh:1:Qm…
    """
    with find_engine(url) as here:
        found = here.where(did)
    if as_json:
        print_json(found)
        return
    place = "here" if found["here"] else found.get("url") or "an engine that names no address"
    console.print(f"[bold]{escape(place)}[/]  [dim]epoch {found['epoch']}[/]")
    console.print(f"  {escape(found['engine'])}")
