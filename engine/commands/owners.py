"""`picomesh owners`: whose keys open what is sealed, and what logs promise them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.recovery import owners_file
from engine.core.did_keys import PREFIX
from engine.runtime.pico_owners import PicoOwner, pack_owners

FEW = 5
"""Picos that are named."""


@click.command()
@click.argument("eci", required=False)
@click.option("--remove", metavar="KEY|FILE", help="Seal nothing for this key any more; or its file.")
@click.option("--only-these", is_flag=True, help="Have the pico's log promise no other owner's key.")
@engine_option
@json_option
def owners(eci: str | None, remove: str | None, only_these: bool, url: str | None, as_json: bool) -> None:
    """List the owners of sealed picos.

    An owner's key file opens what is sealed, and the log of each pico promises a key out of it, so that with
    the file alone a pico goes on elsewhere. `picomesh seal --owner FILE` names one. With ECI it is told what
    the log of that pico promises. Once removed, a key opens nothing that is sealed from then on, and no log
    promises it any more; what was sealed before stays open to it.

    \b
    Examples:
      picomesh owners
      picomesh owners root
      picomesh owners --remove lost.key
    """
    if remove is not None and (eci is not None or only_these):
        raise click.UsageError("an owner is removed everywhere: leave ECI and --only-these out")
    if only_these and eci is None:
        raise click.UsageError("whose log? name the pico by a channel")
    with find_engine(url) as engine:
        if remove is not None:
            told = engine.remove_owner(_named(remove))
            print_json(told) if as_json else _show_removed(told)
        elif eci is None:
            told = engine.seal_owners()
            print_json(told) if as_json else _show(told["owners"])
        else:
            told = engine.forget_others(eci) if only_these else engine.seal_owners(eci)
            print_json(told) if as_json else _show_of(told, eci)
    if remove is not None and told["promised_still"]:
        raise Failure(
            f"{len(told['promised_still'])} logs still promise that key", "see above; then remove it again"
        )


def describe(owner: PicoOwner) -> dict[str, Any]:
    """As an engine is told of an owner."""
    (packed,) = pack_owners([owner])
    told: dict[str, Any] = packed
    return told


def _named(given: str) -> dict[str, Any]:
    return {"key": given} if given.startswith(PREFIX) else describe(owners_file(Path(given)).owner())


def _show(found: list[dict[str, Any]]) -> None:
    if not found:
        console.print("what is sealed here opens with this home's engine.key alone")
        console.print("[dim]  try: picomesh seal --owner owner.key, and keep that file elsewhere[/]")
    for one in found:
        since = "" if one["named"] is None else f", named at {one['named']}"
        console.print(f"[bold]{escape(one['key'])}[/]")
        console.print(f"  of {escape(_whose(one['picos']))}{since}")
        if not one["takes_up"]:
            console.print("  [yellow]opens states, and can take up no log: it was named by its key alone[/]")
            console.print("  [dim]picomesh seal --owner FILE names it with what logs are to promise[/]")


def _whose(picos: list[str] | None) -> str:
    if picos is None:
        return "every pico of this engine"
    more = f" and {len(picos) - FEW:,} more" if len(picos) > FEW else ""
    return f"pico {', '.join(picos[:FEW])}{more}, brought here with that key"


def _show_of(told: dict[str, Any], eci: str) -> None:
    console.print(f"pico {escape(told['pico'])}")
    if "forgotten" in told:
        count = told["forgotten"]
        keys = "no key" if not count else "one key" if count == 1 else f"{count} keys"
        console.print(
            f"  its log promised {keys} of nobody who is named here{', and does no more' * (count > 0)}"
        )
    show_promises(told, eci)


def show_promises(told: dict[str, Any], eci: str) -> None:
    """What the log of a pico promises its owners, and whom else."""
    if not told["owners"]:
        console.print("  [dim]owner[/] none is named: it opens with this home's engine.key alone")
    for one in told["owners"]:
        console.print(f"  [dim]owner[/] {escape(one['key'])}")
        if one["promised"]:
            console.print("        [dim]opens it, and goes on with it elsewhere: its log promises that[/]")
            continue
        why = one["why"] or "it will when the pico is sealed next"
        console.print(f"        [yellow]opens it; its log does not promise that key: {escape(why)}[/]")
    if others := told["other_keys"]:
        keys, who = ("one key", "has it") if others == 1 else (f"{others} keys", "has one of them")
        console.print(f"  [yellow]its log promises {keys} of nobody who is named here, too:[/]")
        console.print(f"        [dim]who {who} can take the pico up. If that is nobody of yours:[/]")
        console.print(f"        [dim]picomesh owners {escape(eci)} --only-these[/]")


def _show_removed(told: dict[str, Any]) -> None:
    console.print(f"[green]removed[/] {escape(told['removed'])}")
    console.print("  what is sealed from now on does not open with that key")
    if not told["hashes"]:
        console.print("  [yellow]whether logs promise it is not known: name its file, if you have it[/]")
    elif told["withdrawn"]:
        count = len(told["withdrawn"])
        console.print(f"  {'1 log promises' if count == 1 else f'{count:,} logs promise'} it no longer")
    for one in told["promised_still"][:FEW]:
        console.print(f"  [red]pico {escape(one['pico'])} promises it still:[/] {escape(one['reason'])}")
    console.print("  [yellow]what was sealed before stays open to it, wherever there are copies[/]")
    console.print("  [dim]next: picomesh seal, so that stores have newer states, which it does not open[/]")
