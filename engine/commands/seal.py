"""`picomesh seal` and `history`: states of picos as encrypted blocks, and the signed heads that name them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from engine.adapters.keys import KeyBoxes
from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.own_keys import open_keys
from engine.runtime.state_keys import OPENING

SHORT = 18
"""Characters of a CID that tell it from others, for people."""
FEW = 20
"""Heads that are shown."""


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
    help="Let the key in this file open what is sealed from now on; it is made if it is not there.",
)
@engine_option
@json_option
def seal(
    eci: str | None,
    copies: int | None,
    stores: str | None,
    usual: bool,
    owner: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Seal the state of a pico, or of all, now.

    The newest one becomes encrypted blocks in the engine's own store, goes on to its IPFS nodes, and is
    brought back from there with `picomesh restore`: by whoever has a copy of this engine's engine.key, and by
    owners who were named with --owner. The engine gets the name of the owner's key alone, so keep the file
    elsewhere. A pico that comes back on another engine is sealed there again if its log promises that key
    too: see `picomesh did log --recovery-key`. With the setting seal = "on" sealing happens by itself.

    \b
    Examples:
      picomesh seal
      picomesh seal root --copies 2
      picomesh seal --owner ~/owner.key
    """
    if eci is None and (copies is not None or stores is not None or usual):
        raise click.UsageError("copies are of one pico: name it by a channel")
    with find_engine(url) as engine:
        key = None if owner is None else _name_owner(engine, owner)
        names = None if stores is None else [name.strip() for name in stores.split(",") if name.strip()]
        told = engine.seal(eci, copies=copies, stores=names, usual=usual or None)
    print_json(told) if as_json else _show_sealed(told, eci, owner, key)
    if told["failed"]:
        raise Failure(f"{len(told['failed'])} of {len(told['failed']) + len(told['sealed'])} were not sealed")


def _name_owner(engine: EngineClient, file: Path) -> str:
    key = KeyBoxes(os.urandom).name(open_keys(file).derive(OPENING))
    engine.name_owner(key)
    return key


def _show_sealed(told: dict[str, Any], eci: str | None, owner: Path | None, key: str | None) -> None:
    if owner is not None:
        console.print(
            f"sealed from now on for [bold]{escape(str(key))}[/], whose key is in {escape(str(owner))}"
        )
        console.print("[dim]  keep that file elsewhere: with it picos come back when this machine is gone[/]")
        # To open a state is one thing, to act as the pico another: its log has to promise a key for that.
        command = f"picomesh did log {eci or 'ECI'} --recovery-key {owner}"
        console.print(f"[dim]  to go on as them elsewhere they have to promise it too: {escape(command)}[/]")
    for one in told["sealed"]:
        console.print(f"[green]sealed[/] pico {escape(one['pico'])} after turn {one['sequence']:,}")
        console.print(f"  [dim]head[/] {escape(one['head'])}")
        if "ipns" in one:
            console.print(f"  [dim]name[/] ipns://{escape(one['ipns'])}")
        console.print(f"  [dim]{escape(_tell_copies(one['replication']))}[/]")
    for one in told["failed"]:
        console.print(f"[red]not sealed[/] pico {escape(one['pico'])}: {escape(one['reason'])}")


def _tell_copies(replication: dict[str, Any]) -> str:
    wanted, chosen = replication["copies"], replication["chosen"]
    where = f"in this engine, and to be in {', '.join(chosen)}" if chosen else "in this engine alone"
    lacking = wanted - len(chosen)
    return where if lacking <= 0 else f"{where}; {lacking} more would be wanted, and there is no store for it"


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
        console.print(f"[dim]  {escape(_tell_copies(told['replication']))}[/]")
    if len(heads) > FEW:
        console.print(f"  [dim]{len(heads) - FEW:,} before these (--json has them)[/]")
    for one in heads[-FEW:]:
        console.print(f"  {escape(_tell_head(one))}")
    for lie in told["evidence"]:
        console.print(f"[bold red]two heads for one turn[/], signed by {escape(', '.join(lie['by']))}:")
        for one in lie["heads"]:
            console.print(f"  [red]{escape(_tell_head(one))}[/]")
    if told["trouble"] is not None:
        console.print(f"[yellow]it could not be sealed lately: {escape(told['trouble'])}[/]")


def _tell_head(one: dict[str, Any]) -> str:
    return f"{one['time']}  epoch {one['epoch']}, turn {one['sequence']:>6,}  {one['head']}"
