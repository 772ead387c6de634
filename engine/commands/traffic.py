"""A stream of events from several senders, each with a ticket of its own, and what became of them.

With `examples/counter` on the other side every ticket is counted, so that a lost or doubled event
shows. The ticket is also the event's id: sent again, it must not count again.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.commands.client import EngineClient
from engine.commands.failure import Failure

INCREMENT = ("counter", "increment")
TICKETS = ("counter", "tickets")


@dataclass
class Traffic:
    """What was sent. Senders add to it, each from its own thread."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    """Sent, but the engine died or stopped before it answered: it may have been kept or not."""


class Senders:
    """Several threads that send until the engine does not answer any more."""

    def __init__(self, url: str, eci: str, count: int, prefix: str, waits: bool = True) -> None:
        self.traffic = Traffic()
        self._url = url
        self._eci = eci
        self._waits = waits
        self._threads = [
            threading.Thread(target=self._send, args=(f"{prefix}-{number}",), daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_acknowledged(self, count: int, timeout_s: float = 20) -> None:
        """Return once so many events have been acknowledged."""
        end = time.monotonic() + timeout_s
        while len(self.traffic.acknowledged) < count:
            if time.monotonic() > end or not any(thread.is_alive() for thread in self._threads):
                raise Failure(f"only {len(self.traffic.acknowledged)} of {count} events were acknowledged")
            time.sleep(0.001)

    def wait_gone(self) -> Traffic:
        """Wait until every sender has noticed that the engine is gone."""
        for thread in self._threads:
            thread.join()
        return self.traffic

    def _send(self, name: str) -> None:
        with EngineClient(self._url) as engine:
            send = engine.send_event if self._waits else engine.accept_event
            for number in itertools.count(1):
                ticket = f"{name}-{number}"
                try:
                    send(self._eci, INCREMENT, {"ticket": ticket}, ticket)
                except Failure:
                    self.traffic.unanswered.append(ticket)
                    return
                self.traffic.acknowledged.append(ticket)


@dataclass(frozen=True)
class Verdict:
    """How tickets that were handed out compare with those that the pico counted."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.doubled


def count_tickets(engine: EngineClient, eci: str) -> dict[str, int]:
    """How often the pico has counted each ticket."""
    found: dict[str, int] = engine.query(eci, TICKETS, {})
    return found


def judge(acknowledged: Iterable[str], counted: Mapping[str, int]) -> Verdict:
    """Which acknowledged tickets are missing, and which of all tickets were counted more than once."""
    return Verdict(
        tuple(ticket for ticket in acknowledged if ticket not in counted),
        tuple(ticket for ticket, times in counted.items() if times != 1),
    )


def send_again(engine: EngineClient, eci: str, tickets: Iterable[str]) -> None:
    """Repeat events under their old ids, as a careful client does after a lost answer."""
    for ticket in tickets:
        engine.send_event(eci, INCREMENT, {"ticket": ticket}, ticket)
