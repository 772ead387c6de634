"""Most of a state goes ahead while its pico still acts: the pause then has to carry no more than the rest.

The tables know nothing of it. Who leaves asks whoever has accepted to fetch the state as it is now, and to
open it and bring it to its disk; if that does not work, or the other engine does not know how, all of it is
carried in the pause as it always could be.
"""

from __future__ import annotations

import structlog

from engine.core.migration import source as leaving
from engine.core.migration.messages import Attempt
from engine.core.protocols import migration_goods
from engine.ports import CannotSend
from engine.runtime.moves.cases import Case, Cases
from engine.runtime.moves.luggage import Luggage
from engine.runtime.moves.office import Office
from engine.runtime.moves.small_freight import may_be_small

log = structlog.get_logger("picomesh.moves")

LEAST_BYTES, LEAST_RECORDS = 64 << 10, 100
"""Of a pico for which this is worth while: either will do."""
MOST_ROUNDS = 4
"""What changes while much is carried is carried by another round, which then is a short one."""
LITTLE = migration_goods.MOST_BYTES
"""Bytes that go into the pause, since they go into the message there."""
REST = 0.25
"""How long others have the interpreter after each piece of work, in lengths of that. Nobody waits for it."""


class SendingAhead:
    def __init__(self, office: Office, cases: Cases) -> None:
        self._office = office
        self._cases = cases

    async def send(self, did: str, attempt: Attempt, key: bytes) -> str:
        """The root of what the other engine holds now; empty if nothing was sent. Raises what `Loading.load`
        raises."""
        held = ""
        for _ in range(MOST_ROUNDS):
            case = self._case(did, attempt)
            if case is None or not self._is_worth_it(case):
                break
            load = await self._office.freight.loading.load(case.pico, did, key, REST, is_last=False)
            if load.size < LEAST_BYTES or not await self._is_taken(did, attempt, load.head.cid, key):
                break
            held = load.head.cid
            if load.new <= LITTLE:
                break
        return held

    def _case(self, did: str, attempt: Attempt) -> Case | None:
        """As long as it is that attempt, and the pico still acts."""
        case = self._cases.get(did)
        source = None if case is None else case.seat.source
        if source is None or source.phase is not leaving.Phase.OFFERED or source.attempt != attempt:
            return None
        return case

    def _is_worth_it(self, case: Case) -> bool:
        mailbox = self._office.picos.wake(case.pico)
        if mailbox is None or not case.opens:
            return False
        if may_be_small(mailbox, case.has):
            return False
        return mailbox.held_bytes >= LEAST_BYTES or mailbox.head.pico.seq >= LEAST_RECORDS

    async def _is_taken(self, did: str, attempt: Attempt, root: str, key: bytes) -> bool:
        """Whether the other engine has all of it; it is asked again as long as it is at it."""
        while (case := self._case(did, attempt)) is not None:
            body = {
                "did": did,
                "epoch": attempt.epoch,
                "attempt": attempt.number,
                "cid": root,
                "keys": self._office.locker.seal(Luggage(key, {}, {}), case.opens),
            }
            try:
                to = case.address(attempt.target)
                told = await self._office.post.ask(to, migration_goods.AHEAD, migration_goods.HELD, body)
            except CannotSend as problem:
                log.debug("a state is not taken ahead", did=did, why=str(problem))
                return False
            if migration_goods.body_of(told, migration_goods.HELD).get("cid") == root:
                return True
            if not told.body.get("waits"):
                return False
        return False
