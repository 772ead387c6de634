"""`picomesh check`: everything that is wrong or doubtful in a ruleset, without installing it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.core.domains import MODULES
from pico_lang.diagnostics import Diagnostic, RulesetRefused, Severity, render
from pico_lang.program import compile_ruleset
from pico_lang.source import Source


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@json_option
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Report every mistake in rulesets.

    Each comes with its place and, if there is one, a hint. `-` reads standard input. Nothing is
    installed and no engine is needed. Exits with 1 when a ruleset could not be installed; warnings
    alone exit with 0.

    \b
    Examples:
      picomesh check examples/counter/counter.krl
      picomesh check *.krl --json
    """
    found = [(source, diagnose(source)) for source in map(read_source, files)]
    if as_json:
        print_json([_describe(one, source) for source, several in found for one in several])
    else:
        _show(found)
    if any(count_errors(several) for _, several in found):
        sys.exit(Failure.exit_code)


def read_source(name: str) -> Source:
    """The text of a file, under the name that people gave."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return Source(raw.decode("utf-8"), "<stdin>" if name == "-" else name)
    except OSError as error:
        raise Failure(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Failure(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from None


def diagnose(source: Source) -> Sequence[Diagnostic]:
    """Everything that the compiler says about a text."""
    try:
        return compile_ruleset(source, MODULES).warnings
    except RulesetRefused as refused:
        return refused.diagnostics


def count_errors(found: Sequence[Diagnostic]) -> int:
    return sum(one.severity is Severity.ERROR for one in found)


def show_diagnostic(found: Diagnostic, source: Source, err: bool = False) -> None:
    """Place and sentence in the colour of its weight, then excerpt and hint."""
    first, _, rest = render(found, source).partition("\n")
    click.secho(first, fg="red" if found.severity is Severity.ERROR else "yellow", bold=True, err=err)
    click.echo(rest + "\n", err=err)


def _show(found: Sequence[tuple[Source, Sequence[Diagnostic]]]) -> None:
    for source, several in found:
        for one in several:
            show_diagnostic(one, source)
    everything = [one for _, several in found for one in several]
    errors = count_errors(everything)
    click.echo(
        f"{_count(errors, 'error')}, {_count(len(everything) - errors, 'warning')}"
        f" in {_count(len(found), 'file')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _describe(found: Diagnostic, source: Source) -> dict[str, Any]:
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
