"""Questions to other engines, and their answers: over the same connection, or by themselves a while later.

An engine behind a mediator cannot answer along the connection; its answer comes like any other message.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, did_of, keys_in, same_did, show_did
from engine.core.protocols.message_types import same_type
from engine.core.protocols.report_problem import REPORT, interpolate, is_report_of
from engine.core.protocols.table import is_answer_to
from engine.core.protocols.trust_ping import RESPONSE
from engine.ports import CannotSend, Clock, Envelopes, Letter
from engine.runtime.letters import Letters
from engine.runtime.receipts import UNKNOWN, Handled

PATIENCE_MS = 20_000
"""For an answer that comes by itself."""


class Reported(CannotSend):
    """The other engine says why it does not do what it was asked."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


class Exchanges:
    """Also a desk, for the answers that come by themselves and belong to no protocol of another desk."""

    def __init__(self, letters: Letters, envelopes: Envelopes, clock: Clock) -> None:
        self._letters = letters
        self._envelopes = envelopes
        self._clock = clock
        self._open: dict[str, tuple[Message, Did, Future[Letter]]] = {}

    async def ask(self, message: Message, whom: Did, patience_ms: int = PATIENCE_MS) -> Letter:
        """What answers it. Raises `CannotSend`, and `Reported` when the answer is a report of a problem."""
        waiting: Future[Letter] = asyncio.get_running_loop().create_future()
        self._open[message.id.lower()] = message, whom, waiting
        try:
            posted = await self._letters.send(message, whom)
            if posted.reply is not None and not waiting.done():
                return _settled(await self._read(posted.reply, message, whom), message)
            return _settled(await self._wait(waiting, patience_ms), message)
        finally:
            del self._open[message.id.lower()]

    async def tell(self, message: Message, whom: Did) -> None:
        """What needs no answer. Raises `CannotSend`."""
        await self._letters.send(message, whom)

    async def _read(self, envelope: bytes, asked: Message, whom: Did) -> Letter:
        try:
            letter = await self._envelopes.open(envelope, self._clock.now_ms() // 1000)
        except Refused as refused:
            raise CannotSend(f"what came back cannot be read: {refused.reason}", is_final=False) from None
        if not _is_from(letter, whom):
            raise CannotSend("what came back is from somebody else", is_final=False)
        if not _answers(letter.message, asked):
            raise CannotSend("what came back answers something else", is_final=False)
        return letter

    async def _wait(self, waiting: Future[Letter], patience_ms: int) -> Letter:
        def give_up() -> None:
            if not waiting.done():
                waiting.set_exception(CannotSend("it took the message and did not answer it", is_final=False))

        until_ms = self._clock.now_ms() + patience_ms
        call = _call_when(self._clock, until_ms, give_up)
        try:
            return await waiting
        finally:
            call()

    def take(self, letter: Letter) -> bool:
        """Whether it is what somebody waits for."""
        for asked, whom, waiting in self._open.values():
            if not waiting.done() and _is_from(letter, whom) and _answers(letter.message, asked):
                waiting.set_result(letter)
                return True
        return False

    # --- as a desk ---------------------------------------------------------------------------------

    def is_for_it(self, type: str) -> bool:
        return same_type(type, RESPONSE) or same_type(type, REPORT)

    async def hear(self, letter: Letter) -> Handled:
        return Handled() if self.take(letter) else UNKNOWN


def _call_when(clock: Clock, time_ms: int, call: Callable[[], None]) -> Callable[[], None]:
    """Have it called then, not sooner; what this returns is for doing without it."""
    pending = [clock.call_at(time_ms, lambda: look())]

    def look() -> None:
        if clock.now_ms() >= time_ms:
            call()
        else:
            pending[0] = clock.call_at(time_ms, look)

    return lambda: pending[0].cancel()


def _is_from(letter: Letter, whom: Did) -> bool:
    """An engine may have moved since, and be called otherwise; it has the same keys."""
    if letter.sender is None:
        return False
    keys = keys_in(whom)
    return same_did(letter.sender, did_of(whom)) or (keys is not None and keys_in(letter.sender) == keys)


def _answers(answer: Message, asked: Message) -> bool:
    return is_report_of(answer, asked) or is_answer_to(answer, asked)


def _settled(letter: Letter, asked: Message) -> Letter:
    if not is_report_of(letter.message, asked):
        return letter
    body = letter.message.body
    code, args = str(body.get("code")), body.get("args")
    said = interpolate(str(body.get("comment", "")), args if isinstance(args, list) else [])
    raise Reported(code, f"{said or 'it was refused'} [{show_did(code)}]")
