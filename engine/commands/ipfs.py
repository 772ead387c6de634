"""`picomesh ipfs`: the IPFS nodes that keep blocks for an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Column, Table

from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.commands.settings import read_settings
from engine.config import Settings
from engine.ports import StoreFailed

if TYPE_CHECKING:
    from engine.adapters.ipfs import IpfsBlocks, NodeStatus


@dataclass(frozen=True, slots=True)
class Told:
    """What a node says of itself, or why it says nothing."""

    url: str
    status: NodeStatus | None = None
    pins: int = 0
    problem: str | None = None


@click.group()
def ipfs() -> None:
    """IPFS nodes that keep blocks for an engine."""


@ipfs.command()
@click.option(
    "--home", type=click.Path(path_type=Path), help="The home whose settings are meant [~/.picomesh]."
)
@json_option
def status(home: Path | None, as_json: bool) -> None:
    """Ask each node how it is.

    The setting ipfs_api names them. Needs no engine. The exit code is 1 if one of them does not answer.

    \b
    Examples:
      picomesh ipfs status
      PICOMESH_IPFS_API=http://127.0.0.1:5001 picomesh ipfs status --json
    """
    settings = read_settings(home=home)
    told = asyncio.run(_ask_all(settings)) if settings.ipfs_api.addresses else []
    if as_json:
        print_json([_plain(one) for one in told])
    elif told:
        print_drawing(_table(told))
        for one in told:
            if one.problem is not None:
                console.print(f"[red]{escape(one.problem)}[/]")
    else:
        console.print(f"no IPFS node is named in the settings of {escape(str(settings.home))}")
        console.print(
            '[dim]  try: ipfs_api = "http://127.0.0.1:5001" in its picomesh.toml, with Kubo running;[/]'
        )
        console.print("[dim]  --home names another home, and `picomesh stores` asks a running engine[/]")
    if silent := sum(one.status is None for one in told):
        raise Failure(f"{silent} of {len(told)} nodes cannot be used")


async def _ask_all(settings: Settings) -> list[Told]:
    return list(await asyncio.gather(*(_ask(node) for node in opened_nodes(settings))))


def need_nodes(settings: Settings) -> None:
    """Where nothing can be done without one."""
    if not settings.ipfs_api.addresses:
        hint = "PICOMESH_IPFS_API=http://127.0.0.1:5001 names one, or ipfs_api in the home's picomesh.toml"
        raise Failure("no IPFS node is named", hint)
    _need_aioipfs()


def opened_nodes(settings: Settings) -> list[tuple[str, IpfsBlocks]]:
    _need_aioipfs()
    # By name, because aioipfs is an extra, and no other command should wait for it to load.
    nodes: Sequence[IpfsBlocks] = import_module("engine.adapters.ipfs.opening").open_nodes(settings)
    return list(zip(map(str, settings.ipfs_api.addresses), nodes, strict=True))


def _need_aioipfs() -> None:
    if find_spec("aioipfs") is None:
        raise Failure("IPFS nodes need aioipfs, which is not installed", "pip install 'picomesh[ipfs]'")


async def _ask(named: tuple[str, IpfsBlocks]) -> Told:
    url, node = named
    try:
        return Told(url, await node.status(), len(await node.roots()))
    except StoreFailed as problem:
        return Told(url, problem=str(problem))
    finally:
        await node.close()


def _plain(told: Told) -> dict[str, object]:
    found = {} if told.status is None else asdict(told.status)
    return {"url": told.url, **found, "pins": told.pins, "problem": told.problem}


def _table(told: Sequence[Told]) -> Table:
    numbers = [Column(name, justify="right") for name in ("peers", "blocks", "size", "of", "our pins")]
    table = Table(Column("node", no_wrap=True), "version", *numbers, box=box.SIMPLE_HEAD)
    for one in told:
        if (found := one.status) is None:
            table.add_row(escape(one.url), "[red]does not answer[/]")
            continue
        table.add_row(
            escape(one.url),
            escape(found.version),
            f"{found.peers:,}",
            f"{found.blocks:,}",
            decimal(found.bytes),
            decimal(found.most_bytes),
            f"{one.pins:,}",
        )
    return table
