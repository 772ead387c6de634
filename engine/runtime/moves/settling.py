"""What the rest of the engine has to know of a step, once that is durable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from engine.core.dids import Did
from engine.core.migration import acts
from engine.core.migration import source as leaving
from engine.core.model import PicoId
from engine.ports import AppendRecord, BirthPico, SetTimer, Write
from engine.runtime.moves.cases import Case
from engine.runtime.moves.office import Hooks, Office
from engine.runtime.moves.reading import has_arrived
from engine.runtime.moves.stillness import Stillness
from engine.runtime.moves.whereabouts import Whereabouts

log = structlog.get_logger("picomesh.moves")


def nobody_looks(did: str, case: Case) -> None:
    """Before anybody is there who could."""


class Settling:
    def __init__(self, office: Office, hooks: Hooks, stillness: Stillness, whereabouts: Whereabouts) -> None:
        self._picos = office.picos
        self._lives = office.lives
        self._fetching = office.freight.fetching
        self._loading = office.freight.loading
        self._hooks = hooks
        self.stillness = stillness
        self._whereabouts = whereabouts
        self.look_after: Callable[[str, Case], None] = nobody_looks
        """Goes on with one that has just arrived."""

    def settle(self, did: str, before: Case, after: Case, writes: Sequence[Write]) -> None:
        """What the rest of the engine has to know, now that it is durable."""
        picos, pico = self._picos, after.pico
        if has_arrived(before.seat, after.seat):
            self._fetching.forget(did)
            self._put_former_away(pico, writes)
            self.stillness.loose(pico)
            self._lives.note_grown(Did(did))
            due_ms = min((one.due_ms for one in writes if isinstance(one, SetTimer)), default=None)
            if acts(after.seat):
                picos.welcome(pico, due_ms)
                if (mailbox := picos.find_mailbox(pico)) is not None:
                    mailbox.go_on()
            log.info("a pico has arrived", pico=pico, did=did)
            self.look_after(did, after)
            self._hooks.arrived(did)
            return
        was, now = before.seat.source, after.seat.source
        if now is None or not pico:
            return
        if after.forgotten and not before.forgotten:
            picos.put_away(pico)
            self._hooks.forgotten(pico)
            log.info("a pico has been away for long, and nothing is kept of it", pico=pico, did=did)
            return
        if now.phase in leaving.LEFT and (was is None or was.phase not in leaving.LEFT):
            self._depart(did, after)
        elif acts(after.seat) and (was is None or not acts(before.seat)):
            self._loading.forget(did)
            self.stillness.resume(did)

    def _put_former_away(self, pico: PicoId, writes: Sequence[Write]) -> None:
        """The mailbox that it had when it left, if that is still awake, and not one that was woken since."""
        mailbox = self._picos.find_mailbox(pico)
        seqs = [one.seq for one in writes if isinstance(one, BirthPico | AppendRecord) and one.pico == pico]
        newest = max(seqs, default=0)
        if mailbox is not None and mailbox.head.pico.seq != newest:
            self._picos.put_away(pico)

    def _depart(self, did: str, case: Case) -> None:
        self._loading.forget(did)
        self._picos.pause_errands(case.pico)
        mailbox = self._picos.wake(case.pico)
        if mailbox is not None:
            mailbox.keep_still()
            mailbox.depart(self._whereabouts.elsewhere(case.pico))
        self.stillness.loose(case.pico)
        self._lives.note_grown(Did(did))
        log.info("a pico has left", pico=case.pico, did=did)
        self._hooks.left(did)
