"""What is done in the background has a small share of the event loop, when others want it.

Sealing a pico and bringing it to other stores are some milliseconds of the loop, and as many in threads. As
long as the loop has time to spare that is nobody's concern. When it is busy, whoever works in the background
rests after each piece of work, so that what falls behind is the background and not the answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

BUSY = 0.4
"""The part of the time for which the loop computes, from which on it has none to spare: on a machine with two
processors whoever sends the events wants one as well."""
LOOK_S = 0.2
"""At least so long a time is looked at to know."""
LONGEST_REST_S = 5.0


class Background:
    """For one kind of work, of which several pieces may be under way: each has `share` of the loop's time."""

    def __init__(
        self,
        share: float,
        now: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        """`used` says what the thread of the caller has computed."""
        self._share = share
        self._now = now
        self._used = used
        self._looked: tuple[float, float] | None = None
        self._is_busy = False

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work comes to, after a rest if one is due. None is due when the work fails: whoever tries
        it again waits for longer."""
        began_s, steps = self._now(), _Steps(work, self._used)
        self._look()
        result = await steps
        if self._look():
            rest_s = steps.taken_s / self._share - (self._now() - began_s)
            if rest_s > 0:
                await asyncio.sleep(min(rest_s, LONGEST_REST_S))
        return result

    def _look(self) -> bool:
        """Whether the loop has no time to spare."""
        now_s, used_s = self._now(), self._used()
        if self._looked is None:
            self._looked = now_s, used_s
        elif (passed_s := now_s - self._looked[0]) >= LOOK_S:
            self._is_busy = (used_s - self._looked[1]) / passed_s > BUSY
            self._looked = now_s, used_s
        return self._is_busy


class _Steps(Generic[T]):
    """A coroutine, and how long it has computed in the loop, whatever it waits for in between."""

    def __init__(self, work: Coroutine[Any, Any, T], used: Callable[[], float]) -> None:
        self._work = work
        self._used = used
        self.taken_s = 0.0

    def __await__(self) -> Generator[Any, Any, T]:
        sent: Any = None
        problem: BaseException | None = None
        while True:
            began_s = self._used()
            try:
                wanted = self._work.send(sent) if problem is None else self._work.throw(problem)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self.taken_s += self._used() - began_s
            sent = problem = None
            try:
                sent = yield wanted
            except GeneratorExit:
                self._work.close()
                raise
            except BaseException as caught:
                problem = caught
