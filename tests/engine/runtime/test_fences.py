"""A pico whose fence is closed takes no turn, whatever its mailbox believes: the journal decides."""

from __future__ import annotations

import asyncio

from engine.core.model import Eci, EventId, PicoId
from engine.core.records import decode_record
from engine.ports import Fence
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import prepared_disk, start_shell

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
