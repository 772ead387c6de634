"""`picomesh verify`: whether a sealed pico is all that it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.filesize import decimal
from rich.markup import escape

from engine.adapters.keys import BlockCipher
from engine.commands.contradicting import hold_against
from engine.commands.failure import Failure
from engine.commands.long_runs import run_long
from engine.commands.open_home import OpenHome, heads_of, lives_of, look_into, state_keys_of, trust
from engine.commands.opening_keys import Opener, find_opener
from engine.commands.output import console, json_option, print_json
from engine.commands.progress import Tell
from engine.commands.rerunning import demand_same, run_again
from engine.commands.settings import read_settings
from engine.commands.sources import new_search, open_car
from engine.commands.telling import tell_lacking
from engine.commands.verifying_homes import Living, replay_living, verify_living
from engine.config import Settings
from engine.core.blocks.enclosures import EarlierState
from engine.core.blocks.sealing import Keyring
from engine.core.cids import Cid, cid_text
from engine.core.dids import Did
from engine.core.timekeeping import to_iso
from engine.ports import BlockStore
from engine.runtime.sealed_states import open_tree
from engine.runtime.verification import Verified, verify_sealed

LOCKED_OUT = "--key FILE takes an owner's key, or the engine.key of the engine that sealed it"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be verified, and where it is."""

    store: BlockStore
    head: Cid
    opener: Opener | None
    earlier: EarlierState | None = None
    home: Living | None = None
    """Where it lives, if it does."""


@click.command()
@click.argument("what", metavar="DID|FILE")
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="A key file that opens it.")
@click.option("--replay", is_flag=True, help="Run the turns again whose records are in it.")
@click.option("--home", type=click.Path(path_type=Path), help="The home that is meant [~/.picomesh].")
@json_option
def verify(what: str, key: Path | None, replay: bool, home: Path | None, as_json: bool) -> None:
    """Check everything about a sealed pico.

    FILE is one that `picomesh export` wrote, or a CAR of a head from anywhere; DID a name for life, of a pico
    that is sealed in the home. Checked are the hash of every block, the signature of the head and those
    before it, the log that says whose signature counts, and, with a key, that the state is what was sealed.
    Of a pico that lives in the home also all heads that are remembered, every record of its history, and
    every block in the IPFS nodes that have it. With --replay all turns whose records are there are run again.
    The first thing that is wrong ends it. Nothing is changed; but if the head of a FILE contradicts one that
    the home knows, both are kept there as evidence.

    \b
    Examples:
      picomesh verify mine.car --replay
      picomesh verify mine.car --key owner.key
      picomesh verify did:scid:vh:1:Qm… --replay
    """
    settings = read_settings(home=home)
    told = run_long(lambda tell: _verify(settings, what, key, replay, tell))
    if as_json:
        print_json(told)
    else:
        _show(told)


async def _verify(
    settings: Settings, what: str, key: Path | None, replay: bool, tell: Tell
) -> dict[str, Any]:
    subjects = _in_home(settings, what, key) if what.startswith("did:") else _in_file(settings, what, key)
    async with subjects as subject:
        opens = None if subject.opener is None else subject.opener.opens
        found = await verify_sealed(
            subject.store,
            subject.head,
            trust(),
            BlockCipher(),
            opens,
            () if subject.earlier is None else [subject.earlier.root],
            lambda _, size: tell("checking", size, 0),
        )
        told = _told(found, subject.opener)
        if subject.home is None:
            await hold_against(settings, found.believed.signed)
        else:
            told |= await verify_living(subject.home, found, tell)
        if replay:
            told["replay"] = await _replay(settings, subject, found)
        return told


@asynccontextmanager
async def _in_file(settings: Settings, name: str, key: Path | None) -> AsyncIterator[Subject]:
    path = Path(name)
    if not path.is_file():
        raise Failure(f"there is no file {name}", "a pico's name for life begins with did:scid:")
    async with open_car(path) as car:
        inside = car.contents
        opener = find_opener(settings, key, inside.locked)
        yield Subject(car.store, inside.head, opener, inside.earlier)


@asynccontextmanager
async def _in_home(settings: Settings, did: str, key: Path | None) -> AsyncIterator[Subject]:
    async with look_into(settings) as home:
        pico = lives_of(home.journal, home.keys).pico_of(Did(did))
        kept = None if pico is None else heads_of(home).newest(pico)
        if pico is None or kept is None:
            yield Subject(home.store, await _found_in(home, did), find_opener(settings, key, None))
        else:
            # The journal has the keys of whoever lives here; the boxes may be for those who had it before.
            known = Opener(f"the keys of {settings.home}", lambda *_: state_keys_of(home).known(pico))
            opener = known if key is None else find_opener(settings, key, None)
            yield Subject(home.store, kept.cid, opener, home=Living(home, pico))


async def _found_in(home: OpenHome, did: str) -> Cid:
    """The newest head of a pico that does not live there, as of one that was deleted."""
    search = new_search(did, trust())
    await search.look(home.store, await home.store.roots(), "in the home")
    return search.newest().signed.cid


async def _replay(settings: Settings, subject: Subject, found: Verified) -> dict[str, Any]:
    if subject.home is not None:
        return await replay_living(settings, subject.home, found)
    if found.opened is None or subject.opener is None:
        raise Failure("without a key there are no turns to be run again", LOCKED_OUT)
    if subject.earlier is None:
        raise Failure(
            "the state before its first record is not in it, so no turn can be run again",
            "`picomesh export` puts it into its files; where the pico lives, `picomesh replay ECI` does it",
        )
    boxes = found.believed.beside.boxes
    keyring = Keyring(subject.opener.opens(subject.earlier.pico, boxes))
    earlier = await open_tree(subject.store, subject.earlier.root, keyring, BlockCipher())
    told = await run_again(settings, earlier, found.opened.state)
    return demand_same(told, found.opened.state_id)


def _told(found: Verified, opener: Opener | None) -> dict[str, Any]:
    says, opened = found.believed.signed.head, found.opened
    return {
        "did": says.pico,
        "head": cid_text(found.believed.signed.cid),
        "epoch": says.epoch,
        "turn": says.sequence,
        "sealed": to_iso(says.time_ms),
        "signed_by": says.by,
        "log_entries": found.believed.acting.epoch,
        "heads": found.heads,
        "blocks": found.size.blocks,
        "bytes": found.size.bytes,
        "opened_with": None if opener is None else opener.name,
        "state": None if opened is None else opened.state_id,
        "records": None if opened is None else len(opened.beside.records),
        "rulesets": None if opened is None else len(opened.state.texts),
    }


def _show(told: dict[str, Any]) -> None:
    console.print(f"[bold]{escape(told['did'])}[/], as it was after turn {told['turn']}")
    _line("head", f"{told['head']}, of {told['sealed']}")
    _line("signature", f"good: by {told['signed_by']}, whom entry {told['epoch']} of its log names")
    _line("log", f"{_count(told['log_entries'], 'entry', 'entries')}, and the name follows from it")
    if told["heads"] > 1:
        _line("heads", f"{told['heads']}, each names the one before")
    blocks = _count(told["blocks"], "block", "blocks")
    _line("blocks", f"{blocks}, {decimal(told['bytes'])}: all are there, and what their names say")
    _show_home(told)
    if told["state"] is None:
        _line("state", "not opened: there was no key for it", "yellow")
        console.print(f"  [dim]{'':<10} {LOCKED_OUT}[/]")
        _show_replay(told)
        return
    _line("state", f"{told['state']}, opened with {told['opened_with']}")
    _line("rulesets", f"{_count(told['rulesets'], 'text', 'texts')}, each what its hash says")
    _line("records", f"{told['records']}, each follows from the one before, and the state from the last")
    _show_replay(told)


def _show_home(told: dict[str, Any]) -> None:
    """What there is of a pico that lives in the home."""
    for one in told.get("stores", ()):
        size = f"{_count(one['blocks'], 'block', 'blocks')}, {decimal(one['bytes'])}"
        if one["has"]:
            _line("store", f"{one['store']}: {size}, all there as well")
        else:
            said = "has not got this head" if one["problem"] is None else f"not asked: {one['problem']}"
            _line("store", f"{one['store']}: {said}", "yellow")
    if (history := told.get("history")) is not None:
        _line("history", f"records {history['from']} to {history['to']}, each follows from the one before")
    for one in told.get("evidence", ()):
        by = " and ".join(one["by"])
        _line("evidence", f"{by} signed two heads for turn {one['turn']} of epoch {one['epoch']}", "red")
        console.print(f"  [dim]{'':<10} {' and '.join(one['heads'])}[/]")


def _show_replay(told: dict[str, Any]) -> None:
    if (again := told.get("replay")) is None:
        return
    if again["to"] == again["from"]:
        said = f"no turn: none is recorded after turn {again['from']}, the first known state"
        _line("replay", said, "yellow")
        return
    turns = f"turns {again['from'] + 1} to {again['to']}"
    some = f"{again['repeated']} of " if again["lacking"] else ""
    _line("replay", f"{some}{turns} run again, and all came out as recorded, to the same state id")
    if again["skipped"]:
        _line("", f"{len(again['skipped'])} taken as recorded: limits stopped them", "yellow")
    for line in tell_lacking(again["lacking"]):
        _line("", line, "yellow")


def _line(subject: str, text: str, colour: str = "green") -> None:
    console.print(f"  [{colour}]{subject:<10}[/] {escape(text)}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
