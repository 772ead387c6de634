"""How commands show what they found: JSON for programs when asked for it, else for people."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType

F = TypeVar("F", bound=Callable[..., Any])

console = Console(highlight=False, soft_wrap=True, emoji=False)
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


def json_option(command: F) -> F:
    """Adds --json; the command gets it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def print_json(document: Any) -> None:
    """One line, as other programs like it."""
    click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def show_value(value: Any) -> str:
    """A value as people read it: texts as they are, the rest as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
