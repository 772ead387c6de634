"""`picomesh rulesets`: what an engine keeps, what a pico has, and the text of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.likely import likely
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.core.cids import SCHEME
from engine.core.did_keys import PREFIX

SHOWN = 12
"""Characters of a CID or a key. In a CID the first seven are always the same, so five tell them apart."""
LISTED = "`picomesh rulesets` lists those there are"

Ruleset = dict[str, Any]


@click.command()
@click.argument("eci", required=False)
@click.option("--show", "wanted", metavar="RID|CID", help="Print the text: the newest of a RID, or a CID's.")
@engine_option
@json_option
def rulesets(eci: str | None, wanted: str | None, url: str | None, as_json: bool) -> None:
    """List the rulesets of an engine or a pico.

    An engine keeps every text that was ever sent or installed, so each can be installed again by its CID.
    A CID is shown by its beginning, which `--show` takes too; --json has all of it.

    \b
    Examples:
      picomesh rulesets
      picomesh rulesets root
      picomesh rulesets --show io.picolabs.wrangler
    """
    with find_engine(url) as engine:
        found = engine.rulesets(eci)
        if wanted is not None:
            _show_text(engine, _choose(found, wanted), as_json)
        elif as_json:
            print_json(found)
        elif found:
            print_drawing(_table(found, of_pico=eci is not None))
        else:
            console.print("there are none")


def _choose(found: Sequence[Ruleset], wanted: str) -> Ruleset:
    """The newest of that name, or the one whose CID begins like that."""
    named = [one for one in found if one["rid"] == wanted]
    if named:
        return named[-1]
    begun = [one for one in found if len(wanted) > len("bafkrei") and one["cid"].startswith(wanted)]
    if len(begun) > 1:
        raise Failure(f"{len(begun)} CIDs begin with {wanted}", "write more of it; --json shows all of them")
    if not begun:
        hint = likely(wanted, (one["rid"] for one in found if one["rid"])) or LISTED
        raise Failure(f"there is no ruleset {wanted} here", hint, code="no-ruleset")
    return begun[0]


def _show_text(engine: EngineClient, chosen: Ruleset, as_json: bool) -> None:
    text = engine.ruleset_text(chosen["cid"])
    print_json({**chosen, "text": text}) if as_json else click.echo(text, nl=not text.endswith("\n"))


def _table(found: Sequence[Ruleset], of_pico: bool) -> Table:
    """Without the columns that would be empty: eighty characters are enough for the others."""
    rows = [_describe_held(one) if of_pico else _describe_kept(one) for one in found]
    filled = [name for name in rows[0] if any(row[name] for row in rows)]
    columns = [Column(name, no_wrap=name != "from", overflow="fold") for name in filled]
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(row[name]) for name in filled))
    return table


def _describe_held(one: Ruleset) -> dict[str, str]:
    return {**_describe(one), "from": _describe_place(one), "since": _date(one["since"])}


def _describe_kept(one: Ruleset) -> dict[str, str]:
    return {**_describe(one), "picos": str(one["picos"]), "kept": _date(one["kept"] or "")}


def _describe(one: Ruleset) -> dict[str, str]:
    return {
        "ruleset": one["rid"] or "(does not compile)",
        "version": one["version"] or "",
        "CID": _shorten(one["cid"]),
        "signed by": ", ".join(_shorten(author.removeprefix(PREFIX)) for author in one["signedBy"]),
    }


def _describe_place(one: Ruleset) -> str:
    """Of a URL that the other columns say already, only the kind. A CID was not read from IPFS: the text
    was sent to this engine, or had come here before."""
    kinds = {f"{SCHEME}://{one['cid']}": "kept here", f"library:{one['rid']}": "library"}
    url: str = one["from"]
    return kinds.get(url, url)


def _shorten(name: str) -> str:
    return name[:SHOWN] + "…"


def _date(time: str) -> str:
    return time.partition("T")[0]
