"""The modules that commands know of which need no engine: what one on the default home would have."""

from __future__ import annotations

from functools import cache

import click

from engine.commands.settings import read_settings
from engine.plugins.collection import Plugins, collect
from engine.plugins.discovery import discover
from pico_lang.host import Modules


@cache
def known_plugins() -> Plugins:
    """Installed plugins, as far as the settings let them in. What is wrong with others is told once."""
    plugins = collect((), discover(read_settings().plugins), for_workers=False)
    for problem in plugins.problems:
        click.secho(f"warning: {problem}", fg="yellow", err=True)
    return plugins


def known_modules() -> Modules:
    """Everything that rulesets can call, for whoever compiles them."""
    return known_plugins().catalogue.modules
