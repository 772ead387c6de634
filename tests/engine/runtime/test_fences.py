"""A pico whose fence is closed takes no turn, whatever its mailbox believes: the journal decides."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.core.messages import Event
from engine.core.model import Eci, EventId, PicoId
from engine.core.records import decode_record
from engine.ports import Fence
from engine.runtime.mailbox import Mailbox
from engine.runtime.replies import EventReply, Reply
from engine.runtime.request import Request
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.shell import prepared_disk, start_shell
from tests.engine.runtime.travelling import settle, traveller

ANN, BOB = PicoId("ann"), PicoId("bob")


@in_loop
async def test_a_turn_that_runs_while_the_fence_closes_is_none() -> None:
    """It waited for an answer as the pico left: nothing of it is recorded, and nobody else gets anything of
    it; the event is still in the inbox."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    await shell.add("ann")
    await shell.host.accept_event(Eci("ann"), "tally", "ask", {"url": "u"}, EventId("e1"))
    await shell.settle()
    await shell.journal.commit([Fence(ANN, None)])
    shell.answers.may_answer.set()
    await shell.settle()
    assert len(shell.journal.records(ANN, 1, 9)) == 1
    assert shell.journal.is_accepted(ANN, EventId("e1"))
    mailbox = shell.host.wake(ANN)
    assert mailbox is not None
    assert (mailbox.is_still, mailbox.head.pico.seq, mailbox.is_idle) == (True, 1, True)


@in_loop
async def test_what_such_a_turn_would_have_sent_is_not_sent() -> None:
    """A neighbour is not told of what never happened."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    await shell.journal.commit([Fence(ANN, None)])
    telling = asyncio.create_task(shell.do("ann", "tell", to="bob", event="add"))
    await shell.settle()
    assert (await shell.total("bob"), telling.done()) == (0.0, False)
    telling.cancel()


@in_loop
async def test_it_goes_on_in_another_epoch() -> None:
    """With what waited, in order; each record is of the epoch that the fence names then."""
    shell = await start_shell(prepared_disk("ann"))
    await shell.journal.commit([Fence(ANN, None)])
    waiting = [asyncio.create_task(shell.add("ann", eid)) for eid in ("e1", "e2")]
    await shell.settle()
    assert not any(one.done() for one in waiting)
    await shell.journal.commit([Fence(ANN, 4)])
    mailbox = shell.host.wake(ANN)
    assert mailbox is not None
    mailbox.go_on()
    assert await asyncio.gather(*waiting) == [1.0, 2.0]
    bodies = shell.journal.records(ANN, 1, 9)
    assert [decode_record(body).turn.event.eid for body in bodies] == ["e1", "e2"]
    assert not shell.journal.lets(ANN, 0)


@in_loop
async def test_no_turn_of_a_pico_that_has_left_is_recorded(tmp_path: Path) -> None:
    """Not even if its mailbox has forgotten that it left, as one does that was woken before; nor one of an
    earlier stay when the pico is back."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(tmp_path)
    await ann.run(pico, "far:hello", n=1)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    mailbox = ann.host.wake(pico)
    assert mailbox is not None
    last, mailbox._is_still = ann.journal.end(pico), False
    lost = asyncio.create_task(taken(mailbox, ann.eci(pico)))
    await settle(ann, bob)
    assert (ann.journal.end(pico), ann.journal.epoch(pico), lost.done()) == (last, None, True)
    await bob.moves.wanted(pico, ann.did)
    await settle(ann, bob)
    here = ann.moves.cases.of(pico)
    assert here is not None
    assert here.seat.entry is not None
    assert ann.journal.epoch(pico) == here.seat.entry.number > 1
    assert not ann.journal.lets(pico, mailbox._epoch)
    assert isinstance(await ann.run(pico, "far:hello", n=2), EventReply)
    assert await ann.seen(pico) == [1, 2]


async def taken(mailbox: Mailbox, eci: Eci) -> Reply:
    """What becomes of an event that is put into a mailbox by whoever still has it."""
    request = Request(Event(eci, "far", "hello", {"n": 9}, EventId("late")))
    mailbox._queue.append(request)
    mailbox._enlist()
    return await request.wait()


@in_loop
async def test_a_move_that_fails_opens_the_fence_again(tmp_path: Path) -> None:
    """After the pico had been made ready, and its new engine never said that it has it."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(tmp_path)
    await ann.moves.wanted(pico, bob.did)
    while ann.journal.epoch(pico) is not None:
        await asyncio.sleep(0)
    mesh.wire.cut("bob.example")
    await settle(ann)
    assert not ann.moves.acts(pico)
    mesh.clock.move_to(mesh.clock.now_ms() + 120_000)
    await settle(ann)
    assert ann.journal.epoch(pico) == 1
    assert isinstance(await ann.run(pico, "far:hello", n=1), EventReply)


@in_loop
async def test_picos_that_left_before_there_were_fences_get_theirs(tmp_path: Path) -> None:
    """When the engine starts with a version that knows them."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(tmp_path)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    ann.crash()
    ann.disk.fences.clear()
    await ann.start()
    assert ann.journal.epoch(pico) is None
