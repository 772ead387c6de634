"""What comes of a message to a channel: an event, a query, or an answer from the protocols' tables.

The channel's policy comes first, with whatever the sender shows it. An event has an id that comes of the
sender and the message's own id, so the journal knows a message that was here before; what needs no event may
be answered twice, in the same words.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from engine.core.didcomm.attachments import write_attachment
from engine.core.didcomm.messages import Message
from engine.core.dids import show_did
from engine.core.inquiries import ANSWERS
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId
from engine.core.protocols import discover_features, picomesh, trust_ping
from engine.core.protocols.message_types import read_type
from engine.core.protocols.reactions import NewId, Note, Reaction, Trouble, attrs_of
from engine.core.protocols.relationships import EMPTY
from engine.core.protocols.report_problem import is_report, thread_in_question
from engine.core.protocols.table import is_answer, kind_of_message, name_of
from engine.core.vouching import Doubt, describe
from engine.ports import Letter
from engine.runtime.callers import Caller
from engine.runtime.correspondents import Correspondents
from engine.runtime.gate import Gate, WhyNot, event_id
from engine.runtime.identities import Identities
from engine.runtime.receipts import UNKNOWN, Handled, Verdict, handled, is_refused
from engine.runtime.replies import EventReply, QueryReply
from engine.runtime.showings import Showings
from pico_lang.values import Value, from_json, to_json

logger = logging.getLogger(__name__)

EVENT, QUERY = read_type(picomesh.EVENT), read_type(picomesh.QUERY)
SILENT = frozenset(map(read_type, (trust_ping.PING, discover_features.QUERIES, EMPTY)))
"""What is answered, or only needs to be heard, without a turn of the pico: anybody may ask at any time."""
WHY: Mapping[str, tuple[Verdict, str]] = {
    "denied": ("denied", "not allowed"),
    "quota": ("busy", "busy"),
    "draining": ("busy", "busy"),
    "moved": ("busy", "busy"),
}
"""What a refusal of the engine means to the sender; others are not told apart from channels that are not."""
NO_SUCH_QUERY = "R610"


class Hearing:
    def __init__(
        self,
        gate: Gate,
        identities: Identities,
        correspondents: Correspondents,
        showings: Showings,
    ) -> None:
        self._gate = gate
        self._identities = identities
        self._correspondents = correspondents
        self._showings = showings

    async def hear(self, letter: Letter, eci: Eci) -> Handled:
        message = letter.message
        kind = read_type(message.type)
        if kind in SILENT and not _is_news(message):
            return await self._answer_silently(letter, eci)
        if kind == EVENT:
            return await self._take_event(letter, eci)
        if kind == QUERY:
            return await self._take_query(letter, eci)
        return await self._tell_rules(letter, eci)

    def stop(self) -> None:
        self._showings.stop()

    async def _answer_silently(self, letter: Letter, eci: Eci) -> Handled:
        why_not = partial(self._gate.why_not, eci, "didcomm", name_of(letter.message.type))
        refusal = await self._doubt(letter, eci, why_not) or why_not(self._caller(letter))
        if refusal is not None:
            return self._refused(letter, refusal)
        return handled(self._correspondents.hear(letter))

    # --- events and queries ------------------------------------------------------------------------

    async def _take_event(self, letter: Letter, eci: Eci) -> Handled:
        heard = self._correspondents.hear(letter)
        if is_refused(heard):
            return handled(heard)
        body, id = letter.message.body, letter.message.id
        eid = event_id(letter.sender, id)
        event = eci, body["domain"], body["type"], from_json(dict(body.get("attributes", {}))), eid
        why_not = partial(self._gate.why_not, eci, body["domain"], body["type"])
        if (doubt := await self._doubt(letter, eci, why_not)) is not None:
            return self._refused(letter, doubt)
        if not body.get("wait", False):
            accepted = await self._gate.accept_event(*event, self._caller(letter))
            if isinstance(accepted, Refusal):
                return self._refused(letter, accepted)
            return Handled(answers=picomesh.accepted(heard.state, id, eid, *self._telling(letter)).replies)
        match await self._gate.run_event(*event, self._caller(letter)):
            case Refusal(kind="moved"):
                return await self._keep_for_later(letter, heard, event)
            case Refusal() as refusal:
                return self._refused(letter, refusal)
            case Fault(code, text):
                fault = {"code": code, "message": text}
                outcome = picomesh.failed(heard.state, id, eid, fault, *self._telling(letter))
            case EventReply(eid, directives):
                shown = to_json(list(directives))
                outcome = picomesh.finished(heard.state, id, eid, shown, *self._telling(letter))
        return Handled(answers=outcome.replies)

    async def _keep_for_later(
        self, letter: Letter, heard: Reaction, event: tuple[Eci, str, str, Any, EventId]
    ) -> Handled:
        """The pico has left while the event waited for its turn: it is sent on, and nobody waits for it."""
        accepted = await self._gate.accept_event(*event, self._caller(letter))
        if isinstance(accepted, Refusal):
            return self._refused(letter, accepted)
        told = picomesh.accepted(heard.state, letter.message.id, event[4], *self._telling(letter))
        return Handled(answers=told.replies)

    async def _take_query(self, letter: Letter, eci: Eci) -> Handled:
        heard = self._correspondents.hear(letter)
        if is_refused(heard):
            return handled(heard)
        body, id = letter.message.body, letter.message.id
        args = from_json(dict(body.get("args", {})))
        why_not = partial(self._gate.why_not_query, eci, body["rid"], body["function"])
        if (doubt := await self._doubt(letter, eci, why_not)) is not None:
            return self._refused(letter, doubt)
        match await self._gate.run_query(eci, body["rid"], body["function"], args, self._caller(letter)):
            case Refusal() as refusal:
                return self._refused(letter, refusal)
            case Fault(code):
                why = "no such query" if code == NO_SUCH_QUERY else "query failed"
                told = picomesh.refused(heard.state, id, why, *self._telling(letter))
            case QueryReply(value):
                told = picomesh.answered(heard.state, id, to_json(value), *self._telling(letter))
        return Handled(answers=told.replies)

    def _telling(self, letter: Letter) -> tuple[int, NewId]:
        """When something is said, and how it is called: both of now, since a turn may have taken its time."""
        facts = self._correspondents.facts(letter)
        return facts.now_s, facts.new_id

    # --- everything else ---------------------------------------------------------------------------

    async def _tell_rules(self, letter: Letter, eci: Eci) -> Handled:
        """One event for every message, and those of its protocol; policy may want only some of them."""
        heard = self._look_at(letter)
        if is_refused(heard):
            return handled(heard)
        refusals: list[Refusal | Doubt] = []
        taken = False
        for note in self._notes(letter, heard):
            refusal = await self._tell(note, letter, eci)
            if refusal is None:
                taken = True
            else:
                refusals.append(refusal)
        postponed = [one for one in refusals if _is_postponed(one)]
        if postponed or (refusals and not taken):
            return self._refused(letter, (postponed or refusals)[0])
        return Handled(answers=heard.replies)

    def _look_at(self, letter: Letter) -> Reaction:
        """Whether an answer answers anything is known to the pico that asked, and nothing is said to it."""
        kind = kind_of_message(letter.message)
        if kind is None or not kind.answers:
            return self._correspondents.hear(letter)
        return self._correspondents.examine(letter) or Reaction({})

    async def _tell(self, note: Note, letter: Letter, eci: Eci) -> Refusal | Doubt | None:
        why_not = partial(self._gate.why_not, eci, "didcomm", note.name)
        if (doubt := await self._doubt(letter, eci, why_not)) is not None:
            return doubt
        eid = event_id(letter.sender, f"{letter.message.id} as {note.name}")
        attrs = from_json({**note.attrs, **_attachments(letter.message)})
        kept = await self._gate.accept_event(eci, "didcomm", note.name, attrs, eid, self._caller(letter))
        return kept if isinstance(kept, Refusal) else None

    def _notes(self, letter: Letter, heard: Reaction) -> Iterator[Note]:
        attrs = attrs_of(letter.message, self._correspondents.facts(letter))
        own = [note for note in heard.notes if note.name != "message"]
        yield Note("message", attrs)
        yield from own or (Note(name_of(letter.message.type), attrs),)

    # --- whether it may ----------------------------------------------------------------------------

    async def _doubt(self, letter: Letter, eci: Eci, why_not: WhyNot) -> Refusal | Doubt | None:
        """Have what is attached looked at, where the policy asks for it. None: let the policy decide."""
        if not letter.message.attachments:
            return None  # most have none, and the policy is asked anyway when they come in
        refusal = why_not(self._caller(letter))
        return None if refusal is None else await self._showings.look_at(letter, eci, refusal.asks)

    def _refused(self, letter: Letter, refusal: Refusal | Doubt) -> Handled:
        """Told to somebody who has proven who he is, in the words of our own protocol."""
        verdict: Verdict = "denied"
        args: tuple[str, ...] = ()
        if isinstance(refusal, Doubt):
            logger.debug("what %s shows is not relied on: %s", show_did(str(letter.sender)), refusal.reason)
            why, args = "credential refused", (refusal.code,)
        elif refusal.kind not in WHY:
            return UNKNOWN if refusal.kind == "unknown" else Handled("unreadable")
        elif refusal.asks:
            why, args = "credential needed", ("; ".join(map(describe, refusal.asks)),)
        else:
            verdict, why = WHY[refusal.kind]
        trouble = Trouble(picomesh.REFUSALS[why], args)
        return Handled(verdict, self._correspondents.report(letter, trouble))

    def _caller(self, letter: Letter) -> Caller:
        eci = None if letter.recipient is None else self._identities.eci_of(letter.recipient)
        shown = () if eci is None else self._showings.known(eci, letter.sender)
        return Caller(letter.sender, letter.sender is None, proven=self._proven(letter), shown=shown)

    def _proven(self, letter: Letter) -> Mapping[str, Any] | None:
        """Only what changes something, since it is kept with the event."""
        told: dict[str, Any] = {}
        to, rotation = letter.recipient, letter.rotation
        eci = None if to is None else self._identities.eci_of(to)
        if eci is not None and to is not None and not self._identities.is_first(eci, to):
            told["to"] = to
        if rotation is not None:
            told["rotation"] = {"prior": rotation.prior, "new": rotation.new, "iat": rotation.issued_s}
        if is_report(letter.message):
            told[ANSWERS] = thread_in_question(letter.message)
        elif is_answer(letter.message):
            told[ANSWERS] = letter.message.thid or ""
        return told or None


def _is_news(message: Message) -> bool:
    """Whether it says who somebody is, that an invitation is accepted or a DID was rotated; or that something
    has come that a rule wanted to be acknowledged."""
    return message.pthid is not None or message.from_prior is not None or "ack" in message.headers


def _is_postponed(refusal: Refusal | Doubt) -> bool:
    return isinstance(refusal, Refusal) and refusal.kind in ("quota", "draining")


def _attachments(message: Message) -> dict[str, Value]:
    return (
        {"attachments": [write_attachment(one) for one in message.attachments]} if message.attachments else {}
    )
