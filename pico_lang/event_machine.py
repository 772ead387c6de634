"""How an event expression moves: the six kinds of pattern and what one event does to each.

A pattern is immutable; how far it has come is a `Place`, a tuple of words that says which part is under
way and how far that part has come. The machine of an expression is therefore never written out: only
the places that events really reach exist, and `and` of ten operands costs little more than `and` of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pico_lang.values import Value

Place = tuple[str, ...]
"""Where a pattern stands. Each pattern says what its words mean; at the start there are none."""

START: Place = ()


class Match(NamedTuple):
    """A base event that matched: its `setting` names with their values, and the raw captures."""

    bindings: Mapping[str, Value]
    captures: Sequence[Value]


NOTHING_TO_TEST = Match({}, ())


@dataclass(frozen=True, slots=True)
class Base:
    """What a base event listens to. A bare one has nothing to test but domain and name."""

    domain: str
    name: str
    bare: bool


class Trial:
    """One event while it is tried on a machine: a base is tested when first asked for, and only once."""

    __slots__ = ("_bases", "_domain", "_match", "_name", "failed", "found", "rows")

    def __init__(
        self, bases: Sequence[Base], domain: str, name: str, match: Callable[[int], Match | None]
    ) -> None:
        self._bases = bases
        self._domain = domain
        self._name = name
        self._match = match
        self.found: dict[int, Match] = {}
        self.failed: set[int] = set()
        """Bases that wait for this domain and name, but whose attributes or condition do not fit."""
        self.rows: dict[int, int] = {}
        """Of each aggregate that goes on: over how many events it reaches now."""

    def matches(self, index: int) -> bool:
        """Whether this event is the one the base waits for."""
        if index in self.found:
            return True
        base = self._bases[index]
        if base.name != self._name or base.domain != self._domain or index in self.failed:
            return False
        match = NOTHING_TO_TEST if base.bare else self._match(index)
        if match is None:
            self.failed.add(index)
            return False
        self.found[index] = match
        return True

    def lengthen(self, aggregate: int, length: int) -> None:
        """Of several rows of the same events the longest counts: the others are its ends."""
        self.rows[aggregate] = max(length, self.rows.get(aggregate, 0))


class Move(NamedTuple):
    """One thing an event does to a pattern.

    Unfinished: the pattern now stands at `place`. Finished: it is satisfied; if there is a place, later
    events may satisfy it again from there, as only `repeat` allows.
    """

    finished: bool
    place: Place | None


FINISHED = Move(True, None)
RESTARTED = Move(False, START)


def _within(words: Place, move: Move) -> Move:
    """A part's move as a move of the pattern that `words` lead from to the part."""
    return move if move.place is None else Move(move.finished, words + move.place)


@dataclass(frozen=True, slots=True)
class Single:
    """One base event. It has not begun or is over, so no place has words."""

    base: int

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        if trial.matches(self.base):
            yield FINISHED


@dataclass(frozen=True, slots=True)
class Row:
    """`count` and `repeat`: one base event `length` times. Words: how many there have been."""

    base: int
    length: int
    goes_on: bool
    """`repeat`: every further one satisfies it again."""
    aggregate: int | None

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        if not trial.matches(self.base):
            return
        done = min(int(place[0]) + 1 if place else 1, self.length)
        if self.aggregate is not None:
            trial.lengthen(self.aggregate, done)
        if done < self.length:
            yield Move(False, (str(done),))
        else:
            yield Move(True, (str(done),)) if self.goes_on else FINISHED


@dataclass(frozen=True, slots=True)
class Choice:
    """`or`. Words: which part is under way, then that part's place."""

    parts: tuple[Pattern, ...]

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        for index in (int(place[0]),) if place else range(len(self.parts)):
            for move in self.parts[index].moves(place[1:], trial):
                yield RESTARTED if move == RESTARTED else _within((str(index),), move)


@dataclass(frozen=True, slots=True)
class Chain:
    """`before`, `after`, `between`; with `strict`, `then`: parts one after the other.

    Words: `i` and a place while part i is under way; `i` alone while part i is awaited; `i+` and a
    place while part i is awaited and the part before it, a `repeat`, may still go on.
    """

    parts: tuple[Pattern, ...]
    strict: bool = False

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        moved = False
        for move in self._moves(place, trial):
            moved = True
            yield move
        if self.strict and not moved and _is_gap(place):
            yield RESTARTED

    def _moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        if not place:
            yield from self._moves_of(0, START, trial)
        elif place[0].endswith("+"):
            awaited = int(place[0][:-1])
            yield from self._moves_of(awaited - 1, place[1:], trial)
            yield from self._moves_of(awaited, START, trial)
        else:
            yield from self._moves_of(int(place[0]), place[1:], trial)

    def _moves_of(self, index: int, place: Place, trial: Trial) -> Iterator[Move]:
        for move in self.parts[index].moves(place, trial):
            if move.finished and index + 1 < len(self.parts):
                yield _await(index + 1, move.place)
            elif move == RESTARTED:
                yield Move(False, (str(index),)) if index else RESTARTED
            else:
                yield _within((str(index),), move)


def _await(index: int, repeating: Place | None) -> Move:
    return Move(False, (str(index),) if repeating is None else (f"{index}+", *repeating))


def _is_gap(place: Place) -> bool:
    """Whether a part is over and the next has not begun, which is when `then` bears no other event."""
    return len(place) == 1 or (place != START and place[0].endswith("+"))


@dataclass(frozen=True, slots=True)
class Exclusion:
    """`not between`: opening and closing, unless the excluded event comes first.

    Words: `0`, `1` or `2` and a place while opening, closing or the excluded event is under way; `1`
    alone in the gap between; `1+` and a place in the gap while opening, a `repeat`, may still go on.
    """

    opening: Pattern
    closing: Pattern
    excluded: Pattern

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        if _is_gap(place):
            if len(place) > 1:
                yield from self._open(place[1:], trial)
            yield from self._exclude(START, trial)
            yield from self._close(START, trial)
        elif place == START or place[0] == "0":
            yield from self._open(place[1:], trial)
        else:
            yield from (self._close if place[0] == "1" else self._exclude)(place[1:], trial)

    def _open(self, place: Place, trial: Trial) -> Iterator[Move]:
        for move in self.opening.moves(place, trial):
            if move.finished:
                yield _await(1, move.place)
            else:
                yield RESTARTED if move == RESTARTED else _within(("0",), move)

    def _close(self, place: Place, trial: Trial) -> Iterator[Move]:
        for move in self.closing.moves(place, trial):
            yield _within(("1",), move)

    def _exclude(self, place: Place, trial: Trial) -> Iterator[Move]:
        for move in self.excluded.moves(place, trial):
            if move.finished:
                yield RESTARTED
            else:
                yield _await(1, None) if move == RESTARTED else _within(("2",), move)


@dataclass(frozen=True, slots=True)
class Gathering:
    """`and`, `any`: `needed` different parts in any order, each to its end before the next begins.

    Words: which parts are over, as a bit mask; then nothing while another one is awaited, `i` and a
    place while part i is under way, or `i+` and a place while part i, a `repeat`, may still go on.
    The order in which parts ended is not remembered, because nothing that may follow depends on it.
    """

    parts: tuple[Pattern, ...]
    needed: int
    kinds: tuple[int, ...]
    """For each part the index of the first one equal to it. Equal parts are interchangeable, so only
    the first of them that is open begins; else `and` of n equal parts would stand at 2ⁿ places."""

    def moves(self, place: Place, trial: Trial) -> Iterator[Move]:
        over = int(place[0]) if place else 0
        if len(place) < 2:
            yield from self._beginnings(over, trial)
        elif place[1].endswith("+"):
            yield from self._moves_of(int(place[1][:-1]), over, place[2:], trial)
            yield from self._beginnings(over, trial)
        else:
            yield from self._moves_of(int(place[1]), over, place[2:], trial)

    def _beginnings(self, over: int, trial: Trial) -> Iterator[Move]:
        if over.bit_count() == self.needed:
            return
        begun: set[int] = set()
        for index, kind in enumerate(self.kinds):
            if not over >> index & 1 and kind not in begun:
                begun.add(kind)
                yield from self._moves_of(index, over, START, trial)

    def _moves_of(self, index: int, over: int, place: Place, trial: Trial) -> Iterator[Move]:
        for move in self.parts[index].moves(place, trial):
            if move.finished:
                yield self._one_more(over | 1 << index, index, move.place)
            elif move == RESTARTED:
                yield Move(False, (str(over),)) if over else RESTARTED
            else:
                yield _within((str(over), str(index)), move)

    def _one_more(self, over: int, index: int, repeating: Place | None) -> Move:
        done = over.bit_count() == self.needed
        if repeating is not None:
            return Move(done, (str(over), f"{index}+", *repeating))
        return FINISHED if done else Move(False, (str(over),))


Pattern = Single | Row | Choice | Chain | Exclusion | Gathering
