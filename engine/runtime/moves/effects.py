"""What the tables want done, given to whoever does it."""

from __future__ import annotations

from engine.core.migration.messages import (
    AskAround,
    Attempt,
    Consider,
    Drop,
    Effect,
    Fetch,
    Finish,
    Send,
    Sign,
    Tell,
)
from engine.runtime.moves.arrivals import Arrivals
from engine.runtime.moves.asking import Asking
from engine.runtime.moves.departures import Departures
from engine.runtime.moves.post import Heard
from engine.runtime.moves.sending import Sending
from engine.runtime.moves.stillness import FINISH
from engine.runtime.moves.telling import Telling
from engine.runtime.moves.work import Work

ALONE: dict[type, str] = {Finish: FINISH, Fetch: "fetch", Sign: "sign"}
"""Of which one at a time is under way for a pico, and what it is called."""


class Effects:
    def __init__(
        self,
        work: Work,
        sending: Sending,
        telling: Telling,
        departures: Departures,
        arrivals: Arrivals,
        asking: Asking,
    ) -> None:
        self._work = work
        self._sending = sending
        self._telling = telling
        self._departures = departures
        self._arrivals = arrivals
        self._asking = asking

    def do(self, did: str, effect: Effect, heard: Heard | None, attempt: Attempt | None) -> None:
        match effect:
            case Tell(what, reason):
                self._work.begin(self._telling.tell(did, what, reason, attempt))
            case Drop():
                self._work.begin(self._arrivals.drop(did))
            case AskAround(number):
                self._asking.begin(did, number)
            case _:
                kind = ALONE.get(type(effect))
                task = self._work.begin(
                    self._perform(did, effect, heard), None if kind is None else (did, kind)
                )
                if task is not None and heard is not None and heard.reply is not None:
                    heard.reply.wait_for(task)

    async def _perform(self, did: str, effect: Effect, heard: Heard | None) -> None:
        match effect:
            case Send(to, message):
                await self._sending.send(did, to, message, heard)
            case Consider(attempt):
                await self._arrivals.consider(did, attempt, heard)
            case Fetch(attempt, head):
                await self._arrivals.fetch(did, attempt, head, heard)
            case Finish(attempt):
                await self._departures.finish(did, attempt)
            case Sign(attempt, _):
                await self._departures.sign(did, attempt, heard)
