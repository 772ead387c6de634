"""The names that picos have for life, and the logs that prove them: made on demand, and kept in the journal.

What a log says, and whether it is good, is decided behind `engine.ports.LifelongLogs`. Whenever somebody asks
for a log here, it gets one more entry if its newest one does not say how the pico is reached today.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from engine.core.dids import Did, scid_in
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import BadLog, Journal, KeptLog, LifelongLogs, SetFact
from engine.runtime.admission import unknown_channel

logger = logging.getLogger(__name__)

Document = Mapping[str, Any]
Write = Callable[[PicoId, KeptLog | None, int], KeptLog]
"""The log as it is to be, from what it is."""
Tell = Callable[[Did], None]
"""Told that the log with this name has one more entry."""


IsSo = Callable[[PicoId], bool]

REMEMBERED = 4096
"""Logs that were looked at lately."""
MOVING = "the pico is on its way to another engine, or has gone there; that one writes its log from then on"


def never(pico: PicoId) -> bool:
    """Of an engine whose picos stay."""
    return False


def stay_of(fact: Callable[[str], str | None], pico: str) -> str:
    """For which stay of a pico here its keys are, as a journal knows it; empty for one that was born here."""
    return fact(f"stay of {pico}") or ""


class Lives:
    def __init__(self, journal: Journal, logs: LifelongLogs, now_ms: Callable[[], int], grown: Tell) -> None:
        self._journal = journal
        self._logs = logs
        self._now_ms = now_ms
        self._grown = grown
        self._writing = asyncio.Lock()
        self._seen: dict[PicoId, tuple[KeptLog, str | None, Did, Did]] = {}
        """Logs that were found to be up to date, what they were held against, and the names they prove."""
        self.host = Did("")
        """The DID of this engine; its identities say what that is."""
        self.url: str | None = None
        """Where it is reached."""
        self.is_held: IsSo = never
        """Whether a pico that is here must not act: it is about to leave, or has left."""
        self.is_away: IsSo = never
        """Whether it has left, so that what is here of it is only who it was."""
        self.grown_too: Tell = lambda name: None
        """Told as `grown` is."""

    def kept(self, pico: PicoId) -> KeptLog | None:
        """The log of a pico, if it has one. It is there when the pico is no more."""
        lines = self._journal.fact(_log(pico))
        return None if lines is None else KeptLog(lines, self._journal.fact(_approvals(pico)) or "")

    def pico_of(self, did: str) -> PicoId | None:
        """Which pico of this engine has that name for life, or a did:webvh of the same log."""
        scid = scid_in(did)
        pico = None if scid is None else self._journal.fact(_pico(scid))
        if pico is None or not self.is_here(PicoId(pico)) or self.is_away(PicoId(pico)):
            return None
        return PicoId(pico)

    def stay(self, pico: PicoId) -> str:
        """For which stay here the keys of a pico are."""
        return stay_of(self._journal.fact, pico)

    def adopt(self, pico: PicoId, log: KeptLog, name: Did) -> list[SetFact]:
        """By which a pico that is brought back has the log, and the name, that it had."""
        scid = scid_in(name)
        return _keep(pico, log) if scid is None else [*_keep(pico, log), SetFact(_pico(scid), pico)]

    def holder(self, scid: str) -> PicoId | None:
        """The pico that has, or had, the name with this id, whether it is here or not."""
        pico = self._journal.fact(_pico(scid))
        return None if pico is None else PicoId(pico)

    def own(self, scid: str) -> KeptLog | None:
        """The log of the pico that has, or had, the name with this id."""
        pico = self._journal.fact(_pico(scid))
        return None if pico is None else self.kept(PicoId(pico))

    def is_here(self, pico: PicoId) -> bool:
        return self._journal.find_channel(Eci(pico)) == pico

    async def current(self, pico: PicoId) -> KeptLog | None:
        """The same as `kept`, up to date. None is made."""
        if self.kept(pico) is not None and self.is_here(pico) and not self.is_away(pico):
            await self.name(pico)
        return self.kept(pico)

    async def name(self, pico: PicoId) -> Did:
        """The name for life of a pico that is here. It is made if it has none yet. Raises `BadLog` where what
        is kept of it is none."""
        kept, seen = self.kept(pico), self._seen.get(pico)
        if seen is not None and seen[:3] == (kept, self.url, self.host):
            return seen[3]
        told = await self.begin(Eci(pico), None)
        if isinstance(told, Refusal):
            raise BadLog(f"pico {pico} has no name: {told.reason}")
        return Did(told["did"])

    async def begin(self, eci: Eci, recovery: str | None) -> Document | Refusal:
        """The log of the pico with that channel, which is made if it has none yet."""

        def write(pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
            if log is None:
                return self.first(pico, recovery, now_s)
            if recovery is not None:
                raise BadLog("the pico has a log already; what it promises is changed by its keys alone")
            return self._addressed(pico, log, now_s)

        return await self.write(eci, write)

    def _addressed(self, pico: PicoId, log: KeptLog, now_s: int) -> KeptLog:
        """As it was, where this engine cannot write the next entry by itself."""
        if self.is_held(pico):
            return log
        try:
            return self._logs.address(pico, log, self.url, self.host, now_s)
        except BadLog as problem:
            logger.warning("the log of pico %s does not say how it is reached here: %s", pico, problem)
            return log

    def first(self, pico: PicoId, recovery: str | None, now_s: int) -> KeptLog:
        """A new log; `recovery` is the hash of an owner's key that it promises too. Nothing is kept yet."""
        return self._logs.begin(pico, self.url, self.host, recovery, now_s)

    async def rotate(self, eci: Eci) -> Document | Refusal:
        """One more entry, signed with the key that was promised."""

        def write(pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
            after = self._addressed(pico, needed(log), now_s)
            return self._logs.rotate(pico, after, now_s) if after == log else after

        return await self.write(eci, write)

    async def extend(self, eci: Eci, more: KeptLog) -> Document | Refusal:
        """One more entry, which somebody else has signed with a key that was promised; or, for a pico without
        a log, all of one that this engine is to go on with."""
        return await self.write(eci, lambda pico, log, now_s: self._logs.extend(pico, log, more, now_s))

    def find(self, eci: Eci) -> tuple[PicoId, KeptLog | None, int] | Refusal:
        """The pico with that channel and its log, and what time it is."""
        pico = self._journal.find_channel(eci)
        return unknown_channel(eci) if pico is None else (pico, self.kept(pico), self._now_ms() // 1000)

    async def write(self, eci: Eci, write: Write) -> Document | Refusal:
        """Have the log of the pico with that channel be what `write` makes of it."""
        async with self._writing:
            found = self.find(eci)
            if isinstance(found, Refusal):
                return found
            pico, before, now_s = found
            try:
                after = write(pico, before, now_s)
                if after != before and self.is_held(pico):
                    raise BadLog(MOVING)
                described = self._logs.describe(pico, after, now_s)
                self._check_free(pico, described["did"])
            except BadLog as problem:
                return Refusal("malformed", str(problem), "`picomesh did log ECI` shows the log")
            await self._keep(pico, before, after, Did(described["did"]))
            told = {"pico": pico, "address": self._address(described), **described}
            return {**told, "log": after.lines, "approvals": after.approvals}

    async def end(self, pico: PicoId, write: Write) -> None:
        """Have the log of a pico that is no more end with what `write` makes of it. Raises `BadLog`."""
        async with self._writing:
            before, now_s = self.kept(pico), self._now_ms() // 1000
            if before is None or self.is_here(pico) or self.is_away(pico):
                return
            # In a thread: many may end at once, and others have messages to read.
            name = await asyncio.to_thread(self._logs.describe, pico, before, now_s)
            if self.own(str(scid_in(name["did"]))) in (None, before):  # else another pico has taken it up
                after = await asyncio.to_thread(write, pico, before, now_s)
                await self._keep(pico, before, after, Did(name["did"]))
            await self._journal.commit([SetFact(_ended(pico), "")])

    def not_ended(self) -> list[PicoId]:
        """Picos whose logs nobody has ended, whether they are still here or not."""
        ended = {name.removeprefix(ENDED) for name in self._journal.fact_names(ENDED)}
        logs = (name.removeprefix(LOG) for name in self._journal.fact_names(LOG))
        return [PicoId(one) for one in logs if one not in ended]

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Nobody else writes a log meanwhile."""
        async with self._writing:
            yield

    def note_grown(self, name: Did) -> None:
        """A log has one more entry, which somebody else has put into the journal."""
        self._seen.clear()
        self._grown(name)

    def _check_free(self, pico: PicoId, did: str) -> None:
        holder = self.pico_of(did)
        if holder not in (None, pico):
            raise BadLog(f"{did} is the name of pico {holder} of this engine; two cannot have it")

    def _address(self, described: Document) -> str:
        """The name, with a hint where others find its log; who finds it goes by the name alone."""
        host, *segments = str(described["webvh"]).split(":")[3:]
        if host.endswith(".invalid"):
            return f"{described['did']}?src={self.host}"
        return f"{described['did']}?src={'/'.join((unquote(host), *segments))}"

    async def _keep(self, pico: PicoId, before: KeptLog | None, after: KeptLog, name: Did) -> None:
        scid = scid_in(name)
        assert scid is not None, "it is a name for life"
        writes = [] if after == before else _keep(pico, after)
        if self._journal.fact(_pico(scid)) != pico:  # also of logs from before there was such a fact
            writes.append(SetFact(_pico(scid), pico))
        if writes:
            await self._journal.commit(writes)
            self._grown(name)
            self.grown_too(name)
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[pico] = after, self.url, self.host, name


def _keep(pico: PicoId, log: KeptLog) -> list[SetFact]:
    lines = SetFact(_log(pico), log.lines)
    return [lines, SetFact(_approvals(pico), log.approvals)] if log.approvals else [lines]


LOG, ENDED = "log of ", "ended log of "


def _log(pico: PicoId) -> str:
    return f"{LOG}{pico}"


def _ended(pico: PicoId) -> str:
    """Which says only that it need not be looked at any more; that it has ended stands in the log."""
    return f"{ENDED}{pico}"


def _approvals(pico: PicoId) -> str:
    return f"approvals of {pico}"


def _pico(scid: str) -> str:
    return f"pico of {scid}"


def needed(log: KeptLog | None) -> KeptLog:
    """Of a pico that has to have one."""
    if log is None:
        raise BadLog("the pico has no log yet; `picomesh did log ECI` makes it")
    return log
