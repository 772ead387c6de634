"""Lines on their way to a pico: so many at once, and again when its engine is away or busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from engine.commands.client import EngineClient
from engine.commands.failure import Failure, NoEngine
from engine.commands.pipe_lines import BadLine, Line, Place, Wanted, digest_with, read_event

PASSING = frozenset({"quota", "draining", "undecided"})
"""How an engine refuses what it would take later."""
HOPELESS = frozenset({"unknown", "moved"})
"""What the next line would meet as well."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a line: an answer, or why there is none."""

    line: Line
    eid: str
    answer: Any = None
    problem: Failure | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends one line until it is answered."""

    engine: EngineClient
    eci: str
    wanted: Wanted
    place: Place
    waits: bool
    patience_s: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def send(self, line: Line) -> Settled:
        """Raises `Failure` when the next line would fare no better."""
        eid = self.place.eid(line)
        try:
            said = read_event(line, self.wanted)
        except BadLine as problem:
            return Settled(line, eid, problem=Failure(str(problem), code="bad-line"))
        send = self.engine.send_event if self.waits else self.engine.accept_event
        end, pause = self.clock() + self.patience_s, FIRST_PAUSE_S
        while True:
            try:
                return Settled(line, eid, send(self.eci, said.event, said.attributes, eid))
            except Failure as failure:
                if not isinstance(failure, NoEngine) and failure.code not in PASSING:
                    return _settle(line, eid, failure)
                if self.clock() + pause > end:
                    raise
            self.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _settle(line: Line, eid: str, failure: Failure) -> Settled:
    if failure.code in HOPELESS:
        raise failure
    return Settled(line, eid, problem=failure)


def send_all(sender: Sender, lines: Iterable[Line], at_once: int) -> Iterator[Settled]:
    """Each line once it is settled, and the place goes on as far as all before it are. One at a time they
    keep their order. No line is read before there is room for it. Raises `Failure`, when what else was under
    way is settled."""
    under_way: dict[Future[Settled], Line] = {}
    track = _Track(sender.place)
    with ThreadPoolExecutor(at_once) as threads:
        try:
            for line in lines:
                track.add(line)
                if line.is_empty:
                    track.settle(line)
                    continue
                under_way[threads.submit(sender.send, line)] = line
                if len(under_way) >= at_once:
                    yield from _reap(under_way, track)
            while under_way:
                yield from _reap(under_way, track)
        except Failure:
            yield from _last(under_way, track)
            raise


def _reap(under_way: dict[Future[Settled], Line], track: _Track) -> Iterator[Settled]:
    """What has come to an end, at least one."""
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda one: under_way[one].number):
        line = under_way.pop(future)
        settled = future.result()
        track.settle(line)
        yield settled


def _last(under_way: dict[Future[Settled], Line], track: _Track) -> Iterator[Settled]:
    """What else was under way when one gave up."""
    for future, line in under_way.items():
        if future.exception() is None:
            settled = future.result()
            track.settle(line)
            yield settled


class _Track:
    """Which lines are settled, and how far all are."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._digests: dict[int, str] = {}
        """By number: that up to and with this line."""
        self._settled: set[int] = set()
        self._digest = place.digest

    def add(self, line: Line) -> None:
        self._digest = digest_with(self._digest, line)
        self._digests[line.number] = self._digest

    def settle(self, line: Line) -> None:
        self._settled.add(line.number)
        while (following := self._place.line + 1) in self._settled:
            self._settled.remove(following)
            self._place.line, self._place.digest = following, self._digests.pop(following)
