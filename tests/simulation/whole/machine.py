"""A machine of the simulation: its disks, which outlive every process, and the engine that runs on it.

The engine is the real one, put together as `serve` does it, over a journal and a store in memory. How often
it was started is counted by the real code in a folder of its own, which a restored backup does not touch.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from engine.adapters.blocks import MemoryBlocks
from engine.adapters.http import Limits, make_app
from engine.adapters.keys import SeedKeys
from engine.adapters.local.starts import count_start
from engine.config import Settings
from engine.core.migration import is_settled
from engine.core.model import Eci, PicoId
from engine.ports import JournalFailed
from engine.runtime.host import Host
from engine.runtime.moves.moves import Moves
from engine.wiring import make_host
from engine.wiring_of_moves import footing_of, give_moves
from tests.engine.runtime.shop import compile_once
from tests.fakes.memory_journal import Disk
from tests.simulation.whole.counter import Texts
from tests.simulation.whole.disks import SimulatedJournal, Watch
from tests.simulation.whole.loop import Process, VirtualClock
from tests.simulation.whole.weather import Network

T = TypeVar("T")

LIMITS = Limits(body=1 << 20, depth=64)


@dataclass
class Seeds:
    """`engine.ports.Entropy`: never the same twice, in all lives of all machines."""

    name: str
    counted: count[int] = field(default_factory=lambda: count(1))

    def seed(self) -> str:
        return f"{self.name}{next(self.counted):08x}".rjust(32, "0")


@dataclass
class Disks:
    """What a backup has."""

    journal: Disk = field(default_factory=Disk)
    blocks: MemoryBlocks = field(default_factory=MemoryBlocks)


class Machine:
    def __init__(self, number: int, home: Path, network: Network, watch: Watch, ahead_ms: int) -> None:
        self.number = number
        self.name = f"m{number}"
        self.disks = Disks()
        self.backup: Disks | None = None
        self.lives = 0
        self.peers: list[str] = []
        """DIDs of all engines."""
        self.accepts: Any = None
        self.home = home
        self._network = network
        self._watch = watch
        self._clock = VirtualClock(ahead_ms)
        self._keys = SeedKeys(self.name.encode().ljust(32, b"."))
        self.process: Process | None = None
        self.is_started = False
        self.host: Host
        self.moves: Moves
        self.journal: SimulatedJournal

    # --- the process ---

    async def start(self) -> None:
        """Returns when it takes events in, or has died before."""
        if self.process is not None:
            return
        self.lives += 1
        self.process = process = Process(self.name)
        opening = process.spawn(self._open(process))
        await asyncio.wait((opening,))
        problem = None if opening.cancelled() else opening.exception()
        if problem is not None and self.journal.trouble is None:
            self._watch.broken(f"{self.name} does not start: {problem!r}")

    async def _open(self, process: Process) -> None:
        network, loop = self._network, asyncio.get_running_loop()
        self.journal = journal = SimulatedJournal(self.disks.journal, loop.chance, network, self._watch)  # type: ignore[attr-defined]
        self.host = host = make_host(
            journal,
            Settings(home=self.home),
            source=Texts(),
            compiler=compile_once,
            web=network.web_of(process),
            clock=self._clock,
            entropy=Seeds(f"{self.number:04x}{self.lives:04x}"),
            keys=self._keys,
        )
        blocks = self.disks.blocks

        async def stores() -> MemoryBlocks:
            return blocks

        self.moves = moves = give_moves(host, journal, self._keys, stores)
        moves.hooks.why_not = self.accepts
        moves.hooks.known = lambda: [one for one in self.peers if one != self.did]
        await moves.prepare(footing_of(await count_start(self.home, journal), journal))
        self.is_started = True
        await host.start()
        network.join(process, make_app(host, LIMITS))
        assert host.mail is not None
        host.mail.reached_at(f"http://{self.name}.example")

    def stop(self) -> None:
        """It dies, with all that it had under way."""
        if self.process is not None:
            process, self.process, self.is_started = self.process, None, False
            self.journal.crash()
            self._network.leave(process)
            process.die()

    @property
    def did(self) -> str:
        assert self.host.mail is not None
        return self.host.mail.engine_did()

    async def run(self, work: Coroutine[Any, Any, T], within_s: float) -> T | None:
        """As a client of its own process; None if it dies meanwhile, or takes too long."""
        if self.process is None:
            work.close()
            return None
        task = self.process.spawn(work)
        done, _ = await asyncio.wait((task,), timeout=within_s)
        if not done or task.cancelled() or isinstance(task.exception(), JournalFailed):
            return None
        return task.result()

    # --- its disks ---

    def back_up(self) -> None:
        self.backup = copy.deepcopy(self.disks)

    def take_backup_back(self) -> None:
        """The process has to be dead."""
        assert self.process is None
        assert self.backup is not None
        self.disks = copy.deepcopy(self.backup)

    # --- what is so ---

    def acts(self, pico: PicoId) -> bool:
        """Whether the pico takes turns here."""
        return self.is_started and self.journal.find_channel(Eci(pico)) == pico and self.moves.acts(pico)

    def unrest(self) -> list[str]:
        """What is not at its end here."""
        if self.process is None or not self.is_started:
            return [f"{self.name} is down"]
        found = [
            f"{self.name}: {case.pico} {case.seat.source and case.seat.source.phase} {case.seat.target.phase}"
            for _, case in self.moves.cases.all()
            if not is_settled(case.seat)
        ]
        waits = [f"{self.name}: {len(self.disks.journal.inbox)} events"] if self.disks.journal.inbox else []
        return [*found, *waits]
