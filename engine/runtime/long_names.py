"""Long names that were told once: a did:peer:4 carries its document along until somebody has heard it, and is
called by the hash of that alone from then on. So what was heard outlives the memory of an engine.

Only the names of those are kept whom a policy lets in, whose mail is taken in, or whom a pico writes to:
anybody can make up as many as they like.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.core.correspondence import LETTER, MESSAGE
from engine.core.dids import Did, did_of, short_did
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId, PicoId
from engine.ports import Journal, SetFact
from engine.runtime.callers import Caller
from engine.runtime.equipment import AnswerKind
from engine.runtime.gate import Attrs, Gate
from engine.runtime.replies import EventReply, QueryReply

FindLong = Callable[[str], str | None]
"""The long form of a DID that has one and was seen lately."""


def recall(journal: Journal, did: str) -> str | None:
    """The long form that was kept of a short one."""
    return journal.fact(_fact(did))


Met = Callable[[Did], Awaitable[None]]
"""Told of whoever is kept, whatever their names look like."""


class LongNames:
    def __init__(self, journal: Journal, find: FindLong, met: Met) -> None:
        self._journal = journal
        self._find = find
        self._met = met

    async def keep(self, did: str) -> None:
        """Durable when this returns. Nothing where there is one form only, or the long one was not seen."""
        long = self._find(did)
        if long is not None and recall(self._journal, did) is None:
            await self._journal.commit([SetFact(_fact(did), long)])
        await self._met(Did(did_of(did)))

    def keeping(self, kinds: Mapping[str, AnswerKind]) -> Mapping[str, AnswerKind]:
        """As those; where a pico writes to somebody, their name is kept first."""
        return {
            kind: self._keeping(answer) if kind in (MESSAGE, LETTER) else answer
            for kind, answer in kinds.items()
        }

    def _keeping(self, answer: AnswerKind) -> AnswerKind:
        async def kept(pico: PicoId, content: Mapping[str, Any]) -> Mapping[str, Any]:
            await self.keep(content["did"])
            return await answer(pico, content)

        return kept


class KeepingGate:
    """`engine.runtime.gate.Gate` that keeps the names of those who come in, before they do."""

    def __init__(self, gate: Gate, names: LongNames) -> None:
        self._gate = gate
        self._names = names
        self.why_not = gate.why_not
        self.why_not_query = gate.why_not_query

    async def accept_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventId | Refusal:
        await self._keep(caller, self._gate.why_not(eci, domain, name, caller))
        return await self._gate.accept_event(eci, domain, name, attrs, eid, caller)

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventReply | Refusal | Fault:
        await self._keep(caller, self._gate.why_not(eci, domain, name, caller))
        return await self._gate.run_event(eci, domain, name, attrs, eid, caller)

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Attrs, caller: Caller
    ) -> QueryReply | Refusal | Fault:
        await self._keep(caller, self._gate.why_not_query(eci, rid, name, caller))
        return await self._gate.run_query(eci, rid, name, args, caller)

    async def _keep(self, caller: Caller, refusal: Refusal | None) -> None:
        if refusal is None and caller.did is not None:
            await self._names.keep(caller.did)


def _fact(did: str) -> str:
    return f"long form of {short_did(did)}"
