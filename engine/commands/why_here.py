"""`picomesh why-here`: why a pico lives where it does, as its ruleset io.picomesh.nomad has weighed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json

NOMAD = "io.picomesh.nomad"
ASPECTS = ("cost", "latency", "availability", "capacity")
VERDICTS = {"stay": "stays on", "go": "goes to", "leaving": "is about to go to"}

Shown = Mapping[str, Any]


@click.command("why-here")
@click.argument("eci")
@engine_option
@json_option
def why_here(eci: str, url: str | None, as_json: bool) -> None:
    """Say why a pico lives where it does.

    ECI is a channel of a pico that has the ruleset io.picomesh.nomad. Shown is its last score table: each
    engine with what was measured of it, from 0 to 1 what that is worth, and why it is none to go to. The
    score follows what is weighed now as slowly as the pico's owner wants.

    \b
    Examples:
      picomesh why-here root
      picomesh why-here root --json
    """
    with find_engine(url) as engine:
        try:
            told = engine.query(eci, (NOMAD, "whyHere"), {})
        except Failure as failure:
            raise _explained(failure, eci) from failure
    if as_json:
        print_json(told)
    elif told is None:
        console.print("it has not weighed anything yet")
        console.print(f"[dim]  try: picomesh send {escape(eci)} nomad:weigh[/]")
    else:
        _show(told)


def _explained(failure: Failure, eci: str) -> Failure:
    if failure.code != "R610" and NOMAD not in failure.message:
        return failure
    return Failure(
        f"that pico does not choose where it lives: it has no ruleset {NOMAD}",
        f"picomesh grant {eci} engine, and picomesh install {eci} library:{NOMAD}",
        code=failure.code,
    )


def _show(told: Shown) -> None:
    console.print(
        f"{VERDICTS[told['verdict']]} [bold]{escape(str(told['name']))}[/]: {escape(told['reason'])}"
    )
    print_drawing(_table(told["rows"], told["weights"], told["to"]))
    console.print(f"[dim]weighed at {escape(told['at'])}; {_tell_brakes(told['settings'])}[/]")
    if told["stays"]:
        console.print("[yellow]its owner wants it to stay[/] [dim](nomad:roam lets it go again)[/]")


def _tell_brakes(settings: Shown) -> str:
    margin, patience, stay = settings["margin"], settings["patience_min"], settings["stay_min"]
    return f"another has to be better by {margin:g} for {patience:g} min, {stay:g} min after it came"


def _table(rows: Sequence[Shown], weights: Shown, to: str | None) -> Table:
    aspects = [Column(f"{name} ×{weights[name]:g}", justify="right", no_wrap=True) for name in ASPECTS]
    table = Table(
        Column("", no_wrap=True),
        Column("engine", no_wrap=True),
        Column("score", justify="right", no_wrap=True),
        Column("now", justify="right", no_wrap=True),
        *aspects,
        "why",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for row in rows:
        table.add_row(*_cells(row, to), style="bold" if _is_chosen(row, to) else "")
    return table


def _is_chosen(row: Shown, to: str | None) -> bool:
    return bool(row["here"] if to is None else row["did"] == to)


def _cells(row: Shown, to: str | None) -> list[str]:
    mark = "→" if to is not None and row["did"] == to else "●" if row["here"] else ""
    measured = _measured(row["measured"], row["here"])
    parts = [f"{row['parts'][name]:.2f} [dim]{escape(measured[name]):>8}[/]" for name in ASPECTS]
    name = escape(str(row["name"] or row["did"]))
    return [mark, name, f"{row['score']:.3f}", f"[dim]{row['now']:.3f}[/]", *parts, escape(row["why"])]


def _measured(measured: Shown, is_here: bool) -> dict[str, str]:
    load = measured["load"]
    return {
        "cost": _tell(measured["price"], "{:g}"),
        "latency": _tell(measured["latency_ms"], "{:.0f} ms"),
        "availability": "here" if is_here else _tell(measured["success"], "{:.0%}"),
        "capacity": _tell(measured["free_picos"], "{:g} free") if load is None else f"{load:.0%} busy",
    }


def _tell(value: float | None, shape: str) -> str:
    return "?" if value is None else shape.format(value)
