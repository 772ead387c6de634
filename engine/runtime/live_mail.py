"""Mail that comes along a websocket as soon as the mediator has it, where the mediator offers that.

messagepickup 3.0, live mode. What came before has to be asked for, and so has what there was no room for; all
else is as when mail is fetched. Where there is no such thing, or it ends, mail is fetched.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable

from engine.core.dids import Did, show_did
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.message_types import same_type
from engine.core.protocols.table import is_answer_to
from engine.ports import Clock, WebFailed, Websocket, Websockets
from engine.runtime.arrangement import Names
from engine.runtime.collecting import Collecting

logger = logging.getLogger(__name__)

LOOK_MS = 10 * 60 * 1_000
"""Between two looks for what did not come along the line."""
NOT_OFFERED_MS = 10 * 60 * 1_000
"""How long a mediator that does not offer it is not asked again."""
MOST_STRAY = 64
"""Messages before the answer to the wish to go live. They are in the queue, so nothing is lost of them."""

FindUrl = Callable[[Did], Awaitable[str]]
"""Where the websocket of somebody is. Raises `CannotSend`."""


class LiveMail:
    def __init__(
        self, collecting: Collecting, websockets: Websockets, find_url: FindUrl, clock: Clock, soon_ms: int
    ) -> None:
        """`soon_ms` is when to look for what there was no room for."""
        self._collecting = collecting
        self._websockets = websockets
        self._find_url = find_url
        self._clock = clock
        self._soon_ms = soon_ms
        self._not_before_ms = 0

    async def run(self) -> None:
        """For as long as it goes well, until mail has to be fetched. Raises `NoMail` and `CannotSend`."""
        if self._clock.now_ms() < self._not_before_ms:
            return
        names = self._collecting.arrangement.names
        try:
            line = await self._websockets.open(await self._find_url(names.mediator))
        except WebFailed as problem:
            self._give_up(names, str(problem))
            return
        try:
            await self._use(line, names)
        except WebFailed as problem:
            logger.info("mail of %s comes along no more: %s", show_did(names.mediator), problem)
        finally:
            await line.close()

    def _give_up(self, names: Names, why: str) -> None:
        self._not_before_ms = self._clock.now_ms() + NOT_OFFERED_MS
        logger.info("mail of %s is fetched, as it does not come along: %s", show_did(names.mediator), why)

    async def _use(self, line: Websocket, names: Names) -> None:
        why = await self._why_not_live(line)
        if why is not None:
            self._give_up(names, why)
            return
        logger.info("mail of %s comes along as soon as it is there", show_did(names.mediator))
        await self._collecting.collect()
        await self._listen(line, names)

    async def _why_not_live(self, line: Websocket) -> str | None:
        asked, envelope = await self._collecting.write(pickup.LIVE_CHANGE, {"live_delivery": True})
        await line.send(envelope)
        for _ in range(MOST_STRAY):
            answer = (await self._collecting.read(await line.receive())).message
            if same_type(answer.type, pickup.STATUS) and is_answer_to(answer, asked):
                return None if answer.body.get("live_delivery") is True else "it says so"
            if answer.pthid == asked.id:
                return f"it answers {answer.body.get('code')}"
        return "it does not answer"

    async def _listen(self, line: Websocket, names: Names) -> None:
        """Until what both are called changes: then it has to be said anew who wants what."""
        reading = asyncio.ensure_future(line.receive())
        look_ms = self._clock.now_ms() + LOOK_MS
        try:
            while names == self._collecting.arrangement.names:
                if not await self._comes(reading, look_ms):
                    await self._collecting.collect()
                    look_ms = self._clock.now_ms() + LOOK_MS
                    continue
                if not await self._take(line, reading.result()):
                    look_ms = min(look_ms, self._clock.now_ms() + self._soon_ms)
                reading = asyncio.ensure_future(line.receive())
        finally:
            reading.cancel()

    async def _take(self, line: Websocket, envelope: bytes) -> bool:
        """Whether there was room for all of it."""
        message = (await self._collecting.read(envelope)).message
        if not same_type(message.type, pickup.DELIVERY):
            return True
        taken = await self._collecting.take(message)
        if taken:
            _, receipt = await self._collecting.write(pickup.RECEIVED, {"message_id_list": taken})
            await line.send(receipt)
        return len(taken) == len(message.attachments)

    async def _comes(self, reading: Task[bytes], until_ms: int) -> bool:
        """Whether something does before that."""
        while not reading.done() and self._clock.now_ms() < until_ms:  # clocks may call sooner
            due = asyncio.Event()
            call = self._clock.call_at(until_ms, due.set)
            waiting = asyncio.ensure_future(due.wait())
            try:
                await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
            finally:
                call.cancel()
                waiting.cancel()
        return reading.done()
