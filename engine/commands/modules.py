"""`picomesh modules`, `grant` and `revoke`: what rulesets can call, and which pico may."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import NoEngine
from engine.commands.known import known_plugins
from engine.commands.output import console, json_option, print_json
from engine.plugins.describing import tell_modules

FEW = 3
"""Picos that are named where there may be many."""


@click.command()
@engine_option
@json_option
def modules(url: str | None, as_json: bool) -> None:
    """List the modules that rulesets can call.

    Each with its members, where it comes from, and which picos may use it. Plugins are Python packages that
    have entry points in the group picomesh.modules. When no engine runs, this tells of what one would have.

    \b
    Examples:
      picomesh modules
      picomesh modules --json
    """
    found = _find(url)
    print_json(found) if as_json else _show(found)


def _find(url: str | None) -> dict[str, Any]:
    try:
        with find_engine(url) as engine:
            return engine.modules()
    except NoEngine:
        if url is not None:
            raise
        return tell_modules(known_plugins())


def _show(found: dict[str, Any]) -> None:
    for one in found["modules"]:
        console.print(f"[bold]{escape(one['name'])}[/] [dim]{escape(one['from'])}[/]  {_tell_use(one)}")
        if one["about"]:
            console.print(f"  {escape(one['about'])}")
        for member in one["members"]:
            console.print(f"  {_tell_member(one['name'], member)}")
        console.print()
    for problem in found["problems"]:
        console.print(f"[yellow]{escape(problem['name'])}[/] [dim]{escape(problem['from'])}[/]  left out")
        console.print(f"  {escape(problem['reason'])}\n")


def _tell_member(module: str, member: dict[str, Any]) -> str:
    shown = f"{escape(module)}:[cyan]{escape(member['name'])}[/]{escape(member['signature'])}"
    about = f" – {escape(member['about'])}" if member["about"] else ""
    return f"{shown}  [dim]{member['kind']}{about}[/]"


def _tell_use(one: dict[str, Any]) -> str:
    granted, refused = one.get("granted", []), one.get("refused", [])
    if one["free"]:
        return f"for every pico but {_name(refused)}" if refused else "for every pico"
    return f"for {_name(granted)}" if granted else "for picos that are granted it"


def _name(picos: list[str]) -> str:
    rest = len(picos) - FEW
    named = ", ".join(escape(one) for one in picos[:FEW])
    return named if rest <= 0 else f"{named} and {rest:,} more"


@click.command()
@click.argument("eci")
@click.argument("names", metavar="MODULE...", nargs=-1, required=True)
@engine_option
@json_option
def grant(eci: str, names: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Let a pico use modules.

    ECI is a channel of the pico, or its id; `root` stands for the root pico. Plugins that reach the outside
    have to be granted; built-in modules, and plugins that only compute, are for every pico until they are
    revoked. A child is born with what its parent has then; later on, each pico has its own.

    \b
    Examples:
      picomesh grant root thermometer
    """
    _decide(eci, names, url, as_json, granted=True)


@click.command()
@click.argument("eci")
@click.argument("names", metavar="MODULE...", nargs=-1, required=True)
@engine_option
@json_option
def revoke(eci: str, names: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Let a pico use modules no more.

    Built-in ones too. Rules that call one fail from now on, with the error R611. Picos below this one
    keep what they have.

    \b
    Examples:
      picomesh revoke root http
    """
    _decide(eci, names, url, as_json, granted=False)


def _decide(eci: str, names: tuple[str, ...], url: str | None, as_json: bool, granted: bool) -> None:
    with find_engine(url) as engine:
        found = [engine.grant(eci, name, granted) for name in names]
    if as_json:
        print_json(found[-1])
        return
    for one in found:
        how = "[bold green]may use[/]" if one["granted"] else "[bold red]may no longer use[/]"
        console.print(f"pico {escape(one['pico'])} {how} {escape(one['module'])}")
