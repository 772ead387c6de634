"""How long moves wait: what was not answered is repeated, and none waits for ever for the end of a phase."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from engine.core.migration import Seat, is_settled
from engine.core.migration import source as leaving
from engine.core.migration.messages import Again, Forgotten, Late
from engine.core.migration.seats import Message
from engine.ports import Call, Clock
from engine.runtime.moves.cases import Cases
from engine.runtime.moves.office import Pace
from engine.runtime.moves.reading import timed
from engine.runtime.moves.work import Work

Take = Callable[[str, Message, str | None], Coroutine[Any, Any, None]]
"""A step for a pico, if it is still in that phase."""


class Patience:
    def __init__(self, clock: Clock, pace: Pace, cases: Cases, work: Work, take: Take) -> None:
        self._clock = clock
        self._pace = pace
        self._cases = cases
        self._work = work
        self._take = take
        self._calls: dict[str, Call] = {}
        self._repeats: dict[str, int] = {}
        self.is_on = False

    def note_progress(self, did: str) -> None:
        """What is repeated from now on was not yet."""
        self._repeats.pop(did, None)

    def arm(self, did: str) -> None:
        case = self._cases.get(did)
        if case is None or not self.is_on:
            return
        self.watch(did, case.seat)
        if is_settled(case.seat) or f"again {did}" in self._calls:
            return
        count = self._repeats.get(did, 0)
        self._repeats[did] = count + 1
        wait_ms = min(self._pace.first_ms << min(count, 20), self._pace.longest_ms)
        self._call_at(f"again {did}", wait_ms, did, Again())

    def watch(self, did: str, seat: Seat) -> None:
        """See that no phase takes too long in which somebody waits."""
        for attempt, phase in timed(seat):
            key = f"late {did} {attempt.name} {phase}"
            case = self._cases.get(did)
            size = 0 if case is None else case.size
            wait_ms = self._pace.phase_ms + (size >> 20) * self._pace.mib_ms
            if key not in self._calls:
                self._call_at(key, wait_ms, did, Late(attempt), phase)
        source = seat.source
        if source is not None and source.phase is leaving.Phase.GONE and f"gone {did}" not in self._calls:
            case = self._cases.get(did)
            since_ms = 0 if case is None else case.since_ms
            wait_ms = max(since_ms + self._pace.keep_ms - self._clock.now_ms(), 0)
            self._call_at(f"gone {did}", wait_ms, did, Forgotten())

    def look_again(self, did: str, message: Message) -> None:
        """It is not the time for that yet, though it could be."""
        self._call_at(f"gone {did}", self._pace.longest_ms, did, message)

    def _call_at(self, key: str, wait_ms: int, did: str, message: Message, phase: str | None = None) -> None:
        due_ms = self._clock.now_ms() + wait_ms

        def look() -> None:
            self._calls.pop(key, None)
            if self._clock.now_ms() < due_ms:  # clocks may call sooner
                self._calls[key] = self._clock.call_at(due_ms, look)
            elif self.is_on:
                self._work.begin(self._take(did, message, phase))

        self._calls[key] = self._clock.call_at(due_ms, look)

    def stop(self) -> None:
        self.is_on = False
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
