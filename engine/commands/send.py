"""`picomesh send`: an event to a pico, and what its rules direct."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.markup import escape

from engine.commands.arguments import event_address, read_pairs
from engine.commands.client import engine_option, find_engine
from engine.commands.names_for_life import KnownName, find_name
from engine.commands.output import console, json_option, print_json
from engine.commands.own_did import ask, read_outcome, show_nothing, show_traffic, to_show
from engine.commands.showing import Showing, refuse_showing, show_option, status_list_option
from engine.core.domains.by_did import is_did
from engine.core.protocols import picomesh


@click.command()
@click.argument("eci")
@click.argument("event", callback=event_address, metavar="DOMAIN:TYPE")
@click.argument("attributes", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--no-wait", is_flag=True, help="Return as soon as the event is safely kept.")
@click.option("--eid", help="Your own id of the event: sent twice, it runs once.")
@click.option("-v", "--verbose", is_flag=True, help="With a DID: show messages and envelopes too.")
@show_option
@status_list_option
@engine_option
@json_option
def send(
    eci: str,
    event: tuple[str, str],
    attributes: tuple[str, ...],
    no_wait: bool,
    eid: str | None,
    verbose: bool,
    shown: tuple[str, ...],
    lists: tuple[str, ...],
    url: str | None,
    as_json: bool,
) -> None:
    """Send an event to a pico.

    ECI is a channel of the pico; `root` stands for the root pico. A DID will do as well, of a channel of
    any engine: `picomesh did show ECI` prints it; and the name that a pico has for life: see `picomesh did
    log`. Then the event goes there in an encrypted message from your own DID, and may show what the channel's
    policy asks for. Values that are JSON are sent as JSON, others as text.

    \b
    Examples:
      picomesh send root counter:increment
      picomesh send root counter:increment by=5 ticket=a-17
      picomesh send root order:placed items='["tea", "milk"]' --no-wait
      picomesh send did:peer:2.Vz6Mk… counter:increment by=5
      picomesh send did:peer:2.Vz6Mk… order:placed item=tea --show supplier.jwt
      picomesh send did:scid:vh:1:QmPz… counter:increment
    """
    attrs = read_pairs(attributes)
    if is_did(eci):
        showing, name = to_show(shown, lists), find_name(eci, url)
        _send_message(eci, event, attrs, eid, verbose, no_wait, as_json, showing, name)
        return
    refuse_showing(shown, lists)
    with find_engine(url) as engine:
        if no_wait:
            accepted = engine.accept_event(eci, event, attrs, eid)
            print_json(accepted) if as_json else console.print(f"kept as [bold]{escape(accepted)}[/]")
        else:
            reply = engine.send_event(eci, event, attrs, eid)
            print_json(reply) if as_json else _show(reply)


def _send_message(
    did: str,
    event: tuple[str, str],
    attrs: Mapping[str, Any],
    eid: str | None,
    verbose: bool,
    no_wait: bool,
    as_json: bool,
    showing: Showing,
    name: KnownName | None,
) -> None:
    body = {"domain": event[0], "type": event[1], "attributes": attrs, "wait": not no_wait}
    answer = ask(did, picomesh.EVENT, body, show_traffic if verbose else show_nothing, eid, showing, name)
    reply = read_outcome(answer, name)
    if as_json:
        print_json(reply)
    elif no_wait:
        console.print(f"kept as [bold]{escape(reply['eid'])}[/]")
    else:
        _show(reply)


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
