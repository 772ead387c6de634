"""`picomesh export`: a pico as one file, which another engine can take in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
from rich.filesize import decimal
from rich.markup import escape

from engine.adapters.blocks import Database, LocalBlocks, write_car
from engine.adapters.http import read_run_file
from engine.adapters.keys import BlockCipher
from engine.commands.client import EngineClient
from engine.commands.failure import Failure, NoEngine
from engine.commands.long_runs import run_long
from engine.commands.open_home import OpenHome, heads_of, look_into, now_ms, state_keys_of, trust
from engine.commands.opening_keys import locking
from engine.commands.output import console, json_option, print_json
from engine.commands.pico_paths import ROOT
from engine.commands.progress import Tell, telling
from engine.commands.settings import read_settings
from engine.config import Settings
from engine.core.blocks.heads import SignedHead
from engine.core.cids import cid_text
from engine.core.model import Eci, PicoId
from engine.core.timekeeping import to_iso
from engine.runtime.exports import Export, Exports, Lock
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.past import Past
from engine.runtime.sealed_states import Believed, believe, measure


@click.command()
@click.argument("eci")
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file [the pico's id, with .car].",
)
@click.option("--with-keys", is_flag=True, help="With the keys that open it, under a passphrase.")
@click.option(
    "--home", type=click.Path(path_type=Path), help="The home that the pico lives in [~/.picomesh]."
)
@json_option
def export(eci: str, out: Path | None, with_keys: bool, home: Path | None, as_json: bool) -> None:
    """Write a pico into a file.

    It is sealed first, if an engine runs on the home and the pico has changed. The file is a CAR: the signed
    head, the encrypted state with the rulesets' texts and the newest records, and the log that proves the
    pico's name. Who has it and no key learns nothing of the state. Its owners can open it with theirs
    (`picomesh seal --owner`), the engine with its own, and with --with-keys whoever knows the passphrase,
    which is asked for or taken from PICOMESH_EXPORT_PASSPHRASE. A file of that name is replaced.

    \b
    Examples:
      picomesh export root
      picomesh export root -o mine.car --with-keys
    """
    settings = read_settings(home=home)
    lock = locking() if with_keys else None
    sealed = _seal(settings, eci)
    told = run_long(lambda tell: _export(settings, sealed or eci, out, lock, sealed is not None, tell))
    if as_json:
        print_json(told)
    else:
        _show(told)


def _show(told: dict[str, Any]) -> None:
    console.print(f"[green]{escape(told['file'])}[/]  {decimal(told['bytes'])}")
    console.print(f"  {escape(told['did'])}, as it was after turn {told['turn']}, sealed at {told['sealed']}")
    if told["turns"]:
        turns = "its last turn" if told["turns"] == 1 else f"its last {told['turns']:,} turns"
        console.print(f"  with what it takes to run {turns} again (`picomesh verify --replay`)")
    if told["keys"]:
        console.print("  its keys are in it, under the passphrase: without that they are lost")
    else:
        console.print("  its keys are not in it: it is opened with the key of its owner, or of this engine")
    console.print(f"  [dim]next, elsewhere: picomesh import {escape(told['file'])}[/]")


def _seal(settings: Settings, eci: str) -> str | None:
    """By the engine that runs on the home, which alone knows what is going on.

    An ECI of the pico, which may have been called by its names; None if no engine runs.
    """
    note = read_run_file(settings.home)
    if note is None:
        return None
    try:
        with EngineClient(note.url, token=note.token) as engine:
            if engine.root_eci() != note.root_eci:
                return None  # the note outlived its engine, and another one is there now
            eci = engine.eci(eci)
            told = engine.seal(eci)
    except NoEngine:
        return None
    except Failure as problem:
        if problem.code in ("token", "login"):
            return None  # so it is with another one, which knows nothing of this home's token
        raise
    for one in told["failed"]:
        raise Failure(f"pico {one['pico']} could not be sealed: {one['reason']}")
    return eci


async def _export(
    settings: Settings, eci: str, out: Path | None, lock: Lock | None, was_sealed: bool, tell: Tell
) -> dict[str, Any]:
    async with look_into(settings) as home:
        pico = _resolve(home, eci)
        signed = _newest(home, pico, was_sealed)
        believed = await believe(home.store, signed.cid, trust())
        target = out or Path(f"{pico}.car")
        # Beside the file, because there is room for it there, or there is none for the file.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as folder:
            scratch = Database(Path(folder) / "blocks.db")
            try:
                exports = Exports(home.journal, home.store, LocalBlocks(scratch, now_ms), BlockCipher())
                keys = state_keys_of(home).known(pico)
                export = await exports.prepare(pico, believed, keys, lock)
                size = await measure(home.store, [export.head], lambda _, size: tell("looking", size, 0))
                blocks = telling(exports.blocks(export), tell, "writing", size.bytes)
                written = await write_car(target, export.roots, blocks)
            finally:
                await scratch.close()
    return _told(target, written, pico, believed, export, lock is not None)


def _told(
    target: Path, size: int, pico: PicoId, believed: Believed, export: Export, with_keys: bool
) -> dict[str, Any]:
    says = believed.signed.head
    return {
        "file": str(target),
        "bytes": size,
        "pico": pico,
        "did": says.pico,
        "head": cid_text(export.head),
        "epoch": says.epoch,
        "turn": says.sequence,
        "sealed": to_iso(says.time_ms),
        "turns": export.turns,
        "keys": with_keys,
    }


def _resolve(home: OpenHome, eci: str) -> PicoId:
    found = home.journal.fact(ROOT_PICO) if eci == ROOT else home.journal.find_channel(Eci(eci))
    if found is None:
        raise Failure(f"no pico has a channel {eci}", "`picomesh tree` shows the picos and their channels")
    return PicoId(found)


def _newest(home: OpenHome, pico: PicoId, was_sealed: bool) -> SignedHead:
    """Of the newest turn, or the file would be of another time than its owner thinks. One that was sealed
    just now may have had others since."""
    newest, last = heads_of(home).newest(pico), Past(home.journal).last(pico)
    hint = "`picomesh serve` starts an engine, which seals it when it is exported"
    if newest is None:
        raise Failure(f"pico {pico} was never sealed, and no engine runs on {home.settings.home}", hint)
    if newest.head.sequence < last and not was_sealed:
        raise Failure(
            f"pico {pico} is sealed as of turn {newest.head.sequence}, and has had {last} turns; no engine "
            f"runs on {home.settings.home}",
            hint,
        )
    return newest
