"""How it is told where a sealed state is kept: what has it by now, what is to have it, and what fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from engine.commands.failure import Failure
from engine.commands.output import console

LONGEST_WAIT_S = 300
"""That a command waits for copies; they are made in the background anyway."""


def show_copies(replication: dict[str, Any]) -> None:
    """Under the head that it is about."""
    held, chosen = replication["held"], replication["chosen"]
    to_come = [one for one in chosen if one not in held]
    style = "green" if chosen and not to_come else "dim"
    console.print(f"  [{style}]kept[/]  [dim]{escape(_where(replication, held, chosen))}[/]")
    for one in to_come:
        why = replication["problems"].get(one)
        if why is None:
            console.print(f"        [dim]on its way to {escape(one)}[/]")
        else:
            console.print(f"        [yellow]{escape(one)} fails, and is tried again: {escape(why)}[/]")
    for line in _lacking(replication, chosen):
        console.print(f"        [yellow]{escape(line)}[/]")


def _where(replication: dict[str, Any], held: list[str], chosen: list[str]) -> str:
    if not chosen and not replication["known"]:
        return "in this engine alone; ipfs_api in picomesh.toml names IPFS nodes that have it too"
    if not held:
        return "in this engine alone"
    if len(held) == len(chosen):
        return f"in this engine and in {_name(held)}"
    return f"in this engine and in {len(held)} of {len(chosen)} nodes: {', '.join(held)}"


def _name(held: list[str]) -> str:
    return held[0] if len(held) == 1 else f"{len(held)} nodes: {', '.join(held)}"


def _lacking(replication: dict[str, Any], chosen: list[str]) -> Iterator[str]:
    lacking = replication["copies"] - len(chosen)
    if lacking > 0 and replication["known"]:
        more = "1 more copy is" if lacking == 1 else f"{lacking} more copies are"
        yield f"{more} wanted, and there is no other node that may have it: ipfs_api names nodes"


def demand_copies(told: dict[str, Any]) -> None:
    """Raises `Failure` if somebody has waited for copies, and not all are there."""
    each = [one["replication"] for one in told["sealed"]]
    late = [one for one in each if set(one["chosen"]) - set(one["held"])]
    if late:
        picos = "1 pico has" if len(late) == 1 else f"{len(late):,} picos have"
        raise Failure(
            f"{picos} not all copies after {LONGEST_WAIT_S} s",
            "they are still tried in the background; `picomesh stores` shows how it goes",
            code="not-copied",
        )
