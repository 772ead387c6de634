"""Engines and whom they take in, drawn for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Column, Table

from engine.commands.output import console, print_drawing
from engine.core.dids import show_did
from engine.core.mesh.adverts import engine_of, short_name

Shown = Mapping[str, Any]

COLOURS = {"trusted": "green", "known": "default", "blocked": "red", "heard": "dim"}
SPANS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def show_engines(told: Shown, all: bool) -> None:
    here, engines = told["here"], told["engines"]
    console.print(
        f"this engine is [bold]{escape(here['name'])}[/], {_tell_room(here['free'])} for others' picos"
    )
    if engines:
        print_drawing(_table(engines))
        for one in engines:
            if said := _trouble(one):
                console.print(f"[yellow]{escape(one['name'])}[/] {escape(said)}")
    else:
        console.print("it knows no other engine")
        console.print(
            "[dim]  try: picomesh engines invite, and on another engine: picomesh engines add 'URL'[/]"
        )
    if told["heard"] and not all:
        console.print(f"[dim]{told['heard']:,} more were heard of: picomesh engines list --all[/]")


def show_engine(one: Shown) -> None:
    """One that something was just done with."""
    print_drawing(_table([one]))
    if said := _trouble(one):
        console.print(f"[yellow]{escape(one['name'])}[/] {escape(said)}")


def _table(engines: Sequence[Shown]) -> Table:
    numbers = [Column(name, justify="right") for name in ("round trip", "success", "free", "price", "heard")]
    table = Table(
        Column("name", no_wrap=True), Column("DID", no_wrap=True), "trust", *numbers, box=box.SIMPLE_HEAD
    )
    for one in engines:
        colour = COLOURS[one["trust"]]
        table.add_row(
            f"[bold]{escape(one['name'])}[/]",
            f"[dim]…[/]{escape(one['short'])}",
            f"[{colour}]{one['trust']}[/]",
            _tell_time(one["round_trip_ms"]),
            "" if one["success"] is None else _colour_success(one["success"]),
            _tell_free(one),
            "" if one["price"] is None else f"{one['price']:,}",
            tell_ago(one["heard_at"]),
        )
    return table


def _trouble(one: Shown) -> str | None:
    if one["left_at"] is not None:
        return "does not know this engine any more; an invitation by it mends that: picomesh engines invite"
    if one["problem"] is not None:
        return f"{'cannot be reached' if not one['heard_at'] else 'was not reached'}: {one['problem']}"
    if one["trust"] != "blocked" and one["expired"]:
        return "has not said for a while what it offers"
    return None


def _tell_time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds:,.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:,.0f} s"


def _colour_success(success: float) -> str:
    colour = "green" if success >= 0.95 else "yellow" if success >= 0.5 else "red"
    return f"[{colour}]{success:.0%}[/]"


def _tell_free(one: Shown) -> str:
    """An old word of how much room there is says nothing."""
    free = one["free"]
    if free is None or one["expired"]:
        return "?"
    return (
        "none"
        if not free["picos"] or not free["bytes"]
        else f"{count_picos(free['picos'])}, {decimal(free['bytes'])}"
    )


def count_picos(count: int) -> str:
    return "1 pico" if count == 1 else f"{count:,} picos"


def engine_names(told: Shown) -> dict[str, str]:
    """What engines are called here, by who they are: of what `/api/engines?all` answers."""
    known = ((engine_of(one["did"]), one["name"]) for one in (told["here"], *told["engines"]))
    return {engine: name for engine, name in known if engine is not None}


def tell_engine(did: str, names: Mapping[str, str]) -> str:
    """By its name, or as short as it can be."""
    engine = engine_of(did)
    return show_did(did) if engine is None else names.get(engine, f"…{short_name(engine)}")


def _tell_room(free: Shown) -> str:
    if not free["picos"] or not free["bytes"]:
        return "with no room"
    return f"with room ({free['picos']:,}, {decimal(free['bytes'])})"


def tell_ago(time: str | None) -> str:
    """How long ago that was, as people say it."""
    if time is None:
        return "never"
    then = datetime.fromisoformat(time.replace("Z", "+00:00"))
    seconds = max((datetime.now(UTC) - then).total_seconds(), 0)
    for length, unit in SPANS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "now"


# --- whom it takes in -----------------------------------------------------------------------------

WHOSE = {
    "nobody": "nobody's",
    "trusted": "those of engines that are trusted here",
    "known": "those of engines that were met",
    "anyone": "anybody's",
}


def show_policy(policy: Shown) -> None:
    guests, free = policy["guests"], policy["free"]
    rows = [
        ("whose", f"[bold]{WHOSE[policy['who']]}[/]"),
        *(("and of", escape(_shorten(did))) for did in policy["dids"]),
    ]
    if policy["who"] != "nobody" or policy["dids"]:
        rows += [
            ("how many", f"{policy['most_picos']:,}, of {decimal(policy['most_bytes'])} at most each"),
            ("together", f"{decimal(policy['total_bytes'])} at most"),
            ("rulesets", "any" if not policy["rulesets"] else "those of this engine, and"),
            *(("", escape(one)) for one in policy["rulesets"]),
            ("price", f"{policy['price']:,} a day" if policy["price"] else "nothing"),
            ("are here", f"{guests['count']:,}, {decimal(guests['bytes'])}; room for {free['picos']:,} more"),
        ]
    console.print("picos that may come from other engines:")
    for name, text in rows:
        console.print(f"  [dim]{name:<10}[/]{text}")
    if policy["who"] == "nobody" and not policy["dids"]:
        console.print("[dim]  try: picomesh engines accept --who trusted[/]")


def _shorten(did: str) -> str:
    return did if len(did) <= 80 else f"{did[:40]}…{did[-20:]}"
