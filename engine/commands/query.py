"""`picomesh query`: ask a pico."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from engine.commands.arguments import query_address, read_pairs
from engine.commands.client import engine_option, find_engine
from engine.commands.names_for_life import KnownName, find_name
from engine.commands.output import json_option, print_json, show_value
from engine.commands.own_did import ask, read_outcome, show_nothing, show_traffic, to_show
from engine.commands.showing import Showing, refuse_showing, show_option, status_list_option
from engine.core.domains.by_did import is_did
from engine.core.protocols import picomesh


@click.command()
@click.argument("eci")
@click.argument("query", callback=query_address, metavar="RID/NAME")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-v", "--verbose", is_flag=True, help="With a DID: show messages and envelopes too.")
@show_option
@status_list_option
@engine_option
@json_option
def query(
    eci: str,
    query: tuple[str, str],
    arguments: tuple[str, ...],
    verbose: bool,
    shown: tuple[str, ...],
    lists: tuple[str, ...],
    url: str | None,
    as_json: bool,
) -> None:
    """Ask a pico: call a shared function.

    ECI is a channel of the pico; `root` stands for the root pico. The DID of a channel will do as well, on
    any engine, and the name that a pico has for life: then it is asked in an encrypted message from your own
    DID. A query runs on the last committed state and changes nothing.

    \b
    Examples:
      picomesh query root counter/count
      picomesh query root io.picolabs.wrangler/installedRIDs --json
      picomesh query did:peer:2.Vz6Mk… shop/prices --show supplier.jwt
    """
    given = read_pairs(arguments)
    if is_did(eci):
        value = _ask_did(eci, query, given, verbose, to_show(shown, lists), find_name(eci, url))
    else:
        refuse_showing(shown, lists)
        value = _ask_engine(url, eci, query, given)
    print_json(value) if as_json else click.echo(show_value(value))


def _ask_engine(url: str | None, eci: str, query: tuple[str, str], given: Mapping[str, Any]) -> Any:
    with find_engine(url) as engine:
        return engine.query(eci, query, given)


def _ask_did(
    did: str,
    query: tuple[str, str],
    given: Mapping[str, Any],
    verbose: bool,
    showing: Showing,
    name: KnownName | None,
) -> Any:
    body = {"rid": query[0], "function": query[1], "args": given}
    answer = ask(did, picomesh.QUERY, body, show_traffic if verbose else show_nothing, None, showing, name)
    return read_outcome(answer, name).get("value")
