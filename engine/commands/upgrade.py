"""`picomesh upgrade` and `picomesh rollback`: newer texts of rulesets for the picos that have them, and the
way back."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import EngineClient, engine_option, find_engine, ruleset_url
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.pushing import push_file
from engine.commands.telling import tell_difference
from engine.commands.trials import has_trouble, show_trial
from engine.core.cids import SCHEME

MOST_NAMED = 20
"""Picos that are named of those on which an upgrade failed."""


@click.command()
@click.argument("rid")
@click.argument("ruleset", required=False, metavar="[FILE|URL|CID]")
@click.option("--on", "eci", metavar="ECI", help="Only this pico; else all that have the ruleset.")
@click.option("--try", "as_if", is_flag=True, help="Change nothing; show what would come of it.")
@click.option(
    "--events", default=20, show_default=True, type=click.IntRange(0), help="How many events to try it on."
)
@engine_option
@json_option
def upgrade(
    rid: str, ruleset: str | None, eci: str | None, as_if: bool, events: int, url: str | None, as_json: bool
) -> None:
    """Bring a newer text of a ruleset into force.

    The text comes from a file, a URL or a CID; without one it is read anew from where each pico has it from.
    If it has an `upgrade` block for the version that it replaces, that transforms what the ruleset remembers.
    Each pico is upgraded by itself, and one that cannot run the new text keeps the old one.

    With --try nothing is changed. The text is put in force on a copy of the pico as it was some events ago,
    and those events are run again, with what they learned from outside at the time. What the upgrade would
    change, and which events would have come out differently, is shown. The exit code is 1 if the upgrade
    would fail, or if an event would that did not.

    \b
    Examples:
      picomesh upgrade counter counter.krl --try
      picomesh upgrade counter counter.krl
      picomesh upgrade counter --on root
    """
    with find_engine(url) as engine:
        source = _source(engine, ruleset)
        if as_if:
            found = engine.try_upgrade(rid, source, eci, events)
            print_json(found) if as_json else _show_trials(found)
            is_fine = not any(has_trouble(trial) for trial in found["trials"])
        else:
            found = engine.upgrade(rid, source, eci)
            print_json(found) if as_json else _show_upgrade(found, is_named=ruleset is not None)
            is_fine = not found["failed"]
    if not is_fine:
        sys.exit(Failure.exit_code)


def _source(engine: EngineClient, ruleset: str | None) -> str | None:
    if ruleset is None:
        return None
    return ruleset_url(ruleset) or f"{SCHEME}://{push_file(engine, ruleset)['cid']}"


def _show_upgrade(found: dict[str, Any], is_named: bool) -> None:
    rid = found["rid"]
    for step, count in _steps(found["upgraded"]).items():
        console.print(f"[bold green]upgraded[/] {escape(rid)} {escape(step)} on {_picos(count)}")
    if found["unchanged"]:
        console.print(f"[dim]{_picos(len(found['unchanged']))} had this text already[/]")
        if not is_named:
            console.print(f"[dim]what has changed can be named: picomesh upgrade {escape(rid)} FILE[/]")
    _show_failed(found["failed"])
    if found["failed"]:
        console.print("[dim]where it failed, the old text stays in force[/]")
    if found["upgraded"]:
        console.print(f"[dim]back again: picomesh rollback {escape(rid)}[/]")


def _show_failed(failed: list[dict[str, Any]]) -> None:
    for one in failed[:MOST_NAMED]:
        console.print(f"[bold red]failed[/] on pico {escape(one['pico'])}: {escape(_reason(one))}")
    if len(failed) > MOST_NAMED:
        console.print(f"[bold red]failed[/] on {_picos(len(failed) - MOST_NAMED)} more (see --json)")


def _steps(upgraded: list[dict[str, Any]]) -> dict[str, int]:
    """How many picos went from which version to which."""
    counted: dict[str, int] = {}
    for one in upgraded:
        step = tell_step(one["from"], one["to"])
        counted[step] = counted.get(step, 0) + 1
    return counted


def tell_step(old: dict[str, Any], new: dict[str, Any]) -> str:
    """From one text to another, by version where they have one."""
    if old["version"] is not None and old["version"] != new["version"] is not None:
        return f"{old['version']} → {new['version']}"
    return f"{_name(old)} → {_name(new)}"


def _name(text: dict[str, Any]) -> str:
    version = "" if text["version"] is None else f"{text['version']} "
    return f"{version}({text['cid'][:16]}…)"


def _picos(count: int) -> str:
    return "1 pico" if count == 1 else f"{count:,} picos"


def _reason(one: dict[str, Any]) -> str:
    fault = one.get("fault")
    if fault is None:
        return str(one["reason"])
    places = [f"line {at['line']} column {at['column']}, {at['within']}" for at in fault["places"][-1:]]
    return f"{fault['message']} [{fault['code']}]" + "".join(f", in {place}" for place in places)


def _show_trials(found: dict[str, Any]) -> None:
    for trial in found["trials"]:
        console.print(
            f"[bold]{escape(found['rid'])} {escape(tell_step(trial['from'], trial['to']))}[/], "
            f"on a copy of pico {escape(trial['pico'])}"
        )
        show_trial(trial)
    if found["not_tried"]:
        console.print(f"[dim]not tried on {_picos(found['not_tried'])} more; --on ECI names one[/]")


@click.command()
@click.argument("rid")
@click.option("--on", "eci", metavar="ECI", help="Only this pico; else all that had another text.")
@click.option("--keep-state", "state", flag_value="keep", help="Run the old text on the variables of now.")
@click.option(
    "--restore-state", "state", flag_value="restore", help="Put the variables back as they were before."
)
@engine_option
@json_option
def rollback(rid: str, eci: str | None, state: str | None, url: str | None, as_json: bool) -> None:
    """Put the text back that a ruleset had before.

    If an `upgrade` block has changed what the ruleset remembers, say what the old text is to find: with
    --keep-state the variables as they are now, with --restore-state as they were right before the upgrade.
    What was written since is then shown; it is lost to the ruleset, though the history has it.

    A pico remembers the last five texts of each ruleset. Going back again goes back one more. Where a pico
    needs that decision, it is asked for before any of them goes back.

    \b
    Examples:
      picomesh rollback counter
      picomesh rollback counter --on root
      picomesh rollback counter --on root --restore-state
    """
    with find_engine(url) as engine:
        found = engine.roll_back(rid, eci, state)
    if as_json:
        print_json(found)
    elif eci is not None:
        _show_rollback(found)
    else:
        _show_rollbacks(found)
    if found.get("failed"):
        sys.exit(Failure.exit_code)


def _show_rollbacks(found: dict[str, Any]) -> None:
    for step, count in _steps(found["rolled_back"]).items():
        console.print(f"[bold green]rolled back[/] {escape(found['rid'])} {escape(step)} on {_picos(count)}")
    lossy = [one for one in found["rolled_back"] if one["lost"]]
    if lossy:
        console.print("[yellow]written since the upgrade, and lost to the ruleset:[/]")
    for one in lossy[:MOST_NAMED]:
        console.print(f"  on pico {escape(one['pico'])}")
        _show_differences(one["lost"], "    ")
    if len(lossy) > MOST_NAMED:
        console.print(f"  and on {_picos(len(lossy) - MOST_NAMED)} more (see --json)")
    _show_failed(found["failed"])


def _show_rollback(found: dict[str, Any]) -> None:
    step = tell_step(found["from"], found["to"])
    console.print(f"[bold green]rolled back[/] {escape(found['rid'])} {escape(step)}")
    if found["differences"]:
        console.print("what it remembers is again:")
        _show_differences(found["differences"])
    if found["lost"]:
        console.print("[yellow]written since the upgrade, and lost to the ruleset:[/]")
        _show_differences(found["lost"])


def _show_differences(differences: list[dict[str, Any]], indent: str = "  ") -> None:
    for one in differences:
        console.print(f"{indent}{escape(tell_difference(one))}")
