"""What changes in the journal together with the seat of a pico: it lives here from then on, or no more."""

from __future__ import annotations

from dataclasses import replace

from engine.core.dids import Did
from engine.core.migration import Seat, acts
from engine.core.migration import source as leaving
from engine.core.migration.messages import Attempt, Forgotten, Head, Staged
from engine.core.migration.seats import Message
from engine.core.model import Eci
from engine.core.records import decode_errand, decode_request
from engine.ports import (
    AcceptEvent,
    ClearTimer,
    EndErrand,
    Fence,
    KeepDid,
    RemovePico,
    SentOn,
    SetFact,
    Write,
)
from engine.runtime.handled_ids import HANDLED, Digests, keeping, unpack
from engine.runtime.moves.acquaintances import ACQUAINTED, taken_over
from engine.runtime.moves.cases import NOTHING, Case
from engine.runtime.moves.forgetting import Forgetting
from engine.runtime.moves.loads import Arrived
from engine.runtime.moves.office import Office
from engine.runtime.moves.reading import has_arrived, stay_in
from engine.runtime.past import first_record


class Consequences:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal
        self._lives = office.lives
        self._forgetting = Forgetting(office)

    def may_forget(self, case: Case) -> bool:
        """Whether nothing waits here for a pico that has left."""
        return self._forgetting.is_due(case)

    async def clear(self, did: str, before: Case) -> None:
        """What is kept of a pico outside of the journal goes once the journal has forgotten it."""
        await self._forgetting.clear(did, before)

    async def of(self, did: str, message: Message, before: Case, after: Case) -> tuple[Case, list[Write]]:
        """What changes in the journal together with the seat."""
        after, writes = await self._changes(did, message, before, after)
        return after, [*writes, *_fences(before.seat, after)]

    async def _changes(
        self, did: str, message: Message, before: Case, after: Case
    ) -> tuple[Case, list[Write]]:
        if has_arrived(before.seat, after.seat):
            target = before.seat.target
            head = message.head if isinstance(message, Staged) else target.head
            assert head is not None, "what arrives was staged"
            assert target.attempt is not None, "it was staged in an attempt"
            return await self._arrive(did, after, target.attempt, head)
        was, now = before.seat.source, after.seat.source
        if was is None or now is None or now.phase not in leaving.LEFT:
            return after, []
        writes: list[Write] = []
        if after.log is not None and now.entry != was.entry:
            writes += self._lives.adopt(after.pico, after.log, Did(did))
            after = replace(after, log=None)  # it is kept as the pico's own
        if isinstance(message, Forgotten) and now != was:
            return self._forgetting.of(after)
        if was.phase in leaving.LEFT:
            return after, writes
        kept = self._journal.beside(after.pico)
        mailbox = self._office.picos.wake(after.pico)
        if kept is not None and mailbox is not None:
            writes += [EndErrand(after.pico, decode_errand(body).name) for body in kept.errands]
            writes += [ClearTimer(after.pico, timer) for timer in mailbox.head.pico.timers]
        return replace(after, since_ms=self._office.clock.now_ms()), writes

    async def _arrive(self, did: str, case: Case, attempt: Attempt, head: Head) -> tuple[Case, list[Write]]:
        """It lives here from this commit on."""
        office = self._office
        luggage = office.locker.open(case.box, attempt.name)
        arrived = office.opened.take(did, head) or await self._open(did, case, head, luggage.key)
        pico = arrived.state.head.pico
        office.freight.loading.forget(did)  # what it was when it left the last time
        born, newcomer = await office.landing.birth(arrived)
        office.picos.expect(newcomer)
        stub = self._journal.beside(pico.id)
        was_here = self._journal.find_channel(Eci(pico.id)) is not None
        goes_on = stub is not None and arrived.beside.since is not None and stub.end == arrived.beside.since
        # What came here for it meanwhile goes behind what it brings along; so much as is known of by now.
        waiting = () if stub is None else [(decode_request(body)[0].eid, body) for body in stub.inbox]
        writes: list[Write] = [SentOn(pico.id, eid) for eid, _ in waiting]
        writes += [RemovePico(pico.id, keeps_inbox=True, keeps_records=goes_on)] if was_here else []
        writes += born
        ids = unpack(arrived.state.beside.get(HANDLED))
        writes += [] if goes_on else keeping(self._journal, pico.id, ids)
        handled = Digests(ids.pieces)
        # One that was handled elsewhere is not taken in again.
        writes += [AcceptEvent(pico.id, eid, body) for eid, body in waiting if eid not in handled]
        assert case.log is not None, "what arrives was released by an entry"
        writes += self._lives.adopt(pico.id, case.log, Did(did))
        if luggage.state_keys:
            writes.append(office.state_keys.writes(pico.id, did, luggage.state_keys, {}))
        writes += office.channel_keys.writes(arrived.beside.named)
        writes += taken_over(self._journal, arrived.state.beside.get(ACQUAINTED))
        writes += office.state_keys.owners.writes(pico.id, arrived.beside.owners)
        if not goes_on:
            writes.append(SetFact(first_record(pico.id), str(pico.seq - len(arrived.beside.records) + 1)))
        writes.append(office.locker.kept(pico.id, luggage.secrets))
        writes.append(SetFact(f"stay of {pico.id}", stay_in(attempt)))
        rotate = [str(write.eci) for write in arrived.beside.writes if isinstance(write, KeepDid)]
        after = replace(
            case,
            pico=pico.id,
            key=office.locker.wrap(luggage.key),
            root=case.root if arrived.blocks else head.cid,
            box="",
            had="",
            has=NOTHING,
            proof="",
            to=None,
            log=None,
            rotate=tuple(dict.fromkeys(rotate)),
            since_ms=office.clock.now_ms(),
            forgotten=False,
        )
        return after, writes

    async def _open(self, did: str, case: Case, head: Head, key: bytes) -> Arrived:
        freight, blocks = self._office.freight, self._office.loads.find(did, head.cid)
        if blocks is None:
            return await freight.fetching.open(head, did, key)
        return await freight.small.open(head, key, blocks, case.has)


def _fences(before: Seat, after: Case) -> list[Write]:
    """Its turns are recorded as long as it takes some here, by the entry by which it does."""
    is_so_already = acts(before) == acts(after.seat) and not has_arrived(before, after.seat)
    if is_so_already or not after.pico:
        return []
    entry = after.seat.entry
    return [Fence(after.pico, entry.number if entry is not None and acts(after.seat) else None)]
