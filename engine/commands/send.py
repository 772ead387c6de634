"""`picomesh send`: an event to a pico, and what its rules direct."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.markup import escape

from engine.commands.arguments import event_address, read_pairs
from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_json


@click.command()
@click.argument("eci")
@click.argument("event", callback=event_address, metavar="DOMAIN:TYPE")
@click.argument("attributes", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--no-wait", is_flag=True, help="Return as soon as the event is safely kept.")
@click.option("--eid", help="Your own id of the event: sent twice, it runs once.")
@engine_option
@json_option
def send(
    eci: str,
    event: tuple[str, str],
    attributes: tuple[str, ...],
    no_wait: bool,
    eid: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Send an event to a pico.

    ECI is a channel of the pico; `root` stands for the root pico. Values that are JSON are sent as
    JSON, others as text.

    \b
    Examples:
      picomesh send root counter:increment
      picomesh send root counter:increment by=5 ticket=a-17
      picomesh send root order:placed items='["tea", "milk"]' --no-wait
    """
    attrs = read_pairs(attributes)
    with find_engine(url) as engine:
        if no_wait:
            accepted = engine.accept_event(eci, event, attrs, eid)
            print_json(accepted) if as_json else console.print(f"kept as [bold]{escape(accepted)}[/]")
        else:
            reply = engine.send_event(eci, event, attrs, eid)
            print_json(reply) if as_json else _show(reply)


def _show(reply: dict[str, Any]) -> None:
    for directive in reply["directives"]:
        options = json.dumps(directive["options"], ensure_ascii=False)
        rule = f"{directive['meta']['rid']}, rule {directive['meta']['rule_name']}"
        console.print(
            f"[bold green]{escape(str(directive['name']))}[/] {escape(options)}  [dim]({escape(rule)})[/]"
        )
    if not reply["directives"]:
        console.print("no rule sent a directive")
    console.print(f"[dim]event {escape(reply['eid'])}[/]")
