"""`picomesh stores` and `gc`: where blocks are, how those stores are, and room in the engine's own."""

from __future__ import annotations

from typing import Any

import click
from rich import box
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Column, Table

from engine.commands.client import engine_option, find_engine
from engine.commands.output import console, json_option, print_drawing, print_json

FEW = 5
"""Picos in trouble that are named."""


@click.command()
@engine_option
@json_option
def stores(url: str | None, as_json: bool) -> None:
    """Show stores of blocks, and how they are.

    The engine's own is there always; IPFS nodes are named by the setting ipfs_api (`picomesh ipfs status`
    asks them themselves). What waits for a store that is away or full goes there when it is back.

    \b
    Examples:
      picomesh stores
    """
    with find_engine(url) as engine:
        told = engine.stores()
    print_json(told) if as_json else _show(told)


def _show(told: dict[str, Any]) -> None:
    local = told["local"]
    held = f"{local['blocks']:,} blocks, {decimal(local['bytes'])}, {local['roots']:,} pinned"
    on_disk = f"{decimal(local['file_bytes'])} on disk, {decimal(local['free_bytes'])} of it free"
    console.print(f"[bold]own store[/]  {held}; {on_disk}")
    if told["others"]:
        print_drawing(_table(told["others"]))
    for one in told["others"]:
        if one["problem"] is not None:
            console.print(
                f"[yellow]{escape(one['name'])}[/] fails, and is tried again: {escape(one['problem'])}"
            )
    console.print(_tell_sealing(told))
    for pico, count in list(told["evidence"].items())[:FEW]:
        times = "once" if count == 1 else f"{count} times"
        console.print(f"[bold red]two heads for one turn[/] of pico {escape(pico)}, {times}")
        console.print(f"[dim]  picomesh history {escape(pico)} shows them, and who signed them[/]")
    for pico, why in list(told["troubles"].items())[:FEW]:
        console.print(f"[red]not sealed[/] pico {escape(pico)}: {escape(why)}")
    if (more := len(told["troubles"]) - FEW) > 0:
        console.print(f"[dim]  and {more:,} more (--json has them)[/]")


def _tell_sealing(told: dict[str, Any]) -> str:
    if not told["seal"]:
        return (
            '[dim]picos are sealed when somebody asks for it: seal = "on" in picomesh.toml does it always[/]'
        )
    waiting = told["waiting"]
    return (
        f"[dim]{waiting:,} picos have changed and wait to be sealed[/]" if waiting else "every pico is sealed"
    )


def _table(others: list[dict[str, Any]]) -> Table:
    numbers = [Column(name, justify="right") for name in ("picos to come", "sent", "ms", "failures")]
    table = Table(Column("store", no_wrap=True), *numbers, box=box.SIMPLE_HEAD)
    for one in others:
        table.add_row(
            escape(one["name"]),
            f"{one['waiting']:,}",
            decimal(one["bytes_sent"]),
            "" if one["latency_ms"] is None else f"{one['latency_ms']:,}",
            escape(", ".join(f"{count:,} {kind}" for kind, count in one["failed"].items())),
        )
    return table


@click.command()
@engine_option
@json_option
def gc(url: str | None, as_json: bool) -> None:
    """Remove blocks that nothing needs.

    They are in the engine's own store. It happens by itself each hour where picos are sealed by themselves.
    What was put there within the last hour stays.

    \b
    Examples:
      picomesh gc
    """
    with find_engine(url) as engine:
        told = engine.collect()
    if as_json:
        print_json(told)
        return
    console.print(
        f"removed {told['removed']:,} blocks, {decimal(told['bytes'])}; {told['kept']:,} are needed"
    )
