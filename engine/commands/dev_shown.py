"""What `picomesh dev` tells of each ruleset that changed: for people, and for programs."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from engine.commands.dev_round import Outcome, Round
from engine.commands.output import console
from engine.commands.test import describe_played, show_findings
from engine.commands.texts import describe, show_diagnostic
from engine.commands.trials import show_trial

WORDS: dict[Outcome, str] = {
    "installed": "[bold green]installed[/]",
    "upgraded": "[bold green]in force[/]",
    "unchanged": "[green]in force already[/]",
    "wrong": "[bold red]has mistakes[/]",
    "tests failed": "[bold red]fails its tests[/]",
    "held back": "[bold yellow]held back[/]",
    "refused": "[bold red]refused[/]",
}


def show_round(found: Round, name: str) -> None:
    """The details first, what came of them last, as that is what one looks for."""
    for one, source in found.diagnostics:
        show_diagnostic(one, source)
    for played in found.played:
        show_findings(played)
    if found.trial is not None:
        show_trial(found.trial)
    tests = (
        f", {_count(len(found.played))} passed" if found.played and found.outcome != "tests failed" else ""
    )
    console.print(f"{WORDS[found.outcome]} {escape(name)}{tests} [dim]({found.took_s:.2f} s)[/]")
    for line in _advice(found):
        console.print(f"  {escape(line)}")


def _count(tests: int) -> str:
    return "1 test" if tests == 1 else f"{tests} tests"


def _advice(found: Round) -> list[str]:
    if found.failure is not None:
        told = [found.failure.message]
        return told if found.failure.hint is None else [*told, f"try: {found.failure.hint}"]
    if found.outcome == "held back":
        return ["what is above would fail; --force puts such a text in force all the same"]
    return []


def describe_round(found: Round, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "file": name,
        "rid": found.text.rid,
        "outcome": found.outcome,
        "diagnostics": [describe(one, source) for one, source in found.diagnostics],
        "tests": [describe_played(one) for one in found.played],
        "ms": round(found.took_s * 1000),
    }
    if found.trial is not None:
        told["trial"] = found.trial
    if found.failure is not None:
        told["error"] = found.failure.to_document()["error"]
    return told
