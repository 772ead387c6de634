"""Random lives with timers, compared with a list that is looked through second by second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tests.engine.runtime.shell import ROOT, prepared_disk, start_shell
from tests.engine.runtime.test_alarms import fired, remind, restart
from tests.fakes.clock import SetClock

START_S = SetClock().now_ms() // 1000
Happened = list[tuple[int, int]]
"""When, in seconds, and the number of the wish."""


@dataclass
class Wish:
    """What somebody scheduled: for a second, or for all that divide by a number."""

    kind: str
    seconds: int

    def is_due(self, second: int) -> bool:
        return second == self.seconds if self.kind == "at" else second % 60 % self.seconds == 0


@dataclass
class Model:
    """The plainest reading of the reference: at every second, look at every wish."""

    now_s: int = START_S
    wishes: list[Wish | None] = field(default_factory=list)
    happened: Happened = field(default_factory=list)

    def at(self, wait_s: int) -> None:
        self.wishes.append(Wish("at", max(self.now_s, self.now_s + wait_s)))
        self._happen(self.now_s if wait_s <= 0 else None, len(self.wishes) - 1)

    def repeat(self, every_s: int) -> None:
        self.wishes.append(Wish("repeat", every_s))

    def forget(self, which: int) -> None:
        if self.wishes:
            self.wishes[which % len(self.wishes)] = None

    def live(self, span_s: int) -> None:
        for _ in range(span_s):
            self.now_s += 1
            for number, wish in enumerate(self.wishes):
                self._happen(self.now_s if wish and wish.is_due(self.now_s) else None, number)

    def leap(self, span_s: int) -> None:
        """What became due meanwhile happens now, once."""
        self._skip(span_s, lambda wish: True)

    def restart(self, span_s: int) -> None:
        """The same, but for repetitions; one that is due at the very second of the start is not missed."""
        self._skip(span_s, lambda wish: wish.kind == "at" or wish.is_due(self.now_s))

    def _skip(self, span_s: int, may_happen: Callable[[Wish], bool]) -> None:
        seconds = range(self.now_s + 1, self.now_s + span_s + 1)
        self.now_s += span_s
        for number, wish in enumerate(self.wishes):
            if wish and any(map(wish.is_due, seconds)) and may_happen(wish):
                self._happen(self.now_s, number)

    def _happen(self, second: int | None, number: int) -> None:
        wish = self.wishes[number]
        if second is not None and wish is not None:
            self.happened.append((second, number))
            if wish.kind == "at":
                self.wishes[number] = None


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.just("at"), st.integers(-5, 30))
    | st.tuples(st.just("repeat"), st.sampled_from([1, 7, 20, 30]))
    | st.tuples(st.just("forget"), st.integers(0, 5))
    | st.tuples(st.sampled_from(["live", "leap", "restart"]), st.integers(0, 40)),
    max_size=12,
)


async def play(plan: Sequence[Step]) -> Happened:
    """What happens in an engine; `live` is time that passes, `leap` a machine that sleeps through it."""
    shell = await start_shell(prepared_disk())
    names: list[str] = []
    for what, number in plan:
        now_ms = shell.clock.now_ms()
        match what:
            case "at":
                names.append(await remind(shell, at=float(now_ms + 1000 * number)))
            case "repeat":
                names.append(await remind(shell, repeat=f"*/{number} * * * * *"))
            case "forget" if names:
                await shell.do(ROOT, "forget", timer=names[number % len(names)])
            case "live":
                await shell.live_until(now_ms + 1000 * number)
            case "leap":
                shell.clock.move_to(now_ms + 1000 * number)
            case "restart":
                shell = await restart(shell, now_ms + 1000 * number)
        await shell.settle()
    events: list[Any] = list(fired(shell.journal.disk))
    return [(time_ms // 1000, names.index(event.timer)) for event, time_ms in events]


@settings(max_examples=examples(100))
@given(steps)
def test_what_is_scheduled_happens_as_the_model_says(plan: list[Step]) -> None:
    """Each at its second, once, over any number of restarts; of those due together, in any order."""
    model = Model()
    for what, number in plan:
        getattr(model, what)(number)
    assert sorted(asyncio.run(play(plan))) == sorted(model.happened)
