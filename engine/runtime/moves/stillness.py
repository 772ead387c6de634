"""Which picos stand still here for a while, whatever their seats say: while they are made ready to go, and
while their arrival is on its way to the disk."""

from __future__ import annotations

from engine.core.model import PicoId
from engine.runtime.moves.cases import Cases
from engine.runtime.moves.office import Picos
from engine.runtime.moves.work import Work

FINISH = "finish"
"""As the work is called by which a pico is made ready."""


class Stillness:
    def __init__(self, picos: Picos, cases: Cases, work: Work) -> None:
        self._picos = picos
        self._cases = cases
        self._work = work
        self._still: set[PicoId] = set()

    def acts(self, pico: PicoId) -> bool:
        """Whether it takes turns here."""
        return pico not in self._still and self._cases.acts(pico)

    def hold(self, pico: PicoId) -> None:
        self._still.add(pico)

    def loose(self, pico: PicoId) -> None:
        """From now on what its seat says counts."""
        self._still.discard(pico)

    def free(self, pico: PicoId, wakes: bool) -> None:
        """One that was held goes on. `wakes`: also if it sleeps."""
        self.loose(pico)
        mailbox = self._picos.wake(pico) if wakes else self._picos.find_mailbox(pico)
        if mailbox is not None:
            mailbox.go_on()
        self._picos.resume_errands(pico)

    def resume(self, did: str, is_finished: bool = False) -> None:
        """It stays after all. Whoever is still making it ready does this in the end."""
        if self._work.is_under_way((did, FINISH)) and not is_finished:
            return
        case = self._cases.get(did)
        if case is not None and case.pico:
            self.loose(case.pico)
            mailbox = self._picos.wake(case.pico)
            if mailbox is not None:
                mailbox.go_on()
            self._picos.resume_errands(case.pico)
