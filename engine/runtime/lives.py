"""The names that picos have for life, and the logs that prove them: made on demand, and kept in the journal.

What a log says, and whether it is good, is decided behind `engine.ports.LifelongLogs`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import BadLog, Journal, KeptLog, LifelongLogs, SetFact
from engine.runtime.admission import unknown_channel

Document = Mapping[str, Any]
Write = Callable[[PicoId, KeptLog | None, int], KeptLog]
"""The log as it is to be, from what it is."""


class Lives:
    def __init__(self, journal: Journal, logs: LifelongLogs, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._logs = logs
        self._now_ms = now_ms
        self._writing = asyncio.Lock()

    def kept(self, pico: PicoId) -> KeptLog | None:
        """The log of a pico, if it has one. It is there when the pico is no more."""
        lines = self._journal.fact(_log(pico))
        return None if lines is None else KeptLog(lines, self._journal.fact(_approvals(pico)) or "")

    async def begin(self, eci: Eci, url: str | None, host: Did, recovery: str | None) -> Document | Refusal:
        """The log of the pico with that channel, which is made if it has none yet."""

        def write(pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
            if log is not None and recovery is not None:
                raise BadLog("the pico has a log already; what it promises is changed by its keys alone")
            return log or self._logs.begin(pico, url, host, recovery, now_s)

        return await self._write(eci, write)

    async def rotate(self, eci: Eci) -> Document | Refusal:
        """One more entry, signed with the key that was promised."""
        return await self._write(eci, lambda pico, log, now_s: self._logs.rotate(pico, _needed(log), now_s))

    async def extend(self, eci: Eci, more: KeptLog) -> Document | Refusal:
        """One more entry, which somebody else has signed with a key that was promised."""
        return await self._write(
            eci, lambda pico, log, now_s: self._logs.extend(pico, _needed(log), more, now_s)
        )

    async def _write(self, eci: Eci, write: Write) -> Document | Refusal:
        pico = self._journal.find_channel(eci)
        if pico is None:
            return unknown_channel(eci)
        async with self._writing:
            now_s, before = self._now_ms() // 1000, self.kept(pico)
            try:
                after = write(pico, before, now_s)
            except BadLog as problem:
                return Refusal("malformed", str(problem), "`picomesh did log ECI` shows the log")
            if after != before:
                await self._journal.commit(_keep(pico, after))
            described = self._logs.describe(pico, after, now_s)
            return {"pico": pico, **described, "log": after.lines, "approvals": after.approvals}


def _keep(pico: PicoId, log: KeptLog) -> list[SetFact]:
    lines = SetFact(_log(pico), log.lines)
    return [lines, SetFact(_approvals(pico), log.approvals)] if log.approvals else [lines]


def _log(pico: PicoId) -> str:
    return f"log of {pico}"


def _approvals(pico: PicoId) -> str:
    return f"approvals of {pico}"


def _needed(log: KeptLog | None) -> KeptLog:
    if log is None:
        raise BadLog("the pico has no log yet; `picomesh did log ECI` makes it")
    return log
