"""A journal of the simulation: it takes its time, fails, or ends its process, all by chance."""

from __future__ import annotations

import asyncio
import random
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.ports import Write
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.simulation.whole.weather import Network

End = Literal["before", "after", "error"]


@dataclass(frozen=True)
class Watch:
    """What a journal tells the world."""

    written: Callable[[Sequence[Write]], None]
    end: Callable[[End], None]
    broken: Callable[[str], None]


class SimulatedJournal(MemoryJournal):
    """A transaction is durable a while after it was begun, if nothing happens to it."""

    def __init__(self, disk: Disk, chance: random.Random, network: Network, watch: Watch) -> None:
        super().__init__(disk)
        self._chance = chance
        self._network = network
        self._watch = watch

    @property
    def trouble(self) -> str | None:
        """Why nothing is written any more."""
        return self._failure

    def _schedule(self) -> None:
        if self._taken and not self._is_held and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_later(self._chance.uniform(0.0001, 0.006), self._flush)

    def _flush(self) -> None:
        """As on a real disk, nothing is written any more after an error; and then the process ends."""
        weather, roll = self._network.weather, self._chance.random()
        if self._is_held or self._failure is not None:
            super()._flush()
            return
        if roll < weather.disk_error:
            self.fail()
            super()._flush()
            self._watch.end("error")
        elif roll < weather.disk_error + weather.crash / 2:
            self._watch.end("before")
        elif roll < weather.disk_error + weather.crash:
            super()._flush()
            self._watch.end("after")
        else:
            super()._flush()

    def _make_durable(self, writes: Sequence[Write], durable: Future[None]) -> None:
        was_well = self._failure is None
        super()._make_durable(writes, durable)
        if was_well and self._failure is not None:
            self._watch.broken(f"what was to be written contradicts what is there: {self._failure}")
        elif was_well:
            self._watch.written(writes)
