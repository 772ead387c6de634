"""Answers to what a pico asks of the other picos of its engine, and of its own records.

Queries run at once, on committed state, and never wait behind anything. An event with a query is run
by the other pico's mailbox while the turn that asks waits; so that no two turns ever wait for each
other, it is known here who waits for whom.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.core.log import show_record
from engine.core.messages import Event, Fault, Query, Refusal
from engine.core.model import Eci, EventId, PicoId
from engine.core.records import Record, decode_record
from engine.runtime.admission import admit, admit_query, unknown_channel
from engine.runtime.equipment import AnswerKind, Equipment
from engine.runtime.mailbox import Mailbox
from engine.runtime.queries import run_query
from engine.runtime.repeats import find_earlier
from engine.runtime.replies import QueryReply, Reply
from engine.runtime.request import Request
from engine.runtime.residents import Residents

LONGEST_CHAIN = 16
"""Picos that may wait for one answer, each for the next."""

MOST_EVENTS = 1_000
"""Events in a log, the newest."""
RECORDS_AT_ONCE = 32
"""Records read before it is somebody else's turn."""
MOST_BYTES = 4 << 20
"""Of records that are read for one log."""


def _from_nowhere(pico: PicoId) -> bool:
    """Where all picos were born."""
    return False


def _all_are_here(eci: Eci, sender: PicoId) -> bool:
    """Where nobody moves."""
    return False


def _is_here(pico: PicoId) -> Refusal | None:
    """Where picos stay."""
    return None


Content = Mapping[str, Any]
Answer = Mapping[str, Any]


class Neighbours:
    """The picos of one engine, as they ask each other."""

    def __init__(self, equipment: Equipment, residents: Residents) -> None:
        self._equipment = equipment
        self._residents = residents
        self.has_been_elsewhere: Callable[[PicoId], bool] = _from_nowhere
        """Whether a pico has come from another engine, where it may know somebody by a channel id."""
        self.is_far: Callable[[Eci, PicoId], bool] = _all_are_here
        """Whether a channel that leads to nobody here may lead a pico to somebody elsewhere."""
        self.why_elsewhere: Callable[[PicoId], Refusal | None] = _is_here
        """What is said of a pico that has moved away."""
        self._waits: dict[PicoId, PicoId] = {}
        """Whose turn waits for a turn of which other pico."""
        self.kinds: Mapping[str, AnswerKind] = {
            "query": self._answer_query,
            "event_query": self._answer_event_query,
            "recipient": self._answer_recipient,
            "recipients": self._answer_recipients,
            "log": self._answer_log,
        }

    # --- queries ---

    async def _answer_query(self, pico: PicoId, content: Content) -> Answer:
        query = _read_query(content, content["name"])
        mailbox = self._residents.find(query.eci)
        refusal = admit_query(mailbox.committed if mailbox else None, query)
        if mailbox is None or refusal is not None:
            return _tell_refusal(refusal if mailbox and refusal else self._why_nobody(pico, query))
        if (left := self.why_elsewhere(mailbox.id)) is not None:
            return _tell_refusal(left)
        if reason := _why_circular(query, mailbox.id):
            return _tell(reason)
        return _tell_reply(query, await run_query(self._equipment, mailbox, query))

    def _why_nobody(self, pico: PicoId, query: Query) -> Refusal:
        """A channel of an engine where the pico was leads there for events, and not for questions."""
        holder = self._equipment.journal.find_channel(query.eci)
        if holder is not None and (left := self.why_elsewhere(holder)) is not None:
            return left
        if not self.has_been_elsewhere(pico):
            return unknown_channel(query.eci)
        return Refusal(
            "unknown",
            f"there is no channel {query.eci} on this engine; the pico has moved here, and if the channel is "
            "one of an engine where it was, it still gets events",
            "ask whoever has it by DID: ctx:query(did, rid, name, args)",
        )

    # --- events with a query ---

    async def _answer_event_query(self, pico: PicoId, content: Content) -> Answer:
        query = _read_query(content, content["query"])
        eid = EventId(content["key"])
        domain, name, attrs = content["domain"], content["name"], content["attrs"]
        event = Event(query.eci, domain, name, attrs, eid, sender=query.sender)
        mailbox = self._residents.find(query.eci)
        if mailbox is None:
            return _tell_refusal(self._why_nobody(pico, query))
        # What was done once is not asked for again, whatever the policy has become meanwhile.
        reply = find_earlier(self._equipment.journal, mailbox, eid)
        if reply is None:
            if refused := self._refuse(pico, mailbox, event, query):
                return refused
            reply = _take(mailbox, Request(event, query, is_kept=True))
        with self._waiting(pico, mailbox.id):
            return _tell_reply(query, await reply)

    def _refuse(self, pico: PicoId, mailbox: Mailbox, event: Event, query: Query) -> Answer | None:
        """Why the other pico does not run it for this one, or None."""
        now = mailbox.head.pico
        if refusal := admit(now, event) or admit_query(now, query):
            return _tell_refusal(refusal)
        reason = _why_circular(query, mailbox.id) or self._why_deadlocked(pico, mailbox.id)
        return None if reason is None else _tell(reason)

    @contextmanager
    def _waiting(self, pico: PicoId, target: PicoId) -> Iterator[None]:
        self._waits[pico] = target
        try:
            yield
        finally:
            del self._waits[pico]

    def _why_deadlocked(self, pico: PicoId, target: PicoId) -> str | None:
        waits_for: PicoId | None = target
        while waits_for is not None:
            if waits_for == pico:
                return "the other pico waits for this one already; they would wait for each other for ever"
            waits_for = self._waits.get(waits_for)
        return None

    # --- events ---

    async def _answer_recipient(self, pico: PicoId, content: Content) -> Answer:
        """Whether somebody would take such an event."""
        refusal = self._why_not(content["eci"], content)
        return {} if refusal is None else _tell_refusal(refusal)

    async def _answer_recipients(self, pico: PicoId, content: Content) -> Answer:
        """Where somebody would."""
        reachable: list[str] = []
        for eci in content["ecis"]:
            if self._why_not(eci, content) is None:
                reachable.append(eci)
            await asyncio.sleep(0)  # each may have had to be woken
        return {"reachable": reachable}

    def _why_not(self, eci: Eci, content: Content) -> Refusal | None:
        sender = PicoId(content["via"][-1])
        event = Event(eci, content["domain"], content["name"], {}, EventId(""), sender=sender)
        mailbox = self._residents.find(eci)
        if mailbox is None and self.is_far(eci, sender):
            return None  # it goes where the pico has been, and is kept until it is there
        return admit(mailbox.head.pico if mailbox else None, event)

    # --- the log ---

    async def _answer_log(self, pico: PicoId, content: Content) -> Answer:
        mailbox = self._residents.wake(PicoId(content["via"][-1]))
        last = 0 if mailbox is None else mailbox.committed.seq
        found = [] if mailbox is None else await self._read_back(mailbox.id, last, content["since"])
        return {"events": [show_record(record) for record in reversed(found)]}

    async def _read_back(self, pico: PicoId, last: int, since_ms: int) -> list[Record]:
        """Records since then, the newest first, as far as there is room for them."""
        found: list[Record] = []
        room = MOST_BYTES
        while last > 0:
            bodies = self._equipment.journal.records(pico, max(1, last - RECORDS_AT_ONCE + 1), last)
            for body in reversed(bodies):
                room -= len(body)
                record = decode_record(body)
                if room < 0 or len(found) == MOST_EVENTS or record.turn.inputs.time_ms < since_ms:
                    return found
                found.append(record)
            last -= RECORDS_AT_ONCE
            await asyncio.sleep(0)
        return found


def _read_query(content: Content, name: str) -> Query:
    via = tuple(map(PicoId, content["via"]))
    return Query(content["eci"], content["rid"], name, content["args"], via)


def _take(mailbox: Mailbox, request: Request) -> Future[Reply]:
    mailbox.take(request)
    return request.wait()


def _why_circular(query: Query, target: PicoId) -> str | None:
    if target in query.via:
        return f"channel {query.eci} leads back to a pico that waits for the answer itself"
    if len(query.via) >= LONGEST_CHAIN:
        return f"{LONGEST_CHAIN} picos wait for each other's answers already"
    return None


# --- answers ---------------------------------------------------------------------------------------


def _tell(error: str, code: str = "R607") -> Answer:
    return {"error": error, "code": code}


def _tell_refusal(refusal: Refusal) -> Answer:
    return _tell(refusal.reason if refusal.hint is None else f"{refusal.reason} ({refusal.hint})")


def _tell_reply(query: Query, reply: Reply) -> Answer:
    match reply:
        case QueryReply(value):
            return {"value": value}
        case Fault(code, message):
            asked = f"{query.rid}/{query.name} over channel {query.eci}"
            return _tell(f"{asked}: {message}", code if code == "R610" else "R608")
        case Refusal():
            return _tell_refusal(reply)
        case _:
            return _tell(f"there was another event of that key on {query.eci}, without a query")
