"""An engine that nobody can reach has its mail taken in by a mediator, and fetches it now and then, where it
does not come along by itself: see `engine.runtime.live_mail`.

Its DID names the mediator as its place, and the DIDs of its channels name it, so that one DID is all that
the mediator has to know. Each envelope is taken in as if it had come by POST, and then its receipt is
acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import show_did
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V3
from engine.core.protocols.message_types import same_type
from engine.core.protocols.payloads import NoPayload, payload
from engine.core.protocols.table import is_answer_to
from engine.ports import CannotSend, Clock, Entropy, Envelopes, Letter
from engine.runtime.arrangement import Arrangement, Names, NoMail
from engine.runtime.letters import Letters
from engine.runtime.lines import NoLine
from engine.runtime.receipts import Receipt
from engine.runtime.reception import Reception

logger = logging.getLogger(__name__)


class Collecting:
    def __init__(
        self,
        arrangement: Arrangement,
        every_ms: int,
        envelopes: Envelopes,
        letters: Letters,
        reception: Reception,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.arrangement = arrangement
        self._every_ms = every_ms
        self._envelopes = envelopes
        self._letters = letters
        self._reception = reception
        self._clock = clock
        self._entropy = entropy
        self._agreed: Names | None = None
        """What both were called when mail was taken in for all that this engine is called."""
        self._task: Task[None] | None = None
        self.live: Callable[[], Awaitable[None]] | None = None
        """Takes mail in as it comes, for as long as that goes."""

    def start(self) -> None:
        """From now on the engine is reached by way of the mediator."""
        self.arrangement.take_effect()
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _go_on(self) -> None:
        while True:
            try:
                await self.collect()
                if self.live is not None:
                    await self.live()
            except (NoMail, CannotSend) as problem:
                self._agreed = None
                mediator = self.arrangement.names.mediator
                logger.warning("no mail is fetched from %s: %s", show_did(mediator), problem)
            await self._wait()

    async def _wait(self) -> None:
        until_ms, reached = self._clock.now_ms() + self._every_ms, asyncio.Event()
        while self._clock.now_ms() < until_ms:  # clocks may call sooner
            reached.clear()
            self._clock.call_at(until_ms, reached.set)
            await reached.wait()

    async def collect(self) -> None:
        """All that waits. Raises `NoMail` and `CannotSend`."""
        if self._agreed != self.arrangement.names:
            await self._agree()
        while ids := await self._fetch():
            await self._say(pickup.RECEIVED, {"message_id_list": ids}, pickup.STATUS)

    async def _agree(self) -> None:
        await self._say(V3.type("mediate-request"), {}, V3.type("mediate-grant"))
        names = self.arrangement.names
        updates = [{"recipient_did": did, "action": "add"} for did in names.dids]
        answer = await self._say(V3.type(V3.update), {"updates": updates}, V3.type(V3.updated))
        results = [one.get("result") for one in answer.body.get("updated", ())]
        if len(results) != len(updates) or not {"success", "no_change"}.issuperset(results):
            raise NoMail("it does not take in mail for this engine's DID")
        self._agreed = names

    async def _fetch(self) -> list[str]:
        """The ids of what was taken in. What there is no room for now is left for later."""
        delivery = await self._say(
            pickup.DELIVERY_REQUEST, {"limit": pickup.LARGEST_DELIVERY}, pickup.DELIVERY, pickup.STATUS
        )
        return await self.take(delivery)

    async def take(self, delivery: Message) -> list[str]:
        """The same of one that has come."""
        taken = []
        for attachment in delivery.attachments:
            try:
                receipt = await self._reception.receive(payload(attachment), NoLine())
            except NoPayload as problem:
                logger.info("the mediator delivered no envelope: %s", problem)
                receipt = Receipt("unreadable")
            if receipt.verdict != "busy" and attachment.id is not None:
                taken.append(attachment.id)
        return taken

    async def _say(self, type: str, body: Mapping[str, Any], *wanted: str) -> Message:
        message = self._message(type, body)
        posted = await self._letters.send(message, self.arrangement.names.mediator)
        if posted.reply is None:
            raise NoMail("it does not answer along the connection")
        letter = await self.read(posted.reply)
        is_wanted = any(same_type(letter.message.type, one) for one in wanted)
        if not is_wanted or not is_answer_to(letter.message, message):
            said = letter.message.body.get("code", letter.message.type)
            raise NoMail(f"it answers {said}")
        return letter.message

    def _message(self, type: str, body: Mapping[str, Any]) -> Message:
        names, now_s = self.arrangement.names, self._clock.now_ms() // 1000
        headers, to = {"return_route": "all"}, (names.mediator,)
        return Message(self._entropy.seed(), type, body, names.me, to, created_time=now_s, headers=headers)

    async def write(self, type: str, body: Mapping[str, Any]) -> tuple[Message, bytes]:
        """A message for the mediator, and the envelope with it. Raises `CannotSend`."""
        message = self._message(type, body)
        return message, await self._envelopes.close(message, self.arrangement.names.mediator)

    async def read(self, envelope: bytes) -> Letter:
        """What the mediator writes. Raises `NoMail`."""
        try:
            letter = await self._envelopes.open(envelope, self._clock.now_ms() // 1000)
        except Refused as refused:
            raise NoMail(f"its answer cannot be read: {refused.reason}") from refused
        await self.arrangement.heed(letter)
        return letter
