"""DIDComm messages that reach this engine: opened, passed on to whomever they are for, and answered.

What a message to a channel comes to is decided in `hearing`, what one of a client of the mediator does in
`mediator`. Whatever cannot be read is refused, and only the one whose key proves that he wrote it is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Gist, NotForUs, Refused
from engine.core.dids import Did, did_of
from engine.core.protocols import routing
from engine.core.protocols.message_types import read_type, same_type
from engine.core.protocols.payloads import NoPayload, payloads
from engine.core.protocols.reactions import Trouble
from engine.core.protocols.table import is_well_formed
from engine.ports import Envelopes, Letter
from engine.runtime.answering import Answering
from engine.runtime.correspondents import Correspondents
from engine.runtime.desks import Desk
from engine.runtime.hearing import SILENT, Hearing
from engine.runtime.identities import Identities, Owner
from engine.runtime.letters import Letters
from engine.runtime.lines import Line
from engine.runtime.mediator import Mediator
from engine.runtime.receipts import UNREADABLE, Handled, Receipt, Verdict, handled, together

logger = logging.getLogger(__name__)

MOST_LAYERS = 4
"""Messages that may be forwarded inside each other."""
TOO_LARGE = "e.p.me.res.storage"


class Relay(Protocol):
    """See `engine.runtime.moves.relaying`."""

    def find(self, envelope: bytes) -> Did | None: ...

    def is_elsewhere(self, did: str) -> bool: ...

    async def pass_on(self, recipient: Did, envelope: bytes) -> Receipt: ...


class Reception:
    def __init__(
        self,
        identities: Identities,
        envelopes: Envelopes,
        letters: Letters,
        correspondents: Correspondents,
        hearing: Hearing,
        mediator: Mediator,
        desks: Sequence[Desk],
        now_ms: Callable[[], int],
    ) -> None:
        self._identities = identities
        self._envelopes = envelopes
        self._correspondents = correspondents
        self._hearing = hearing
        self._mediator = mediator
        self._desks = desks
        self._now_ms = now_ms
        self.relaying: Relay | None = None
        """What passes on mail for those who have moved away."""
        self.answering = self._answering = Answering(identities, envelopes, letters, self.receive)

    async def receive(self, envelope: bytes, line: Line | None = None) -> Receipt:
        """Whatever the bytes are, along whatever line. Why something is refused is for the log to say."""
        return await self._receive(envelope, None, MOST_LAYERS, line)

    async def wait_rested(self) -> None:
        """Return when no answer is on its way any more."""
        await self._answering.wait_rested()

    def stop(self) -> None:
        self._answering.stop()
        self._hearing.stop()

    async def _receive(
        self, envelope: bytes, expected: Did | None, layers: int, line: Line | None
    ) -> Receipt:
        try:
            letter = await self._envelopes.open(envelope, self._now_ms() // 1000)
        except NotForUs:
            return await self._pass_on(envelope)
        except Refused as refused:
            logger.debug("a message was refused: %s", refused)
            return await self._complain(refused, line)
        if letter.recipient is None:
            logger.debug("a message was refused: it is not encrypted")
            return UNREADABLE
        owner = self._identities.find(letter.recipient)
        if owner is None:
            return await self._pass_on(envelope)  # it has left while this was opened
        if expected is not None and expected != letter.recipient:
            return Receipt("unknown")
        if owner.eci is None and same_type(letter.message.type, routing.FORWARD):
            return await self._forward(letter.message, layers, line)
        found = await self._handle(letter, owner, line)
        answers, streamed = found.answers, found.streamed
        if streamed is not None:
            if line is not None and letter.sender is not None and line.takes_streams_of(streamed.media_type):
                return Receipt(found.verdict, stream=streamed)
            answers = (await streamed.message(),)
        return Receipt(found.verdict, await self._answering.answer(letter, answers, line))

    async def _pass_on(self, envelope: bytes) -> Receipt:
        """To where the pico is now for which it is, if it was here."""
        recipient = None if self.relaying is None else self.relaying.find(envelope)
        if self.relaying is None or recipient is None:
            return Receipt("unknown")
        return await self.relaying.pass_on(recipient, envelope)

    async def _complain(self, refused: Refused, line: Line | None) -> Receipt:
        """In one word, to whoever is proven to have written what cannot be taken; to others not at all."""
        verdict: Verdict = "too_large" if refused.code == TOO_LARGE else "unreadable"
        letter = _what_was_read(refused.gist)
        if letter is None:
            return Receipt(verdict)
        said = self._correspondents.report(letter, Trouble(refused.code))
        return Receipt(verdict, await self._answering.answer(letter, said, line))

    async def _forward(self, message: Message, layers: int, line: Line | None) -> Receipt:
        """To somebody here, or to whom this engine is a mediator. Whoever sent it is told nothing."""
        if not is_well_formed(message):
            return UNREADABLE
        following = Did(did_of(message.body["next"]))
        if layers == 0:
            return Receipt("unknown")
        try:
            envelopes = payloads(message)
        except NoPayload:
            return UNREADABLE
        if self.relaying is not None and self.relaying.is_elsewhere(following):
            receipts = [await self.relaying.pass_on(following, one) for one in envelopes]
        elif self._identities.find(following) is None:
            take_in, expires_s = self._mediator.take_in, message.expires_time
            receipts = [Receipt(await take_in(following, one, expires_s)) for one in envelopes]
        else:
            receipts = [await self._receive(one, following, layers - 1, line) for one in envelopes]
        return receipts[0] if len(receipts) == 1 else together(receipts)

    async def _handle(self, letter: Letter, owner: Owner, line: Line | None) -> Handled:
        if owner.eci is not None:
            return await self._hearing.hear(letter, owner.eci)
        type = letter.message.type
        if self._mediator.is_for_it(type):
            return handled(await self._mediator.hear(letter, line))
        for desk in self._desks:
            if desk.is_for_it(type):
                return await desk.hear(letter)
        if read_type(type) in SILENT:
            return handled(self._correspondents.hear(letter))
        return Handled("unknown", self._correspondents.report(letter, Trouble("e.p.msg.not-spoken")))


def _what_was_read(gist: Gist | None) -> Letter | None:
    """As much of a message as a report of it needs, if its sender is proven and it has an id."""
    if gist is None or gist.recipient is None or gist.id is None:
        return None
    message = Message(gist.id, gist.type, thid=gist.thid, headers={"return_route": gist.return_route})
    return Letter(message, Did(gist.sender), Did(did_of(gist.recipient)))
