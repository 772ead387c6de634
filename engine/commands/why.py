"""`picomesh why`: how an event came about, and what each rule made of it."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.commands.reasons import draw


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
    print_drawing(draw(found))
    for rid, why_not in found.get("quarantined", {}).items():
        told = f"quarantined since {why_not['since']} because {why_not['reason']}"
        console.print(f"[yellow]{escape(rid)} was shown nothing[/]: {escape(told)}")
    _show_bystanders(found.get("bystanders", []), everything)


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
