"""Logs that were verified before, so that one which has grown is not verified from its beginning again.

A pico that has moved a hundred times has a log of as many entries, which is looked at several times in each
move. What is remembered settles nothing: another log of the same pico is verified as if nobody knew this one,
but for the entries that both have. Approvals are checked each time, since they come beside the log.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from engine.adapters.dids.log_entries import Entry, log_from_jsonl
from engine.adapters.dids.log_verification import VerifiedLog, Version, verify_longer
from engine.adapters.dids.witnesses import approvals_from_json
from engine.ports import KeptLog

MOST_LOGS = 256
MOST_BYTES = 8 << 20
"""Of text. What was read of it takes some times as much."""


class _Remembered(NamedTuple):
    kept: KeptLog
    log: VerifiedLog

    @property
    def size(self) -> int:
        return len(self.kept.lines)


class RememberedLogs:
    """By their first entries. It is used from threads too."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, _Remembered] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def read(self, kept: KeptLog, now_s: float) -> VerifiedLog:
        """Raises `DidRefused`."""
        first = kept.lines.partition("\n")[0]
        with self._lock:
            found = self._logs.get(first)
        if found is not None and found.kept == kept:
            return found.log
        known: Sequence[Version] = () if found is None else found.log.versions
        approvals = approvals_from_json(kept.approvals) if kept.approvals else ()
        log = verify_longer(_entries(kept.lines, found), now_s, approvals, known)
        self._keep(first, _Remembered(kept, log))
        return log

    def remember(self, kept: KeptLog, log: VerifiedLog) -> None:
        """One that was just written, and verified as it was."""
        self._keep(kept.lines.partition("\n")[0], _Remembered(kept, log))

    def _keep(self, first: str, one: _Remembered) -> None:
        with self._lock:
            self._drop(first)
            self._logs[first] = one
            self._bytes += one.size
            while len(self._logs) > 1 and (len(self._logs) > MOST_LOGS or self._bytes > MOST_BYTES):
                self._drop(next(iter(self._logs)))

    def _drop(self, first: str) -> None:
        before = self._logs.pop(first, None)
        if before is not None:
            self._bytes -= before.size


def _entries(lines: str, found: _Remembered | None) -> tuple[Entry, ...]:
    """Of one that only has grown, what is new is read."""
    if found is None or not found.kept.lines.endswith("\n") or not lines.startswith(found.kept.lines):
        return log_from_jsonl(lines)
    before = found.log.entries
    return (*before, *log_from_jsonl(lines, len(before))) if len(lines) > found.size else before
