"""What an engine of the simulation keeps of one pico, durably: its seat, its state, what waits.

The pico is as simple as one can be without hiding anything: it remembers every event that it has run, in
order, and a number that depends on all of them. Each event has one effect, which is to reach the world.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.core.migration import Seat
from engine.core.migration.messages import Head


def follow(digest: int, event: int) -> int:
    """The state after an event: another one if events come in another order."""
    return hash((digest, event))


@dataclass(frozen=True)
class Snapshot:
    """All of a pico, as it is handed over."""

    history: tuple[int, ...]
    digest: int
    inbox: tuple[int, ...]
    unsent: tuple[int, ...]

    @property
    def head(self) -> Head:
        return Head(len(self.history), f"{self.digest}", f"{hash(self)}")


@dataclass
class Copy:
    seat: Seat
    history: list[int] = field(default_factory=list)
    handled: set[int] = field(default_factory=set)
    digest: int = 0
    inbox: dict[int, None] = field(default_factory=dict)
    """Accepted and not run."""
    unsent: dict[int, None] = field(default_factory=dict)
    """Effects that have not reached the world."""
    accepted: list[int] = field(default_factory=list)
    """All that came since the pico lives here."""
    forward: dict[int, int] = field(default_factory=dict)
    """Accepted for a pico that is elsewhere, each with the number of this forwarding: the same event may come
    by again, and a late receipt for the first time is none for the second."""
    final: Snapshot | None = None
    staged: Snapshot | None = None

    def run(self, event: int) -> None:
        del self.inbox[event]
        if event not in self.handled:
            self.history.append(event)
            self.handled.add(event)
            self.digest = follow(self.digest, event)
            self.unsent[event] = None

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(self.history), self.digest, tuple(self.inbox), tuple(self.unsent))

    def become(self, snapshot: Snapshot) -> None:
        """What had come for it in the meantime is not lost."""
        came = (*snapshot.inbox, *self.inbox, *self.forward)
        self.history, self.handled = list(snapshot.history), set(snapshot.history)
        self.digest, self.unsent = snapshot.digest, dict.fromkeys(snapshot.unsent)
        self.inbox = dict.fromkeys(event for event in came if event not in self.handled)
        self.accepted, self.forward, self.final, self.staged = list(self.inbox), {}, None, None

    def leave(self, everything: bool, number: int) -> None:
        """What is not in the state that was handed over goes the way of everything that comes later. A copy
        that was overtaken cannot know what that is."""
        self.forward |= dict.fromkeys((*self.inbox, *(self.accepted if everything else ())), number)
        self.inbox, self.unsent = {}, {}

    def events(self) -> set[int]:
        """All that it knows of in any way."""
        return {*self.handled, *self.inbox, *self.forward, *self.staged_events()}

    def staged_events(self) -> set[int]:
        return set() if self.staged is None else {*self.staged.history, *self.staged.inbox}

    def copy(self) -> Copy:
        return replace(
            self,
            history=list(self.history),
            handled=set(self.handled),
            inbox=dict(self.inbox),
            unsent=dict(self.unsent),
            accepted=list(self.accepted),
            forward=dict(self.forward),
        )
