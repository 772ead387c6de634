"""What is sent ahead of a pico that is about to come: fetched, opened, and brought to the disk in pieces.

It is asked for by a message that is answered when that is done, or after some seconds, so that whoever waits
asks again. All of it may be lost at any time; then it comes with the pico.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog

from engine.core.dids import Did
from engine.core.migration import target as coming
from engine.core.migration.messages import Attempt
from engine.core.protocols import migration_goods
from engine.core.protocols.migration import NotAMove
from engine.ports import CannotSend, Letter
from engine.runtime.moves.ahead import REST
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.entrance import Entrance
from engine.runtime.moves.fetching import Held
from engine.runtime.moves.loads import NoFreight
from engine.runtime.moves.luggage import NoLuggage
from engine.runtime.moves.office import Office
from engine.runtime.moves.work import Work
from engine.runtime.receipts import Handled

log = structlog.get_logger("picomesh.moves")

WAIT_S = 10.0
"""Less than anybody waits for an answer."""
TAKING = "ahead"
"""As the work is called by which it is fetched."""


class TakingAhead:
    def __init__(self, office: Office, cases: Cases, entrance: Entrance, work: Work) -> None:
        self._office = office
        self._cases = cases
        self._entrance = entrance
        self._work = work
        self._done: dict[str, asyncio.Event] = {}

    async def hear(self, letter: Letter) -> Handled:
        """Raises `NotAMove`."""
        body = migration_goods.body_of(letter.message, migration_goods.AHEAD)
        did, cid, sender = body["did"], body["cid"], letter.sender
        attempt = None if sender is None else _accepted(self._cases.get(did), sender, body)
        if attempt is None or sender is None:
            return Handled("denied")
        if self._root(did) != cid:
            await self._take(did, attempt, sender, cid, body["keys"])
        root, waits = self._root(did), self._work.is_under_way((did, TAKING))
        told = {"did": did, **({"cid": root} if root else {}), **({"waits": True} if waits else {})}
        return Handled(
            answers=(self._office.post.write(sender, migration_goods.HELD, told, letter.message.id),)
        )

    async def forget(self, did: str) -> None:
        """It does not come."""
        held = self._office.freight.fetching.held(did)
        self._office.freight.fetching.forget(did)
        if held is not None and held.base is not None:
            await self._office.landing.forget(held.base.pico.id)

    def _root(self, did: str) -> str:
        held = self._office.freight.fetching.held(did)
        return "" if held is None else held.root

    async def _take(self, did: str, attempt: Attempt, sender: Did, cid: str, box: str) -> None:
        """For so long as somebody waits; it goes on after that."""
        done = self._done.setdefault(did, asyncio.Event())
        self._work.begin(self._fetch(did, attempt, sender, cid, box), (did, TAKING))
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), WAIT_S)

    async def _fetch(self, did: str, attempt: Attempt, sender: Did, cid: str, box: str) -> None:
        try:
            key = self._office.locker.open(box, attempt.name).key
            ask = self._entrance.asking(did, attempt, sender)
            held = await self._office.freight.fetching.fetch_ahead(cid, did, key, ask, REST)
            await self._land(did, attempt, sender, held)
        except (CannotSend, NoFreight, NoLuggage, NotAMove) as problem:
            log.info("a state that was sent ahead is not taken", did=did, why=str(problem))
        finally:
            self._done.pop(did, asyncio.Event()).set()

    async def _land(self, did: str, attempt: Attempt, sender: Did, held: Held) -> None:
        case = self._cases.get(did)
        assert held.state is not None, "what was fetched was opened"
        pico = held.state.head.pico
        about = {"epoch": attempt.epoch, "attempt": attempt.number}
        if case is None or _accepted(case, sender, about) != attempt or pico.id != case.pico:
            await self.forget(did)
        elif held.base is None:
            await self._office.landing.bring(held.state.head, REST)
            held.base = held.state.head


def _accepted(case: Case | None, sender: Did, body: Mapping[str, Any]) -> Attempt | None:
    """The attempt that it names, if by that a pico is about to come from there."""
    target = None if case is None else case.seat.target
    if target is None or target.phase is not coming.Phase.ACCEPTED or target.attempt is None:
        return None
    is_theirs = target.attempt.source == name_of_engine(sender)
    is_it = target.attempt.order == (body["epoch"], body["attempt"])
    return target.attempt if is_theirs and is_it else None
