"""What picos do to each other: events between them, children born and buried, channels that change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.core.messages import Refusal
from engine.core.model import Child, Eci, PicoId
from engine.core.records import begin, decode_snapshot, encode_snapshot
from engine.runtime import pictures
from engine.runtime.pictures import GENERATIONS
from engine.runtime.replies import EventReply, QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, born, prepared_disk, start_shell, with_channel
from tests.fakes.crashing_journal import CrashingJournal
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.tally_kernel import DOMAIN


@in_loop
async def test_an_event_for_a_neighbour_arrives() -> None:
    """It runs there without anybody waiting for it."""
    shell = await start_shell(prepared_disk("ann"))
    await shell.do(ROOT, "tell", to="ann", event="add")
    await shell.settle()
    assert await shell.total("ann") == 1.0


@in_loop
async def test_an_event_is_in_the_inbox_with_the_record_of_its_sender() -> None:
    """A crash right after the sender's commit cannot lose it: the next start runs it."""
    disk = prepared_disk("ann")
    journal = CrashingJournal(disk, 1, "after")
    shell = await start_shell(journal=journal)
    telling = asyncio.ensure_future(shell.do(ROOT, "tell", to="ann", event="add"))
    await journal.crashed.wait()
    telling.cancel()
    assert len(disk.inbox) == 1

    again = await start_shell(disk)
    await again.settle()
    assert await again.total("ann") == 1.0


@in_loop
async def test_a_pico_may_tell_itself() -> None:
    """The event comes back as a turn of its own, after this one."""
    shell = await start_shell()
    await shell.do(ROOT, "tell", to=ROOT, event="add")
    await shell.settle()
    assert await shell.total(ROOT) == 1.0


@in_loop
async def test_an_event_for_nobody_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The sender's turn stands."""
    shell = await start_shell()
    await shell.do(ROOT, "tell", to="nobody", event="add")
    assert await shell.add(ROOT) == 1.0
    assert "to channel nobody in vain: there is no channel nobody here" in caplog.text


@in_loop
async def test_a_child_is_born_with_its_parents_commit() -> None:
    """It answers at once, handles what its parent sent it in that very turn, and is there after a restart."""
    shell = await start_shell()
    await shell.do(ROOT, "spawn", name="kid")
    await shell.settle()
    assert await shell.total("kid") == 1.0
    disk = shell.journal.disk
    assert shell.journal.children(ROOT_ID) == [PicoId("kid")]
    await shell.host.drain()
    again = await start_shell(disk)
    assert await again.add("kid") == 2.0


@in_loop
async def test_nobody_reaches_a_child_that_may_never_have_been() -> None:
    """Until its parent's commit is durable a query finds no channel; afterwards it does."""
    shell = await start_shell()
    shell.journal.hold()
    spawning = asyncio.ensure_future(shell.do(ROOT, "spawn", name="kid"))
    await shell.settle()
    assert isinstance(await shell.host.run_query(Eci("kid"), DOMAIN, "total", {}), Refusal)
    shell.journal.release()
    await spawning
    assert isinstance(await shell.host.run_query(Eci("kid"), DOMAIN, "total", {}), QueryReply)


@in_loop
async def test_a_deleted_child_is_gone_with_everything_below_it() -> None:
    """Nobody reaches any of them from the moment of the decision, also before it is durable."""
    shell = await start_shell(family())
    shell.journal.hold()
    burying = asyncio.ensure_future(shell.do(ROOT, "bury", name="mother"))
    await shell.settle()
    for eci in ("mother", "child"):
        refused = await shell.do(eci, "add")
        assert isinstance(refused, Refusal)
        assert refused.kind == "unknown"
    shell.journal.release()
    await burying
    disk = shell.journal.disk
    assert set(disk.snapshots) == {ROOT_ID}
    assert set(disk.channels.values()) == {ROOT_ID}


@in_loop
async def test_picos_may_be_nested_more_deeply_than_calls() -> None:
    """A picture of the whole goes some generations down and says so; deleting goes all the way."""
    shell = await start_shell(nest(2_000))
    picture = shell.host.tree()
    for _ in range(GENERATIONS):
        assert not picture.is_cut
        picture = picture.children[0]
    assert picture.is_cut
    await shell.do(ROOT, "bury", name="p1")
    assert set(shell.journal.disk.snapshots) == {ROOT_ID}


@in_loop
async def test_others_are_served_while_a_picture_of_all_picos_is_drawn() -> None:
    """An event that comes in the middle is over before the picture of a large family is."""
    shell = await start_shell(nest(GENERATIONS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "SLICE_S", 0)
        drawing = asyncio.ensure_future(shell.host.picture())
        await asyncio.sleep(0)
        assert isinstance(await shell.do(ROOT, "add"), EventReply)
        assert not drawing.done()
        assert await drawing == shell.host.tree()


@in_loop
async def test_what_waits_for_a_deleted_pico_is_refused() -> None:
    """Its callers are told, and do not wait for ever."""
    shell = await start_shell(family())
    asking = asyncio.ensure_future(shell.do("mother", "ask", url="u"))
    await shell.settle()
    waiting = asyncio.ensure_future(shell.do("mother", "add"))
    await shell.settle()
    await shell.do(ROOT, "bury", name="mother")
    shell.answers.may_answer.set()
    for reply in (await asking, await waiting):
        assert isinstance(reply, Refusal)
        assert "was deleted" in reply.reason


def nest(depth: int) -> Disk:
    """A disk whose root pico has one child, `p1`, which has one child, and so on."""
    disk = prepared_disk()
    _, snapshot = disk.snapshots[ROOT_ID]
    parent = decode_snapshot(snapshot).pico
    for number in range(1, depth + 1):
        name = f"p{number}"
        parent = replace(parent, children=(Child(Eci(f"to-{name}"), PicoId(name)),))
        disk.snapshots[parent.id] = (0, encode_snapshot(begin(parent)))
        parent = with_channel(name)
    disk.snapshots[parent.id] = (0, encode_snapshot(begin(parent)))
    return disk


def family() -> Disk:
    """A disk on which `mother` has a child called `child`."""
    disk = prepared_disk()
    mother = replace(with_channel("mother"), children=(Child(Eci("child"), PicoId("child")),))
    for write in [*born(mother), *born(with_channel("child"))]:
        disk.write(write)
    return disk


@in_loop
async def test_channels_come_and_go_with_the_turns_that_say_so() -> None:
    """A new one works at once, a removed one no more, also for somebody who asks the journal first."""
    shell = await start_shell()
    await shell.do(ROOT, "open", eci="side")
    assert await shell.add("side") == 1.0
    shell.journal.hold()
    closing = asyncio.ensure_future(shell.do(ROOT, "close", eci="side"))
    await shell.settle()
    assert shell.journal.find_channel(Eci("side")) == ROOT_ID, "the journal does not know yet"
    assert isinstance(await shell.do("side", "add"), Refusal)
    shell.journal.release()
    await closing
    again = await start_shell(journal=MemoryJournal(shell.journal.disk))
    assert isinstance(await again.do("side", "add"), Refusal)
