"""Turns that are run again in an engine that is there for nothing else: those beside a sealed state, or all
that a journal has."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.adapters.local.journal import SqliteJournal
from engine.commands.failure import Failure
from engine.config import Settings
from engine.core.blocks.state import State
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId, RulesetHash
from engine.core.records import Head, decode_record, encode_snapshot, state_id
from engine.core.telling import Document
from engine.plugins.collection import collect
from engine.plugins.discovery import discover
from engine.plugins.references import describe
from engine.ports import AppendRecord, BindChannel, BirthPico, KeepRuleset, Write
from engine.runtime.earlier_states import texts_beside
from engine.runtime.exports import bodies_beside
from engine.runtime.histories import Histories
from engine.runtime.workshop import Workshop
from engine.wiring import compiler_for, make_host, worker_limits


@dataclass(frozen=True, slots=True)
class StateIds:
    """By the records of a journal, without running anything."""

    newest: str
    then: str | None
    """After the turn that was asked for; None if it is too far back to be known."""


async def run_again(settings: Settings, earlier: State, newest: State) -> dict[str, Any]:
    """What became of the turns from one state to the other, as `picomesh replay --json` tells it."""
    with tempfile.TemporaryDirectory(prefix="picomesh-replay-") as folder:
        journal = SqliteJournal(Path(folder) / "journal.sqlite")
        try:
            await journal.commit(_history(earlier, newest))
            async with _looking_back(settings, journal) as histories:
                return _settled(await histories.replay(newest.head.pico.id))
        finally:
            await journal.close()


async def replay_journal(
    settings: Settings, journal: SqliteJournal, pico: PicoId, turn: int
) -> tuple[dict[str, Any], StateIds]:
    """The same of all that a journal has of a pico; and its state ids, one of them after `turn`."""
    async with _looking_back(settings, journal) as histories:
        told = _settled(await histories.replay(pico))
        newest, then = await histories.pico(pico, told["last"]), await histories.pico(pico, turn)
        if isinstance(newest, Refusal):
            raise Failure(newest.reason, newest.hint, code="broken-history")
        return told, StateIds(state_id(newest), None if isinstance(then, Refusal) else state_id(then))


@asynccontextmanager
async def _looking_back(settings: Settings, journal: SqliteJournal) -> AsyncIterator[Histories]:
    plugins = collect((), discover(settings.plugins), for_workers=settings.workers > 0)
    described = describe(plugins.modules, with_code=True) if settings.workers else ()
    workshop = Workshop(journal.ruleset_text, worker_limits(settings), settings.workers, described)
    compiler = compiler_for(plugins)
    try:
        yield make_host(journal, settings, workshop, compiler=compiler, plugins=plugins).histories
    finally:
        await workshop.close()


def _settled(told: Document | Refusal) -> dict[str, Any]:
    if isinstance(told, Refusal):
        raise Failure(told.reason, told.hint)
    return dict(told)


def demand_same(told: Mapping[str, Any], state: str) -> dict[str, Any]:
    """Turns that were run again, if all came out as recorded and lead to that state. Raises `Failure`."""
    if (refused := told["refused"]) is not None:
        raise Failure(f"broken history: turn {refused['seq']}: {refused['reason']}", code="broken-history")
    if (other := told["departure"]) is not None:
        raise Failure(
            f"another outcome: turn {other['seq']} does not come out as recorded; they differ in "
            f"{other['part']}\n  recorded  {other['recorded']}\n  came out  {other['came_out']}",
            code="another-outcome",
        )
    if told["state"] != state:
        raise Failure(
            f"another outcome: the turns lead to the state {told['state']}, and it is {state}",
            code="another-outcome",
        )
    return {name: told[name] for name in ("repeated", "skipped", "lacking", "from", "to")}


def _history(earlier: State, newest: State) -> list[Write]:
    pico = newest.head.pico.id
    return [
        BirthPico(pico, None, earlier.head.pico.seq, encode_snapshot(earlier.head)),
        BindChannel(Eci(pico), pico),
        *(KeepRuleset(digest, f"sealed:{digest}", text) for digest, text in _texts(earlier, newest).items()),
        *(_append(newest.head, body) for body in bodies_beside(newest)),
    ]


def _texts(earlier: State, newest: State) -> Mapping[RulesetHash, str]:
    return {**newest.texts, **texts_beside(earlier)}


def _append(head: Head, body: bytes) -> AppendRecord:
    record = decode_record(body)
    return AppendRecord(head.pico.id, record.seq, record.turn.event.eid, body)
