"""A slow and obvious second reading of event expressions, to hold the real one against.

It follows the prose: states are drawn one by one with their arrows, `and` and `any` are every permutation
as a chain, and the machine is a set of states. It shares no code with `pico_lang.event_patterns` and
knows neither attributes nor conditions: whether a base event fits is told from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pico_lang import nodes as n

Fits = Callable[[n.BaseEvent], dict[str, str] | None]
"""What a base event captures of the event at hand, given that domain and name are right."""


@dataclass
class Arrow:
    """From a state to another on a base event; in a `count` or `repeat`, as its n-th event."""

    base: n.BaseEvent
    target: int
    counted: n.Counted | None = None
    nth: int = 0


@dataclass
class Drawing:
    """States are numbers. `glued` says which other states a state also is; `falls` where `then` falls."""

    arrows: dict[int, list[Arrow]] = field(default_factory=dict)
    glued: dict[int, set[int]] = field(default_factory=dict)
    falls: dict[int, int] = field(default_factory=dict)

    def state(self) -> int:
        number = len(self.arrows)
        self.arrows[number] = []
        self.glued[number] = set()
        return number

    def all_of(self, state: int) -> list[int]:
        """The state and everything it also is."""
        found = [state]
        for one in found:
            found += [other for other in sorted(self.glued[one]) if other not in found]
        return found

    def draw(self, event: n.EventExpression, start: int) -> set[int]:
        """Add an expression that begins in `start`; the states in which it is satisfied."""
        match event:
            case n.BaseEvent():
                return self._row(event, start, 1, None)
            case n.Counted():
                return self._row(event.event, start, event.count, event)
            case n.Between(negated=True):
                return self._not_between(event, start)
            case n.Between(event=inner, opening=opening, closing=closing):
                return self._chain((opening, inner, closing), start, falls=False)
            case n.AnyOf(operands=operands, count=count):
                return self._permutations(operands, count, start)
            case n.EventOperator(operator="and", operands=operands):
                return self._permutations(operands, len(operands), start)
            case n.EventOperator(operator="or", operands=operands):
                return {end for operand in operands for end in self.draw(operand, start)}
            case n.EventOperator(operator="after", operands=operands):
                return self._chain(operands[::-1], start, falls=False)
            case n.EventOperator(operator=operator, operands=operands):
                return self._chain(operands, start, falls=operator == "then")

    def _row(self, base: n.BaseEvent, start: int, length: int, counted: n.Counted | None) -> set[int]:
        here = start
        for nth in range(1, length + 1):
            there = self.state()
            self.arrows[here].append(Arrow(base, there, counted, nth))
            here = there
        if counted is not None and counted.kind == "repeat":
            self.arrows[here].append(Arrow(base, here, counted, length))
        return {here}

    def _joint(self, ends: set[int]) -> int:
        """A state in which something may begin, and which each of `ends` also is."""
        joint = self.state()
        for end in ends:
            self.glued[end].add(joint)
        return joint

    def _chain(self, events: tuple[n.EventExpression, ...], start: int, falls: bool) -> set[int]:
        ends = self.draw(events[0], start)
        for event in events[1:]:
            joint = self._joint(ends)
            for end in ends | {joint} if falls else set():
                self.falls[end] = start
            ends = self.draw(event, joint)
        return ends

    def _not_between(self, event: n.Between, start: int) -> set[int]:
        gap = self._joint(self.draw(event.opening, start))
        for undone in self.draw(event.event, gap):
            self._redirect(undone, start)
        return self.draw(event.closing, gap)

    def _redirect(self, old: int, new: int) -> None:
        for arrows in self.arrows.values():
            for arrow in arrows:
                arrow.target = new if arrow.target == old else arrow.target

    def _permutations(self, events: tuple[n.EventExpression, ...], needed: int, start: int) -> set[int]:
        """Every chain of `needed` different events; chains that begin alike are one as far as they do."""
        ends = set()
        for index, event in enumerate(events):
            done = self.draw(event, start)
            if needed == 1:
                ends |= done
            else:
                ends |= self._permutations(
                    events[:index] + events[index + 1 :], needed - 1, self._joint(done)
                )
        return ends


class Model:
    """One machine and how far it is."""

    def __init__(self, event: n.EventExpression, within_ms: float | None = None) -> None:
        self._drawing = Drawing()
        self._within_ms = within_ms
        self._start = self._drawing.state()
        self._ends = self._drawing.draw(event, self._start)
        every = [arrow.base for arrows in self._drawing.arrows.values() for arrow in arrows]
        self._heard = {(base.domain, base.name) for base in every}
        self._begin_anew()

    @property
    def is_at_start(self) -> bool:
        return self.states == {self._start}

    def _begin_anew(self) -> None:
        self.states = {self._start}
        self._captured: dict[str, object] = {}
        self._values: dict[int, list[list[str]]] = {}
        self._clock: float | None = None

    def show(self, domain: str, name: str, fits: Fits, time_ms: float) -> dict[str, object] | None:
        """Show an event; the captured names if the rule is selected."""
        if (domain, name) not in self._heard:
            return None
        if (
            self._within_ms is not None
            and self._clock is not None
            and time_ms - self._clock > self._within_ms
        ):
            self._begin_anew()
        taken, failed, fallen = self._test(domain, name, fits)
        targets = {arrow.target for arrow in taken} | fallen
        if not targets:
            if failed:
                self._begin_anew()
            return None
        if targets == {self._start}:
            self._begin_anew()
            return None
        self._capture(taken, fits)
        if self._clock is None or self._start in self.states:
            self._clock = time_ms
        if not targets & self._ends:
            self.states = targets
            return None
        return self._select(targets & self._ends)

    def _test(self, domain: str, name: str, fits: Fits) -> tuple[list[Arrow], bool, set[int]]:
        """The arrows that match, whether one did not fit, and where `then` falls back to."""
        taken, failed, fallen = [], False, set()
        for state in self.states:
            matched = False
            for arrow in [
                arrow for one in self._drawing.all_of(state) for arrow in self._drawing.arrows[one]
            ]:
                if (arrow.base.domain, arrow.base.name) != (domain, name):
                    continue
                if fits(arrow.base) is None:
                    failed = True
                else:
                    matched = True
                    taken.append(arrow)
            if state in self._drawing.falls and not matched:
                fallen.add(self._drawing.falls[state])
        return taken, failed, fallen

    def _capture(self, taken: list[Arrow], fits: Fits) -> None:
        for arrow in sorted(taken, key=lambda arrow: self._first_mention(arrow.base)):
            self._captured.update(fits(arrow.base) or {})
        every = {id(arrow.counted): arrow.counted for arrow in taken if arrow.counted}.values()
        for counted in sorted(every, key=lambda counted: counted.span.start):
            nth = max(arrow.nth for arrow in taken if arrow.counted is counted)
            self._aggregate(counted, nth, [*(fits(counted.event) or {}).values()])

    def _first_mention(self, base: n.BaseEvent) -> int:
        """Where the text first has this base event: the same words are the same event."""
        every = [arrow.base for arrows in self._drawing.arrows.values() for arrow in arrows]
        return min(one.span.start for one in every if _words(one) == _words(base))

    def _aggregate(self, counted: n.Counted, nth: int, captures: list[str]) -> None:
        values = self._values.setdefault(id(counted), [])
        values.append(captures)
        if counted.aggregator is None:
            return
        for place, name in enumerate(counted.aggregator.names):
            column = [captures[place] for captures in values[-nth:]]
            self._captured[name.id] = _aggregated(counted.aggregator.function, column)

    def _select(self, ends: set[int]) -> dict[str, object]:
        """Ends without arrows of their own count as the start at the next event."""
        captured = self._captured
        going_on = {end for end in ends if self._drawing.arrows[end]}
        values, clock = self._values, self._clock
        self._begin_anew()
        if going_on:
            self.states, self._values, self._clock = going_on, values, clock
        return captured


def _words(base: n.BaseEvent) -> tuple[object, ...]:
    matches = tuple((one.attribute, one.pattern.source) for one in base.matches)
    return base.domain, base.name, matches, tuple(name.id for name in base.setting)


def _aggregated(function: str, column: list[str]) -> object:
    """Captures are whole numbers here."""
    numbers = [int(value) for value in column]
    results: dict[str, object] = {
        "push": column,
        "max": float(max(numbers)),
        "min": float(min(numbers)),
        "sum": float(sum(numbers)),
        "avg": sum(numbers) / len(numbers),
    }
    return results[function]
