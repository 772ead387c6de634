"""`picomesh test`: plays the tests that rulesets have, without an engine."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.commands.failure import Failure
from engine.commands.known import known_plugins
from engine.commands.output import json_option, print_json
from engine.commands.suites import Folder, find_files, open_suite
from engine.commands.texts import describe, read_source, show_diagnostic
from engine.core.testing.findings import Finding, Verdict
from engine.core.testing.play import play
from pico_lang.diagnostics import RulesetRefused
from pico_lang.source import Source
from pico_lang.suites import Suite


@dataclass(frozen=True, slots=True)
class Played:
    """How a test went, where it stands, and how long it took."""

    verdict: Verdict
    source: Source
    duration_ms: float


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("-k", "words", metavar="WORDS", help="Only tests with these words in their name.")
@click.option("--confined", is_flag=True, help="Read no ruleset outside of a test's folder.")
@json_option
def test(paths: tuple[str, ...], words: str | None, confined: bool, as_json: bool) -> None:
    """Play the tests of rulesets.

    They stand behind the rules, or in files of their own: tests for "counter.krl" { … }. Each is played
    on a pico of its own, with a clock that moves only when told to; no engine is needed, and nothing
    outside is reached. Exit code 1 when one fails, or when there is none.

    \b
    Examples:
      picomesh test examples
      picomesh test examples/counter/counter.test.krl -k ticket
    """
    suites, refused = _open_all(paths, confined)
    found = []
    for played in play_all(suites, words, confined):
        found.append(played)
        if not as_json:
            _show(played)
    if as_json:
        print_json(
            {
                "tests": [describe_played(one) for one in found],
                "diagnostics": [describe(each, one.source) for one in refused for each in one.diagnostics],
            }
        )
    else:
        _sum_up(found, refused)
    if refused or not found or not all(one.verdict.passed for one in found):
        sys.exit(Failure.exit_code)


def _open_all(paths: Sequence[str], confined: bool) -> tuple[list[Suite], list[RulesetRefused]]:
    """What can be played, and what was said of texts with mistakes."""
    suites, refused = [], []
    for path in find_files(paths):
        try:
            suites.append(open_suite(read_source(str(path)), confined))
        except RulesetRefused as mistakes:
            refused.append(mistakes)
    return suites, refused


def play_all(suites: Sequence[Suite], words: str | None, confined: bool = False) -> Iterator[Played]:
    for suite in suites:
        folder = Folder(Path(suite.source.name).parent, confined)
        url = folder.url(Path(suite.program.source.name).name)
        for one in suite.tests:
            if words is None or words.lower() in one.name.value.lower():
                began = time.perf_counter()
                verdict = play(suite, one, url, folder.find, known_plugins().catalogue)
                yield Played(verdict, suite.source, (time.perf_counter() - began) * 1000)


# --- for people --------------------------------------------------------------------------------------


def _show(played: Played) -> None:
    verdict = played.verdict
    mark, colour = ("✓", "green") if verdict.passed else ("✗", "red")
    took = click.style(f"({played.duration_ms:.0f} ms)", dim=True)
    click.echo(f"{click.style(mark, fg=colour, bold=True)} {verdict.name} {took}")
    show_findings(played)


def show_findings(played: Played) -> None:
    """What is wrong, each with its place."""
    for finding in played.verdict.findings:
        _show_finding(finding, played.source)


def _show_finding(finding: Finding, source: Source) -> None:
    line, column = source.position(finding.span.start)
    click.secho(f"  {source.name}:{line}:{column}: {finding.message}", fg="red")
    for text in (source.excerpt(finding.span), *finding.details):
        for one in text.splitlines():
            click.echo(f"    {one}")
    click.echo()


def _sum_up(found: Sequence[Played], refused: Sequence[RulesetRefused]) -> None:
    for mistakes in refused:
        for one in mistakes.diagnostics:
            show_diagnostic(one, mistakes.source)
    failed = sum(not one.verdict.passed for one in found)
    took_ms = sum(one.duration_ms for one in found)
    parts = [f"{len(found) - failed} passed", f"{failed} failed"]
    if refused:
        parts.append(f"{len(refused)} with mistakes")
    if not found and not refused:
        parts = ["there are no tests here"]
    colour = "green" if found and not failed and not refused else "red"
    click.secho(f"{', '.join(parts)} ({took_ms:.0f} ms)", fg=colour, bold=True)


# --- for programs ------------------------------------------------------------------------------------


def describe_played(played: Played) -> dict[str, Any]:
    return {
        "file": played.source.name,
        "test": played.verdict.name,
        "passed": played.verdict.passed,
        "ms": round(played.duration_ms, 1),
        "findings": [_describe_finding(one, played.source) for one in played.verdict.findings],
    }


def _describe_finding(finding: Finding, source: Source) -> dict[str, Any]:
    line, column = source.position(finding.span.start)
    return {"line": line, "column": column, "message": finding.message, "details": list(finding.details)}
