"""Logs as an engine keeps them, read and written; and the keys with which it writes on in them.

All keys of a log follow from the engine's own and the id of the pico. The n-th signs entry n. With those of
the desk the engine approves, where it may act without guardians.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.dids.log_entries import log_to_jsonl
from engine.adapters.dids.log_verification import VerifiedLog
from engine.adapters.dids.proofs import SeedSigner
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.remembered_logs import RememberedLogs
from engine.adapters.dids.witnesses import (
    Approval,
    approvals_from_json,
    approvals_to_json,
    newest_approvals,
)
from engine.ports import BadLog, KeptLog, Keys

REMEMBERED = RememberedLogs()


def read_kept(kept: KeptLog, now_s: float) -> VerifiedLog:
    try:
        return REMEMBERED.read(kept, now_s)
    except DidRefused as problem:
        raise BadLog(str(problem)) from problem


def read_approvals(kept: KeptLog) -> tuple[Approval, ...]:
    return approvals_from_json(kept.approvals) if kept.approvals else ()


def keep(log: VerifiedLog, approvals: Sequence[Approval] = (), before: KeptLog | None = None) -> KeptLog:
    """`before`: as it was before its newest entry, which is not written once more."""
    needed = newest_approvals([entry.version_id for entry in log.entries], approvals) if approvals else ()
    if before is not None and before.lines.endswith("\n"):
        lines = before.lines + log_to_jsonl(log.entries[-1:])
    else:
        lines = log_to_jsonl(log.entries)
    kept = KeptLog(lines, approvals_to_json(needed) if needed else "")
    if not needed:
        REMEMBERED.remember(kept, log)
    return kept


def signing_key(keys: Keys, pico: str, number: int) -> SeedSigner:
    return SeedSigner(keys.derive(f"log/{pico}/{number}"))


def desk_keys(keys: Keys, pico: str, count: int) -> tuple[SeedSigner, ...]:
    """As many as make the engine a party that may act alone."""
    return tuple(SeedSigner(keys.derive(f"log/{pico}/desk/{number}")) for number in range(1, count + 1))
