"""`picomesh state`: a pico as it is, as it was, and what changed in between."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.moved import note_moved
from engine.commands.output import console, json_option, print_json, show_value
from engine.commands.telling import shorten, tell_part


@click.command()
@click.argument("eci")
@click.option("--at", type=click.IntRange(0), metavar="N", help="After turn N; 0 is its birth.")
@click.option("--rid", help="Only what the pico holds for this ruleset.")
@click.option(
    "--diff",
    "between",
    nargs=2,
    type=click.IntRange(0),
    metavar="N M",
    help="Only what differs between turns N and M.",
)
@engine_option
@json_option
def state(
    eci: str,
    at: int | None,
    rid: str | None,
    between: tuple[int, int] | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Show everything a pico holds.

    Its entity variables, half-matched events, channels with their policies, rulesets, children and timers,
    and the state id, which is equal for equal states. The numbers of the turns are in `picomesh log`.

    \b
    Examples:
      picomesh state root --rid counter
      picomesh state root --at 12 --json
      picomesh state root --diff 12 15
    """
    if between is not None and (at is not None or rid is not None):
        raise click.UsageError("--diff is about whole states; leave --at and --rid out")
    with find_engine(url) as engine:
        if between is not None:
            found = engine.past("differences", eci=eci, **{"from": between[0], "to": between[1]})
        else:
            found = engine.past("state", eci=eci, at=at, rid=rid)
    note_moved(found)
    if as_json:
        print_json(found)
    elif between is not None:
        _show_differences(found["differences"])
    else:
        click.echo(show_value(found))


def _show_differences(differences: list[dict[str, Any]]) -> None:
    for one in differences:
        console.print(f"[bold]{escape(tell_part(one['part']))}[/]")
        console.print(f"  [red]- {escape(shorten(one['old']))}[/]")
        console.print(f"  [green]+ {escape(shorten(one['new']))}[/]")
    if not differences:
        console.print("nothing differs")
