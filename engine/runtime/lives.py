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
from engine.ports import BadLog, Journal, LifelongLogs, SetFact
from engine.runtime.admission import unknown_channel

Document = Mapping[str, Any]
Write = Callable[[PicoId, str | None, int], str]
"""The log as it is to be, from what it is."""


class Lives:
    def __init__(self, journal: Journal, logs: LifelongLogs, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._logs = logs
        self._now_ms = now_ms
        self._writing = asyncio.Lock()

    def text(self, pico: PicoId) -> str | None:
        """The log of a pico that is here, if it has one."""
        return self._journal.fact(_fact(pico)) if self._journal.find_channel(Eci(pico)) == pico else None

    async def begin(self, eci: Eci, url: str | None, host: Did, recovery: str | None) -> Document | Refusal:
        """The log of the pico with that channel, which is made if it has none yet."""

        def write(pico: PicoId, text: str | None, now_s: int) -> str:
            if text is not None and recovery is not None:
                raise BadLog("the pico has a log already; what it promises is changed by its keys alone")
            return text or self._logs.begin(pico, url, host, recovery, now_s)

        return await self._write(eci, write)

    async def rotate(self, eci: Eci) -> Document | Refusal:
        """One more entry, signed with the key that was promised."""
        return await self._write(eci, lambda pico, text, now_s: self._logs.rotate(pico, _needed(text), now_s))

    async def extend(self, eci: Eci, line: str) -> Document | Refusal:
        """One more entry, which somebody else has signed with a key that was promised."""
        return await self._write(
            eci, lambda pico, text, now_s: self._logs.extend(pico, _needed(text), line, now_s)
        )

    async def _write(self, eci: Eci, write: Write) -> Document | Refusal:
        pico = self._journal.find_channel(eci)
        if pico is None:
            return unknown_channel(eci)
        async with self._writing:
            now_s, before = self._now_ms() // 1000, self._journal.fact(_fact(pico))
            try:
                after = write(pico, before, now_s)
            except BadLog as problem:
                return Refusal("malformed", str(problem), "`picomesh did log ECI` shows the log")
            if after != before:
                await self._journal.commit([SetFact(_fact(pico), after)])
            return {"pico": pico, **self._logs.describe(pico, after, now_s), "log": after}


def _fact(pico: PicoId) -> str:
    return f"log of {pico}"


def _needed(text: str | None) -> str:
    if text is None:
        raise BadLog("the pico has no log yet; `picomesh did log ECI` makes it")
    return text
