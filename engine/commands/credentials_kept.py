"""`picomesh credential list`, `revoke` and `status`: what a home has issued and holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.adapters.credentials import Issued, Refused, read_unproven, to_date
from engine.commands.credential_desk import date_or_none, describe, home_option, issue_list, open_desk
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json


@click.command("revoke")
@click.argument("credential_id", metavar="ID")
@home_option
@json_option
def revoke_command(credential_id: str, home: Path | None, as_json: bool) -> None:
    """Take back a credential that this home has issued, for good.

    ID is as `picomesh credential list` shows it, or its beginning. Others learn of it from the next status
    list: see `picomesh credential status`.
    """
    with open_desk(home) as desk:
        chosen = _choose(desk.store.issued(), credential_id)
        revoked = desk.store.revoke(chosen.id, int(time.time()))
        several = len(desk.store.lists()) > 1
    assert revoked is not None
    assert revoked.revoked_s is not None
    if as_json:
        print_json({"id": revoked.id, "revoked": to_date(revoked.revoked_s), "list": revoked.place.list})
        return
    already = "" if chosen.revoked_s is None else " already"
    console.print(f"[bold]{revoked.id}[/] is{already} revoked, since {to_date(revoked.revoked_s)}")
    which = f" --list {revoked.place.list}" if several else ""
    where = "" if home is None else escape(f" --home {quote(str(home))}")
    console.print(f"[dim]give verifiers the new list: picomesh credential status{which}{where} > list.jwt[/]")


def _choose(issued: Sequence[Issued], wanted: str) -> Issued:
    """By all of its id, or enough of it."""
    found = [one for one in issued if wanted in (one.id, one.id.removeprefix("urn:uuid:"))] or [
        one for one in issued if len(wanted) >= 6 and one.id.removeprefix("urn:uuid:").startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(f"{len(found)} credentials begin with {wanted}", "write more of it")
    raise Failure(
        f"no credential {wanted} was issued here", "`picomesh credential list` shows those there are"
    )


@click.command("status")
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How long it is valid."
)
@click.option("--list", "name", metavar="LIST", help="Which, when there are several.")
@home_option
@json_option
def status_command(days: int, name: str | None, home: Path | None, as_json: bool) -> None:
    """Print the status list as it is now, for those who verify what this home has issued.

    It says nothing but which places are revoked, and it ends after some days, so that nobody can go on
    showing an old one. Issue it again before that.
    """
    with open_desk(home) as desk:
        chosen = _choose_list(desk.store.lists(), name)
        text = issue_list(desk, chosen, days)
    print_json({"list": chosen, "credential": text}) if as_json else click.echo(text)


def _choose_list(names: Sequence[str], wanted: str | None) -> str:
    if not names:
        raise Failure("nothing was issued here, so there is no status list")
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    raise Failure(
        "there are several status lists" if wanted is None else f"there is no status list {wanted}",
        "choose one with --list: " + ", ".join(names),
    )


@click.command("list")
@home_option
@json_option
def list_command(home: Path | None, as_json: bool) -> None:
    """List the credentials that this home has issued, and those it keeps."""
    with open_desk(home) as desk:
        issued, held = desk.store.issued(), desk.store.held()
    rows = [
        {"kept": "issued", **_summarize(one.text), "revoked": date_or_none(one.revoked_s)} for one in issued
    ]
    rows += [{"kept": "held", **_summarize(one.text), "revoked": None} for one in held]
    if as_json:
        print_json(rows)
    elif rows:
        print_drawing(_table(rows))
    else:
        console.print("there are none")


def _summarize(text: str) -> dict[str, Any]:
    found = read_unproven(text)
    if isinstance(found, Refused):
        raise Failure(f"a credential in this home cannot be read: {found.reason}")
    return describe(found)


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = [
        Column(name, overflow="fold") for name in ("id", "type", "about", "issued by", "until", "state")
    ]
    for fixed in (columns[0], *columns[-2:]):
        fixed.no_wrap = True
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    now = to_date(int(time.time()))
    for row in rows:
        # What picos of this home have issued says so: their names are not the key of the home.
        by_home = row["kept"] == "issued" and row["issuer"].startswith("did:key:")
        issuer = "this home" if by_home else row["issuer"]
        until = (row["until"] or "")[:10]
        cells = (_short(row["id"]), ", ".join(row["types"]), row["subject"], issuer, until)
        table.add_row(*map(escape, cells), _state(row, now))
    return table


def _short(name: str) -> str:
    """Enough of it to choose by."""
    return name.removeprefix("urn:uuid:")[:13]


def _state(row: dict[str, Any], now: str) -> str:
    if row["revoked"]:
        return "[red]revoked[/]"
    if row["until"] and row["until"] <= now:
        return "[yellow]expired[/]"
    return str(row["kept"])
