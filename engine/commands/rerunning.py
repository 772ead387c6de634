"""The turns beside a sealed state, run again in an engine that is there for nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.adapters.local.journal import SqliteJournal
from engine.commands.failure import Failure
from engine.config import Settings
from engine.core.blocks.state import State
from engine.core.messages import Refusal
from engine.core.model import Eci, RulesetHash
from engine.core.records import Head, decode_record, encode_snapshot
from engine.ports import AppendRecord, BindChannel, BirthPico, KeepRuleset, Write
from engine.runtime.exports import bodies_beside, texts_beside
from engine.runtime.orders import WorkerLimits
from engine.runtime.workshop import Workshop
from engine.wiring import make_host, worker_limits


async def run_again(settings: Settings, earlier: State, newest: State) -> dict[str, Any]:
    """What became of the turns from one state to the other, as `picomesh replay --json` tells it."""
    with tempfile.TemporaryDirectory(prefix="picomesh-replay-") as folder:
        journal = SqliteJournal(Path(folder) / "journal.sqlite")
        workshop = Workshop(journal.ruleset_text, _limits(settings), settings.workers, ())
        try:
            await journal.commit(_history(earlier, newest))
            host = make_host(journal, settings, workshop)
            told = await host.histories.replay(newest.head.pico.id)
        finally:
            await workshop.close()
            await journal.close()
    if isinstance(told, Refusal):
        raise Failure(told.reason)
    return dict(told)


def _limits(settings: Settings) -> WorkerLimits:
    return worker_limits(settings)


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
