"""Errands that wait for a place where nobody answers: one of them looks, and when somebody does all follow.

Each place is looked at less and less often, however many wait for it. Once somebody answers there, those of
one pico for one recipient go one after the other, as they were asked, and a few such lines at a time. Nothing
here is durable or need be: whatever waits is in the journal, and in line again after a start.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.core.messages import AskLater
from engine.core.model import EventId, PicoId
from engine.ports import Call, Clock, Entropy

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 10 * 60 * 1_000
SHARE = 8
"""One looks again after an eighth of the time for which nobody has answered, within those bounds, and up to
half of that later, so that many engines do not all look at once. Who was away for a minute is told within
seconds, and nobody waits for longer than 15 minutes."""
LINES_AT_ONCE = 8
"""That follow to one place when it answers."""
OTHERS_TURN = 4
"""Each fourth look is not of the first in its line: that may be what nobody can take."""
MOST_RELAPSES = 3
"""So often an errand may find nobody where others have just been answered. Then it waits by itself."""

Line = tuple[PicoId, str]
"""Who sends, and the DID it is for."""


@dataclass(slots=True, eq=False)
class Pending:
    """An errand that is under way, or will be again. `line` is None when it is for nobody in particular."""

    n: int
    """Its place in the order in which errands were asked."""
    pico: PicoId
    errand: AskLater
    line: Line | None
    until_ms: int | None
    """When it is given up, and has to be asked once more to learn so."""
    keeps_order: bool = False
    """Whether it must not go before any other of its line."""
    failed: int = 0
    relapses: int = 0

    @property
    def key(self) -> tuple[PicoId, EventId]:
        return self.pico, self.errand.name


@dataclass(slots=True, eq=False)
class _Place:
    since_ms: int
    look_ms: int
    """When one is to look again."""
    looked_ms: int
    looks: int = 0
    is_open: bool = False
    lines: dict[Line, list[Pending]] = field(default_factory=dict)
    """Each in the order of `n`, and the one whose turn it is next comes first."""
    going: dict[Line, Pending] = field(default_factory=dict)
    """The one of each line that is under way."""
    call: Call | None = None
    call_ms: int = 0

    def waiting(self) -> Iterator[Pending]:
        return (one for line in self.lines.values() for one in line)

    def next_line(self) -> Line | None:
        return next((line for line in self.lines if line not in self.going), None)


class Places:
    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        send: Callable[[Pending, bool], None],
        let_through: Callable[[str], None],
    ) -> None:
        """`send` has an errand asked again, and is told whether it is to look; see `Away.let_through`."""
        self._clock = clock
        self._entropy = entropy
        self._send = send
        self._let_through = let_through
        self._places: dict[str, _Place] = {}
        self._where: dict[Line, str] = {}

    def join(self, one: Pending) -> bool:
        """Wait behind those of the same line, if any wait."""
        name = None if one.line is None else self._where.get(one.line)
        if name is None or (self._places[name].is_open and one.line not in self._places[name].lines):
            return False
        self._put(name, one)
        return True

    def put(self, name: str, one: Pending) -> None:
        """Wait there until somebody says `back`."""
        if not self.join(one):
            self._put(name, one)

    def follow(self, one: Pending) -> None:
        """Go when all of the same line that were asked before have arrived."""
        assert one.line is not None
        is_first = one.line not in self._where
        self.put(one.line[1], one)
        if is_first:
            self.back(one.line[1])

    def wait(self, name: str, one: Pending) -> None:
        """It has found nobody there."""
        assert one.line is not None
        self._move(one.line, name)
        now_ms, place = self._clock.now_ms(), self._at(name)
        if place.going.get(one.line) is one:
            del place.going[one.line]
            one.relapses += place.is_open
        if place.is_open:
            place.is_open, place.since_ms, place.looks = False, now_ms, 0
        place.look_ms = now_ms + self._patience_ms(now_ms - place.since_ms)
        self._put(name, one)
        self._arm(name, place)

    def back(self, name: str) -> None:
        """Somebody answers there."""
        place = self._places.get(name)
        if place is not None and not place.is_open:
            self._open(place)

    def hope(self, name: str) -> None:
        """There is reason to look now, unless one has done so a moment ago."""
        place = self._places.get(name)
        if place is not None and not place.is_open:
            place.look_ms = min(place.look_ms, place.looked_ms + FIRST_WAIT_MS)
            self._be_called(name, place)

    def gone(self, one: Pending, arrived: bool) -> None:
        """It is under way no more, and does not wait for a place."""
        name = None if one.line is None else self._where.get(one.line)
        if one.line is None or name is None or self._places[name].going.get(one.line) is not one:
            return
        place = self._places[name]
        del place.going[one.line]
        if arrived or place.is_open:
            self._open(place)
        else:
            self._arm(name, place)
        self._tidy(one.line)

    def forget(self, pico: PicoId) -> None:
        for line in [line for line in self._where if line[0] == pico]:
            self._places[self._where[line]].lines.pop(line, None)
            self._tidy(line)

    def stop(self) -> None:
        for place in self._places.values():
            _disarm(place)
        self._places.clear()
        self._where.clear()

    # --- lines -------------------------------------------------------------------------------------

    def _put(self, name: str, one: Pending) -> None:
        assert one.line is not None
        place = self._at(name)
        self._where[one.line] = name
        insort(place.lines.setdefault(one.line, []), one, key=lambda other: other.n)
        if place.is_open:
            self._follow(place)
        elif place.call is None or (one.until_ms is not None and one.until_ms < place.call_ms):
            self._arm(name, place)

    def _at(self, name: str) -> _Place:
        now_ms = self._clock.now_ms()
        return self._places.setdefault(name, _Place(now_ms, now_ms + FIRST_WAIT_MS, now_ms))

    def _move(self, line: Line, name: str) -> None:
        """Whoever the line is for is somewhere else than we thought."""
        former = self._where.get(line)
        if former is None or former == name:
            return
        place = self._places[former]
        waiting = place.lines.pop(line, None)
        place.going.pop(line, None)
        self._tidy(line)
        if waiting:
            self._at(name).lines[line] = waiting
            self._where[line] = name
        if place.is_open:
            self._follow(place)

    def _tidy(self, line: Line) -> None:
        """Remember nothing of those who wait no more."""
        name = self._where[line]
        place = self._places[name]
        if line not in place.lines and line not in place.going:
            del self._where[line]
        if not place.lines and not place.going:
            _disarm(place)
            del self._places[name]

    # --- going -------------------------------------------------------------------------------------

    def _open(self, place: _Place) -> None:
        place.is_open = True
        _disarm(place)
        self._follow(place)

    def _follow(self, place: _Place) -> None:
        """Several lines at a time, and whoever comes later waits behind those who wait."""
        while place.is_open and len(place.going) < LINES_AT_ONCE and (line := place.next_line()) is not None:
            self._go(place, line, 0, is_look=False)

    def _go(self, place: _Place, line: Line, index: int, is_look: bool) -> None:
        waiting = place.lines.pop(line)
        one = place.going[line] = waiting.pop(index)
        if waiting:
            place.lines[line] = waiting  # behind all others
        self._send(one, is_look)

    def _look(self, name: str, place: _Place) -> None:
        line = place.next_line()
        if line is None or place.going or place.is_open:
            return
        waiting = place.lines[line]
        is_others = place.looks % OTHERS_TURN == OTHERS_TURN - 1 and not waiting[0].keeps_order
        place.looked_ms = self._clock.now_ms()
        place.look_ms = place.looked_ms + self._patience_ms(place.looked_ms - place.since_ms)
        place.looks += 1
        self._let_through(name)
        self._go(place, line, place.looks // OTHERS_TURN % len(waiting) if is_others else 0, is_look=True)

    def _patience_ms(self, away_ms: int) -> int:
        wait_ms = min(max(FIRST_WAIT_MS, away_ms // SHARE), LONGEST_WAIT_MS)
        return wait_ms + int(self._entropy.seed()[-4:], 16) * wait_ms // (2 << 16)

    # --- time --------------------------------------------------------------------------------------

    def _arm(self, name: str, place: _Place) -> None:
        """For the next look, or for those who are given up before."""
        _disarm(place)
        due = [one.until_ms for one in place.waiting() if one.until_ms is not None]
        if place.lines and not place.going:
            due.append(place.look_ms)
        if due and not place.is_open:
            place.call_ms = min(due)
            place.call = self._clock.call_at(place.call_ms, lambda: self._be_called(name, place))

    def _be_called(self, name: str, place: _Place) -> None:
        """Clocks may call sooner."""
        _disarm(place)
        now_ms = self._clock.now_ms()
        self._give_up(place, now_ms)
        if now_ms >= place.look_ms:
            self._look(name, place)
        if self._places.get(name) is place:
            self._arm(name, place)

    def _give_up(self, place: _Place, now_ms: int) -> None:
        late = [one for one in place.waiting() if one.until_ms is not None and one.until_ms <= now_ms]
        for one in late:
            assert one.line is not None
            place.lines[one.line].remove(one)
            if not place.lines[one.line]:
                del place.lines[one.line]
                self._tidy(one.line)
            self._send(one, False)


def _disarm(place: _Place) -> None:
    if place.call is not None:
        place.call.cancel()
        place.call = None
