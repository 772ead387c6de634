"""Engines, picos that are never content with where they are, people who send events, and disasters.

What must hold at every moment is checked at every write; the rest when the disasters are over.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.migration import Footing, Seat, acts, is_settled
from engine.core.migration.messages import Entry
from engine.core.migration.source import Phase, Source
from tests.simulation.copies import Copy, follow
from tests.simulation.engine import Engine
from tests.simulation.network import CALM, LIFETIME, ROUGH, Clock, Network, Weather

EVERY = 25
"""How often each pico gets an event, and wants to move."""
LOOK_EVERY = 150
"""How often something may happen to a whole machine."""


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True)
class Plan:
    engines: int
    picos: int = 3
    moves: int = 200
    weather: Weather = ROUGH


class World:
    def __init__(self, seed: int, plan: Plan) -> None:
        self.plan = plan
        self.clock = Clock(seed)
        self.network = Network(self.clock, plan.weather)
        self.engines = {name: Engine(name, self) for name in map(str, range(plan.engines))}
        self.acting: dict[int, set[str]] = {pico: set() for pico in range(plan.picos)}
        self.entries: dict[tuple[str, int], tuple[str, str]] = {}
        self.performed: dict[tuple[int, int], bool] = {}
        self.promised: dict[int, set[int]] = {pico: set() for pico in range(plan.picos)}
        self.sent = 0
        self.attempts = 0
        self.arrivals = 0
        self.restores = 0
        self.numbers = 0
        self.forgiven: set[int] = set()
        """Promised by a machine that was then put back to where it had not heard of it."""
        self.backups: dict[str, dict[int, Copy]] = {}
        self.is_over = False
        for pico in range(plan.picos):
            self._give_birth(pico)

    def _give_birth(self, pico: int) -> None:
        name = str(self.clock.pick(self.plan.engines))
        entry = Entry(1, "1", name, f"birth of {pico}")
        self.engines[name].copies[pico] = Copy(Seat(name, Source(Phase.LIVE, entry)))
        self.acting[pico].add(name)

    def number(self) -> int:
        """One that was never given before."""
        self.numbers += 1
        return self.numbers

    # --- what must hold at every moment ---

    def look_at(self, pico: int, engine: Engine) -> None:
        acting = self.acting[pico]
        (acting.add if acts(engine.copies[pico].seat) else acting.discard)(engine.name)
        if len(acting) > 1:
            raise Broken(f"pico {pico} lives on engines {sorted(acting)} at {self.clock.now}")

    def note_release(self, source: Source) -> None:
        """A number of the log leads to one place, whoever has signed it how often."""
        entry, born = source.entry, source.attempt
        assert born is not None
        place = (entry.host, entry.key)
        if self.entries.setdefault((f"{entry.key}", entry.number), place) != place:
            raise Broken(f"entry {entry.number} names two hosts")

    # --- what goes on ---

    def run(self) -> None:
        for pico in range(self.plan.picos):
            self.clock.after(1 + pico, lambda pico=pico: self._live(pico))  # type: ignore[misc]
        self.clock.after(LOOK_EVERY, self._look)
        while self.arrivals < self.plan.moves:
            self._step()
        self._calm_down()

    def _step(self) -> None:
        if not self.clock.step():
            raise Broken("nothing happens any more")

    def _live(self, pico: int) -> None:
        """An event, and perhaps the wish to be elsewhere."""
        if self.is_over:
            return
        if self.clock.chance() < 0.5:
            self.sent += 1
            self._send(pico, self.sent)
        here = next(iter(self.acting[pico]), None)
        if here is not None and len(self.engines) > 1:
            place = (int(here) + 1 + self.clock.pick(len(self.engines) - 1)) % len(self.engines)
            engine = self.engines[here]
            engine.do(lambda: engine.want(pico, str(place)))
        self.clock.after(1 + self.clock.pick(EVERY), lambda: self._live(pico))

    def _send(self, pico: int, event: int) -> None:
        """To any engine. Whoever does not hear that it was accepted sends it again, wherever."""
        engine = self.engines[str(self.clock.pick(len(self.engines)))]
        taken: list[bool] = []
        if engine.name not in self.network.cut_off:
            engine.do(lambda: taken.append(engine.accept(pico, event)))
        if taken == [True]:
            self.promised[pico].add(event)
        if taken != [True] or self.clock.chance() < self.network.weather.lost:
            self.clock.after(EVERY, lambda: self._send(pico, event))

    def _look(self) -> None:
        """At the whole of it: who is cut off, whose backup is made, who is put back to one."""
        if self.is_over:
            return
        self.clock.after(LOOK_EVERY, self._look)
        weather, engine = self.network.weather, self._any_engine()
        self.network.cut_off = {engine.name} if self.clock.chance() < weather.partition else set()
        if self.clock.chance() < weather.restore * 3:
            self.backups[engine.name] = {pico: copy.copy() for pico, copy in engine.copies.items()}
        elif self.clock.chance() < weather.restore and not self._somebody_doubts():
            self._restore(engine)

    def _any_engine(self) -> Engine:
        return self.engines[str(self.clock.pick(len(self.engines)))]

    def _somebody_doubts(self) -> bool:
        return any(engine.footing is Footing.DOUBTFUL for engine in self.engines.values())

    def _restore(self, engine: Engine) -> None:
        """What nobody else knows of is gone, with whatever was promised about it."""
        if not engine.is_up or engine.name not in self.backups:
            return
        before = engine.copies
        engine.is_up, engine.boot = False, engine.boot + 1
        engine.repeating, engine.running = set(), set()
        engine.copies = {pico: copy.copy() for pico, copy in self.backups[engine.name].items()}
        self.restores += 1
        for pico, copy in before.items():
            self.acting[pico].discard(engine.name)
            self.forgiven |= copy.events() - self._known(pico, engine, copy.seat.source)
        engine.start(Footing.DOUBTFUL)

    def _known(self, pico: int, restored: Engine, was: Source | None) -> set[int]:
        """What others have only to forward does not count: the receipt for it may be under way. Nor does what
        they have staged in an attempt that was given up: that it is to be dropped may be under way."""
        known: set[int] = set()
        for engine in self.engines.values():
            copy = engine.copies.get(pico)
            if copy is not None and engine is restored:
                known |= copy.events()
            elif copy is not None:
                goes_on = was is not None and was.attempt == copy.seat.target.attempt
                known |= {*copy.handled, *copy.inbox, *(copy.staged_events() if goes_on else ())}
        return known

    # --- the end ---

    def _calm_down(self) -> None:
        """The disasters are over, nobody wants anything any more; everything comes to rest."""
        self.is_over, self.network.weather, self.network.cut_off = True, CALM, set()
        until = self.clock.now + 20 * LIFETIME
        while self.clock.now < until and not self._rests():
            if not self.clock.step():
                break
        if not self._rests():
            raise Broken(f"it does not come to an end: {self._unrest()}")
        for pico in self.promised:
            self._judge(pico)

    def _rests(self) -> bool:
        return next(iter(self._unrest()), None) is None

    def _unrest(self) -> list[str]:
        return [
            f"{engine.name} has {pico}: {copy.seat}"
            for engine in self.engines.values()
            for pico, copy in engine.copies.items()
            if not engine.is_up or not is_settled(copy.seat) or copy.forward or copy.inbox or copy.unsent
        ]

    def _judge(self, pico: int) -> None:
        living = [engine for engine in self.engines.values() if _lives(engine, pico)]
        if len(living) != 1:
            raise Broken(f"pico {pico} lives on {[engine.name for engine in living]}")
        copy = living[0].copies[pico]
        if len(copy.history) != len(set(copy.history)):
            raise Broken(f"pico {pico} has run an event twice")
        if lost := self.promised[pico] - copy.handled - self.forgiven:
            raise Broken(f"pico {pico} has lost {sorted(lost)}")
        if copy.digest != sequential(copy.history):
            raise Broken(f"pico {pico} is not what its events make of it")
        if any((pico, event) not in self.performed for event in copy.history):
            raise Broken(f"pico {pico} has not done what it was to do")


def _lives(engine: Engine, pico: int) -> bool:
    return pico in engine.copies and acts(engine.copies[pico].seat)


def sequential(history: list[int]) -> int:
    """What the same events come to on one engine that never fails."""
    digest = 0
    for event in history:
        digest = follow(digest, event)
    return digest
