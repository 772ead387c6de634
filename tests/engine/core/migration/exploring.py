"""Two engines, one pico and a network that does whatever is worst: every order in which things can happen.

What was sent may arrive at any time later, any number of times, in any order, or never: so the network is the
set of all that was ever sent, and so is what an engine has told itself to do (a crash loses it, a slow
disk makes it late). A world with more under way can do all that one with less can; of worlds that differ in
nothing else only the larger are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any

from engine.core.migration import Footing, Seat, acts, is_settled, react
from engine.core.migration.messages import (
    Again,
    AskAround,
    Attempt,
    Confirmed,
    Consider,
    Effects,
    Entry,
    Fetch,
    Finish,
    Finished,
    Head,
    Late,
    NotHere,
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
from engine.core.migration.seats import Message
from engine.core.migration.source import Phase, Source

HOME, AWAY = "home", "away"
PLACE = {HOME: 0, AWAY: 1}
FIRST = Entry(1, "first", HOME, "key of home")
BORN = Head(0, "life 0", "b0")


@dataclass(frozen=True, slots=True)
class World:
    home: Seat
    away: Seat
    state: Head
    """What the pico is at home: its life, which a backup makes another one, and how much happened in it."""
    released: Head | None = None
    """What it was when it was first released."""
    taken: Head | None = None
    """What it was when it began to live away."""
    attempts: int = 0
    starts: tuple[int, int] = (0, 0)
    backup: tuple[str, Seat, Head, Head | None] | None = None
    restored: str | None = None
    doubtful: bool = False
    under_way: int = 0
    """A bit for each of `MAIL`."""

    def seat(self, engine: str) -> Seat:
        return self.home if engine == HOME else self.away


class Mail:
    """Everything that was ever said, by number: a set of it is a number, and quick to compare."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, object], int] = {}
        self._letters: list[tuple[str, object]] = []

    def put(self, letters: Iterable[tuple[str, object]]) -> int:
        return reduce(or_, (1 << self._number(letter) for letter in letters), 0)

    def _number(self, letter: tuple[str, object]) -> int:
        if letter not in self._numbers:
            self._numbers[letter] = len(self._letters)
            self._letters.append(letter)
        return self._numbers[letter]

    def of(self, under_way: int) -> Iterator[tuple[str, Any]]:
        while under_way:
            lowest = under_way & -under_way
            yield self._letters[lowest.bit_length() - 1]
            under_way ^= lowest


MAIL = Mail()


@dataclass(frozen=True)
class Bounds:
    """What may happen, and how often."""

    attempts: int = 2
    work: int = 1
    starts: int = 1
    restored: str | None = None
    """Which engine may be restored from a backup, once."""
    noticed: bool = True
    """Whether it knows."""


BEGIN = World(Seat(HOME, Source(Phase.LIVE, FIRST)), Seat(AWAY), BORN)

Move = tuple[str, World]


# --- what can happen --------------------------------------------------------------------------------


def moves(world: World, bounds: Bounds) -> Iterator[Move]:
    """Each with a name, so that the way to a bad end can be told."""
    yield from _happenings(world, bounds)
    yield from _disasters(world, bounds)
    for engine, what in MAIL.of(world.under_way):
        yield f"{engine} hears {what}", hear(world, engine, what)


def _happenings(world: World, bounds: Bounds) -> Iterator[Move]:
    if acts(world.home) and world.state.sequence < bounds.work:
        yield "work", replace(world, state=replace(world.state, sequence=world.state.sequence + 1))
    source = world.home.source
    if source is not None and world.attempts < bounds.attempts:
        attempt = Attempt(
            source.entry.number, source.numbered + 1, f"attempt {world.attempts + 1}", HOME, AWAY
        )
        yield "wanted", tell(replace(world, attempts=world.attempts + 1), HOME, Wanted(attempt))
    for engine in (HOME, AWAY):
        yield f"{engine} repeats", tell(world, engine, Again())
        for attempt in _attempts(world.seat(engine)):
            yield f"{engine} is late", tell(world, engine, Late(attempt))


def _attempts(seat: Seat) -> Iterator[Attempt]:
    if seat.source is not None and seat.source.attempt is not None:
        yield seat.source.attempt
    if seat.target.attempt is not None:
        yield seat.target.attempt


def _disasters(world: World, bounds: Bounds) -> Iterator[Move]:
    for place, engine in enumerate((HOME, AWAY)):
        if world.starts[place] < bounds.starts:
            yield f"{engine} starts", start(world, engine)
    side = bounds.restored
    if side is not None and world.backup is None:
        yield f"backup of {side}", replace(world, backup=(side, world.seat(side), world.state, world.taken))
    if world.backup is not None and world.restored is None:
        yield f"{world.backup[0]} is restored", restore(world, bounds.noticed)


def start(world: World, engine: str, footing: Footing = Footing.UNSURE) -> World:
    home, away = world.starts
    starts = (home + 1, away) if engine == HOME else (home, away + 1)
    return tell(replace(world, starts=starts), engine, Started(), footing)


def restore(world: World, noticed: bool) -> World:
    """All that is durable is as it was. When it is noticed, nothing is done before messages of the former
    life have expired."""
    assert world.backup is not None
    engine, seat, state, taken = world.backup
    if engine == HOME:
        world = replace(world, home=seat, state=Head(state.sequence, "life 1", state.cid))
    else:
        world = replace(world, away=seat, taken=taken)
    world = replace(world, restored=engine, doubtful=noticed, under_way=_left(world, noticed))
    return start(world, engine, footing_of(world, engine))


def _left(world: World, noticed: bool) -> int:
    return 0 if noticed else MAIL.put(one for one in MAIL.of(world.under_way) if is_wire(one[1]))


def is_wire(what: object) -> bool:
    return not isinstance(what, (Finish, Signed, Willing, Unwilling, Staged, NotStaged, Confirmed))


def footing_of(world: World, engine: str) -> Footing:
    """Only a first start is sure. An engine that was restored, and knows it, stays in doubt."""
    if world.restored == engine and world.doubtful:
        return Footing.DOUBTFUL
    return Footing.UNSURE if world.starts[PLACE[engine]] else Footing.SURE


def hear(world: World, engine: str, what: Any) -> World:
    """Some of it can be said only at the time: what the state is when a turn is finished."""
    match what:
        case Finish(attempt):
            return tell(world, engine, Finished(attempt, world.state))
        case NotHere(asked):
            return tell(world, engine, Confirmed()) if asked == asking(world, engine) else world
        case _:
            return tell(world, engine, what)


def asking(world: World, engine: str) -> str:
    """Questions of before the last start are not the same questions."""
    return f"{engine} {world.starts[PLACE[engine]]}"


def tell(world: World, engine: str, message: Message, footing: Footing | None = None) -> World:
    before = world.seat(engine)
    seat, effects = react(before, message, footing or footing_of(world, engine))
    if engine == HOME:
        world = replace(world, home=seat, released=world.released or _released(world, before, seat))
    else:
        world = replace(world, away=seat, taken=_taken(world, before, seat, message))
    return replace(world, under_way=world.under_way | MAIL.put(_led_to(world, engine, effects)))


def _released(world: World, before: Seat, after: Seat) -> Head | None:
    was, now = before.source, after.source
    is_release = now is not None and now.phase is Phase.RELEASED and now != was
    return world.state if is_release else None


def _taken(world: World, before: Seat, after: Seat, message: Message) -> Head | None:
    """The state with which the pico came to live away."""
    if after.source is None or (before.source is not None and before.source.entry == after.source.entry):
        return world.taken
    return message.head if isinstance(message, Staged) else before.target.head


def _led_to(world: World, engine: str, effects: Effects) -> Iterator[tuple[str, object]]:
    """All may be lost. What is asked of the engine itself ends well or badly."""
    for effect in effects:
        match effect:
            case Send(to, Ready() as ready):
                yield to, replace(ready, proven=True)
            case Send(to, message):
                yield to, message
            case AskAround(number):
                yield AWAY if engine == HOME else HOME, Where(engine, number, asking(world, engine))
            case Finish():
                yield engine, effect
            case Sign(attempt, key):
                id = f"{attempt.name} in {world.state.state}"
                yield engine, Signed(attempt, Entry(attempt.epoch + 1, id, attempt.target, key))
            case Consider(attempt):
                yield engine, Willing(attempt, f"key of {attempt.name}")
                yield engine, Unwilling(attempt, "no room")
            case Fetch(attempt, head):
                yield engine, Staged(attempt, head)
                yield engine, NotStaged(attempt, "lost on the way")


# --- when the disasters are over ---------------------------------------------------------------------

Mood = Callable[[Any], bool]
"""Which messages and tasks come to nothing from now on."""


def calm(world: World, fails: Mood = lambda what: False) -> World:
    """What becomes of it when both engines have crashed, all that was under way is lost, and the network is
    good from then on: engines repeat what was not answered, and give up when that was in vain for long."""
    for engine in (HOME, AWAY):
        world = start(world, engine, footing_of(world, engine))
    world = replace(world, under_way=0)
    for number in range(ROUNDS):
        world = _round(world, fails, is_late=number >= ROUNDS // 2)
        if is_calm(world):
            return world
    return world


ROUNDS = 12


def is_calm(world: World) -> bool:
    return is_settled(world.home) and is_settled(world.away)


def _round(world: World, fails: Mood, is_late: bool) -> World:
    heard = 0
    for engine in (HOME, AWAY):
        for attempt in _attempts(world.seat(engine)) if is_late else ():
            world = tell(world, engine, Late(attempt))
        world = tell(world, engine, Again())
    while new := world.under_way & ~heard:
        heard |= new
        for engine, what in MAIL.of(new):
            world = world if fails(what) else hear(world, engine, what)
    return replace(world, under_way=0)


# --- all of it --------------------------------------------------------------------------------------


@dataclass
class Explored:
    """Every world that can be reached, but those that can do no more than another one."""

    worlds: int = 0
    steps: int = 0
    pairs: set[tuple[Seat, Seat]] = field(default_factory=set)
    came_from: dict[World, tuple[str, World] | None] = field(default_factory=dict)

    def way_to(self, world: World) -> list[str]:
        way: list[str] = []
        before = self.came_from.get(world)
        while before is not None:
            way.append(before[0])
            before = self.came_from[before[1]]
        return way[::-1]


Check = Callable[[World, World], str | None]
"""What is wrong with a step, if anything is."""


class Broken(AssertionError):
    """A promise that is not kept, and the way there."""


def explore(bounds: Bounds, check: Check, most: int = 10**9) -> Explored:
    found = Explored(came_from={BEGIN: None})
    largest: dict[World, list[int]] = {}
    waiting = [BEGIN]
    while waiting and found.worlds < most:
        world = waiting.pop()
        found.worlds += 1
        found.pairs.add((world.home, world.away))
        for name, after in moves(world, bounds):
            found.steps += 1
            problem = check(world, after)
            if problem is not None:
                raise Broken("\n".join([problem, *found.way_to(world), name]))
            if after not in found.came_from and _is_more(largest, after):
                found.came_from[after] = (name, world)
                waiting.append(after)
    return found


def _is_more(largest: dict[World, list[int]], world: World) -> bool:
    known, now = largest.setdefault(replace(world, under_way=0), []), world.under_way
    if any(now | one == one for one in known):
        return False
    known[:] = [one for one in known if now | one != now]
    known.append(now)
    return True
