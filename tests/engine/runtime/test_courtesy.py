"""A pico that keeps the event loop to itself for long has its neighbours go first for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from engine.core.messages import Outcome, Turn
from engine.core.model import Pico, PicoId
from engine.core.programs import Instances
from engine.runtime.courtesy import (
    BACKLOG,
    COMPANY_S,
    CREDIT_S,
    FELT,
    FREE_S,
    LONG_S,
    LONGEST_WAIT_S,
    REST,
    RUNAWAY_S,
    SHARE,
    STINT,
    STINT_S,
    STRETCH_S,
    Company,
    Dues,
    Metered,
    Stints,
    beside,
    let_others,
)
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import prepared_disk, start_shell
from tests.engine.runtime.test_overruns import Helper

ANN, BOB = PicoId("ann"), PicoId("bob")


@dataclass
class Machine:
    """A clock on the wall, and how much of it the loop's thread has computed."""

    wall_s: float = 1_000.0
    busy_s: float = 0.0

    def compute(self, seconds: float) -> None:
        self.wall_s += seconds
        self.busy_s += seconds

    def pass_by(self, seconds: float) -> None:
        self.wall_s += seconds

    def computing(self, seconds: float) -> Callable[[], None]:
        return lambda: self.compute(seconds)


def on_machine() -> tuple[Machine, Company]:
    machine = Machine()
    return machine, Company(lambda: machine.wall_s, lambda: machine.busy_s)


def test_what_is_usual_costs_nothing() -> None:
    """However often it happens."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    for _ in range(1_000):
        company.note(BOB)
        company.note(ANN)
        ann.measure(machine.computing(FREE_S))
    assert ann.wait_s() == 0


def test_a_long_stretch_now_and_then_costs_nothing() -> None:
    """So long as they stay a small share of the time."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    for _ in range(100):
        company.note(BOB)
        ann.measure(machine.computing(FREE_S + CREDIT_S * 0.99))
        assert ann.wait_s() == 0
        machine.pass_by(CREDIT_S / SHARE)


def test_long_stretches_are_followed_by_long_waits() -> None:
    """So that they take no more than their share of the time."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    start_s = machine.wall_s
    for _ in range(100):
        company.note(BOB)
        machine.pass_by(ann.wait_s())
        ann.measure(machine.computing(FREE_S + 0.02))
    machine.pass_by(ann.wait_s())
    assert (100 * 0.02 - CREDIT_S) / (machine.wall_s - start_s) == pytest.approx(SHARE, rel=0.02)


def test_nobody_waits_for_ever() -> None:
    """Whatever a pico has done."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    company.note(BOB)
    ann.measure(machine.computing(0.9))
    assert ann.wait_s() == LONGEST_WAIT_S


def test_a_pico_that_is_alone_does_not_wait() -> None:
    """Neither before it had a neighbour nor when that one has gone quiet."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    company.note(ANN)
    ann.measure(machine.computing(0.9))
    assert ann.wait_s() == 0
    company.note(BOB)
    company.note(ANN)
    assert ann.wait_s() > 0
    machine.pass_by(COMPANY_S)
    assert ann.wait_s() == 0


def test_a_ruleset_that_always_runs_away_does_it_seldom() -> None:
    """Wherever its turns are run: the first is nobody's concern."""
    _, company = on_machine()
    ann = Dues(ANN, company)
    company.note(BOB)
    ann.charge_runaway()
    assert ann.wait_s() == 0
    ann.charge_runaway()
    ann.charge_runaway()
    assert ann.wait_s() == pytest.approx(RUNAWAY_S / SHARE)


def test_a_pico_with_much_to_say_to_itself_rests_now_and_then() -> None:
    """A quarter of the time is enough for it, while it has neighbours. A short backlog and one that others
    make are got on with at once."""
    _, company = on_machine()
    ann = Stints(ANN, company)
    company.note(ANN)
    assert not any(ann.rest_s(BACKLOG + 1, is_own=True) for _ in range(100))
    company.note(BOB)
    rests = [ann.rest_s(BACKLOG + 1, is_own=True) for _ in range(100 * (STINT + 1))]
    assert [round(rest_s / STINT_S) for rest_s in rests if rest_s] == [REST] * 100
    assert not any(ann.rest_s(BACKLOG, is_own=True) for _ in range(100))
    assert not any(ann.rest_s(10 * BACKLOG, is_own=False) for _ in range(100))


@in_loop
async def test_a_thread_lets_others_have_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """For most of the time if the pico for which it computes has neighbours, for moments if it has none."""
    _, company = on_machine()
    slept: list[float] = []

    def compute() -> None:
        for _ in range(20_000):
            let_others()

    async def compute_for(pico: PicoId) -> None:
        company.compute_for(pico)
        await asyncio.to_thread(compute)

    monkeypatch.setattr(time, "sleep", slept.append)
    company.note(ANN)
    await asyncio.create_task(compute_for(ANN))
    assert slept
    assert not any(slept)
    slept.clear()
    await asyncio.create_task(compute_for(BOB))
    assert slept
    assert all(seconds >= STRETCH_S * REST for seconds in slept)
    slept.clear()
    await asyncio.to_thread(compute)
    assert not any(slept)


@in_loop
async def test_what_a_thread_computes_is_charged_in_part() -> None:
    """Whatever it gives; and a failure comes out as it is."""
    _, company = on_machine()
    ann = Dues(ANN, company)
    company.note(BOB)
    assert await beside(ann, lambda text: text.upper(), "done") == "DONE"
    ann.charge_beside((CREDIT_S + 0.001) / FELT)
    assert ann.wait_s() >= 0.001 / SHARE * 0.99
    with pytest.raises(KeyError):
        await beside(ann, {}.__getitem__, "nothing")


@in_loop
async def test_what_a_snapshot_may_take_is_not_charged() -> None:
    """So a large family grows without waits, though it is written as a whole now and then."""
    _, company = on_machine()
    ann = Dues(ANN, company)
    company.note(BOB)

    def compute() -> None:
        end_s = time.thread_time() + (CREDIT_S + 0.002) / FELT
        while time.thread_time() < end_s:
            pass

    await beside(ann, compute, free_s=60.0)
    assert ann.wait_s() == 0
    await beside(ann, compute)
    assert ann.wait_s() > 0


@in_loop
async def test_work_is_charged_for_its_steps_and_not_for_its_waits() -> None:
    """Each step for itself, so that many short ones cost nothing."""
    machine, company = on_machine()
    ann = Dues(ANN, company)
    company.note(BOB)

    async def work() -> None:
        for _ in range(100):
            machine.compute(FREE_S)
            machine.pass_by(1.0)
            await asyncio.sleep(0)
        machine.compute(FREE_S + CREDIT_S + 0.001)
        await asyncio.sleep(0)

    await _await(Metered(work(), ann))
    company.note(BOB)
    assert ann.wait_s() == pytest.approx(0.001 / SHARE)


@in_loop
async def test_what_happens_to_charged_work_happens_as_without() -> None:
    """What it waits for may fail, it may fail itself, and it may be cancelled."""
    _, company = on_machine()
    seen: list[str] = []

    async def work(problem: asyncio.Future[None]) -> None:
        try:
            await problem
        except OSError:
            seen.append("told")
            await asyncio.sleep(0)
            raise KeyError from None
        finally:
            seen.append("ended")

    problem: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    failing = asyncio.ensure_future(_await(Metered(work(problem), Dues(ANN, company))))
    await asyncio.sleep(0)
    problem.set_exception(OSError())
    with pytest.raises(KeyError):
        await failing
    endless = asyncio.get_running_loop().create_future()
    cancelled = asyncio.ensure_future(_await(Metered(work(endless), Dues(ANN, company))))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert seen == ["told", "ended", "ended"]


async def _await(work: Metered) -> None:
    await work


@in_loop
async def test_a_neighbour_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pico's own events wait, in their order, and are all answered."""
    machine, company = on_machine()
    shell = await start_shell(prepared_disk("ann", "bob"), company=company)
    react = shell.kernel.react

    def slowly(pico: Pico, turn: Turn, opened: Instances[Any]) -> Outcome:
        machine.compute(FREE_S + CREDIT_S + 0.0001 if pico.id == ANN else 0)
        return react(pico, turn, opened)

    monkeypatch.setattr(shell.kernel, "react", slowly)
    await shell.add("bob")
    assert await shell.add("ann") == 1
    waiting = [asyncio.ensure_future(shell.add("ann")) for _ in range(2)]
    for times in range(2, 20):
        assert await shell.add("bob") == times
    assert not any(one.done() for one in waiting)
    machine.pass_by(LONGEST_WAIT_S)
    assert await asyncio.gather(*waiting) == [2, 3]


@in_loop
async def test_a_small_pico_that_computes_much_goes_to_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of waiting after each of its turns."""
    machine, company = on_machine()
    helper = Helper()
    shell = await start_shell(prepared_disk("ann", "bob"), second_chance=helper, company=company)
    react = shell.kernel.react

    def slowly(pico: Pico, turn: Turn, opened: Instances[Any]) -> Outcome:
        machine.compute(LONG_S + CREDIT_S * 0.4 if pico.id == ANN else 0)
        return react(pico, turn, opened)

    monkeypatch.setattr(shell.kernel, "react", slowly)
    for times in range(1, 4):
        assert await shell.add("bob") == times
        assert await shell.add("ann") == times
    assert helper.given == []
    assert await shell.add("bob") == 4
    await shell.do("ann", "add")
    assert helper.given == ["add"]
