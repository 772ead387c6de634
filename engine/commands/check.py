"""`picomesh check`: everything that is wrong or doubtful in a ruleset, without installing it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.commands.suites import open_suite
from engine.commands.texts import count_errors, describe, read_source, show_diagnostic
from pico_lang.checks import in_text_order
from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.module_checks import Provided, check_modules, provided_by
from pico_lang.nodes import Ruleset
from pico_lang.parser import parse
from pico_lang.source import Source


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@json_option
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Report every mistake in rulesets.

    Each comes with its place and, if there is one, a hint. `-` reads standard input. Nothing is
    installed and no engine is needed. Exits with 1 when a ruleset could not be installed; warnings
    alone exit with 0. Rulesets that are checked together are held against each other: what one
    uses as a module must provide what is asked of it.

    \b
    Examples:
      picomesh check examples/counter/counter.krl
      picomesh check *.krl --json
    """
    sources = [read_source(file) for file in files]
    provided = provided_among(sources)
    found = [(source, diagnose_among(source, provided)) for source in sources]
    if as_json:
        print_json([describe(one, source) for source, several in found for one in several])
    else:
        _show(found)
    if any(count_errors(several) for _, several in found):
        sys.exit(Failure.exit_code)


def provided_among(sources: Sequence[Source]) -> Provided:
    """What the rulesets among these texts provide to the others."""
    return {tree.rid.id: provided_by(tree) for tree in map(_tree_of, sources) if tree is not None}


def _tree_of(source: Source) -> Ruleset | None:
    """None for a text that is no ruleset; what is wrong with it is said elsewhere."""
    try:
        return parse(source)
    except RulesetRefused:
        return None


def diagnose_among(source: Source, provided: Provided) -> Sequence[Diagnostic]:
    """What the compiler says about a ruleset, or about a file of tests for one."""
    try:
        found: Sequence[Diagnostic] = open_suite(source).warnings
    except RulesetRefused as refused:
        found = refused.diagnostics
    tree = _tree_of(source)
    return found if tree is None else in_text_order([*found, *check_modules(tree, provided)])


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
