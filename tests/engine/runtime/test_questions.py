"""Questions of a turn: it is run again with the answer, and others do not wait for that."""

from __future__ import annotations

import asyncio

from engine.core.records import decode_record
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, prepared_disk, start_shell


@in_loop
async def test_the_same_turn_runs_again_with_the_answer() -> None:
    """Once, before any later event of that pico, and the record holds the answer."""
    shell = await start_shell()
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    adding = asyncio.ensure_future(shell.add(ROOT))
    await shell.settle()
    assert shell.answers.asked == ["u"]
    assert not adding.done()
    shell.answers.may_answer.set()
    reply = await asking
    assert isinstance(reply, EventReply)
    assert list(reply.directives) == [{"said": "u"}]
    await adding
    first, second = map(decode_record, shell.journal.records(ROOT_ID, 1, 2))
    assert first.turn.event.name == "ask"
    assert first.turn.inputs.answers == ({"said": "u"},)
    assert second.turn.event.name == "add"


@in_loop
async def test_other_picos_do_not_wait_for_an_answer() -> None:
    """One that asks stands still alone."""
    shell = await start_shell(prepared_disk("ann"))
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    await shell.settle()
    assert await shell.add("ann") == 1.0
    assert not asking.done()
    asking.cancel()


@in_loop
async def test_queries_do_not_wait_for_an_answer() -> None:
    """They run on the committed state of the pico that asks."""
    shell = await start_shell()
    await shell.add(ROOT)
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    await shell.settle()
    assert await shell.total(ROOT) == 1.0
    asking.cancel()
