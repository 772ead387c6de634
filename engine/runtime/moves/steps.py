"""The steps of the tables for the picos of an engine: one commit each, and then what it asks to be done.

A commit holds the seat and all that changes with it. What is to be done follows the commit, and is done again
after a crash because the tables repeat it. One pico has one step at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from engine.core.migration import Footing, Seat, react
from engine.core.migration import source as leaving
from engine.core.migration.messages import Attempt, Effect, Entry, Forgotten, Started
from engine.core.migration.seats import Message
from engine.core.model import EMPTY, PicoId
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.moves.cases import Case, Cases, forgotten, written
from engine.runtime.moves.consequences import Consequences
from engine.runtime.moves.loads import Blocks
from engine.runtime.moves.office import Office, Pace
from engine.runtime.moves.patience import Patience
from engine.runtime.moves.post import Heard
from engine.runtime.moves.reading import attempt_in, has_arrived, timed
from engine.runtime.moves.settling import Settling
from engine.runtime.moves.work import Work

Do = Callable[[str, Effect, Heard | None, Attempt | None], None]


def do_nothing(did: str, effect: Effect, heard: Heard | None, attempt: Attempt | None) -> None:
    """Before anybody is there who could do it."""


class Steps:
    def __init__(self, office: Office, pace: Pace, cases: Cases, settling: Settling, work: Work) -> None:
        self._post = office.post
        self._journal = office.journal
        self._cases = cases
        self._consequences = Consequences(office)
        self._settling = settling
        self._loads = office.loads
        self._work = work
        self.patience = Patience(office.clock, pace, cases, work, self.take_in)
        self.footing = Footing.SURE
        self.do: Do = do_nothing
        self._locks = KeyedLocks()

    def alone(self, did: str) -> AbstractAsyncContextManager[None]:
        """No step is taken for that pico meanwhile."""
        return self._locks.holding(did)

    def case_here(self, did: str, pico: PicoId, entry: Entry) -> Case:
        """Of a pico that lives here by that entry, also if it never was about to move."""
        case = self._cases.get(did)
        if case is None or case.seat.source is None:
            seat = case.seat if case is not None else Seat(self._post.me)
            source = leaving.Source(leaving.Phase.LIVE, entry, confirmed=self.footing is Footing.SURE)
            case = replace(case or Case(seat), seat=replace(seat, source=source))
        return replace(case, pico=pico)

    async def take(
        self,
        did: str,
        message: Message,
        case: Case | None = None,
        heard: Heard | None = None,
        blocks: Blocks = EMPTY,
    ) -> None:
        """One step of the tables. `blocks` are those of a small state that the message names, and are kept as
        long as the seat does. Whoever calls holds the lock of that pico."""
        before = self._cases.get(did) or Case(Seat(self._post.me))
        case = before if case is None else case
        seat, effects = react(case.seat, message, self.footing)
        if seat != case.seat:
            await self._commit(did, message, case, replace(case, seat=seat), blocks)
        elif heard is not None and self._cases.get(did) is not None:
            self._cases.put(did, case)  # what is not durable of it is said again
        attempt = getattr(message, "attempt", None) or attempt_in(before.seat)
        for effect in effects:
            self.do(did, effect, heard, attempt)
        self.patience.arm(did)

    async def doubt(self, did: str, case: Case) -> None:
        """After a start from a backup, at a time when nothing can be said yet: that is done when it can."""
        seat, _ = react(case.seat, Started(), Footing.DOUBTFUL)
        if seat != case.seat:
            await self._commit(did, Started(), case, replace(case, seat=seat), EMPTY)
        else:
            self._cases.put(did, case)

    async def _commit(self, did: str, message: Message, before: Case, after: Case, blocks: Blocks) -> None:
        if after.seat == Seat(after.seat.me):
            await self._journal.commit([forgotten(did), *self._loads.all_dropped(did, before)])
            self._cases.drop(did)
            return
        after, writes = await self._consequences.of(did, message, before, after)
        after, kept = self._loads.changes(did, message, after, blocks)
        arriving = has_arrived(before.seat, after.seat)
        if arriving:
            # Somebody may wake it as soon as the journal has it. It takes no turn before that is known here:
            # else two mailboxes would, each going on from the same record.
            self._settling.stillness.hold(after.pico)
        try:
            await self._journal.commit([written(did, after), *kept, *writes])
        except BaseException:
            if arriving:
                self._settling.stillness.loose(after.pico)
            raise
        self._cases.put(did, after)
        self.patience.note_progress(did)
        self._settling.settle(did, before, after, writes)
        if after.forgotten and not before.forgotten:
            self._work.begin(self._consequences.clear(did, before))

    async def take_in(self, did: str, message: Message, phase: str | None) -> None:
        async with self.alone(did):
            case = self._cases.get(did)
            if case is None or not (phase is None or phase in {two for _, two in timed(case.seat)}):
                return
            if isinstance(message, Forgotten) and not self._consequences.may_forget(case):
                self.patience.look_again(did, message)
            else:
                await self.take(did, message, case)
