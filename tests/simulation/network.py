"""Time and the wires between engines: a queue of what happens next, and chance that comes from one seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

LIFETIME = 400
"""Messages that are older are not heard."""


@dataclass(frozen=True)
class Weather:
    """How bad it is. Chances are of one message, or of one write."""

    lost: float = 0.05
    doubled: float = 0.05
    late: float = 0.05
    crash: float = 0.002
    disk_error: float = 0.001
    partition: float = 0.2
    """Of each look at the network, that somebody is cut off for a while."""
    restore: float = 0.1
    """Of each look at the engines, that one goes back to its backup."""
    refused: float = 0.1


ROUGH = Weather()
CALM = Weather(0, 0, 0, 0, 0, 0, 0, 0)


class Clock:
    def __init__(self, seed: int) -> None:
        self.now = 0
        self.chance = random.Random(seed).random
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    def after(self, delay: int, what: Callable[[], None]) -> None:
        self._number += 1
        heappush(self._queue, (self.now + delay, self._number, what))

    def step(self) -> bool:
        if not self._queue:
            return False
        self.now, _, what = heappop(self._queue)
        what()
        return True

    def pick(self, number: int) -> int:
        return int(self.chance() * number)


class Network:
    """Loses, doubles, delays and so reorders; and sometimes one engine hears nobody and is not heard."""

    def __init__(self, clock: Clock, weather: Weather) -> None:
        self.clock = clock
        self.weather = weather
        self.cut_off: set[str] = set()

    def send(self, sender: str, to: str, deliver: Callable[[], None]) -> None:
        chance, weather = self.clock.chance, self.weather
        if chance() < weather.lost:
            return
        sent = self.clock.now

        def arrive() -> None:
            is_through = sender not in self.cut_off and to not in self.cut_off
            if is_through and self.clock.now - sent <= LIFETIME:
                deliver()

        self.clock.after(self._delay(), arrive)
        if chance() < weather.doubled:
            self.clock.after(self._delay(), arrive)

    def _delay(self) -> int:
        late = self.clock.chance() < self.weather.late
        return 1 + self.clock.pick(2 * LIFETIME if late else 6)
