"""Bringing a pico into a home, from wherever its head was found: checked first, then alive by one commit.

No engine runs on the home meanwhile. The blocks come along, so that the next seal goes on from them, and what
the pico has put for everybody is there to be had. Whoever is killed on the way begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.markup import escape

from engine.commands.open_home import OpenHome, OwnHome, now_ms, restoring_in, state_keys_of
from engine.commands.opening_keys import Opener
from engine.commands.output import console
from engine.commands.progress import Tell, telling
from engine.commands.taking_up import taking_up
from engine.config import default_home
from engine.core.cids import Cid, cid_text
from engine.core.model import Eci, Pico
from engine.core.relations import MOVED
from engine.core.timekeeping import to_iso
from engine.ports import BlockStore, KeptLog, SetFact, Write
from engine.runtime.block_walks import walk
from engine.runtime.deposits import bring_back
from engine.runtime.genesis import EQUIPMENT, ROOT_ECI, ROOT_EQUIPMENT, ROOT_PICO
from engine.runtime.pico_owners import MOST_OWNERS, PicoOwner
from engine.runtime.restoring import Coming, Restored
from engine.runtime.sealed_states import measure
from engine.runtime.seals import HURRY

ROOT_TAGS = ("engine", "ui")
"""Of the channel that people reach a root pico by."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a pico is taken from."""

    store: BlockStore
    head: Cid
    opener: Opener
    newer_log: KeptLog | None = None
    earlier: Cid | None = None
    """The state before its newest records, where that comes along. The pico lives without it, but it has to
    be whole as well: a file that lacks some of it was cut."""


async def bring_in(home: OwnHome, source: Source, tell: Tell) -> dict[str, Any]:
    """What came of it. Raises `BlockError` and `StoreFailed`; nothing has changed then."""
    roots = [source.head] if source.earlier is None else [source.head, source.earlier]
    size = await measure(source.store, roots, lambda _, done: tell("checking", done, 0))
    take_up = taking_up(home.keys, source.opener)

    async def prepare(coming: Coming) -> Sequence[Write]:
        if source.store is not home.stores:
            taken = walk(source.store, [source.head])
            async for blocks in telling(taken, tell, "keeping its blocks", size.bytes):
                await home.stores.put_many(blocks)
        await home.stores.keep(coming.signed.head.pico, source.head, coming.replication)
        await bring_back(home.stores, coming.pico.id, coming.deposits, coming.replication)
        root = _make_root(home, coming.pico)
        return [*root, *_name_owners(home, coming.owners)] if root else ()

    opens, log = source.opener.opens, source.newer_log
    found = await restoring_in(home).restore(
        source.head, source.store, opens, log, prepare, take_up, HURRY, source.earlier
    )
    return _told(home, found, source)


def _name_owners(home: OpenHome, owners: Sequence[PicoOwner]) -> Sequence[Write]:
    """Those of a root pico are owners of whatever is made below it, so of all that is in its home."""
    now = [replace(one, named_ms=now_ms()) for one in owners[:MOST_OWNERS]]
    return state_keys_of(home).owners.naming(now) if now else ()


def _make_root(home: OpenHome, pico: Pico) -> Sequence[Write]:
    """Where there is no root pico yet, one that was a root elsewhere is it here."""
    if pico.parent is not None or home.journal.fact(ROOT_PICO) is not None:
        return ()
    tagged = (channel.eci for channel in pico.channels.values() if channel.tags == ROOT_TAGS)
    return (
        SetFact(ROOT_PICO, pico.id),
        SetFact(ROOT_ECI, next(tagged, Eci(pico.id))),
        # It has been given that once, and may have taken it away.
        SetFact(ROOT_EQUIPMENT, " ".join(EQUIPMENT)),
    )


def _told(home: OpenHome, found: Restored, source: Source) -> dict[str, Any]:
    says = found.signed.head
    return {
        "pico": found.pico.id,
        "did": says.pico,
        "head": cid_text(found.signed.cid),
        "epoch": says.epoch,
        "turn": says.sequence,
        "sealed": to_iso(says.time_ms),
        "state": found.state_id,
        "opened_with": source.opener.name,
        "records": found.records,
        "timer": None if found.due_ms is None else to_iso(found.due_ms),
        "channels": sorted(found.pico.channels),
        "friends": sum(MOVED not in one.state for one in found.pico.relations.values()),
        "root": home.journal.fact(ROOT_PICO) == found.pico.id,
        "parent": None if found.pico.parent is None else home.journal.find_channel(found.pico.parent),
        "taken_up": found.taken_up.log is not None,
        "not_taken_up": found.taken_up.why_not,
        "named": found.taken_up.is_named,
        "owners": [one.key for one in found.owners],
        "home": str(home.settings.home),
    }


def show_brought(told: dict[str, Any]) -> None:
    console.print(f"[green]{escape(told['did'])}[/]")
    console.print(
        f"  is pico {told['pico']} here, as it was after turn {told['turn']}, sealed at {told['sealed']}"
    )
    console.print(f"  state    {told['state']}, opened with {escape(told['opened_with'])}")
    console.print(f"  records  {told['records']} of its newest turns came along")
    if told["timer"] is not None:
        console.print(f"  timers   the first is due at {told['timer']}")
    console.print(f"  place    {_place(told)}")
    if told["friends"]:
        console.print(
            f"  friends  {told['friends']} who know it by DID are told once its log names its engine"
        )
    console.print("  [yellow]be sure that it lives nowhere else any more[/]")
    where = "" if told["home"] == str(default_home()) else f" --home {told['home']}"
    eci = "root" if told["root"] else told["pico"]
    if told["taken_up"]:
        console.print("  log      goes on here by the hand of its owner, for whom it is sealed here too")
        console.print(f"  [dim]next: picomesh serve{escape(where)}[/]")
        return
    if told["named"]:
        console.print("  log      goes on here: this home has the keys of the engine that it names")
        console.print(f"  [dim]next: picomesh serve{escape(where)}[/]")
        return
    if told["not_taken_up"] is not None:
        console.print(f"  [yellow]log      does not go on here: {escape(told['not_taken_up'])}[/]")
    console.print(f"  [dim]next: picomesh serve{escape(where)}, and if another engine had it, then[/]")
    console.print(f"  [dim]      picomesh did recover {eci} --key owner.key, so that others find it here[/]")
    console.print("  [dim]      and it is sealed again: with a key its log promises, or its guardians[/]")


def _place(told: dict[str, Any]) -> str:
    if told["root"]:
        return "it is the root pico of this home"
    if told["parent"] is not None:
        return f"below pico {told['parent']}"
    return "a tree of its own, beside that of the root pico; `picomesh tree` shows its ECI"
