"""`picomesh settings`: what can be set, and what is in force."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from engine.commands.failure import CannotStart
from engine.commands.output import console, json_option, print_json
from engine.config import BadSetting, Settings, describe_settings, load_settings
from engine.host_patterns import HostPatterns


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The home whose settings are shown.")
@json_option
def settings(home: Path | None, as_json: bool) -> None:
    """List every setting and what is in force.

    A setting is a line in picomesh.toml in the home (port = 4000), a variable in the environment
    (PICOMESH_PORT=4000) or a flag of `serve`; the later wins.
    """
    in_force = read_settings(home=home)
    if as_json:
        print_json({one.name: _plain(getattr(in_force, one.name)) for one in describe_settings()})
    else:
        console.print(_table(in_force))


def _plain(value: object) -> object:
    """As JSON and `picomesh.toml` have it."""
    match value:
        case Path():
            return str(value)
        case HostPatterns(texts):
            return list(texts)
    return value


def read_settings(**flags: object) -> Settings:
    """The settings in force, or a failure that says what is wrong with them."""
    try:
        return load_settings(flags)
    except BadSetting as error:
        raise CannotStart(str(error)) from None


def _table(in_force: Settings) -> Table:
    table = Table("setting", "in force", "meaning", box=box.SIMPLE_HEAD)
    for one in describe_settings():
        value, meaning = getattr(in_force, one.name), one.about
        if value != one.default:
            meaning += f" (default {one.default})"
        table.add_row(one.name, escape(str(value)), escape(meaning))
    return table
