"""`picomesh query`: ask a pico."""

from __future__ import annotations

import click

from engine.commands.arguments import query_address, read_pairs
from engine.commands.client import engine_option, find_engine
from engine.commands.output import json_option, print_json, show_value


@click.command()
@click.argument("eci")
@click.argument("query", callback=query_address, metavar="RID/NAME")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@engine_option
@json_option
def query(
    eci: str, query: tuple[str, str], arguments: tuple[str, ...], url: str | None, as_json: bool
) -> None:
    """Ask a pico: call a shared function.

    ECI is a channel of the pico; `root` stands for the root pico. A query runs on the last committed
    state and changes nothing.

    \b
    Examples:
      picomesh query root counter/count
      picomesh query root io.picolabs.wrangler/installedRIDs --json
    """
    given = read_pairs(arguments)
    with find_engine(url) as engine:
        value = engine.query(eci, query, given)
    print_json(value) if as_json else click.echo(show_value(value))
