"""A crash at every commit of a life with timers, before it is durable and after."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, prepared_disk, start_shell
from tests.engine.runtime.test_alarms import MINUTE_MS, NEXT_MINUTE_MS, NOW_MS, fired, remind
from tests.fakes.clock import SetClock
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.memory_journal import Disk
from tests.fakes.tally_kernel import DOMAIN

NEVER = 10**9
MOMENTS = [NOW_MS, NOW_MS + 100, NOW_MS + 200, *(NEXT_MINUTE_MS + number * MINUTE_MS for number in range(3))]
"""When something is due."""


async def planned() -> Disk:
    """Three events that count, one that tells a neighbour, and one that fails every minute."""
    shell = await start_shell(prepared_disk("ann"), clock=SetClock(NOW_MS - 1))
    for time_ms in (NOW_MS, NOW_MS + 100, NOW_MS + 100):
        await remind(shell, at=float(time_ms))
    await remind(shell, event="tell", at=float(NOW_MS + 200), attrs={"to": "ann", "event": "add"})
    await remind(shell, event="fail", repeat="* * * * *")
    await shell.host.drain()
    return shell.journal.disk


async def live(journal: CrashingJournal, clock: SetClock) -> Shell:
    """From moment to moment until the crash, if there is one."""
    shell = await start_shell(journal=journal, clock=clock)
    await shell.settle()
    for time_ms in MOMENTS:
        if not journal.crashed.is_set() and clock.now_ms() < time_ms:
            await shell.live_until(time_ms)
            await shell.settle()
    return shell


async def check(shell: Shell, crash: str) -> None:
    """What there is at the end of the day, whatever happened in between."""
    happened = list(fired(shell.journal.disk))
    assert len({event.eid for event, _ in happened}) == len(happened), crash
    assert sorted(time_ms for _, time_ms in happened) == sorted([*MOMENTS, MOMENTS[1]]), crash
    assert (await shell.total(ROOT), await shell.total("ann")) == (3, 1), crash
    assert [pico for pico, _ in shell.journal.disk.timers] == [ROOT_ID], crash
    assert set(shell.journal.disk.timers.values()) == {MOMENTS[-1] + MINUTE_MS}, crash


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_whenever_the_engine_dies_every_scheduled_event_happens_exactly_once(when: When) -> None:
    """It is started again at the same moment, and lives on."""
    quiet = CrashingJournal(await planned(), NEVER, when)
    await check(await live(quiet, SetClock(NOW_MS)), "no crash")
    assert quiet.commits == len(MOMENTS) + 2
    for at in range(1, quiet.commits + 1):
        journal = CrashingJournal(await planned(), at, when)
        clock = SetClock(NOW_MS)
        await live(journal, clock)
        assert journal.crashed.is_set()
        again = await live(CrashingJournal(journal.disk, NEVER, when), clock)
        await check(again, f"crash {when} commit {at}")


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_a_schedule_is_there_whole_or_not_at_all(when: When) -> None:
    """The timer on the pico, and the entry by which the journal finds it."""
    disk = prepared_disk()
    journal = CrashingJournal(disk, 1, when)
    shell = await start_shell(journal=journal)
    wish = {"event": "add", "at": float(NOW_MS + 100)}
    planning = asyncio.ensure_future(shell.host.run_event(ROOT, DOMAIN, "remind", wish))
    await journal.crashed.wait()
    planning.cancel()

    again = await start_shell(disk, clock=SetClock(NOW_MS + 100))
    await again.settle()
    assert await again.total(ROOT) == (1 if when == "after" else 0)
    assert disk.timers == {}
