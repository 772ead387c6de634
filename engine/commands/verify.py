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
from engine.commands.failure import Failure
from engine.commands.long_runs import run_long
from engine.commands.open_home import OpenHome, heads_of, lives_of, look_into, trust
from engine.commands.opening_keys import Opener, find_opener
from engine.commands.output import console, json_option, print_json
from engine.commands.progress import Tell
from engine.commands.rerunning import run_again
from engine.commands.settings import read_settings
from engine.commands.sources import new_search, open_car
from engine.config import Settings
from engine.core.blocks.enclosures import EarlierState
from engine.core.blocks.sealing import Keyring
from engine.core.cids import Cid, cid_text
from engine.core.dids import Did
from engine.core.timekeeping import to_iso
from engine.ports import BlockStore
from engine.runtime.sealed_states import open_tree
from engine.runtime.verification import Opened, Verified, verify_sealed

LOCKED_OUT = "--key FILE takes an owner's key, or the engine.key of the engine that sealed it"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be verified, and where it is."""

    store: BlockStore
    head: Cid
    opener: Opener | None
    earlier: EarlierState | None = None


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
    The first thing that is wrong ends it. Nothing is changed.

    \b
    Examples:
      picomesh verify mine.car --replay
      picomesh verify mine.car --key owner.key
      picomesh verify did:scid:vh:1:Qm…
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
        yield Subject(
            home.store,
            await _found_in(home, did) if kept is None else kept.cid,
            find_opener(settings, key, None),
        )


async def _found_in(home: OpenHome, did: str) -> Cid:
    """The newest head of a pico that does not live there, as of one that was deleted."""
    search = new_search(did, trust())
    await search.look(home.store, await home.store.roots(), "in the home")
    return search.newest().signed.cid


async def _replay(settings: Settings, subject: Subject, found: Verified) -> dict[str, Any]:
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
    _demand_same(told, found.opened)
    return {"repeated": told["repeated"], "skipped": told["skipped"], "from": told["from"], "to": told["to"]}


def _demand_same(told: dict[str, Any], opened: Opened) -> None:
    if (refused := told["refused"]) is not None:
        raise Failure(f"broken history: turn {refused['seq']}: {refused['reason']}", code="broken-history")
    if (other := told["departure"]) is not None:
        raise Failure(
            f"another outcome: turn {other['seq']} does not come out as recorded; they differ in "
            f"{other['part']}\n  recorded  {other['recorded']}\n  came out  {other['came_out']}",
            code="another-outcome",
        )
    if told["state"] != opened.state_id:
        raise Failure(
            "another outcome: the turns do not lead to the state that was sealed", code="another-outcome"
        )


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
    if told["state"] is None:
        _line("state", "not opened: there was no key for it", "yellow")
        console.print(f"  [dim]{'':<10} {LOCKED_OUT}[/]")
        return
    _line("state", f"{told['state']}, opened with {told['opened_with']}")
    _line("rulesets", f"{_count(told['rulesets'], 'text', 'texts')}, each what its hash says")
    _line("records", f"{told['records']}, each follows from the one before, and the state from the last")
    if (again := told.get("replay")) is not None:
        _line(
            "replay", f"{_count(again['repeated'], 'turn', 'turns')} run again, and all came out as recorded"
        )
        if again["skipped"]:
            _line("", f"{len(again['skipped'])} taken as recorded: limits stopped them", "yellow")


def _line(subject: str, text: str, colour: str = "green") -> None:
    console.print(f"  [{colour}]{subject:<10}[/] {escape(text)}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
