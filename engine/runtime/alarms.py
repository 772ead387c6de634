"""Wakes picos when their timers are due, and sleeps in between.

The journal has all timers in one order; this reads along in it, a few at a time, and puts each that
is due into the mailbox of its pico, where the turn that runs it uses it up. So nothing has to be
remembered here: after a crash the journal has exactly those that have not fired.
"""

from __future__ import annotations

import logging
from asyncio import Future
from functools import partial

from engine.core.codec import Unreadable
from engine.core.messages import Event
from engine.core.model import PicoId, Timer
from engine.core.scheduling import firing, missing
from engine.ports import Call, DueTimer
from engine.runtime.equipment import Equipment
from engine.runtime.mailbox import Mailbox
from engine.runtime.replies import Reply
from engine.runtime.request import Request
from engine.runtime.residents import Residents

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 8
"""Timers looked at before it is somebody else's turn; for each a pico may have to be woken."""

MOST_PICOS = 1_000
"""Picos whose timers fire at the same time. Counted in picos, so that one with many timers and slow
rules keeps nobody else's waiting, and many picos do not all wake at once after a long night."""


class Alarms:
    """The timers of one engine."""

    def __init__(self, equipment: Equipment, residents: Residents) -> None:
        self._equipment = equipment
        self._residents = residents
        self._is_on = False
        self._start_ms = 0
        self._is_enlisted = False
        self._call: Call | None = None
        self._last = _just_before(0)
        """What comes after this one has not been looked at."""
        self._firing: dict[PicoId, set[DueTimer]] = {}
        """Those in mailboxes; they stay in the journal until their turns are committed."""

    def start(self) -> None:
        """Begin with what became due while nobody was there: events happen, repetitions do not."""
        self._is_on = True
        self._start_ms = self._equipment.clock.now_ms()
        self._look()

    def stop(self) -> None:
        """From now on nothing fires. What is in mailboxes does."""
        self._is_on = False
        self._sleep()

    @property
    def is_busy(self) -> bool:
        """Whether timers that are due may still have to fire, or to be committed."""
        return self._is_enlisted or bool(self._firing)

    def expect(self, due_ms: int) -> None:
        """The journal has a new timer that is due then."""
        self._last = min(self._last, _just_before(due_ms))
        self._look()

    # --- looking ---

    def _look(self) -> None:
        if self._is_on and not self._is_enlisted:
            self._is_enlisted = True
            self._equipment.rota.enlist(self._take_turn)

    def _take_turn(self) -> bool:
        self._is_enlisted = False
        self._is_enlisted = self._is_on and not self._is_full and self._fire_some()
        return self._is_enlisted

    def _fire_some(self) -> bool:
        """Fire the next few that are due; whether there may be more."""
        now_ms = self._equipment.clock.now_ms()
        found = self._equipment.journal.timers_after(self._last, MOST_AT_ONCE)
        for due in found:
            if due.due_ms > now_ms:
                self._sleep(due.due_ms)
                return False
            self._last = due
            self._fire(due)
        return len(found) == MOST_AT_ONCE

    def _sleep(self, until_ms: int | None = None) -> None:
        """Do nothing until then, or until something new is expected."""
        if self._call is not None:
            self._call.cancel()
        self._call = None if until_ms is None else self._equipment.clock.call_at(until_ms, self._look)

    # --- firing ---

    @property
    def _is_full(self) -> bool:
        return len(self._firing) >= MOST_PICOS

    def _fire(self, due: DueTimer) -> None:
        """Have its turn run, unless that is under way already or, in memory, over."""
        mailbox = self._wake(due.pico)
        timer = None if mailbox is None else mailbox.head.pico.timers.get(due.timer)
        if mailbox is None or timer is None or timer.due_ms != due.due_ms:
            return
        under_way = self._firing.setdefault(due.pico, set())
        if due not in under_way:
            under_way.add(due)
            request = Request(self._event(due.pico, timer))
            request.wait().add_done_callback(partial(self._settle, due))
            mailbox.take(request)

    def _event(self, pico: PicoId, timer: Timer) -> Event:
        is_missed = timer.kind == "repeat" and timer.due_ms < self._start_ms
        return missing(pico, timer, self._start_ms) if is_missed else firing(pico, timer)

    def _wake(self, pico: PicoId) -> Mailbox | None:
        try:
            return self._residents.wake(pico)
        except Unreadable:
            logger.exception("pico %s cannot be woken; its timers go on waiting", pico)
            return None

    def _settle(self, due: DueTimer, reply: Future[Reply]) -> None:
        was_full = self._is_full
        under_way = self._firing[due.pico]
        under_way.discard(due)
        if not under_way:
            del self._firing[due.pico]
        if was_full:
            self._look()


def _just_before(due_ms: int) -> DueTimer:
    """A place in the order of timers: all that are due then or later come after it."""
    return DueTimer(due_ms, PicoId(""), "")
