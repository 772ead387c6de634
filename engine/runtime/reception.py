"""DIDComm messages that reach this engine: opened, passed on to the channel they are for, and answered.

What a channel's policy lets in becomes an event, or an answer from the protocols' tables. An event has an id
that comes of the sender and the message's own id, so the journal knows a message that was here before;
what needs no event may be answered twice, in the same words. Between messages nothing is remembered here.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Literal, Protocol

from engine.core.didcomm.attachments import write_attachment
from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, did_of, show_did
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId
from engine.core.protocols import discover_features, picomesh, routing, trust_ping
from engine.core.protocols.bodies import problem_in
from engine.core.protocols.hearing import hear
from engine.core.protocols.message_types import event_name, read_type
from engine.core.protocols.payloads import NoPayload, payloads
from engine.core.protocols.reactions import Facts, Note, Reaction, attrs_of, ids_from
from engine.core.protocols.relationships import EMPTY, begin
from engine.core.protocols.table import features, kind_of, protocol_of
from engine.core.vouching import Doubt, describe
from engine.ports import CannotSend, Envelopes, Letter
from engine.runtime.callers import Caller
from engine.runtime.identities import Identities, Owner
from engine.runtime.letters import Letters
from engine.runtime.lines import Line
from engine.runtime.mediator import Mediator
from engine.runtime.replies import EventReply, QueryReply
from engine.runtime.showings import Showings
from pico_lang.values import Value, from_json, to_json

logger = logging.getLogger(__name__)

Attrs = Mapping[str, Value]
WhyNot = Callable[[Caller], Refusal | None]

MOST_LAYERS = 4
"""Messages that may be forwarded inside each other."""
MOST_ANSWERS = 256
"""On their way at a time; who gets none asks again."""
FEATURES = features()
SILENT = frozenset((trust_ping.PING, discover_features.QUERIES, EMPTY))
"""What is answered, or only needs to be heard, without a turn of the pico: anybody may ask at any time."""


class Gate(Protocol):
    """What the picos of the engine are reached through: see `engine.runtime.host`."""

    async def accept_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventId | Refusal: ...

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventReply | Refusal | Fault: ...

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Attrs, caller: Caller
    ) -> QueryReply | Refusal | Fault: ...

    def why_not(self, eci: Eci, domain: str, name: str, caller: Caller) -> Refusal | None: ...

    def why_not_query(self, eci: Eci, rid: str, name: str, caller: Caller) -> Refusal | None: ...


Verdict = Literal["taken", "unreadable", "too_large", "denied", "unknown", "busy"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an envelope, and the envelope that answers it over the same connection."""

    verdict: Verdict
    reply: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Handled:
    verdict: Verdict = "taken"
    answers: Sequence[Message] = ()


UNREADABLE = Receipt("unreadable")
UNKNOWN = _Handled("unknown")
WHY: Mapping[str, tuple[Verdict, str]] = {
    "denied": ("denied", "not allowed"),
    "quota": ("busy", "busy"),
    "draining": ("busy", "busy"),
}
"""What a refusal of the engine means to the sender; others are not told apart from channels that are not."""
NO_SUCH_QUERY = "R610"


class Reception:
    def __init__(
        self,
        gate: Gate,
        identities: Identities,
        envelopes: Envelopes,
        letters: Letters,
        now_ms: Callable[[], int],
        mediator: Mediator,
        showings: Showings,
    ) -> None:
        self._gate = gate
        self._identities = identities
        self._envelopes = envelopes
        self._letters = letters
        self._now_ms = now_ms
        self._mediator = mediator
        self._showings = showings
        self._new_id = ids_from(identities.ids_seed())
        self._answering: set[Task[None]] = set()

    async def receive(self, envelope: bytes, line: Line | None = None) -> Receipt:
        """Whatever the bytes are, along whatever line. Why something is refused is told only to the log."""
        try:
            return await self._receive(envelope, None, MOST_LAYERS, line)
        except Refused as refused:
            logger.debug("a message was refused: %s", refused)
            return Receipt("too_large") if refused.code == "e.p.me.res.storage" else UNREADABLE

    async def wait_rested(self) -> None:
        """Return when no answer is on its way any more."""
        while self._answering:
            await asyncio.wait(self._answering)

    def stop(self) -> None:
        """Who waits for an answer asks again."""
        for task in self._answering:
            task.cancel()
        self._showings.stop()

    async def _receive(
        self, envelope: bytes, expected: Did | None, layers: int, line: Line | None = None
    ) -> Receipt:
        letter = await self._envelopes.open(envelope, self._now_s())
        owner = None if letter.recipient is None else self._identities.find(letter.recipient)
        if letter.recipient is None:
            raise Refused("e.p.trust", "it is not encrypted", letter.sender, letter.message.id)
        if owner is None or (expected is not None and expected != letter.recipient):
            return Receipt("unknown")
        if owner.eci is None and letter.message.type == routing.FORWARD:
            return await self._forward(letter.message, layers, line)
        handled = await self._handle(letter, owner, line)
        return Receipt(handled.verdict, await self._reply(letter, handled.answers, line))

    async def _forward(self, message: Message, layers: int, line: Line | None) -> Receipt:
        """To somebody here, or to whom this engine is a mediator."""
        if problem_in(message.body, routing.PROTOCOL.kinds["forward"].body):
            return UNREADABLE
        following = Did(did_of(message.body["next"]))
        if layers == 0:
            return Receipt("unknown")
        try:
            envelopes = payloads(message)
        except NoPayload:
            return UNREADABLE
        if self._identities.find(following) is None:
            take_in, expires_s = self._mediator.take_in, message.expires_time
            receipts = [Receipt(await take_in(following, one, expires_s)) for one in envelopes]
        else:
            receipts = [await self._receive(one, following, layers - 1, line) for one in envelopes]
        return receipts[0] if len(receipts) == 1 else _together(receipts)

    # --- what is to be done ------------------------------------------------------------------------

    async def _handle(self, letter: Letter, owner: Owner, line: Line | None) -> _Handled:
        message, eci = letter.message, owner.eci
        if eci is None and self._mediator.is_for_it(message.type):
            return _handled(await self._mediator.hear(letter, line))
        if eci is None:
            return self._hear(letter) if message.type in SILENT else UNKNOWN
        if message.type in SILENT and not _is_news(message):
            why_not = partial(self._gate.why_not, eci, "didcomm", _name_of(message.type))
            refusal = await self._doubt(letter, eci, why_not) or why_not(self._caller(letter))
            return self._hear(letter) if refusal is None else self._refused(letter, refusal)
        match message.type:
            case picomesh.EVENT:
                return await self._take_event(letter, eci)
            case picomesh.QUERY:
                return await self._take_query(letter, eci)
        return await self._tell_rules(letter, eci)

    def _hear(self, letter: Letter) -> _Handled:
        return _handled(self._reaction(letter))

    def _reaction(self, letter: Letter) -> Reaction:
        """By the protocols' tables, as between two who have never met."""
        return hear(begin(str(letter.recipient), letter.sender), letter.message, self._facts(letter))

    async def _take_event(self, letter: Letter, eci: Eci) -> _Handled:
        heard = self._reaction(letter)
        if _is_refused(heard):
            return _Handled("unreadable", heard.replies)
        body, id, new_id = letter.message.body, letter.message.id, self._facts(letter).new_id
        eid = event_id(letter.sender, id)
        event = eci, body["domain"], body["type"], from_json(dict(body.get("attributes", {}))), eid
        why_not = partial(self._gate.why_not, eci, body["domain"], body["type"])
        if (doubt := await self._doubt(letter, eci, why_not)) is not None:
            return self._refused(letter, doubt)
        if not body.get("wait", False):
            accepted = await self._gate.accept_event(*event, self._caller(letter))
            if isinstance(accepted, Refusal):
                return self._refused(letter, accepted)
            return _Handled(answers=picomesh.accepted(heard.state, id, eid, self._now_s(), new_id).replies)
        match await self._gate.run_event(*event, self._caller(letter)):
            case Refusal() as refusal:
                return self._refused(letter, refusal)
            case Fault(code, text):
                fault = {"code": code, "message": text}
                told = picomesh.failed(heard.state, id, eid, fault, self._now_s(), new_id)
            case EventReply(eid, directives):
                shown = to_json(list(directives))
                told = picomesh.finished(heard.state, id, eid, shown, self._now_s(), new_id)
        return _Handled(answers=told.replies)

    async def _take_query(self, letter: Letter, eci: Eci) -> _Handled:
        heard = self._reaction(letter)
        if _is_refused(heard):
            return _Handled("unreadable", heard.replies)
        body, id, new_id = letter.message.body, letter.message.id, self._facts(letter).new_id
        args = from_json(dict(body.get("args", {})))
        why_not = partial(self._gate.why_not_query, eci, body["rid"], body["function"])
        if (doubt := await self._doubt(letter, eci, why_not)) is not None:
            return self._refused(letter, doubt)
        match await self._gate.run_query(eci, body["rid"], body["function"], args, self._caller(letter)):
            case Refusal() as refusal:
                return self._refused(letter, refusal)
            case Fault(code):
                why = "no such query" if code == NO_SUCH_QUERY else "query failed"
                told = picomesh.refused(heard.state, id, why, self._now_s(), new_id)
            case QueryReply(value):
                told = picomesh.answered(heard.state, id, to_json(value), self._now_s(), new_id)
        return _Handled(answers=told.replies)

    async def _tell_rules(self, letter: Letter, eci: Eci) -> _Handled:
        """One event for every message, and those of its protocol; policy may want only some of them."""
        heard = None if _is_answer(letter.message) else self._reaction(letter)
        if heard is not None and _is_refused(heard):
            return _Handled("unreadable", heard.replies)
        refusals: list[Refusal | Doubt] = []
        taken = False
        for note in self._notes(letter, heard):
            why_not = partial(self._gate.why_not, eci, "didcomm", note.name)
            if (doubt := await self._doubt(letter, eci, why_not)) is not None:
                refusals.append(doubt)
                continue
            eid = event_id(letter.sender, f"{letter.message.id} as {note.name}")
            attrs = from_json({**note.attrs, **_attachments(letter.message)})
            kept = await self._gate.accept_event(eci, "didcomm", note.name, attrs, eid, self._caller(letter))
            if isinstance(kept, Refusal):
                refusals.append(kept)
            else:
                taken = True
        postponed = [
            one for one in refusals if isinstance(one, Refusal) and one.kind in ("quota", "draining")
        ]
        if postponed or (refusals and not taken):
            return self._refused(letter, (postponed or refusals)[0])
        return _Handled(answers=() if heard is None else heard.replies)

    def _notes(self, letter: Letter, heard: Reaction | None) -> Iterator[Note]:
        """Answers to what rules have sent are for rules to put into their threads."""
        attrs = attrs_of(letter.message, self._facts(letter))
        own = [] if heard is None else [note for note in heard.notes if note.name != "message"]
        yield Note("message", attrs)
        yield from own or (Note(_name_of(letter.message.type), attrs),)

    # --- whether it may ----------------------------------------------------------------------------

    async def _doubt(self, letter: Letter, eci: Eci, why_not: WhyNot) -> Refusal | Doubt | None:
        """Have what is attached looked at, where the policy asks for it. None: let the policy decide."""
        if not letter.message.attachments:
            return None  # most have none, and the policy is asked anyway when they come in
        refusal = why_not(self._caller(letter))
        return None if refusal is None else await self._showings.look_at(letter, eci, refusal.asks)

    # --- what is said ------------------------------------------------------------------------------

    def _refused(self, letter: Letter, refusal: Refusal | Doubt) -> _Handled:
        """Said to somebody who has proven who he is, in the words of our own protocol."""
        verdict: Verdict = "denied"
        args: tuple[str, ...] = ()
        if isinstance(refusal, Doubt):
            logger.debug("what %s shows is not relied on: %s", show_did(str(letter.sender)), refusal.reason)
            why, args = "credential refused", (refusal.code,)
        elif refusal.kind not in WHY:
            return UNKNOWN if refusal.kind == "unknown" else _Handled("unreadable")
        elif refusal.asks:
            why, args = "credential needed", ("; ".join(map(describe, refusal.asks)),)
        else:
            verdict, why = WHY[refusal.kind]
        message, facts = letter.message, self._facts(letter)
        if letter.sender is None:
            return _Handled(verdict)
        asked = {
            "serving": {message.id.lower(): {"type": message.type, "id": message.id, "thid": message.thread}}
        }
        state = {**begin(str(letter.recipient), letter.sender), **asked}
        return _Handled(
            verdict, picomesh.refused(state, message.id, why, facts.now_s, facts.new_id, args).replies
        )

    async def _reply(self, letter: Letter, answers: Sequence[Message], line: Line | None) -> bytes | None:
        """Over the same connection where that was asked for, else to wherever the sender is reached."""
        if letter.sender is None:
            return None
        returns = (line or Line()).heed(letter.message, letter.sender)
        if not answers:
            return None
        if returns:
            try:
                return await self._envelopes.close(answers[0], letter.sender)
            except CannotSend as problem:
                logger.debug("no answer can be written to %s: %s", letter.sender[:60], problem)
                return None
        if len(self._answering) < MOST_ANSWERS:
            task = asyncio.get_running_loop().create_task(self._post(answers, letter.sender))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        return None

    async def _post(self, answers: Sequence[Message], to: Did) -> None:
        """Once: who misses an answer sends the message again, and is answered again."""
        try:
            for answer in answers:
                await self._bring(answer, to)
        except CannotSend as problem:
            logger.debug("an answer to %s got lost: %s", to[:60], problem)

    async def _bring(self, answer: Message, to: Did) -> None:
        if self._identities.find(did_of(to)) is None:
            await self._letters.send(answer, to)
        else:
            await self.receive(await self._envelopes.close(answer, to))

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
        return told or None

    def _facts(self, letter: Letter) -> Facts:
        who = letter.sender

        def new_id(purpose: str) -> str:
            return self._new_id(f"{purpose} for {who}")

        return Facts(who, letter.recipient, self._now_s(), new_id, features=FEATURES)

    def _now_s(self) -> int:
        return self._now_ms() // 1000


def event_id(sender: Did | None, message_id: str) -> EventId:
    """One for each message of each sender; the short form of a did:peer:4 is the same sender as the long."""
    who = "" if sender is None else str(sender)
    if who.startswith("did:peer:4"):
        who = ":".join(who.split(":")[:3])
    return EventId(sha256(f"{who}\0{message_id}".encode()).hexdigest()[:32])


def _handled(reaction: Reaction) -> _Handled:
    return _Handled("unreadable" if _is_refused(reaction) else "taken", reaction.replies)


def _is_news(message: Message) -> bool:
    """Whether it says who somebody is: that an invitation is accepted, or a DID was rotated."""
    return message.pthid is not None or message.from_prior is not None


def _is_refused(reaction: Reaction) -> bool:
    return any(note.name in ("refused", "stray") for note in reaction.notes)


def _is_answer(message: Message) -> bool:
    protocol = protocol_of(message.type)
    kind = None if protocol is None else kind_of(message.type, protocol)
    return kind is not None and kind.answers


def _attachments(message: Message) -> dict[str, Value]:
    return (
        {"attachments": [write_attachment(one) for one in message.attachments]} if message.attachments else {}
    )


def _name_of(uri: str) -> str:
    """What a message type is called as an event, in the domain didcomm."""
    parts = uri.rsplit("/", 3)
    return event_name(parts[-3], parts[-1]) if read_type(uri) is not None and len(parts) > 2 else "unknown"


def _together(receipts: list[Receipt]) -> Receipt:
    return next((one for one in receipts if one.verdict != "taken"), Receipt("taken"))
