"""The engine's desk for messages of moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from engine.core.migration import Seat
from engine.core.migration.messages import Attempt, Head, NotHere
from engine.core.multiformats import to_multibase
from engine.core.protocols import migration, migration_goods
from engine.core.protocols.migration import NotAMove
from engine.ports import Letter
from engine.runtime.identities import SIGNING, life_purpose
from engine.runtime.moves.asking import Asking
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.doubts import Doubts
from engine.runtime.moves.giving import Giving
from engine.runtime.moves.office import Office
from engine.runtime.moves.post import Heard, entry_of, proven_text
from engine.runtime.moves.reading import check_offer, with_keys
from engine.runtime.moves.replying import Reply
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.taking_ahead import TakingAhead
from engine.runtime.moves.work import Work
from engine.runtime.receipts import Handled

log = structlog.get_logger("picomesh.moves")


SHORT_LOG = 16 << 10
"""Characters of some eight entries, which are verified in two milliseconds at the most. A detour through a
thread is the longer way then, since the machine of a pico that moves is a busy one."""


class Hearing:
    """`is_for_it` and `hear` make it a desk for messages to the engine itself."""

    def __init__(
        self,
        office: Office,
        cases: Cases,
        steps: Steps,
        work: Work,
        asking: Asking,
        ahead: TakingAhead,
        doubts: Doubts,
    ) -> None:
        self._office = office
        self._cases = cases
        self._steps = steps
        self._work = work
        self._asking = asking
        self._doubts = doubts
        self._giving = Giving(office, cases)
        self._ahead = ahead
        self._post = office.post
        self._lives = office.lives

    def is_for_it(self, type: str) -> bool:
        is_goods = migration_goods.kind_of(type) in (migration_goods.WANT, migration_goods.AHEAD)
        return is_goods or migration.kind_of(type) is not None

    async def hear(self, letter: Letter) -> Handled:
        try:
            match migration_goods.kind_of(letter.message.type):
                case migration_goods.WANT:
                    return await self._giving.give(letter)
                case migration_goods.AHEAD:
                    return await self._ahead.hear(letter)
            heard = await self._read(letter)
            if letter.message.headers.get("return_route") != "all":
                return await self._work.to_the_end(self._hear(heard))
            reply = Reply()
            handled = await self._work.to_the_end(self._hear(replace(heard, reply=reply)))
            answer = await reply.said()
            return handled if answer is None else Handled(answers=(answer,))
        except NotAMove as problem:
            log.info("a message of a move is not what it should be", why=str(problem))
            return Handled("unreadable")

    async def _read(self, letter: Letter) -> Heard:
        """In another thread if the log is long: that may take a quarter of a second."""
        did = str(letter.message.body.get("did"))
        seed, sign = self._seed(did), self._office.sign

        def is_proof(text: str, attempt: Attempt, head: Head) -> bool:
            """Whether this engine has signed that, though it may know nothing of it any more."""
            return seed is not None and text == to_multibase("u", sign(seed, proven_text(did, attempt, head)))

        if len(str(letter.message.body.get("log") or "")) <= SHORT_LOG:
            return self._post.read(letter, is_proof)
        return await asyncio.to_thread(self._post.read, letter, is_proof)

    def _seed(self, did: str) -> bytes | None:
        """By which this engine signs, or signed, as that pico."""
        case = self._cases.get(did)
        pico = case.pico if case is not None and case.pico else self._lives.pico_of(did)
        if pico is None:
            return None
        return self._office.keys.derive(f"{life_purpose(pico, self._lives.stay(pico))}/{SIGNING}")

    def _known(self, did: str, heard: Heard) -> Case:
        """What this engine has to do with a pico: one that never was about to move has its place too."""
        case = self._cases.get(did) or Case(Seat(self._post.me))
        pico = self._lives.pico_of(did) if case.seat.source is None else None
        kept = None if pico is None else self._lives.kept(pico)
        if pico is None or kept is None:
            is_unknown = case.seat.source is None
            return (self._doubts.adopted(case, heard) if is_unknown else None) or case
        return self._steps.case_here(did, pico, entry_of(self._post.hosting(did, kept)))

    async def _hear(self, heard: Heard) -> Handled:
        did, message = heard.parcel.did, heard.parcel.message
        if not did:
            self._doubts.hear(heard)
            return Handled()
        if isinstance(message, NotHere):
            self._asking.note_answer(did, message.asked, name_of_engine(heard.sender))
            return Handled()
        async with self._steps.alone(did):
            case = self._known(did, heard).met(heard.sender)
            check_offer(heard)
            if heard.hosting is not None and self._is_newer(did, case, heard.hosting.number):
                case = replace(case, log=heard.log)
            await self._steps.take(did, message, with_keys(case, heard), heard)
        return Handled()

    def _is_newer(self, did: str, case: Case, number: int) -> bool:
        """Offers apart, a target learns by each message how long the log is by now."""
        entry = case.seat.entry
        known = 0 if case.log is None else self._post.hosting(did, case.log).number
        return number > max(known, entry.number if entry else 0)
