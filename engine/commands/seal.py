"""`picomesh seal` and `history`: states of picos as encrypted blocks, and the signed heads that name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.copies import LONGEST_WAIT_S, demand_copies, show_copies
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.owners import describe, show_promises
from engine.commands.recovery import owners_file

SHORT = 18
"""Characters of a CID that tell it from others, for people."""
FEW = 20
"""Heads that are shown, and picos."""


@click.command()
@click.argument("eci", required=False)
@click.option(
    "--copies", type=click.IntRange(0, 999), metavar="N", help="In so many stores besides this engine."
)
@click.option(
    "--stores", metavar="NAMES", help="Among these; names with commas, as `picomesh stores` has them."
)
@click.option("--usual", is_flag=True, help="As the setting seal_copies says, and no longer otherwise.")
@click.option(
    "--owner",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Let whoever has this file open what is sealed, and go on with it; made if not there.",
)
@click.option("--wait", is_flag=True, help="Come back when all copies are made.")
@engine_option
@json_option
def seal(
    eci: str | None,
    copies: int | None,
    stores: str | None,
    usual: bool,
    owner: Path | None,
    wait: bool,
    url: str | None,
    as_json: bool,
) -> None:
    """Seal the state of a pico, or of all, now.

    The newest one becomes encrypted blocks in the engine's own store, goes on to its IPFS nodes, and is
    brought back from there with `picomesh restore`: by whoever has a copy of this engine's engine.key, and by
    owners who were named with --owner. The engine gets names and hashes of an owner's keys alone, so keep the
    file elsewhere. The log of each pico is made to promise a key out of it, so that with the file a pico goes
    on elsewhere, and is sealed there for the same owner. With the setting seal = "on" sealing happens by
    itself. Copies are made in the background; with --wait the command comes back when all are made, or with
    exit code 1 after five minutes.

    \b
    Examples:
      picomesh seal --wait
      picomesh seal root --copies 2
      picomesh seal --owner ~/owner.key
    """
    if eci is None and (copies is not None or stores is not None or usual):
        raise click.UsageError("copies are of one pico: name it by a channel")
    with find_engine(url) as engine:
        key = None if owner is None else _name_owner(engine, owner)
        names = None if stores is None else [name.strip() for name in stores.split(",") if name.strip()]
        with _waiting(wait):
            wait_s = LONGEST_WAIT_S if wait else None
            told = engine.seal(eci, copies=copies, stores=names, usual=usual or None, wait=wait_s)
    print_json(told) if as_json else _show_sealed(told, owner, key)
    if told["failed"]:
        raise Failure(f"{len(told['failed'])} of {len(told['failed']) + len(told['sealed'])} were not sealed")
    if wait:
        demand_copies(told)


@contextmanager
def _waiting(for_copies: bool) -> Iterator[None]:
    """Whoever sits at a terminal sees that something goes on."""
    if not for_copies:
        yield
        return
    with Console(stderr=True).status("sealing, and waiting for copies (Ctrl-C: they are made without you)"):
        yield


def _name_owner(engine: EngineClient, file: Path) -> str:
    owner = owners_file(file, new=not file.exists()).owner()
    engine.name_owner(describe(owner))
    return owner.key


def _show_sealed(told: dict[str, Any], owner: Path | None, key: str | None) -> None:
    if owner is not None:
        console.print(f"[bold]{escape(str(key))}[/] is an owner now; the key is in {escape(str(owner))}")
        console.print("  [dim]keep that file elsewhere: with it picos come back when this machine is gone[/]")
        console.print("  [dim]and go on there. `picomesh owners` lists owners, and removes them[/]")
    if len(told["sealed"]) <= FEW:
        for one in told["sealed"]:
            _show_one(one)
    else:
        _show_many(told["sealed"])
    for one in told["failed"]:
        console.print(f"[red]not sealed[/] pico {escape(one['pico'])}: {escape(one['reason'])}")


def _show_one(one: dict[str, Any]) -> None:
    console.print(f"[green]sealed[/] pico {escape(one['pico'])} after turn {one['sequence']:,}")
    console.print(f"  [dim]head[/]  {escape(one['head'])}")
    _show_name(one)
    show_promises(one, one["pico"])
    show_copies(one["replication"])


def _show_name(told: dict[str, Any]) -> None:
    if "ipns" in told:
        leads = "leads there" if told["ipns_leads_there"] else "is published in the background"
        console.print(f"  [dim]name[/]  ipns://{escape(told['ipns'])} [dim]{leads}[/]")


def _show_many(sealed: list[dict[str, Any]]) -> None:
    """In numbers, and by name those of which there is something to be done."""
    console.print(f"[green]sealed[/] {len(sealed):,} picos [dim](--json has them all)[/]")
    copied = [one for one in sealed if set(one["replication"]["chosen"]) <= set(one["replication"]["held"])]
    console.print(f"  {len(copied):,} of them are in every node that is to have them by now")
    odd = [one for one in sealed if one["other_keys"] or not all(who["promised"] for who in one["owners"])]
    for one in odd[:FEW]:
        console.print(f"pico {escape(one['pico'])}")
        show_promises(one, one["pico"])
    if len(odd) > FEW:
        console.print(f"[dim]and {len(odd) - FEW:,} more whose logs promise something else[/]")


@click.command()
@click.argument("eci")
@engine_option
@json_option
def history(eci: str, url: str | None, as_json: bool) -> None:
    """List the sealed heads of a pico.

    The newest comes last. Each says which state the pico had after which turn, and is checked against the
    pico's log. Two for one turn would prove that somebody has run the pico twice, and are shown as evidence.

    \b
    Examples:
      picomesh history root
      picomesh history root --json
    """
    with find_engine(url) as engine:
        told = engine.seal_history(eci)
    print_json(told) if as_json else _show_history(told)


def _show_history(told: dict[str, Any]) -> None:
    heads = told["heads"]
    if not heads:
        console.print(f"pico {escape(told['pico'])} was never sealed")
        console.print('[dim]  try: picomesh seal, or seal = "on" in picomesh.toml[/]')
    else:
        console.print(f"[bold]{escape(heads[-1]['did'])}[/]")
        _show_name(told)
        show_copies(told["replication"])
    if len(heads) > FEW:
        console.print(f"  [dim]{len(heads) - FEW:,} before these (--json has them)[/]")
    for one in heads[-FEW:]:
        console.print(f"  {escape(_tell_head(one))}")
    if (since := told["unsealed"]) and heads:
        turns = "1 turn since then is" if since == 1 else f"{since:,} turns since then are"
        console.print(f"  [yellow]{turns} not sealed[/] [dim](picomesh seal)[/]")
    for lie in told["evidence"]:
        console.print(f"[bold red]two heads for one turn[/], signed by {escape(', '.join(lie['by']))}:")
        for one in lie["heads"]:
            console.print(f"  [red]{escape(_tell_head(one))}[/]")
    if told["trouble"] is not None:
        console.print(f"[yellow]it could not be sealed lately: {escape(told['trouble'])}[/]")


def _tell_head(one: dict[str, Any]) -> str:
    return f"{one['time']}  epoch {one['epoch']}, turn {one['sequence']:>6,}  {one['head']}"
