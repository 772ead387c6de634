"""What a pico owes its neighbours for the time in which it kept the event loop to itself.

A turn of the usual kind takes a fraction of a millisecond, and nobody notices. One that takes long is not cut
short, but the pico has to wait after it, so that such stretches stay a small part of the time and a
neighbour meets one of them once in a hundred events or less. Alone on its engine a pico never waits. One that
is small and computes much gets a way out: a worker, which is nobody's neighbour.

What counts is processor time of the loop's own thread, without that of looking for garbage. So a pico pays
neither for what it leaves to others, a worker or the disk, nor for a machine that has other things to do.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from engine.core.model import PicoId
from pico_lang.processor_time import own_s

FREE_S = 0.008
"""Of each stretch. A parent of ten thousand, whose every birth goes through its whole family, has turns of
six milliseconds; one that does nothing worse is not to be kept from its work."""
LONG_S = 0.003
"""The same where there is a better place than the loop."""
FELT = 0.25
"""Of what a thread computes the loop notices so much, since only one of the two can have the interpreter."""
RUNAWAY_S = 0.005
"""For a turn that had to be ended, wherever it ran: so a ruleset that runs away whenever it is called does it
twice a second, and the machine has its processors for others."""
SHARE = 0.01
"""Of the time, that what goes beyond it may take."""
CREDIT_S = 0.010
"""That a pico may be behind with: one long stretch now and then is nobody's concern."""
LONGEST_WAIT_S = 5.0
COMPANY_S = 1.0
"""For so long after its last turn a pico counts as a neighbour."""

STRETCH_S = 0.0002
"""For so long a thread computes beside the loop before it lets go of the interpreter."""
LONGEST_STRETCH_S = 0.005
"""That counts: a thread may have done other things before."""
REST = 3
"""Times as long as what was done for a pico, the next of it waits when there are neighbours and nobody from
outside waits for it: then it has a quarter of the loop, the interpreter or the disk at the most."""

BACKLOG = 100
"""Events that a pico has sent itself and gets on with without rests."""
STINT = 2
STINT_S = 0.002
"""Of a longer backlog, turns between two rests, and about how long they keep the loop and the disk. With
more of them a neighbour would meet two commits in a row."""

Now = Callable[[], float]
Result = TypeVar("Result")


class Company:
    """Who had turns lately on this engine."""

    __slots__ = ("_latest", "_latest_s", "_other_s", "_rest", "now", "processor_s")

    def __init__(self, now: Now = time.monotonic, processor_s: Now = own_s, rest: float = REST) -> None:
        self.now = now
        self.processor_s = processor_s
        self._rest = rest
        self._latest: PicoId | None = None
        self._latest_s = self._other_s = -COMPANY_S
        """When the pico that was last had its last turn, and when any other did."""

    def note(self, pico: PicoId) -> None:
        """It has a turn now."""
        if pico != self._latest:
            self._latest, self._other_s = pico, self._latest_s
        self._latest_s = self.now()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody had a turn lately."""
        return self.now() - self._latest_s > COMPANY_S

    def has(self, pico: PicoId) -> bool:
        """Whether there are others whom it could keep waiting."""
        last_s = self._other_s if pico == self._latest else self._latest_s
        return self.now() - last_s < COMPANY_S

    def rest_s(self, pico: PicoId, taken_s: float) -> float:
        """How long to leave to others what was used for a pico for so long."""
        return taken_s * self._rest if self.has(pico) else 0.0

    def compute_for(self, pico: PicoId) -> None:
        """From now on this task, and the threads that it begins, compute for a pico: see `let_others`."""
        _rest_s.set(partial(self.rest_s, pico))


_rest_s: ContextVar[Callable[[float], float]] = ContextVar("rest_s", default=lambda taken_s: 0.0)
_stretch = threading.local()


@contextmanager
def resting(share: float) -> Iterator[None]:
    """The threads that this task begins meanwhile leave to others so much of what they take, whoever is
    there: see `let_others`."""
    before = _rest_s.set(lambda taken_s: taken_s * share)
    try:
        yield
    finally:
        _rest_s.reset(before)


def let_others() -> None:
    """In a thread beside the loop, often: let go of the interpreter now and then, for longer if the pico for
    which this is has neighbours. Each thing of theirs needs the interpreter several times."""
    taken_s = time.thread_time() - getattr(_stretch, "began_s", 0.0)
    if taken_s >= STRETCH_S:
        time.sleep(_rest_s.get()(min(taken_s, LONGEST_STRETCH_S)))
        _stretch.began_s = time.thread_time()


def unmeasured() -> Company:
    """Where nobody is made to wait: time stands still, or is the test's."""
    return Company(processor_s=lambda: 0.0, rest=0.0)


class Dues:
    """Of one pico, in seconds of processor time."""

    __slots__ = ("_company", "_free_s", "_owed_s", "_pico", "_since_s")

    def __init__(self, pico: PicoId, company: Company, free_s: float = FREE_S) -> None:
        self._pico = pico
        self._company = company
        self._free_s = free_s
        self._owed_s = 0.0
        self._since_s = 0.0

    def measure(self, work: Callable[[], None]) -> float:
        """Do something for that pico alone; how long it took."""
        start_s = self._company.processor_s()
        try:
            work()
        finally:
            taken_s = self._company.processor_s() - start_s
            self.charge(taken_s)
        return taken_s

    def charge(self, stretch_s: float) -> None:
        """It had the loop for so long."""
        if stretch_s > self._free_s:
            self._owe(stretch_s - self._free_s)

    def charge_beside(self, seconds: float) -> None:
        """A thread has computed for it beside the loop, so long."""
        self._owe(seconds * FELT)

    def _owe(self, seconds: float) -> None:
        self._owed_s = self._owed() + seconds
        self._since_s = self._company.now()

    def charge_runaway(self) -> None:
        """One of its turns had to be ended."""
        self._owe(RUNAWAY_S)

    @property
    def are_pressing(self) -> bool:
        """Whether it owes more than it should."""
        return self._owed() > CREDIT_S and self._company.has(self._pico)

    def wait_s(self) -> float:
        """How long it has to wait from now on before its next turn."""
        if self._owed_s <= CREDIT_S:
            return 0.0
        behind_s = self._owed() - CREDIT_S
        if behind_s <= 0 or not self._company.has(self._pico):
            return 0.0
        return min(behind_s / SHARE, LONGEST_WAIT_S)

    def _owed(self) -> float:
        if not self._owed_s:
            return 0.0
        return max(0.0, self._owed_s - SHARE * (self._company.now() - self._since_s))


class Stints:
    """The turns of one pico that has sent itself more than it gets on with.

    What others have sent it is never let lie: it may be the one to whom thousands report.
    """

    __slots__ = ("_company", "_pico", "_turns")

    def __init__(self, pico: PicoId, company: Company) -> None:
        self._pico = pico
        self._company = company
        self._turns = 0
        """Since the last rest."""

    def rest_s(self, waiting: int, is_own: bool) -> float:
        """How long to rest before the next turn, when so many events wait and the first is its own or not."""
        if waiting <= BACKLOG or not is_own:
            return 0.0
        self._turns += 1
        if self._turns <= STINT:
            return 0.0
        self._turns = 0
        return self._company.rest_s(self._pico, STINT_S)


async def beside(dues: Dues, work: Callable[..., Result], *given: Any, free_s: float = 0.0) -> Result:
    """What takes long, computed in a thread and charged, but for so much."""

    def timed() -> tuple[Result, float]:
        start_s = time.thread_time()
        return work(*given), time.thread_time() - start_s

    result, taken_s = await asyncio.to_thread(timed)
    dues.charge_beside(max(0.0, taken_s - free_s))
    return result


class Metered:
    """A coroutine whose every step is charged, whatever it waits for in between."""

    def __init__(self, work: Coroutine[Any, Any, None], dues: Dues) -> None:
        self._work = work
        self._dues = dues

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[], Any] = partial(self._work.send, None)
        while True:
            waits_for: list[Any] = []
            try:
                self._dues.measure(lambda: waits_for.append(step()))  # noqa: B023 – called at once
            except StopIteration:
                return
            try:
                step = partial(self._work.send, (yield waits_for[0]))
            except GeneratorExit:
                self._work.close()
                raise
            except BaseException as problem:
                step = partial(self._work.throw, problem)
