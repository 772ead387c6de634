"""How commands show what they found: JSON for programs when asked for it, else for people."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType

F = TypeVar("F", bound=Callable[..., Any])

WANTS_NO_COLOUR = bool(os.environ.get("NO_COLOR"))
"""As no-color.org has it. What is bold or dim goes with the colours: half of a design is none."""

console = Console(
    highlight=False, soft_wrap=True, emoji=False, color_system=None if WANTS_NO_COLOUR else "auto"
)
"""Plain text when the output is no terminal. Without emoji, since `did:key:…` would get one."""


WIDEST = 10_000
"""Columns of what is drawn into a file or a pipe, where whoever reads it has no use for broken lines."""


def print_drawing(drawing: RenderableType) -> None:
    """A tree or table: fitted to a terminal, elsewhere a line for each thing in it."""
    if console.is_terminal:
        console.print(drawing, soft_wrap=False)
        return
    page = Console(highlight=False, emoji=False, width=WIDEST, file=io.StringIO(), force_terminal=False)
    with page.capture() as captured:
        page.print(drawing)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


AS_JSON = f"{__name__}.as_json"
"""Where a context says that --json was given."""


def json_option(command: F) -> F:
    """Adds --json; the command gets it as `as_json`, and a failure of it is told so too."""
    return click.option(
        "--json", "as_json", is_flag=True, callback=_note_json, help="Print JSON, for programs."
    )(command)


def _note_json(context: click.Context, parameter: click.Parameter, as_json: bool) -> bool:
    context.meta[AS_JSON] = as_json
    return as_json


def print_json(document: Any) -> None:
    """One line, as other programs like it."""
    click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def show_value(value: Any) -> str:
    """A value as people read it: texts as they are, the rest as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
