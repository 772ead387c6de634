"""Picos that sleep and wake: nothing but time is lost, and memory is bounded."""

from __future__ import annotations

import asyncio

from engine.core.model import Eci, PicoId
from engine.runtime.residents import Limits
from engine.runtime.unsaved import Unsaved
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, prepared_disk, start_shell
from tests.fakes.memory_journal import MemoryJournal

NAMES = [f"p{number}" for number in range(20)]


def awake(shell: Shell) -> set[PicoId]:
    return {mailbox.id for mailbox in shell.host._residents.awake()}


@in_loop
async def test_a_pico_that_slept_goes_on_where_it_was() -> None:
    """Twenty picos count in turn although only three may be awake."""
    shell = await start_shell(prepared_disk(*NAMES), limits=Limits(most_awake=3))
    for expected in (1.0, 2.0, 3.0):
        for name in NAMES:
            assert await shell.add(name) == expected
            assert len(awake(shell)) <= 4


@in_loop
async def test_a_start_wakes_nobody() -> None:
    """Not even the root, whose children may be many; whoever gets the first event is the first to be read."""
    shell = await start_shell(prepared_disk(*NAMES))
    assert awake(shell) == set()
    assert shell.journal.loaded == []
    await shell.add("p7")
    assert awake(shell) == {PicoId("p7")}
    assert shell.journal.loaded == [PicoId("p7")]


@in_loop
async def test_the_one_that_was_idle_for_longest_goes_first() -> None:
    """One that is used again and again stays awake."""
    shell = await start_shell(prepared_disk(*NAMES), limits=Limits(most_awake=3))
    for name in NAMES:
        await shell.add(name)
        await shell.add("p0")
        await shell.settle()
        assert PicoId("p0") in awake(shell)


@in_loop
async def test_a_busy_pico_is_not_put_to_sleep() -> None:
    """With room for one, those whose commits are under way stay, and every event counts."""
    shell = await start_shell(prepared_disk(*NAMES), limits=Limits(most_awake=1))
    shell.journal.hold()
    adding = [asyncio.ensure_future(shell.add(name)) for name in NAMES for _ in range(2)]
    await shell.settle()
    assert len(awake(shell)) >= len(NAMES)
    shell.journal.release()
    assert sorted(await asyncio.gather(*adding)) == [1.0] * len(NAMES) + [2.0] * len(NAMES)
    await shell.settle()
    assert len(awake(shell)) == 1


@in_loop
async def test_a_message_to_many_sleepers_reaches_them_all() -> None:
    """Receivers woken by one turn are not let go before they have their event."""
    shell = await start_shell(prepared_disk(*NAMES), limits=Limits(most_awake=1))
    for name in NAMES:
        await shell.host.accept_event(ROOT, "tally", "tell", {"to": name, "event": "add"})
    await shell.settle()
    for name in NAMES:
        assert await shell.total(name) == 1.0


@in_loop
async def test_a_snapshot_is_saved_now_and_then() -> None:
    """With one every five turns, waking reads at most four records; the history stays whole."""
    shell = await start_shell(limits=Limits(snapshot_every=5))
    for _ in range(1, 24):
        await shell.add(ROOT)
    stored = shell.journal.load(ROOT_ID)
    assert stored is not None
    assert (stored.snapshot_seq, len(stored.records)) == (20, 3)
    assert len(shell.journal.records(ROOT_ID, 1, 23)) == 23
    again = await start_shell(journal=MemoryJournal(shell.journal.disk))
    assert await again.add(ROOT) == 24.0


def test_a_large_pico_is_saved_more_rarely() -> None:
    """Not before its records weigh as much as its last snapshot."""
    unsaved = Unsaved(every=5, snapshot=1_000)
    for _ in range(9):
        unsaved.add(100)
    assert not unsaved.is_due
    unsaved.add(100)
    assert unsaved.is_due
    unsaved.save(2_000)
    assert not unsaved.is_due


@in_loop
async def test_a_start_runs_what_was_accepted_before() -> None:
    """Events that were durable but not handled are handled first, each once."""
    disk = prepared_disk("ann")
    shell = await start_shell(disk)
    asking = asyncio.ensure_future(shell.do("ann", "ask", url="u"))  # ann waits for an answer
    await shell.settle()
    for _ in range(3):
        await shell.host.accept_event(Eci("ann"), "tally", "add", {})
    asking.cancel()
    shell.journal.crash()
    assert len(disk.inbox) == 3

    again = await start_shell(disk)
    await again.settle()
    assert await again.total("ann") == 3.0
    assert not disk.inbox
