"""Messages of the tables, sent with what belongs to them; what cannot be said at all ends an attempt."""

from __future__ import annotations

import structlog

from engine.core.migration import Seat
from engine.core.migration.messages import Late, Offer, Refuse, Sent
from engine.core.protocols.migration import NotAMove
from engine.ports import CannotSend
from engine.runtime.moves.cases import Case, Cases
from engine.runtime.moves.office import Office
from engine.runtime.moves.post import Heard
from engine.runtime.moves.reading import attempt_in
from engine.runtime.moves.saying import Saying
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.telling import Troubles

log = structlog.get_logger("picomesh.moves")


class Sending:
    def __init__(
        self, office: Office, cases: Cases, steps: Steps, saying: Saying, troubles: Troubles
    ) -> None:
        self._post = office.post
        self._cases = cases
        self._steps = steps
        self._saying = saying
        self._troubles = troubles

    async def send(self, did: str, to: str, message: Sent, heard: Heard | None) -> None:
        case = self._cases.get(did) or Case(Seat(self._post.me))
        if heard is not None:
            case = case.met(heard.sender)
        blocks = await self._saying.blocks_for(did, case, message)
        more = self._saying.more(did, case, message)
        if more is None:
            return
        try:
            await self._post.send(case.address(to), did, message, more, blocks)
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
