"""`picomesh version`."""

from __future__ import annotations

import platform

import click

from engine.commands.output import json_option, print_json
from engine.version import VERSION


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print which Picomesh this is."""
    if as_json:
        print_json({"name": "picomesh", "version": VERSION, "python": platform.python_version()})
    else:
        click.echo(f"picomesh {VERSION} (Python {platform.python_version()})")
