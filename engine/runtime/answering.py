"""Answers to messages on their way back: over the same connection where that was asked for, else by post."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable, Sequence

from engine.core.didcomm.messages import Message
from engine.core.dids import Did, did_of, show_did
from engine.ports import CannotSend, Envelopes, Letter
from engine.runtime.identities import Identities
from engine.runtime.letters import Letters
from engine.runtime.lines import Line

logger = logging.getLogger(__name__)

MOST_ANSWERS = 256
"""On their way at a time; who gets none asks again."""

Receive = Callable[[bytes], Awaitable[object]]
"""Take in an envelope that is for this engine itself."""


Before = Callable[[Message, Did], Awaitable[None]]


async def nothing_before(answer: Message, to: Did) -> None:
    """Where everybody who asks knows by which keys is answered."""


class Answering:
    def __init__(
        self, identities: Identities, envelopes: Envelopes, letters: Letters, receive: Receive
    ) -> None:
        self._identities = identities
        self._envelopes = envelopes
        self._letters = letters
        self._receive = receive
        self._under_way: set[Task[None]] = set()
        self.before: Before = nothing_before
        """Told of each answer that goes back over a connection, before it is written."""

    async def answer(self, letter: Letter, answers: Sequence[Message], line: Line | None) -> bytes | None:
        """The envelope that goes back over the connection. Whatever else is to be said is on its way."""
        if letter.sender is None:
            return None
        returns = (line or Line()).heed(letter.message, letter.sender)
        if not answers:
            return None
        if not returns:
            self._post(answers, letter.sender)
            return None
        try:
            await self.before(answers[0], letter.sender)
            return await self._envelopes.close(answers[0], letter.sender)
        except CannotSend as problem:
            logger.debug("no answer can be written to %s: %s", show_did(letter.sender), problem)
            return None

    def _post(self, answers: Sequence[Message], to: Did) -> None:
        if len(self._under_way) < MOST_ANSWERS:
            task = asyncio.get_running_loop().create_task(self._send(answers, to))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, answers: Sequence[Message], to: Did) -> None:
        """Once: who misses an answer sends the message again, and is answered again."""
        try:
            for answer in answers:
                await self._bring(answer, to)
        except CannotSend as problem:
            logger.debug("an answer to %s got lost: %s", show_did(to), problem)

    async def _bring(self, answer: Message, to: Did) -> None:
        if self._identities.find(did_of(to)) is None:
            await self._letters.send(answer, to)
        else:
            await self._receive(await self._envelopes.close(answer, to))

    async def wait_rested(self) -> None:
        """Return when no answer is on its way any more."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def stop(self) -> None:
        """Who waits for an answer asks again."""
        for task in self._under_way:
            task.cancel()
