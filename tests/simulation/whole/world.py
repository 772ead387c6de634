"""Whole engines, picos that are sent from one to the other, people who write to them, and disasters.

What must hold at every moment is checked at every transaction of any disk; the rest when the disasters are
over and everything has come to rest. Whoever gets no answer sends the same event again, to any engine.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.core.model import Eci, EventId, PicoId
from engine.ports import Write
from engine.runtime.moves.office import Coming
from engine.runtime.replies import EventReply, QueryReply
from tests.simulation.whole.counter import COUNTER_URL, summed
from tests.simulation.whole.disks import End, Watch
from tests.simulation.whole.ledger import Ledger
from tests.simulation.whole.loop import EPOCH_MS, SimulatedLoop
from tests.simulation.whole.machine import Machine
from tests.simulation.whole.restoring import gone, last_of, restore
from tests.simulation.whole.weather import CALM, ROUGH, Network, Weather

LONGEST_REST_S = 6 * 3600
"""After the disasters. A restored engine doubts for twenty minutes; what fails is tried every ten."""

LONGEST_S = 6 * 3600
MOST_UNDER_WAY = 5
BETWEEN_RESTORES_S = 30 * 60
"""A restored engine doubts for twenty minutes at least."""


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True)
class Plan:
    engines: int
    picos: int = 2
    moves: int = 25
    weather: Weather = ROUGH


@dataclass
class Pico:
    id: PicoId
    eci: Eci
    promised: set[int] = field(default_factory=set)
    answered: dict[int, int] = field(default_factory=dict)
    """By event, the place that it has in the pico's history as it was told itself."""
    forgiven: set[int] = field(default_factory=set)
    """Promised by a machine that then went back to where it had not heard of it."""
    under_way: int = 0


class World:
    def __init__(self, seed: int, plan: Plan, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self.loop = loop
        self.chance: random.Random = loop.chance
        self.plan = plan
        self.folder = folder
        self.problem: str | None = None
        self.trace: list[tuple[Any, ...]] = []
        self.network = Network(self.chance, CALM, self.note)
        self.ledger = Ledger(self.broken)
        self.machines = [self._make(number) for number in range(plan.engines)]
        self.picos: list[Pico] = []
        self.sent = 0
        self.crashes = 0
        self.restores = 0
        self.is_over = False
        self._quiet_until = 0.0

    def _make(self, number: int) -> Machine:
        home = self.folder / f"m{number}"
        home.mkdir()
        watch = Watch(partial(self._written, number), partial(self._end, number), self.broken)
        machine = Machine(number, home, self.network, watch, self.chance.randrange(-20_000, 20_000))
        machine.accepts = self._accepts
        return machine

    def _accepts(self, one: Coming) -> str | None:
        return "no-room" if self.chance.random() < self.network.weather.refused else None

    # --- what is seen ---

    def note(self, *what: Any) -> None:
        self.trace.append((round(self.loop.time(), 6), *what))

    def broken(self, problem: str) -> None:
        self.note("broken", problem)
        self.problem = self.problem or f"{problem}, at {self.loop.time():.3f} s"

    def check(self) -> None:
        if self.problem is not None:
            raise Broken(self.problem)

    def _written(self, number: int, writes: Sequence[Write]) -> None:
        name = self.machines[number].name
        self.note("write", name, *(type(write).__name__ for write in writes))
        self.ledger.note(name, writes)
        self._look_for_doubles()

    def _look_for_doubles(self) -> None:
        for pico in self.picos:
            living = [one.name for one in self.machines if one.acts(pico.id)]
            if len(living) > 1:
                self.broken(f"{pico.id} lives on {living}")

    @property
    def arrivals(self) -> int:
        return sum(story.arrivals for story in self.ledger.stories.values())

    # --- machines ---

    def _end(self, number: int, how: End) -> None:
        self.note("end", number, how)
        machine = self.machines[number]
        if how == "error":
            process = machine.process
            self.loop.call_later(
                self.chance.uniform(0, 2),
                lambda: self.crash(machine) if machine.process is process else None,
                context=self.network.context,
            )
        else:
            self.crash(machine)

    def crash(self, machine: Machine, then: Callable[[], None] | None = None) -> None:
        """It is started again a while after; `then` is what happens to it before."""
        if machine.process is None:
            return
        self.note("crash", machine.name)
        self.crashes += 1
        machine.stop()
        self.loop.call_later(
            self.chance.uniform(0.01, 20), self._start_soon, machine, then, context=self.network.context
        )

    def _start_soon(self, machine: Machine, then: Callable[[], None] | None) -> None:
        if then is not None:
            then()
        self.note("start", machine.name)
        task = self.loop.create_task(machine.start(), context=self.network.context.copy())
        self._keep.add(task)
        task.add_done_callback(self._keep.discard)

    # --- what goes on ---

    async def run(self) -> None:
        try:
            await self._run()
        finally:
            for machine in self.machines:
                machine.stop()
            await asyncio.sleep(1)

    async def _run(self) -> None:
        self._keep: set[asyncio.Task[None]] = set()
        for machine in self.machines:
            await machine.start()
        for machine in self.machines:
            machine.peers = [one.did for one in self.machines]
        for _ in range(self.plan.picos):
            self.picos.append(await self._give_birth())
        self.network.weather = self.plan.weather
        works = [self._write(pico) for pico in self.picos] + [self._send_about(pico) for pico in self.picos]
        async with asyncio.TaskGroup() as group:
            for work in (*works, self._destroy()):
                group.create_task(work)
            group.create_task(self._wait_over())
        await self._calm_down()

    async def _wait_over(self) -> None:
        while self.arrivals < self.plan.moves:
            await asyncio.sleep(1)
            self.check()
            if self.loop.time() > LONGEST_S:
                raise Broken(f"nobody arrives any more: {self._unrest()}")
        self.is_over = True

    async def _give_birth(self) -> Pico:
        machine = self.chance.choice(self.machines)
        host = machine.host
        before = {one.id for one in host.tree().children}
        await host.run_event(host.root_eci(), "wrangler", "new_child_request", {"name": "child"})
        await host.wait_quiet()
        id = next(one.id for one in host.tree().children if one.id not in before)
        eci = next(
            eci
            for eci, one in host.channels_of(id).items()
            if one.family is None and set(one.tags) >= {"engine", "ui"}
        )
        await host.run_event(eci, "wrangler", "install_ruleset_request", {"url": COUNTER_URL})
        self.ledger.watch(id, machine.disks.journal)
        return Pico(id, eci)

    async def _write(self, pico: Pico) -> None:
        async with asyncio.TaskGroup() as group:
            while not self.is_over:
                await asyncio.sleep(self.chance.expovariate(1 / 2) * self._slowness)
                if pico.under_way >= MOST_UNDER_WAY or self.is_over:
                    continue
                self.sent += 1
                pico.under_way += 1
                group.create_task(self._have_taken(pico, self.sent))

    @property
    def _slowness(self) -> float:
        """Nothing much happens while a restored engine doubts, so that there is no need to do much."""
        return 20.0 if self.loop.time() < self._quiet_until else 1.0

    async def _have_taken(self, pico: Pico, n: int) -> None:
        while not await self._try(pico, n):
            await asyncio.sleep(self.chance.uniform(0.1, 5) * self._slowness)
        pico.promised.add(n)
        pico.under_way -= 1

    async def _try(self, pico: Pico, n: int) -> bool:
        machine, eid = self.chance.choice(self.machines), EventId(f"e{n}")
        if not machine.is_started:
            return False
        waits = self.chance.random() < 0.5
        send = machine.host.run_event if waits else machine.host.accept_event
        answer = await machine.run(send(pico.eci, "far", "hello", {"n": float(n)}, eid), 5)
        self.note("said", machine.name, n, type(answer).__name__)
        if isinstance(answer, EventReply) and answer.directives:
            pico.answered[n] = int(answer.directives[0]["options"]["place"])
        return isinstance(answer, EventReply) or answer == eid

    async def _send_about(self, pico: Pico) -> None:
        while not self.is_over:
            await asyncio.sleep(self.chance.expovariate(1 / 6) * min(self._slowness, 4))
            here = next((one for one in self.machines if one.acts(pico.id)), None)
            if here is None:
                continue
            there = self.chance.choice([one for one in self.machines if one is not here])
            told = await here.run(here.moves.wanted(pico.id, self.machines[0].peers[there.number]), 10)
            self.note("wanted", here.name, there.name, str(told)[:40])

    # --- disasters ---

    async def _destroy(self) -> None:
        weather = self.plan.weather
        while not self.is_over:
            await asyncio.sleep(self.chance.uniform(2, 20) * min(self._slowness, 4))
            machine, roll = self.chance.choice(self.machines), self.chance.random()
            self.network.cut = self._some_pairs() if self.chance.random() < weather.partition else frozenset()
            if roll < weather.backup:
                machine.back_up()
            elif roll < weather.backup + weather.restore:
                await self._restore(machine)

    async def _restore(self, machine: Machine) -> None:
        """Not while another one doubts: two that have forgotten the same know no better than one."""
        if machine.backup is None or self.loop.time() < self._quiet_until:
            return
        self._quiet_until = self.loop.time() + BETWEEN_RESTORES_S
        self.crash(machine, then=lambda: self._put_back(machine))

    def _put_back(self, machine: Machine) -> None:
        self.note("restore", machine.name)
        self.restores += 1
        before = restore(machine, EPOCH_MS + int(self.loop.time() * 1000))
        for pico in self.picos:
            lost = gone(pico.id, self.ledger.stories[pico.id], before, self.machines, machine)
            pico.forgiven |= {int(eid[1:]) for eid in lost if is_ours(eid)}

    def _some_pairs(self) -> frozenset[frozenset[str]]:
        """Some on this side, the others on that."""
        here = {one.name for one in self.machines if self.chance.random() < 0.5}
        there = {one.name for one in self.machines} - here
        return frozenset(frozenset((one, other)) for one in here for other in there)

    # --- the end ---

    async def _calm_down(self) -> None:
        self.network.weather, self.network.cut = CALM, frozenset()
        self.note("calm")
        end = self.loop.time() + LONGEST_REST_S
        while self._unrest() and self.loop.time() < end:
            await asyncio.sleep(10)
            self.check()
        if unrest := self._unrest():
            raise Broken(f"it does not come to an end: {unrest}")
        for pico in self.picos:
            await self._judge(pico)

    def _unrest(self) -> list[str]:
        under_way = [f"{pico.under_way} events for {pico.id}" for pico in self.picos if pico.under_way]
        return [*under_way, *(one for machine in self.machines for one in machine.unrest())]

    async def _judge(self, pico: Pico) -> None:
        living = [one for one in self.machines if one.acts(pico.id)]
        if len(living) != 1:
            raise Broken(f"{pico.id} lives on {[one.name for one in living]}")
        await living[0].host.wait_quiet()
        self.ledger.stories[pico.id].end_at(last_of(living[0].disks.journal, pico.id))
        seen = await self._ask(living[0], pico, "seen")
        if len(seen) != len(set(seen)):
            raise Broken(f"{pico.id} has run an event twice: {seen}")
        if lost := pico.promised - set(seen) - pico.forgiven:
            raise Broken(f"{pico.id} has lost {sorted(lost)}")
        if seen != self._model(pico):
            raise Broken(f"{pico.id} is {seen}, and its turns make {self._model(pico)}")
        if await self._ask(living[0], pico, "sum") != summed(seen):
            raise Broken(f"{pico.id} is not what its events make of it")
        for n, place in pico.answered.items():
            if n not in pico.forgiven and seen[place] != n:
                raise Broken(f"{pico.id} had told that {n} was in place {place}, and has {seen}")

    def _model(self, pico: Pico) -> list[int]:
        """What all its turns, one after the other, come to on one machine that never fails."""
        story = self.ledger.stories[pico.id]
        eids = [story.turns[seq].eid for seq in sorted(story.turns)]
        return [int(eid[1:]) for eid in eids if eid is not None and is_ours(eid)]

    async def _ask(self, machine: Machine, pico: Pico, function: str) -> Any:
        reply = await machine.host.run_query(pico.eci, "count", function, {})
        assert isinstance(reply, QueryReply), reply
        return reply.value


def is_ours(eid: str) -> bool:
    """Whether people sent it, not the engine."""
    return eid[0] == "e" and eid[1:].isdigit()
