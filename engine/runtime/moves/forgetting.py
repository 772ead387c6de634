"""What goes when a pico has lived elsewhere for long: state, records, keys and blocks.

What stays is the proof, its log, and the names by which it was reached here, so that whoever still comes with
one of them is told where it is. As long as anything waits here that was accepted for it, all of it stays.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from engine.core.codec import Unreadable
from engine.core.dids import Did
from engine.core.model import Eci, PicoId
from engine.ports import BindChannel, Fence, KeepDid, RemovePico, SetFact, StoreFailed, Write
from engine.runtime.handled_ids import HandledIds, keeping
from engine.runtime.moves.cases import Case
from engine.runtime.moves.keeping import release
from engine.runtime.moves.office import Office
from engine.runtime.past import beginning

log = structlog.get_logger("picomesh.moves")


def mail_of(pico: PicoId) -> Did:
    """By which the journal keeps envelopes for it. It is no DID, so nobody can ask for that."""
    return Did(f"moved {pico}")


class Forgetting:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal

    def is_due(self, case: Case) -> bool:
        """Whether nothing waits for it here any more."""
        kept = self._journal.beside(case.pico)
        return (kept is None or not kept.inbox) and not self._journal.mail.last(mail_of(case.pico))

    def of(self, case: Case) -> tuple[Case, list[Write]]:
        """The case that is left, and what goes with the same commit."""
        pico, kept = case.pico, self._journal.beside(case.pico)
        channels = self._channels(pico)
        if kept is None or channels is None:
            return case, []
        writes: list[Write] = [RemovePico(pico), Fence(pico, None)]
        writes += [BindChannel(eci, pico) for eci in channels]
        writes += [KeepDid(did, eci) for did, eci in kept.dids]
        writes += [self._office.locker.forgotten(pico), self._office.state_keys.forgotten(pico)]
        writes += self._office.channel_keys.forgotten(channels)
        writes += keeping(self._journal, pico, HandledIds())
        writes.append(SetFact(beginning(pico), ""))
        left = replace(case, to=None, box="", opens="", had="", proof="", root="", key="", size=0)
        return replace(left, forgotten=True), writes

    def _channels(self, pico: PicoId) -> list[Eci] | None:
        try:
            mailbox = self._office.picos.wake(pico)
        except Unreadable as damage:
            log.error("what is kept of a pico that has left cannot be read", pico=pico, why=str(damage))
            return None
        return None if mailbox is None else list(mailbox.head.pico.channels)

    async def clear(self, did: str, before: Case) -> None:
        """Its blocks go too, and its memory."""
        self._office.freight.loading.forget(did)
        try:
            await release(await self._office.freight.stores(), did, before.root)
        except StoreFailed as problem:
            log.warning("blocks of a pico that has left stay in the store", did=did, why=str(problem))
