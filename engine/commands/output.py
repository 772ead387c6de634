"""How commands show what they found: JSON for programs when asked for it, else for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])

console = Console(highlight=False, soft_wrap=True)
"""Plain text when the output is no terminal."""


def json_option(command: F) -> F:
    """Adds --json; the command gets it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def print_json(document: Any) -> None:
    """One line, as other programs like it."""
    click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def show_value(value: Any) -> str:
    """A value as people read it: texts as they are, the rest as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
