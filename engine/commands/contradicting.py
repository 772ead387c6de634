"""Heads that commands come across, held against those that a home knows: two for one turn are evidence.

An engine may run on the home; then it is the engine that keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import closing

import click

from engine.adapters.http import read_run_file
from engine.adapters.keys import SeedKeys
from engine.adapters.local.home import HomeBusy, take_home
from engine.adapters.local.journal import SqliteJournal
from engine.adapters.local.schema import JournalUnreadable
from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.open_home import heads_in, lives_of
from engine.config import Settings
from engine.core.blocks.errors import BlockError
from engine.core.blocks.heads import Evidence, SignedHead, TwoHeads
from engine.core.dids import scid_in
from engine.core.model import PicoId
from engine.ports import Journal
from engine.wiring import JOURNAL_FILE

NO_KEYS = SeedKeys(bytes(32))
"""To read logs and heads takes none."""


async def note_contradictions(
    journal: Journal, did: str, found: Iterable[SignedHead], pairs: Iterable[Evidence]
) -> None:
    """Keep what heads prove, together with those that are known in a home or with each other. Those that are
    not to be believed by the log that is known there prove nothing."""
    lives, heads = lives_of(journal, NO_KEYS), heads_in(journal)
    pico = lives.holder(str(scid_in(did)))
    if pico is None:
        return
    for signed in found:
        if _is_believed(journal, pico, signed):
            await heads.see(pico, signed)
    for evidence in pairs:
        if all(_is_believed(journal, pico, signed) for signed in evidence.heads):
            await heads.keep(pico, evidence)


def _is_believed(journal: Journal, pico: PicoId, signed: SignedHead) -> bool:
    try:
        heads_in(journal).check(signed.block, lives_of(journal, NO_KEYS).kept(pico))
    except BlockError:
        return False
    return True


async def hold_against(settings: Settings, signed: SignedHead) -> None:
    """Raises `TwoHeads` if the home that is meant knows another head of that turn, and has it kept."""
    if not (settings.home / JOURNAL_FILE).is_file():
        return
    try:
        journal = SqliteJournal(settings.home / JOURNAL_FILE)
    except (JournalUnreadable, OSError) as problem:
        click.secho(
            f"not held against the heads that {settings.home} knows: {problem}", fg="yellow", err=True
        )
        return
    try:
        pico = lives_of(journal, NO_KEYS).holder(str(scid_in(signed.head.pico)))
        if pico is None or not _is_believed(journal, pico, signed):
            return
        evidence = await heads_in(journal).contradiction(pico, signed)
        if evidence is not None:
            await _have_kept(settings, journal, pico, evidence, signed)
            raise TwoHeads(evidence)
    finally:
        await journal.close()


async def _have_kept(
    settings: Settings, journal: Journal, pico: PicoId, evidence: Evidence, signed: SignedHead
) -> None:
    try:
        lock = take_home(settings.home)
    except HomeBusy:
        await asyncio.to_thread(_tell_engine, settings, signed)
        return
    try:
        await heads_in(journal).keep(pico, evidence)
    finally:
        lock.release()


def _tell_engine(settings: Settings, signed: SignedHead) -> None:
    note = read_run_file(settings.home)
    try:
        if note is None:
            raise Failure("it has left no address")
        with closing(EngineClient(note.url, token=note.token)) as engine:
            engine.show_head(signed.block)
    except Failure as problem:
        told = f"the evidence is not kept, because the engine of {settings.home} does not take it: {problem}"
        click.secho(told, fg="yellow", err=True)
