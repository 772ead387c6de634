"""An engine of the simulation: the real tables of a move, in a shell as simple as one can be.

Everything durable is in `copies`, and changes only in `_commit`: before it the machine may die with nothing
done, after it with nothing said. Tasks and timers die with the process that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.core.migration import Footing, Seat, acts, forwards_to, is_settled, react
from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import (
    Again,
    AskAround,
    Attempt,
    Confirmed,
    Consider,
    Drop,
    Effects,
    Entry,
    Fetch,
    Finish,
    Finished,
    Handoff,
    Late,
    NotStaged,
    Ready,
    Send,
    Sign,
    Signed,
    Staged,
    Started,
    Unwilling,
    Wanted,
    Where,
    Willing,
)
from tests.simulation.copies import Copy, Snapshot
from tests.simulation.network import LIFETIME

if TYPE_CHECKING:
    from tests.simulation.world import World

REPEAT_AFTER = 40
PATIENCE = 160
"""How long an attempt may be in one phase before the release."""
DOWN_FOR = 60
TIMED = {leaving.Phase.OFFERED, leaving.Phase.LEAVING}


class Died(Exception):
    """The machine, in the middle of something."""


class Engine:
    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.copies: dict[int, Copy] = {}
        self.is_up = True
        self.boot = 0
        self.footing = Footing.SURE
        self.answered: set[str] = set()
        self.started_at = 0
        self.repeating: set[int] = set()
        self.running: set[int] = set()

    # --- the process ---

    def do(self, what: Callable[[], None]) -> None:
        """Whatever it does may be its end."""
        if self.is_up:
            try:
                what()
            except Died:
                self.stop()

    def later(self, delay: int, what: Callable[[], None]) -> None:
        boot = self.boot
        self.world.clock.after(delay, lambda: self.do(what) if boot == self.boot else None)

    def stop(self) -> None:
        self.is_up, self.boot = False, self.boot + 1
        self.repeating, self.running = set(), set()
        self.world.clock.after(1 + self.world.clock.pick(DOWN_FOR), self.start)

    def start(self, footing: Footing = Footing.UNSURE) -> None:
        """A restored engine stays in doubt over any crash, until everyone has answered."""
        if self.is_up:
            return
        self.is_up, self.answered, self.started_at = True, set(), self.world.clock.now
        self.footing = Footing.DOUBTFUL if Footing.DOUBTFUL in (footing, self.footing) else footing
        self.do(self._begin)

    def _begin(self) -> None:
        for pico in list(self.copies):
            self.tell(pico, Started())
            self._run_soon(pico)
            self._repeat_soon(pico)
        self.ask_around()

    def _commit(self, pico: int, change: Callable[[Copy], None]) -> Copy:
        chance, weather = self.world.clock.chance, self.world.network.weather
        if chance() < weather.disk_error:
            raise Died
        copy = self.copies.get(pico)
        if copy is None:
            copy = self.copies[pico] = Copy(Seat(self.name))
        change(copy)
        self.world.look_at(pico, self)
        if chance() < weather.crash:
            raise Died
        return copy

    # --- the tables ---

    def tell(self, pico: int, message: Any, snapshot: Snapshot | None = None) -> None:
        copy = self.copies.get(pico)
        before = Seat(self.name) if copy is None else copy.seat
        seat, effects = react(before, message, self.footing)
        is_other = seat is not before and seat != before
        if is_other:
            copy = self._commit(pico, lambda copy: self._turn(copy, seat, effects, snapshot))
        self._perform(pico, copy, effects, snapshot)
        if is_other:
            self._set_timers(pico, before, seat)
            self._run_soon(pico)
        if copy is not None:
            self._repeat_soon(pico)

    def _turn(self, copy: Copy, seat: Seat, effects: Effects, snapshot: Snapshot | None) -> None:
        """All that is durable of one step of a table, in one write."""
        before, copy.seat = copy.seat, seat
        if any(isinstance(effect, Drop) for effect in effects):
            copy.staged = None
        was, now = before.source, seat.source
        if seat.target.phase is coming.Phase.STAGED and snapshot is not None:
            copy.staged = snapshot
        elif _has_arrived(before, seat):
            self._arrive(copy, snapshot)
        elif now is not None and was is not None and now != was:
            self._depart(copy, was, now, snapshot)

    def _arrive(self, copy: Copy, snapshot: Snapshot | None) -> None:
        taken = snapshot or copy.staged
        assert taken is not None
        copy.become(taken)
        self.world.arrivals += 1

    def _depart(
        self, copy: Copy, was: leaving.Source, now: leaving.Source, snapshot: Snapshot | None
    ) -> None:
        if snapshot is not None:
            copy.final = snapshot
        is_let_go = now.phase in leaving.LEFT and was.phase in leaving.HELD
        if is_let_go or forwards_to(copy.seat) is not None:
            everything = is_let_go and (now.phase is leaving.Phase.OLD or now.borrowed)
            copy.leave(everything, self.world.number())
        if now.phase is leaving.Phase.RELEASED and was.phase is not now.phase:
            self.world.note_release(now)

    def _perform(self, pico: int, copy: Copy | None, effects: Effects, snapshot: Snapshot | None) -> None:
        for effect in effects:
            match effect:
                case Send(to, message):
                    self._send(pico, to, message, copy)
                case AskAround():
                    self.later(1, self.ask_around)
                case Finish(attempt):
                    self.later(1 + self.world.clock.pick(3), lambda a=attempt: self._finish(pico, a))  # type: ignore[misc]
                case Sign(attempt, key):
                    self.later(1, lambda a=attempt, k=key: self._sign(pico, a, k))  # type: ignore[misc]
                case Consider(attempt):
                    self.later(1, lambda a=attempt: self._consider(pico, a))  # type: ignore[misc]
                case Fetch(attempt, head) if snapshot is not None:
                    delay = 1 + self.world.clock.pick(10)
                    self.later(delay, lambda a=attempt, h=head: self._stage(pico, a, h, snapshot))  # type: ignore[misc]

    def _send(self, pico: int, to: str, message: Any, copy: Copy | None) -> None:
        """The state goes along with the handoff. What a target shows of it is the source's own signature."""
        payload = copy.final if copy is not None and isinstance(message, Handoff) else None
        if isinstance(message, Ready):
            message = replace(message, proven=True)
        other = self.world.engines[to]
        self.world.network.send(self.name, to, lambda: other.do(lambda: other.tell(pico, message, payload)))

    def _finish(self, pico: int, attempt: Attempt) -> None:
        snapshot = self.copies[pico].snapshot()
        self.tell(pico, Finished(attempt, snapshot.head), snapshot)

    def _sign(self, pico: int, attempt: Attempt, key: str) -> None:
        number = attempt.epoch + 1
        self.tell(
            pico, Signed(attempt, Entry(number, f"{number} of {self.name} {self.boot}", attempt.target, key))
        )

    def _consider(self, pico: int, attempt: Attempt) -> None:
        if self.world.clock.chance() < self.world.network.weather.refused:
            self.tell(pico, Unwilling(attempt, "no room"))
        else:
            self.tell(pico, Willing(attempt, f"{self.name}'s key of {attempt.name}"))

    def _stage(self, pico: int, attempt: Attempt, head: Any, snapshot: Snapshot) -> None:
        """What does not come out as the head says is not taken."""
        if snapshot.head != head or self.world.clock.chance() < self.world.network.weather.refused / 4:
            self.tell(pico, NotStaged(attempt, "blocks are missing"))
        else:
            self.tell(pico, Staged(attempt, head), snapshot)

    # --- timers ---

    def _set_timers(self, pico: int, before: Seat, after: Seat) -> None:
        for attempt in _timed(after) - _timed(before):
            self.later(PATIENCE, lambda a=attempt: self.tell(pico, Late(a[1])))  # type: ignore[misc]

    def _repeat_soon(self, pico: int) -> None:
        if pico not in self.repeating and self._has_to_repeat(pico):
            self.repeating.add(pico)
            self.later(REPEAT_AFTER, lambda: self._repeat(pico))

    def _has_to_repeat(self, pico: int) -> bool:
        copy = self.copies[pico]
        return bool(copy.forward) or not is_settled(copy.seat)

    def _repeat(self, pico: int) -> None:
        self.repeating.discard(pico)
        self.tell(pico, Again())
        self.forward(pico)

    # --- what others know ---

    def ask_around(self) -> None:
        """Of everyone, again and again, until all have answered since the start."""
        if self.footing is Footing.SURE:
            return
        known = {pico: copy.seat.entry.number for pico, copy in self.copies.items() if copy.seat.entry}
        for other in self.world.engines.values():
            if other is not self and other.name not in self.answered:
                self._ask(other, known)
        self.later(REPEAT_AFTER, self.ask_around)

    def _ask(self, other: Engine, known: dict[int, int]) -> None:
        boot = self.boot
        self.world.network.send(
            self.name, other.name, lambda: other.do(lambda: other.answer(self, known, boot))
        )

    def answer(self, asker: Engine, known: dict[int, int], boot: int) -> None:
        """All in one message: so what was answered was heard as a whole."""
        said = []
        for pico, copy in self.copies.items():
            where = Where(asker.name, known.get(pico, 0), "")
            for effect in react(copy.seat, where, self.footing)[1]:
                if isinstance(effect, Send):
                    said.append((pico, effect.message))
        self.world.network.send(
            self.name, asker.name, lambda: asker.do(lambda: asker.take_answer(self, said, boot))
        )

    def take_answer(self, other: Engine, said: list[tuple[int, Any]], boot: int) -> None:
        if boot != self.boot or self.footing is Footing.SURE:
            return
        for pico, message in said:
            proven = replace(message, proven=True) if isinstance(message, Ready) else message
            self.tell(pico, proven)
        self.answered.add(other.name)
        if len(self.answered) == len(self.world.engines) - 1:
            self._be_sure()

    def _be_sure(self) -> None:
        """Not as long as something may be under way that a former life has said."""
        left = self.started_at + 2 * LIFETIME - self.world.clock.now
        if self.footing is Footing.DOUBTFUL and left > 0:
            self.answered = set()
            return
        self.footing = Footing.SURE
        for pico in list(self.copies):
            self.tell(pico, Confirmed())

    # --- events ---

    def accept(self, pico: int, event: int) -> bool:
        """True is the promise that it will be run, once."""
        copy = self.copies.get(pico)
        if copy is None or copy.seat.source is None:
            return False
        self._commit(pico, lambda copy: _put_down(copy, event, self.world.number()))
        self._run_soon(pico)
        self._repeat_soon(pico)
        return True

    def forward(self, pico: int) -> None:
        copy = self.copies[pico]
        host = forwards_to(copy.seat)
        if host is None or not copy.forward:
            return
        other, events = self.world.engines[host], tuple(copy.forward.items())[:20]
        self.world.network.send(
            self.name, host, lambda: other.do(lambda: other.take_forwarded(self, pico, events))
        )

    def take_forwarded(self, sender: Engine, pico: int, events: tuple[tuple[int, int], ...]) -> None:
        if all(self.accept(pico, event) for event, _ in events):
            self.world.network.send(
                self.name, sender.name, lambda: sender.do(lambda: sender.forwarded(pico, events))
            )

    def forwarded(self, pico: int, events: tuple[tuple[int, int], ...]) -> None:
        if pico in self.copies:
            self._commit(pico, lambda copy: _note_receipt(copy, events))

    def _run_soon(self, pico: int) -> None:
        copy = self.copies[pico]
        if pico not in self.running and (copy.inbox or copy.unsent) and acts(copy.seat):
            self.running.add(pico)
            self.later(1 + self.world.clock.pick(3), lambda: self._run(pico))

    def _run(self, pico: int) -> None:
        """One turn, and what was to be sent since the one before."""
        self.running.discard(pico)
        copy = self.copies[pico]
        if not acts(copy.seat):
            return
        for event in copy.unsent:
            self.world.performed[pico, event] = True
        if copy.inbox or copy.unsent:
            self._commit(pico, _take_turn)
        self._run_soon(pico)

    def want(self, pico: int, target: str) -> None:
        source = self.copies[pico].seat.source
        if source is not None and source.phase is leaving.Phase.LIVE:
            self.world.attempts += 1
            name = f"attempt {self.world.attempts}"
            attempt = Attempt(source.entry.number, source.numbered + 1, name, self.name, target)
            self.tell(pico, Wanted(attempt))


def _timed(seat: Seat) -> set[tuple[str, Attempt]]:
    """Phases that must not take too long."""
    found = set()
    if seat.source is not None and seat.source.phase in TIMED and seat.source.attempt is not None:
        found.add((str(seat.source.phase), seat.source.attempt))
    if seat.target.phase is coming.Phase.ACCEPTED and seat.target.attempt is not None:
        found.add(("accepted", seat.target.attempt))
    return found


def _has_arrived(before: Seat, after: Seat) -> bool:
    entry, now = after.entry, after.source
    is_here = now is not None and now.phase in leaving.HELD
    return is_here and entry != before.entry and before.target != coming.NOTHING == after.target


def _put_down(copy: Copy, event: int, number: int) -> None:
    if forwards_to(copy.seat) is not None:
        copy.forward[event] = number
    elif event not in copy.handled and event not in copy.inbox:
        copy.inbox[event] = None
        copy.accepted.append(event)


def _note_receipt(copy: Copy, events: tuple[tuple[int, int], ...]) -> None:
    for event, number in events:
        if copy.forward.get(event) == number:
            del copy.forward[event]


def _take_turn(copy: Copy) -> None:
    copy.unsent = {}
    if copy.inbox:
        copy.run(next(iter(copy.inbox)))
