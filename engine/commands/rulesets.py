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
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.core.cids import SCHEME
from engine.core.did_keys import PREFIX

CID_SHOWN = 16
"""Characters. The first seven are the same in all, so nine tell them apart."""
KEY_SHOWN = 12

Ruleset = dict[str, Any]


@click.command()
@click.argument("eci", required=False)
@click.option("--show", "wanted", metavar="RID|CID", help="Print the text: the newest of a RID, or a CID's.")
@engine_option
@json_option
def rulesets(eci: str | None, wanted: str | None, url: str | None, as_json: bool) -> None:
    """List the rulesets that an engine keeps, or those of a pico.

    Every text that was ever sent or installed is kept, so each can be installed again by its CID. A CID is
    shown by its beginning, which `--show` takes too; --json has all of it.

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
    begun = [one for one in found if len(wanted) >= CID_SHOWN / 2 and one["cid"].startswith(wanted)]
    if len(begun) > 1:
        raise Failure(f"{len(begun)} CIDs begin with {wanted}", "write more of it; --json shows all of them")
    if not begun:
        raise Failure(f"there is no ruleset {wanted} here", "`picomesh rulesets` lists those there are")
    return begun[0]


def _show_text(engine: EngineClient, chosen: Ruleset, as_json: bool) -> None:
    text = engine.ruleset_text(chosen["cid"])
    print_json({**chosen, "text": text}) if as_json else click.echo(text, nl=not text.endswith("\n"))


def _table(found: Sequence[Ruleset], of_pico: bool) -> Table:
    last = ("from", "since") if of_pico else ("picos", "kept")
    whole = [Column(name, no_wrap=True) for name in ("ruleset", "version", "CID", "signed by")]
    table = Table(*whole, *last, box=box.SIMPLE_HEAD)
    for one in found:
        shown = (
            one["rid"] or "(does not compile)",
            one["version"] or "",
            _shorten_cid(one["cid"]),
            ", ".join(map(_shorten, one["signedBy"])),
            *(
                (_shorten_url(one["from"]), one["since"])
                if of_pico
                else (str(one["picos"]), one["kept"] or "")
            ),
        )
        table.add_row(*map(escape, shown))
    return table


def _shorten_cid(cid: str) -> str:
    return cid[:CID_SHOWN] + "…"


def _shorten_url(url: str) -> str:
    """A URL that is nothing but a CID says no more than that."""
    named = url.startswith(f"{SCHEME}://")
    return f"{SCHEME}://{_shorten_cid(url.removeprefix(f'{SCHEME}://'))}" if named else url


def _shorten(author: str) -> str:
    return author.removeprefix(PREFIX)[:KEY_SHOWN] + "…"
