"""`picomesh login` and `picomesh token`: who gets into an engine, and how far."""

from __future__ import annotations

import re

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.core.access import MEANING, SCOPES

UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LASTING = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
MEANINGS = "\b\nScopes:\n" + "\n".join(f"  {scope:<6} {MEANING[scope]}" for scope in SCOPES)


@click.command(epilog=MEANINGS)
@click.option("--scope", type=click.Choice(SCOPES), default="admin", show_default=True)
@click.option("--open", "opens", is_flag=True, help="Open it in a browser.")
@engine_option
@json_option
def login(scope: str, opens: bool, url: str | None, as_json: bool) -> None:
    """Make a link that lets a browser in, once.

    \b
    Examples:
      picomesh login --open
      picomesh login --scope read
    """
    with find_engine(url) as engine:
        made = engine.login_link(scope)
    if as_json:
        print_json(made)
        return
    console.print(f"[cyan]{escape(made['url'])}[/]")
    console.print(f"  [dim]lets a browser in ({scope}), once, within {made['lasts_s'] / 60:.0f} minutes[/]")
    if opens:
        click.launch(made["url"])


@click.group(epilog=MEANINGS)
def token() -> None:
    """Tokens, for programs and other machines."""


@token.command("create")
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), default="read", show_default=True)
@click.option("--expires", metavar="TIME", help="How long it is good, as 90d, 12h or 30m [without end].")
@engine_option
@json_option
def create(name: str, scope: str, expires: str | None, url: str | None, as_json: bool) -> None:
    """Make a token. It is shown now, and never again.

    \b
    Examples:
      picomesh token create prometheus
      picomesh token create laptop --scope admin --expires 90d
    """
    with find_engine(url) as engine:
        made = engine.create_token(name, scope, None if expires is None else read_lasting(expires))
        address = engine.url
    if as_json:
        print_json(made)
        return
    end = "without end" if made["until"] is None else f"until {made['until']}"
    console.print(f"[green]{escape(made['token'])}[/]")
    may, name = MEANING[made["scope"]], escape(made["name"])
    console.print(f"  [dim]{name}: {may}; {end}. Copy it: it is not kept[/]")
    console.print(f"  [dim]use it: PICOMESH_URL={escape(address)} PICOMESH_TOKEN=… picomesh tree[/]")


@token.command("list")
@engine_option
@json_option
def list_(url: str | None, as_json: bool) -> None:
    """List tokens, and the browsers that are logged in."""
    with find_engine(url) as engine:
        found = engine.tokens()
    if as_json:
        print_json(found)
        return
    if not found:
        console.print("There are none; `picomesh token create NAME` makes one")
        return
    table = Table("id", "kind", "name", "scope", "made", "until", "used", box=box.SIMPLE_HEAD)
    for one in found:
        table.add_row(
            *(escape(one[key]) for key in ("id", "kind", "name", "scope", "made")),
            one["until"] or "[dim]without end[/]",
            one["used"] or "[dim]not since the start[/]",
        )
    print_drawing(table)


@token.command("revoke")
@click.argument("id")
@engine_option
@json_option
def revoke(id: str, url: str | None, as_json: bool) -> None:
    """End a token or a login, at once. `picomesh token list` shows the ids."""
    with find_engine(url) as engine:
        ended = engine.revoke_token(id)
    if as_json:
        print_json(ended)
    else:
        console.print(f"{escape(ended['name'])} ({ended['kind']}, {ended['scope']}) lets nobody in any more")


def read_lasting(text: str) -> int:
    """In seconds."""
    found = LASTING.fullmatch(text)
    if found is None:
        raise Failure(f"'{text}' is no length of time", "a number and m, h, d or w, as 90d")
    return int(found[1]) * UNITS[found[2]]
