"""Time that is moved by hand: it never goes back, and overtakes nothing that is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.config import Settings
from engine.core.messages import Refusal
from engine.runtime.virtual_time import FACT, VirtualClock, VirtualTime
from engine.wiring import Engine, open_engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime import shop
from tests.engine.runtime.test_engine import ask, install, send
from tests.fakes.memory_journal import MemoryJournal

ALARM = """
ruleset alarm {
  meta { shares heard }
  global { heard = function() { ent:heard.defaultsTo([]) } }
  rule plan {
    select when alarm plan
    always { schedule alarm event "rings" at event:attrs{"at"} attributes {"again": event:attrs{"again"}} }
  }
  rule repeat {
    select when alarm repeat
    always { schedule alarm event "rings" repeat event:attrs{"cron"} }
  }
  rule hear {
    select when alarm rings
    always { ent:heard := heard().append(time:now()) }
  }
  rule plan_again {
    select when alarm rings where event:attrs{"again"}
    always { schedule alarm event "rings" at event:attrs{"again"} }
  }
}
"""


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Engine, VirtualTime]]:
    """An engine whose time is moved by hand."""
    engine = await open_engine(Settings(home=folder / "home", virtual_clock=True))
    try:
        assert engine.virtual_time is not None
        await install(engine.host, folder / "alarm.krl", ALARM)
        yield engine, engine.virtual_time
    finally:
        await engine.close()


async def heard(engine: Engine) -> Any:
    return await ask(engine.host, "alarm/heard")


@in_loop
async def test_what_is_due_has_happened_when_time_has_moved(tmp_path: Path) -> None:
    """Not before, and once."""
    async with opened(tmp_path) as (engine, time):
        await send(engine.host, "alarm:plan", {"at": "1970-01-02T00:00:00Z"})
        assert await time.reach(86_399_999) is None
        assert await heard(engine) == []
        for time_ms in (86_400_000, 86_400_000, 90_000_000):
            assert await time.reach(time_ms) is None
            assert await heard(engine) == ["1970-01-02T00:00:00.000Z"]


@in_loop
async def test_everything_on_the_way_happens_at_its_own_time(tmp_path: Path) -> None:
    """In one leap: a repetition each time, and also what a timer schedules that was due itself."""
    async with opened(tmp_path) as (engine, time):
        await send(engine.host, "alarm:repeat", {"cron": "0 * * * *"})
        await send(engine.host, "alarm:plan", {"at": 4_000_000.0, "again": 4_000_001.0})
        assert await time.reach(3 * 3_600_000) is None
        assert await heard(engine) == [
            "1970-01-01T01:00:00.000Z",
            "1970-01-01T01:06:40.000Z",
            "1970-01-01T01:06:40.001Z",
            "1970-01-01T02:00:00.000Z",
            "1970-01-01T03:00:00.000Z",
        ]


@in_loop
async def test_what_was_accepted_before_is_handled_at_its_own_time(tmp_path: Path) -> None:
    """Time waits for those whom nobody else waits for."""
    async with opened(tmp_path) as (engine, time):
        host = engine.host
        await time.reach(5000)
        for _ in range(3):
            await host.accept_event(host.root_eci(), "alarm", "rings", {})
        await time.reach(6000)
        assert await heard(engine) == ["1970-01-01T00:00:05.000Z"] * 3


@in_loop
async def test_time_waits_for_what_has_been_asked_of_the_web() -> None:
    """And for what comes of the answer, until that is on disk."""
    web, journal = shop.Patient(shop.Bank()), MemoryJournal(await shop.shop())
    host = await shop.start(journal, web)
    await shop.send(host, "shop:order", n=7)
    waiting = asyncio.ensure_future(host.wait_quiet())
    await shop.settle()
    assert not waiting.done()
    journal.hold()
    web.may_answer.set()
    await shop.settle()
    assert not waiting.done()
    journal.release()
    await waiting
    assert (await shop.ask(host, "seen"))["back"] == [7.0]


@in_loop
async def test_requests_that_come_together_move_time_one_after_the_other(tmp_path: Path) -> None:
    """Whichever comes first, each returns when what was due by its time has happened."""
    async with opened(tmp_path) as (engine, time):
        await send(engine.host, "alarm:repeat", {"cron": "* * * * *"})

        async def count_at(minutes: int) -> int:
            await time.reach(minutes * 60_000)
            return len(await heard(engine))

        counts = await asyncio.gather(*map(count_at, (5, 2, 9)))
        assert all(count >= minutes for count, minutes in zip(counts, (5, 2, 9), strict=True))
        assert len(await heard(engine)) == 9


@in_loop
async def test_time_never_goes_back(tmp_path: Path) -> None:
    """Not when it is sent to the past, and not by a restart."""
    async with opened(tmp_path) as (engine, time):
        await time.reach(5000)
        await time.reach(1000)
        await send(engine.host, "alarm:rings")
        assert await heard(engine) == ["1970-01-01T00:00:05.000Z"]
    async with opened(tmp_path) as (engine, _):
        await send(engine.host, "alarm:rings")
        assert await heard(engine) == ["1970-01-01T00:00:05.000Z"] * 2


@in_loop
async def test_an_engine_as_most_are_has_no_such_time(tmp_path: Path) -> None:
    """Its time is the time of day."""
    engine = await open_engine(Settings(home=tmp_path / "home"))
    assert engine.virtual_time is None
    await engine.close()


@pytest.mark.parametrize("time_ms", [-1, 8_640_000_000_000_001])
@in_loop
async def test_what_is_no_time_is_refused(time_ms: int) -> None:
    """Times go from 1970 to where those of JavaScript end."""
    clock, journal = VirtualClock(0), MemoryJournal()
    refused = await VirtualTime(clock, journal, at_once).reach(time_ms)
    assert isinstance(refused, Refusal)
    assert refused.kind == "malformed"
    assert (clock.now_ms(), journal.fact(FACT)) == (0, None)


async def at_once() -> None:
    """As with picos that have nothing to do."""


@in_loop
async def test_picos_that_do_not_come_to_rest_hold_time_up_but_nobody_for_ever() -> None:
    """The request is refused, says how far time has come, and can be sent again."""
    clock, journal, rested = VirtualClock(0), MemoryJournal(), asyncio.Event()
    rested.set()
    clock.call_at(1000, rested.clear)

    async def wait_rested() -> None:
        await rested.wait()

    refused = await VirtualTime(clock, journal, wait_rested, longest_move_s=0).reach(5000)
    assert isinstance(refused, Refusal)
    assert refused.kind == "quota"
    assert refused.reason.startswith("after 0 s it is 1970-01-01T00:00:01.000Z, not 1970-01-01T00:00:05.000Z")
    rested.set()
    assert await VirtualTime(clock, journal, wait_rested).reach(5000) is None
    assert (clock.now_ms(), journal.fact(FACT)) == (5000, "5000")


@in_loop
async def test_time_that_cannot_be_kept_is_not_granted() -> None:
    """A disk that refuses ends the engine's work, and says so here as everywhere."""
    journal = MemoryJournal()
    await journal.close()
    refused = await VirtualTime(VirtualClock(0), journal, at_once).reach(5000)
    assert isinstance(refused, Refusal)
    assert refused.kind == "draining"
