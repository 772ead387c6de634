"""`picomesh fork`: a pico that begins as another is or was."""

from __future__ import annotations

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_json


@click.command()
@click.argument("eci")
@click.option("--at", type=click.IntRange(0), metavar="N", help="As it was after turn N.")
@engine_option
@json_option
def fork(eci: str, at: int | None, url: str | None, as_json: bool) -> None:
    """Make a pico that begins as another is.

    It is a child of the root pico and somebody else from the start: its id and its channels are new, also
    where its variables name them. Children and timers are not taken along. What its rules send is sent; to
    try something without consequences, stop before you send it events.

    \b
    Examples:
      picomesh fork root
      picomesh fork root --at 12
    """
    with find_engine(url) as engine:
        made = engine.fork(eci, at)
    if as_json:
        print_json(made)
    else:
        channel = escape(made["eci"] or "none that is open")
        console.print(f"made the pico [bold]{escape(made['id'])}[/]\n  ECI {channel}")
