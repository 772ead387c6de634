"""`picomesh settings`: what can be set, and what is in force."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.authors import DidKeys
from engine.commands.failure import CannotStart
from engine.commands.output import json_option, print_drawing, print_json
from engine.config import BadSetting, Settings, describe_settings, load_settings
from engine.did_choice import DidChoice
from engine.host_patterns import HostPatterns
from engine.ipfs_choice import IpfsNodes
from engine.plugin_choice import PluginChoice


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
        print_drawing(_table(in_force))


def _plain(value: object) -> object:
    """As JSON and `picomesh.toml` have it."""
    match value:
        case Path():
            return str(value)
        case HostPatterns(texts):
            return list(texts)
        case IpfsNodes(addresses):
            return list(map(str, addresses))
        case DidKeys(keys):
            return list(keys)
        case PluginChoice(names, is_all):
            return is_all or list(names)
        case DidChoice(dids, is_all):
            return is_all or list(dids)
    return value


def _shown(value: object) -> str:
    """As `picomesh.toml` has it, but for quotation marks."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_settings(**flags: object) -> Settings:
    """The settings in force, or a failure that says what is wrong with them."""
    try:
        return load_settings(flags)
    except BadSetting as error:
        raise CannotStart(str(error)) from None


def _table(in_force: Settings) -> Table:
    name = Column("setting", no_wrap=True)
    table = Table(name, "in force", "meaning", box=box.SIMPLE_HEAD)
    for one in describe_settings():
        value, meaning = getattr(in_force, one.name), one.about
        if value != one.default:
            meaning += f" (default {_shown(one.default)})"
        table.add_row(one.name, escape(_shown(value)), escape(meaning))
    return table
