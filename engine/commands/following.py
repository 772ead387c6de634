"""Senders that follow a pico from engine to engine, and what they notice when it moves.

Whoever hears that a pico has moved sends the same event to the other engine, under its old id, so that it
is counted once. What is measured is what a client sees: from the first attempt to the answer.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.commands.client import EngineClient
from engine.commands.failure import Failure, NoEngine
from engine.commands.traffic import INCREMENT

ELSEWHERE = frozenset({"moved", "unknown", "undecided"})
"""How an engine refuses an event for a pico that is not there, or is just about to be."""
PAUSE_S = 0.002
"""Before it is tried again."""
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, from the first attempt to the answer, on the clock of `time.monotonic`."""

    ticket: str
    began_s: float
    ended_s: float

    @property
    def took_s(self) -> float:
        return self.ended_s - self.began_s


@dataclass
class Course:
    """What became of all events so far. Senders add to it, each from its own thread."""

    acknowledged: list[Sent] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def slowest_since(self, began_s: float) -> float:
        """The longest that a sender waited for an answer that came since then."""
        return max((one.took_s for one in list(self.acknowledged) if one.ended_s >= began_s), default=0.0)


class Followers:
    """Several threads that send to a pico, wherever it is, until they are stopped."""

    def __init__(self, urls: Sequence[str], eci: str, count: int, has_tickets: bool = True) -> None:
        """Without tickets the pico does not grow with each event."""
        self.course = Course()
        self._has_tickets = has_tickets
        self._urls = urls
        self._eci = eci
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(f"ticket-{number}",), daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> Course:
        """Each sender finishes what it is about."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        return self.course

    def _send(self, name: str) -> None:
        engines = [EngineClient(url) for url in self._urls]
        try:
            for number in itertools.count(1):
                if self._is_over.is_set() or not self._send_one(engines, f"{name}-{number}"):
                    return
        finally:
            for engine in engines:
                engine.close()

    def _send_one(self, engines: list[EngineClient], ticket: str) -> bool:
        """To the engine where it was last, which stands first; whether anybody answered."""
        attrs = {"ticket": ticket} if self._has_tickets else {}
        began_s = time.monotonic()
        while time.monotonic() - began_s < PATIENCE_S:
            try:
                engines[0].send_event(self._eci, INCREMENT, attrs, ticket)
            except NoEngine:
                break
            except Failure as failure:
                if failure.code not in ELSEWHERE:
                    break
                engines.append(engines.pop(0))
                time.sleep(PAUSE_S)
            else:
                self.course.acknowledged.append(Sent(ticket, began_s, time.monotonic()))
                return True
        self.course.unanswered.append(ticket)
        return False
