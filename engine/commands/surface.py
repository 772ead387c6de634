"""`picomesh doctor surface`: every route of the HTTP face, and who may use it. It is read from the code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.adapters.http import all_routes
from engine.commands.output import console, json_option, print_drawing, print_json


@dataclass(frozen=True, slots=True)
class Open:
    """A route as those see it who ask who may use it."""

    path: str
    surface: str
    about: str
    why: str
    """For what is public: why it is."""
    opens: bool
    """Whether `serve --open-ui` makes it public on loopback."""


@click.command()
@click.option("--public", "only_public", is_flag=True, help="Only what strangers can reach.")
@json_option
def surface(only_public: bool, as_json: bool) -> None:
    """List every route and who may use it.

    \b
    Examples:
      picomesh doctor surface --public
      picomesh doctor surface --json
    """
    found = [one for one in routes() if one.surface == "public" or not only_public]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_drawing(_table(found))
    strangers = sum(one.surface == "public" for one in found)
    others = "all others" if only_public else str(len(found) - strangers)
    console.print(f"{strangers} routes are for everybody, {others} take a login or a token with that scope")
    for one in found:
        if one.opens:
            console.print(f"[dim]{one.path} is open to this machine with `serve --open-ui`[/]")


def routes() -> Iterator[Open]:
    """Strangers' first."""
    found = [
        Open(path, str(surface), about, surface.why, surface.opens) for path, about, surface in all_routes()
    ]
    yield from sorted(found, key=lambda one: one.surface != "public")


def _table(found: list[Open]) -> Table:
    table = Table(Column("route", no_wrap=True), "who", "what, and why everybody may", box=box.SIMPLE_HEAD)
    for one in found:
        style = "yellow" if one.surface == "public" else ""
        text = f"{one.about} ({one.why})" if one.why else one.about
        table.add_row(escape(one.path), one.surface, escape(text), style=style)
    return table
