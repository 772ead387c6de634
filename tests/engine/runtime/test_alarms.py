"""Timers fire when it is time, once, and nobody else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.core.births import new_pico
from engine.core.messages import Event
from engine.core.model import Channel, Eci, Pico, PicoId, Policy, PolicyEntry, Rid, Timer
from engine.core.records import decode_record
from engine.core.scheduling import firing
from engine.runtime import alarms
from engine.runtime.residents import Limits
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, born, prepared_disk, start_shell, with_channel
from tests.fakes.clock import SetClock
from tests.fakes.memory_journal import Disk
from tests.fakes.tally_kernel import DOMAIN

NOW_MS = SetClock().now_ms()
MINUTE_MS = 60_000
EVERY_MINUTE = "* * * * *"
NEXT_MINUTE_MS = NOW_MS // MINUTE_MS * MINUTE_MS + MINUTE_MS


async def remind(shell: Shell, eci: str = ROOT, event: str = "add", **timing: object) -> str:
    """Have a pico schedule an event for itself; the name of the timer."""
    reply = await shell.do(eci, "remind", event=event, **timing)
    await shell.settle()
    name: str = reply.directives[0]["timer"]
    return name


def with_timers(name: str, count: int, event: str = "add", due_ms: int = NOW_MS) -> Pico:
    """A pico with a channel of its name and timers that are due together."""
    names = [f"{name}-{number}" for number in range(count)]
    timers = {
        one: Timer(one, Rid(DOMAIN), "at", due_ms, due_ms, Eci(name), DOMAIN, event, {"url": name})
        for one in names
    }
    return replace(with_channel(name), timers=timers)


def disk_with(*picos: Pico) -> Disk:
    disk = prepared_disk()
    for pico in picos:
        for write in born(pico):
            disk.write(write)
    return disk


def fired(disk: Disk, pico: PicoId = ROOT_ID) -> Iterator[tuple[Event, int]]:
    """The scheduled events that a pico has handled, and when."""
    for _, body in disk.records.get(pico, {}).values():
        turn = decode_record(body).turn
        if turn.event.timer is not None:
            yield turn.event, turn.inputs.time_ms


def times(disk: Disk) -> list[int]:
    return [time_ms for _, time_ms in fired(disk)]


# --- when ------------------------------------------------------------------------------------------


@in_loop
async def test_an_event_happens_when_it_is_due_and_not_before() -> None:
    """Its turn has the time, and an id that follows from pico, timer and time."""
    shell = await start_shell()
    name = await remind(shell, at=float(NOW_MS + 500))
    timer = Timer(name, Rid(DOMAIN), "at", NOW_MS + 500, NOW_MS + 500, Eci("root"), DOMAIN, "add", {})
    await shell.live_until(NOW_MS + 499)
    assert await shell.total(ROOT) == 0
    await shell.live_until(NOW_MS + 500)
    assert list(fired(shell.journal.disk)) == [(firing(ROOT_ID, timer), NOW_MS + 500)]
    assert await shell.total(ROOT) == 1
    assert shell.journal.disk.timers == {}


@in_loop
async def test_a_time_that_has_passed_is_due_at_once() -> None:
    shell = await start_shell()
    await remind(shell, at=5.0)
    assert times(shell.journal.disk) == [NOW_MS]


@in_loop
async def test_nothing_fires_before_it_is_durably_scheduled() -> None:
    """The disk is slow; what it does not have yet is not there yet."""
    shell = await start_shell()
    shell.journal.hold()
    reminding = asyncio.ensure_future(remind(shell, at=5.0))
    await shell.settle()
    shell.clock.move_to(NOW_MS + MINUTE_MS)
    await shell.settle()
    assert len(shell.kernel.ran) == 1
    shell.journal.release()
    await reminding
    assert times(shell.journal.disk) == [NOW_MS + MINUTE_MS]


@in_loop
async def test_events_happen_in_the_order_in_which_they_are_due() -> None:
    """Whatever the order in which they were scheduled; the alarm is set to the earliest."""
    shell = await start_shell()
    for wait_ms in (300, 100, 200):
        await remind(shell, at=float(NOW_MS + wait_ms))
        assert [call.time_ms for call in shell.clock.calls] == [NOW_MS + (300 if wait_ms == 300 else 100)]
    await shell.live_until(NOW_MS + 1000)
    assert times(shell.journal.disk) == [NOW_MS + 100, NOW_MS + 200, NOW_MS + 300]
    assert shell.clock.calls == []


@in_loop
async def test_a_repetition_goes_on_and_on() -> None:
    """Until it is removed."""
    shell = await start_shell()
    name = await remind(shell, repeat=EVERY_MINUTE)
    await shell.live_until(NEXT_MINUTE_MS + 2 * MINUTE_MS)
    assert times(shell.journal.disk) == [NEXT_MINUTE_MS + n * MINUTE_MS for n in range(3)]
    await shell.do(ROOT, "forget", timer=name)
    await shell.live_until(NEXT_MINUTE_MS + 9 * MINUTE_MS)
    assert len(times(shell.journal.disk)) == 3


@in_loop
async def test_after_a_leap_of_the_clock_a_repetition_happens_once() -> None:
    """A machine that slept for an hour does not do sixty things at once."""
    shell = await start_shell()
    await remind(shell, repeat=EVERY_MINUTE)
    shell.clock.move_to(NEXT_MINUTE_MS + 60 * MINUTE_MS + 1)
    await shell.settle()
    assert times(shell.journal.disk) == [NEXT_MINUTE_MS + 60 * MINUTE_MS + 1]
    await shell.live_until(NEXT_MINUTE_MS + 61 * MINUTE_MS)
    assert len(times(shell.journal.disk)) == 2


@in_loop
async def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    """What happened has happened; a time scheduled by the new clock is kept by the new clock."""
    shell = await start_shell()
    await remind(shell, repeat=EVERY_MINUTE)
    await shell.live_until(NEXT_MINUTE_MS + MINUTE_MS)
    assert len(times(shell.journal.disk)) == 2

    shell.clock.move_to(NOW_MS - MINUTE_MS)
    await shell.settle()
    await remind(shell, at=float(NOW_MS - 1))
    await shell.live_until(NEXT_MINUTE_MS + MINUTE_MS)
    assert times(shell.journal.disk)[2:] == [NOW_MS - 1]
    await shell.live_until(NEXT_MINUTE_MS + 2 * MINUTE_MS)
    assert times(shell.journal.disk)[3:] == [NEXT_MINUTE_MS + 2 * MINUTE_MS]


@in_loop
async def test_a_clock_that_calls_too_early_is_asked_to_call_again() -> None:
    shell = await start_shell()
    await remind(shell, at=float(NOW_MS + 1000))
    (call,) = shell.clock.calls
    call.call()
    await shell.settle()
    assert times(shell.journal.disk) == []
    await shell.live_until(NOW_MS + 1000)
    assert times(shell.journal.disk) == [NOW_MS + 1000]


# --- over a stop -----------------------------------------------------------------------------------


async def restart(shell: Shell, time_ms: int) -> Shell:
    """The same disk, later."""
    await shell.host.drain()
    again = await start_shell(shell.journal.disk, clock=SetClock(time_ms))
    await again.settle()
    return again


@in_loop
async def test_what_was_missed_while_the_engine_was_off() -> None:
    """A single event happens at the start, a repetition when it is due again."""
    shell = await start_shell()
    await remind(shell, at=float(NOW_MS + 1000))
    await remind(shell, repeat=EVERY_MINUTE)
    again = await restart(shell, NOW_MS + 500)
    assert times(again.journal.disk) == []
    late_ms = NEXT_MINUTE_MS + 10 * MINUTE_MS + 1
    later = await restart(again, late_ms)
    assert times(later.journal.disk) == [late_ms]
    await later.live_until(NEXT_MINUTE_MS + 11 * MINUTE_MS)
    assert times(later.journal.disk)[1:] == [NEXT_MINUTE_MS + 11 * MINUTE_MS]


@in_loop
async def test_timers_survive_in_snapshots() -> None:
    """Also when no record tells of them any more."""
    shell = await start_shell(limits=Limits(snapshot_every=1))
    await remind(shell, at=float(NOW_MS + 1000))
    while shell.journal.disk.snapshots[ROOT_ID][0] < 2:
        await shell.add(ROOT)
    again = await restart(shell, NOW_MS + 1000)
    assert times(again.journal.disk) == [NOW_MS + 1000]


@in_loop
async def test_nothing_fires_while_the_engine_stops() -> None:
    """A pico whose every event schedules the next does not keep it from stopping; the next waits."""
    shell = await start_shell()
    await shell.do(ROOT, "nag")
    await shell.settle()
    assert len(shell.kernel.ran) > 3
    await shell.host.drain()
    before = len(shell.kernel.ran)
    await shell.settle()
    assert (len(shell.journal.disk.timers), len(shell.kernel.ran)) == (1, before)

    again = await start_shell(shell.journal.disk)
    await again.settle()
    assert len(again.kernel.ran) > 1
    await again.host.drain()


# --- whose -----------------------------------------------------------------------------------------


@in_loop
async def test_a_sleeping_pico_is_woken() -> None:
    """With room for one pico in memory."""
    disk = prepared_disk("ann", "bob")
    shell = await start_shell(disk, limits=Limits(most_awake=1))
    await remind(shell, "ann", at=float(NOW_MS + 1000))
    await shell.add("bob")
    await shell.settle()
    assert PicoId("ann") not in {mailbox.id for mailbox in shell.host._residents.awake()}
    await shell.live_until(NOW_MS + 1000)
    assert await shell.total("ann") == 1


@in_loop
async def test_policies_are_for_strangers() -> None:
    """A channel that lets no `add` in still carries one that its own pico scheduled."""
    policy = Policy((PolicyEntry("*", "*"),), (PolicyEntry(DOMAIN, "add"),))
    pico = new_pico(PicoId("ann"), None, [Channel(Eci("ann"), (), policy)])
    shell = await start_shell(disk_with(pico))
    await remind(shell, "ann", at=float(NOW_MS + 1000))
    await shell.live_until(NOW_MS + 1000)
    assert await shell.total("ann") == 1


@in_loop
async def test_a_deleted_pico_is_left_alone() -> None:
    """Its timers go with it, also those whose turns are waiting."""
    shell = await start_shell(disk_with(with_timers("ann", 3, due_ms=NOW_MS + 1000)))
    await shell.do(ROOT, "bury", name="ann")
    await shell.live_until(NOW_MS + 1000)
    assert shell.journal.disk.timers == {}
    assert len(shell.kernel.ran) == 1


@in_loop
async def test_a_timer_that_was_removed_in_time_does_not_fire() -> None:
    """Its turn waited behind the one that removed it."""
    shell = await start_shell(prepared_disk())
    name = await remind(shell, at=float(NOW_MS + 1000))
    forgetting = asyncio.ensure_future(shell.do(ROOT, "forget", timer=name))
    await asyncio.sleep(0)
    shell.clock.move_to(NOW_MS + 1000)
    await forgetting
    await shell.settle()
    assert await shell.total(ROOT) == 0


@in_loop
async def test_an_event_that_fails_does_not_fail_for_ever() -> None:
    """Nor does one on which the engine itself breaks."""
    shell = await start_shell()
    for event in ("fail", "bug"):
        await remind(shell, event=event, at=5.0)
    assert len(times(shell.journal.disk)) == 2
    assert shell.journal.disk.timers == {}


@in_loop
async def test_what_a_pico_knows_of_its_timer_counts() -> None:
    """Not what the journal has in its list, by which the pico is only found."""
    disk = disk_with(with_timers("ann", 1, due_ms=NOW_MS + 1000))
    disk.timers[PicoId("ann"), "ann-0"] = NOW_MS
    shell = await start_shell(disk)
    await shell.settle()
    assert shell.kernel.ran == []


@in_loop
async def test_a_pico_that_cannot_be_read_keeps_no_others_waiting() -> None:
    """It is logged and passed over."""
    disk = disk_with(with_timers("ann", 1), with_timers("bob", 1))
    disk.snapshots[PicoId("ann")] = (0, b"{}")
    shell = await start_shell(disk)
    await shell.settle()
    assert await shell.total("bob") == 1


# --- how many --------------------------------------------------------------------------------------


@in_loop
async def test_ten_thousand_timers_due_together_fire_once_each() -> None:
    """On a hundred picos, of which few have room in memory; meanwhile a stranger is served."""
    names = [f"p{number}" for number in range(100)]
    disk = disk_with(*(with_timers(name, 100) for name in names))
    assert len(disk.timers) == 10_000
    shell = await start_shell(disk, limits=Limits(most_awake=10))
    await shell.add(ROOT)
    assert len(disk.timers) > 5_000, "the stranger did not wait for all of them"
    while disk.timers:
        await asyncio.sleep(0)
    await shell.settle()
    assert {await shell.total(name) for name in names} == {100.0}
    assert len(set(shell.kernel.ran)) == len(shell.kernel.ran) == 10_001


@in_loop
async def test_a_pico_with_slow_rules_keeps_only_its_own_timers_waiting() -> None:
    """However many it has; those of its neighbour, which come after, fire."""
    slow = with_timers("ann", 2 * alarms.MOST_PICOS, event="ask")
    shell = await start_shell(disk_with(slow, with_timers("bob", 1)))
    while await shell.total("bob") == 0:
        await asyncio.sleep(0)
    assert shell.answers.asked == ["ann"]
    shell.answers.may_answer.set()
    await shell.host.drain()


@in_loop
async def test_only_so_many_picos_are_woken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others have their turn when one of them is done; none is forgotten, none is fired twice."""
    monkeypatch.setattr(alarms, "MOST_PICOS", 1)
    names = [f"p{number:02}" for number in range(3 * alarms.MOST_AT_ONCE)]
    shell = await start_shell(disk_with(*(with_timers(name, 1, event="ask") for name in names)))
    await shell.settle()
    assert shell.answers.asked == names[: alarms.MOST_AT_ONCE]
    await remind(shell, at=5.0)  # something new to look at, while there is no room
    assert shell.answers.asked == names[: alarms.MOST_AT_ONCE]
    shell.answers.may_answer.set()
    while shell.journal.disk.timers:
        await asyncio.sleep(0)
    await shell.settle()
    assert shell.answers.asked == names
    assert await shell.total(ROOT) == 1


@in_loop
async def test_looking_again_fires_nothing_twice() -> None:
    """A new timer has the alarm look back at times that are in mailboxes already."""
    shell = await start_shell(disk_with(with_timers("ann", 3, event="ask")))
    await shell.settle()
    for _ in range(5):
        await remind(shell, at=float(NOW_MS))
    shell.answers.may_answer.set()
    await shell.settle()
    assert len(list(fired(shell.journal.disk, PicoId("ann")))) == 3
    assert await shell.total(ROOT) == 5
