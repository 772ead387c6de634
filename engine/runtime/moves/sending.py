"""Messages of the tables, sent with what belongs to them; what cannot be said at all ends an attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from engine.core.didcomm.messages import Message
from engine.core.migration import Seat
from engine.core.migration.messages import Late, Offer, Refuse, Sent
from engine.core.protocols.migration import NotAMove
from engine.ports import CannotSend, Letter
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.office import Office
from engine.runtime.moves.post import Heard
from engine.runtime.moves.reading import attempt_in
from engine.runtime.moves.saying import Saying
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.telling import Troubles

log = structlog.get_logger("picomesh.moves")


Hear = Callable[[Letter], Awaitable[object]]


async def hear_nothing(letter: Letter) -> None:
    """Before anybody is there who listens."""


class Sending:
    def __init__(
        self, office: Office, cases: Cases, steps: Steps, saying: Saying, troubles: Troubles
    ) -> None:
        self._post = office.post
        self._cases = cases
        self._steps = steps
        self._saying = saying
        self._troubles = troubles
        self.hear: Hear = hear_nothing
        """Takes in what comes back over a connection."""

    async def send(self, did: str, to: str, message: Sent, heard: Heard | None) -> None:
        case = self._cases.get(did) or Case(Seat(self._post.me))
        if heard is not None:
            case = case.met(heard.sender)
        blocks = await self._saying.blocks_for(did, case, message)
        more = self._saying.more(did, case, message)
        if more is None:
            return
        try:
            written = self._post.compose(case.address(to), did, message, more, blocks)
            if _goes_back(heard, to, written):
                return
            answer = await self._post.send(written, case.address(to))
        except NotAMove as problem:
            log.error("a message of a move cannot be written", did=did, why=str(problem))
            self._troubles[did] = str(problem)
            if (attempt := attempt_in(case.seat)) is not None:
                async with self._steps.alone(did):
                    await self._steps.take(did, Late(attempt))
        except CannotSend as problem:
            self._troubles[did] = str(problem)
            if problem.is_final and isinstance(message, Offer):
                async with self._steps.alone(did):
                    await self._steps.take(did, Refuse(message.attempt, str(problem)))
            raise
        else:
            if answer is not None:
                await self.hear(answer)


def _goes_back(heard: Heard | None, to: str, written: Message) -> bool:
    """Whether that is said over the connection along which came what it answers."""
    is_theirs = heard is not None and to == name_of_engine(heard.sender)
    return is_theirs and heard is not None and heard.reply is not None and heard.reply.give(written)
