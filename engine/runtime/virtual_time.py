"""Time that stands still until somebody moves it, for those who test what rulesets schedule.

On its way to where it is sent, time halts wherever a timer is due, until everything that follows from
that has happened: so each timer sees its own time, and what it schedules is not overtaken. How far time
has come is in the journal, and no restart turns it back.
"""

from __future__ import annotations

import asyncio
from asyncio import Lock
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.core.calendar import LIMIT_MS
from engine.core.messages import Refusal
from engine.core.timekeeping import to_iso
from engine.ports import Call, Journal, JournalFailed, SetFact

FACT = "virtual_time_ms"
"""What the journal calls it."""

START_MS = 0
"""Where time stands in a new home, until it is moved: the same on every machine and in every year."""

LONGEST_MOVE_S = 30.0
"""Picos can keep each other busy for ever, and a timer of every second has a long way to go."""


@dataclass(slots=True, eq=False)
class _Expected:
    """`engine.ports.Call`."""

    time_ms: int
    call: Callable[[], None]
    calls: list[_Expected]

    def cancel(self) -> None:
        if self in self.calls:
            self.calls.remove(self)


class VirtualClock:
    """`engine.ports.Clock`, which stands still but for `move_to`."""

    def __init__(self, time_ms: int) -> None:
        self._time_ms = time_ms
        self._calls: list[_Expected] = []

    def now_ms(self) -> int:
        return self._time_ms

    def call_at(self, time_ms: int, call: Callable[[], None]) -> Call:
        if time_ms <= self._time_ms:
            return asyncio.get_running_loop().call_soon(call)
        expected = _Expected(time_ms, call, self._calls)
        self._calls.append(expected)
        return expected

    def next_call_ms(self) -> int | None:
        """The earliest time at which a call is to come."""
        return min((one.time_ms for one in self._calls), default=None)

    def move_to(self, time_ms: int) -> None:
        """It is that time now, unless it is later already; calls that are due come."""
        self._time_ms = max(self._time_ms, time_ms)
        for one in [one for one in self._calls if one.time_ms <= self._time_ms]:
            one.cancel()
            one.call()


class VirtualTime:
    """The time of one engine: its clock, and the only hand that moves it."""

    def __init__(
        self,
        clock: VirtualClock,
        journal: Journal,
        wait_quiet: Callable[[], Awaitable[None]],
        longest_move_s: float = LONGEST_MOVE_S,
    ) -> None:
        """`wait_quiet` returns when picos have nothing left to do at the time it is."""
        self._clock = clock
        self._journal = journal
        self._wait_quiet = wait_quiet
        self._longest_move_s = longest_move_s
        self._moving = Lock()

    async def reach(self, time_ms: int) -> Refusal | None:
        """Let it be that time, unless it is later already.

        What was sent before is handled first, at its own time; then whatever falls due on the way.
        """
        if not 0 <= time_ms <= LIMIT_MS:
            return Refusal("malformed", f"{time_ms} is no time; times go from 0 to {LIMIT_MS}")
        async with self._moving:
            try:
                async with asyncio.timeout(self._longest_move_s):
                    await self._move_to(time_ms)
            except TimeoutError:
                return self._too_busy(time_ms)
            except JournalFailed as problem:
                return Refusal("draining", f"time cannot be kept: {problem}")
        return None

    async def _move_to(self, time_ms: int) -> None:
        await self._wait_quiet()
        while (moment_ms := self._clock.next_call_ms()) is not None and moment_ms <= time_ms:
            await self._halt_at(moment_ms)
        if time_ms > self._clock.now_ms():
            await self._halt_at(time_ms)

    async def _halt_at(self, time_ms: int) -> None:
        # Written first: what happens at that time is committed later, so it is never ahead of the clock.
        durable = self._journal.commit([SetFact(FACT, str(time_ms))])
        self._clock.move_to(time_ms)
        await self._wait_quiet()
        await durable

    def _too_busy(self, time_ms: int) -> Refusal:
        now = to_iso(self._clock.now_ms())
        return Refusal(
            "quota",
            f"after {self._longest_move_s:g} s it is {now}, not {to_iso(time_ms)}: picos are still busy",
            "send it again to go on; perhaps picos keep each other busy, or a timer comes very often",
        )


def virtual_clock(journal: Journal) -> VirtualClock:
    """A clock that stands where it stood when the engine last ran."""
    return VirtualClock(int(journal.fact(FACT) or START_MS))
