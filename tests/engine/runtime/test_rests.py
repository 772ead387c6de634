"""A turn that sends very many messages has them delivered a few at a time, each exactly once and in order."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.model import EventId, PicoId
from engine.runtime.preparation import MANY
from engine.runtime.rests import AT_ONCE
from tests.engine.in_loop import in_loop
from tests.engine.runtime.first_life import live_until_death
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, prepared_disk, start_shell
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.memory_journal import Disk, MemoryJournal

LOUD = MANY + 150
ANN = PicoId("ann")
NEVER = 10**9


def heard(disk: Disk) -> list[EventId | None]:
    """The events that ann has handled, in order."""
    kept = disk.records.get(ANN, {})
    return [kept[seq][0] for seq in sorted(kept)]


def shouted(seq: int = 1, times: int = LOUD) -> list[EventId]:
    """What a turn of the root has sent."""
    return [EventId(f"{ROOT_ID}/{seq}/{number}") for number in range(times)]


async def until_all_is_heard(shell: Shell, times: int = LOUD) -> None:
    while await shell.total("ann") < times:
        await shell.settle()


@in_loop
async def test_a_neighbour_commits_in_between() -> None:
    """It waits for a few messages and not for all."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    shouting = asyncio.ensure_future(shell.do(ROOT, "shout", to="ann", times=LOUD))
    while not shell.journal.disk.rests:
        await asyncio.sleep(0)
    assert await shell.add("bob") == 1.0
    assert shell.journal.disk.rests
    await shouting
    await until_all_is_heard(shell)


@in_loop
async def test_messages_arrive_in_their_order() -> None:
    """Also those of the sender's next turn, which was asked for at the same time."""
    shell = await start_shell(prepared_disk("ann"))
    tell = {"to": "ann", "event": "add"}
    await asyncio.gather(
        shell.do(ROOT, "shout", to="ann", times=LOUD),
        shell.do(ROOT, "tell", **tell),
        shell.do(ROOT, "shout", to="ann", times=LOUD),
    )
    await until_all_is_heard(shell, 2 * LOUD + 1)
    assert heard(shell.journal.disk) == [*shouted(1), *shouted(2, 1), *shouted(3)]
    assert not shell.journal.disk.rests


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_each_is_delivered_once_whatever_crashes(when: When) -> None:
    """At every commit of the delivery; the reply to the sender's event came with the first of them."""
    quiet = CrashingJournal(prepared_disk("ann"), NEVER, when)
    shell = await start_shell(journal=quiet)
    await shell.do(ROOT, "shout", to="ann", times=LOUD)
    for at in range(1, quiet.commits + LOUD // AT_ONCE + 3):
        disk = prepared_disk("ann")
        journal = CrashingJournal(disk, at, when)
        first = await start_shell(journal=journal)
        told: list[object] = []

        async def shout(shell: Shell = first, told: list[object] = told) -> None:
            told.append(await shell.host.run_event(ROOT, "tally", "shout", {"to": "ann", "times": LOUD}))
            await until_all_is_heard(shell)

        await live_until_death(shout(), journal.crashed)
        again = await start_shell(disk)
        if told or disk.rests or disk.records.get(ROOT_ID):
            await until_all_is_heard(again)
            assert heard(disk) == shouted()
        else:
            assert (when, at) == ("before", 1)
        assert not disk.rests


@in_loop
async def test_a_pico_that_is_deleted_has_sent_what_it_sent() -> None:
    """The rest goes with its last commit."""
    shell = await start_shell(prepared_disk("ann", "eve"))
    shouting = asyncio.ensure_future(shell.do("eve", "shout", to="ann", times=LOUD))
    while not shell.journal.disk.rests:
        await asyncio.sleep(0)
    await shell.do(ROOT, "bury", name="eve")
    await shouting
    await until_all_is_heard(shell)
    assert heard(shell.journal.disk) == [EventId(f"eve/1/{number}") for number in range(LOUD)]
    assert not shell.journal.disk.rests


@in_loop
async def test_a_stop_leaves_the_rest_to_the_next_start() -> None:
    """Which delivers it before anything else of that pico."""
    disk = prepared_disk("ann")
    journal = MemoryJournal(disk)
    shell = await start_shell(journal=journal)
    shouting = asyncio.ensure_future(shell.do(ROOT, "shout", to="ann", times=LOUD))
    while not disk.rests:
        await asyncio.sleep(0)
    await shell.host.drain(10)
    await shouting
    assert disk.rests
    again = await start_shell(disk)
    assert await again.add(ROOT) == 2.0
    await until_all_is_heard(again)
    assert heard(disk) == shouted()
