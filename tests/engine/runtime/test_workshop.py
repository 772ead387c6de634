"""What the engine itself does about a second chance keeps nobody waiting."""

from __future__ import annotations

import asyncio
import threading
from threading import Thread

import pytest

from engine.core.messages import Done, Failed, Turn
from engine.core.model import Pico
from engine.runtime import workshop as workshops
from engine.runtime.crew import MOST_WAITING_EACH
from engine.runtime.orders import write_turn_order
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.in_loop import in_loop
from tests.engine.runtime.overruns import SMALL, Overrun, library_of, over, workshop


@in_loop
async def test_a_pico_is_written_down_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be large: with a hundred thousand channels that took the loop a second."""
    threads: list[Thread] = []

    def write(pico: Pico, turn: Turn) -> bytes:
        threads.append(threading.current_thread())
        return write_turn_order(pico, turn)

    monkeypatch.setattr(workshops, "write_turn_order", write)
    one = over("foreach 0.range(9999) setting(x) foreach 0.range(9) setting(y) noop()")
    async with workshop(library_of(one.bench)) as opened:
        assert isinstance(await one.retried(opened), Done)
    assert len(threads) == 1
    assert threads != [threading.main_thread()]


def hard_to_wake() -> Overrun:
    """A ruleset was opened with more than its pico has now, so it cannot be woken."""
    text = "ruleset a { global { xs = 0.range(5).map(function(n) { 0.range(400000).length() }) } }"
    bench = Bench(text, budget=Budget(steps=10_000_000))
    bench.budget = SMALL
    bench.forget()
    pico = bench.pico
    failed = bench.failed("d", "t")
    assert [one.code for one in failed.unable] == ["R701"]
    return Overrun(bench, pico, bench.turns[-1], failed)


@in_loop
async def test_a_ruleset_that_a_worker_can_wake_is_not_to_be_set_aside() -> None:
    one = hard_to_wake()
    async with workshop(library_of(one.bench)) as opened:
        assert isinstance(await one.retried(opened), Done)


@in_loop
async def test_where_there_are_no_workers_a_limit_is_final() -> None:
    """Else each turn of the pico would fail for ever."""
    one = hard_to_wake()
    async with workshop(library_of(one.bench), size=0) as opened:
        assert (await one.refused(opened)).unable == one.failed.unable


@in_loop
async def test_that_workers_have_too_much_to_do_says_nothing_of_a_ruleset() -> None:
    """The turn fails, and the next one may find a worker."""
    one = hard_to_wake()
    async with workshop(library_of(one.bench)) as opened:
        waiting = [asyncio.ensure_future(one.retried(opened)) for _ in range(MOST_WAITING_EACH + 2)]
        outcomes = await asyncio.gather(*waiting)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert refused
    assert [outcome.unable for outcome in refused] == [()] * len(refused)
