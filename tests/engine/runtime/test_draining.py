"""Stopping: nothing new, everything accepted is finished, and it comes to an end."""

from __future__ import annotations

import asyncio

from engine.core.messages import Refusal
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, prepared_disk, start_shell
from tests.fakes.tally_kernel import DOMAIN


@in_loop
async def test_what_was_taken_is_finished_and_answered() -> None:
    """Callers who wait get their answers; the journal is closed after the last of them."""
    shell = await start_shell()
    adding = [asyncio.ensure_future(shell.do(ROOT, "add")) for _ in range(5)]
    await asyncio.sleep(0)
    await shell.host.drain()
    assert all(isinstance(reply, EventReply) for reply in await asyncio.gather(*adding))


@in_loop
async def test_a_question_under_way_is_waited_for() -> None:
    """The turn that asked is finished with the answer."""
    shell = await start_shell()
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    await shell.settle()
    draining = asyncio.ensure_future(shell.host.drain())
    await shell.settle()
    assert not draining.done()
    shell.answers.may_answer.set()
    await draining
    assert list((await asking).directives) == [{"said": "u"}]


@in_loop
async def test_there_is_an_end_to_waiting() -> None:
    """A question that nobody answers does not keep the engine from stopping; what waits is kept."""
    shell = await start_shell()
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    await shell.settle()
    await shell.host.accept_event(ROOT, DOMAIN, "add", {})
    await shell.host.drain(within_s=0)
    assert len(shell.journal.disk.inbox) == 1
    asking.cancel()


@in_loop
async def test_new_work_is_refused_while_draining() -> None:
    """Whatever it is, with the same reason."""
    shell = await start_shell()
    await shell.host.drain()
    for refused in (
        await shell.host.run_event(ROOT, DOMAIN, "add", {}),
        await shell.host.accept_event(ROOT, DOMAIN, "add", {}),
        await shell.host.run_event_query(ROOT, DOMAIN, "add", {}, DOMAIN, "total", {}),
        await shell.host.run_query(ROOT, DOMAIN, "total", {}),
        await shell.host.flush_ruleset("file:///x"),
    ):
        assert isinstance(refused, Refusal)
        assert refused.kind == "draining"


@in_loop
async def test_what_picos_send_each_other_waits_for_the_next_start() -> None:
    """So two picos that keep each other busy do not keep the engine from stopping."""
    disk = prepared_disk("ann")
    shell = await start_shell(disk)
    telling = asyncio.ensure_future(shell.do(ROOT, "tell", to="ann", event="add"))
    await asyncio.sleep(0)
    await shell.host.drain()
    await telling
    assert len(disk.inbox) == 1

    again = await start_shell(disk)
    await again.settle()
    assert await again.total("ann") == 1.0


@in_loop
async def test_an_endless_conversation_does_not_keep_the_engine_from_stopping() -> None:
    """A pico whose every event sends it the next one; the last of them waits for the next start."""
    shell = await start_shell()
    await shell.do(ROOT, "babble")
    await shell.settle()
    assert len(shell.kernel.ran) > 3
    await shell.host.drain()
    assert len(shell.journal.disk.inbox) == 1
