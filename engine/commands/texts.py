"""Texts of rulesets as the commands read them, and how what is said against them is shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from engine.commands.failure import Failure
from engine.commands.known import known_modules
from engine.commands.likely import likely_file
from pico_lang.diagnostics import Diagnostic, RulesetRefused, Severity, render
from pico_lang.program import compile_ruleset
from pico_lang.source import Source


def read_source(name: str) -> Source:
    """The text of a file, under the name that people gave."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return Source(raw.decode("utf-8"), "<stdin>" if name == "-" else name)
    except OSError as error:
        raise Failure(f"{name} cannot be read: {error.strerror}", likely_file(name)) from None
    except UnicodeDecodeError as error:
        raise Failure(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from None


def diagnose(source: Source) -> Sequence[Diagnostic]:
    """Everything that the compiler says about a text."""
    try:
        return compile_ruleset(source, known_modules()).warnings
    except RulesetRefused as refused:
        return refused.diagnostics


def count_errors(found: Sequence[Diagnostic]) -> int:
    return sum(one.severity is Severity.ERROR for one in found)


def show_diagnostic(found: Diagnostic, source: Source, err: bool = False) -> None:
    """Place and sentence in the colour of its weight, then excerpt and hint."""
    first, _, rest = render(found, source).partition("\n")
    click.secho(first, fg="red" if found.severity is Severity.ERROR else "yellow", bold=True, err=err)
    click.echo(rest + "\n", err=err)


def describe(found: Diagnostic, source: Source) -> dict[str, Any]:
    """A diagnostic for programs."""
    line, column = source.position(found.span.start)
    end_line, end_column = source.position(found.span.end)
    return {
        "file": source.name,
        "code": found.code,
        "severity": str(found.severity),
        "message": found.message,
        "hint": found.hint,
        "start": {"line": line, "column": column},
        "end": {"line": end_line, "column": end_column},
    }
