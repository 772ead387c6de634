"""Questions of a turn: it is run again with the answer, and others do not wait for that."""

from __future__ import annotations

import asyncio

from engine.core.messages import Refusal
from engine.core.model import EventId
from engine.core.records import decode_record, decode_request
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, prepared_disk, start_shell
from tests.fakes.tally_kernel import DOMAIN


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


# --- questions that act: those with a key ---


@in_loop
async def test_before_anything_is_done_the_turn_is_on_disk() -> None:
    """With all it knows, so that it can go on from there; the same holds for the answer."""
    shell = await start_shell()
    shell.journal.hold()
    acting = asyncio.ensure_future(shell.do(ROOT, "ask", url="u", key="k"))
    await shell.settle()
    assert shell.answers.asked == []
    shell.journal.release()
    await shell.settle()
    assert shell.answers.asked == ["u"]
    assert kept_answers(shell) == ()
    shell.journal.hold()
    shell.answers.may_answer.set()
    await shell.settle()
    assert shell.kernel.ran == []
    shell.journal.release_one()
    await shell.settle()
    assert len(shell.kernel.ran) == 1
    assert kept_answers(shell) == ({"said": "u"},)
    shell.journal.release()
    assert list((await acting).directives) == [{"said": "u"}]
    assert not shell.journal.disk.inbox


def kept_answers(shell: Shell) -> tuple[object, ...]:
    """What the only turn that is under way knows, as far as the disk does."""
    (body,) = shell.journal.disk.inbox.values()
    _, _, inputs = decode_request(body)
    assert inputs is not None
    return inputs.answers


@in_loop
async def test_a_question_that_only_reads_does_not_wait_for_the_disk() -> None:
    """Its answer is in the record; nothing is lost by asking again."""
    shell = await start_shell()
    shell.journal.hold()
    asking = asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))
    await shell.settle()
    assert shell.answers.asked == ["u"]
    asking.cancel()


@in_loop
async def test_a_turn_begun_goes_on_after_a_crash_before_any_other() -> None:
    """With the inputs it had, though nobody waits for it any more."""
    shell = await start_shell()
    await shell.host.accept_event(ROOT, DOMAIN, "ask", {"url": "u", "key": "k"}, EventId("first"))
    await shell.host.accept_event(ROOT, DOMAIN, "add", {}, EventId("second"))
    await shell.settle()
    (begun,) = [
        decode_request(body)[2] for (_, eid), body in shell.journal.disk.inbox.items() if eid == "first"
    ]
    disk = shell.journal.crash()
    # Where it stands in the inbox does not matter.
    disk.inbox = dict(reversed(disk.inbox.items()))

    again = await start_shell(disk)
    again.answers.may_answer.set()
    await again.settle()
    assert again.answers.asked == ["u"]
    assert again.kernel.ran == ["first", "second"]
    inputs = decode_record(again.journal.records(ROOT_ID, 1, 1)[0]).turn.inputs
    assert begun is not None
    assert (inputs.time_ms, inputs.seed) == (begun.time_ms, begun.seed)


@in_loop
async def test_without_a_disk_nothing_is_done() -> None:
    """The sender hears that it is not known whether the event was kept."""
    shell = await start_shell()
    shell.journal.fail()
    reply = await shell.do(ROOT, "ask", url="u", key="k")
    assert isinstance(reply, Refusal)
    assert "no space left" in reply.reason
    assert shell.answers.asked == []


@in_loop
async def test_a_pico_that_is_deleted_meanwhile_does_nothing_more() -> None:
    """Nor is anything of it left in the journal."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    shell.journal.hold()
    acting = asyncio.ensure_future(shell.do("bob", "ask", url="u", key="k"))
    await shell.settle()
    burying = asyncio.ensure_future(shell.do("ann", "bury", name="bob"))
    await shell.settle()
    shell.journal.release()
    assert isinstance(await acting, Refusal)
    await burying
    await shell.settle()
    assert shell.answers.asked == []
    assert not shell.journal.disk.inbox


@in_loop
async def test_a_sender_who_repeats_an_event_joins_its_turn() -> None:
    """It is not asked again for the second."""
    shell = await start_shell()
    event = (ROOT, DOMAIN, "ask", {"url": "u", "key": "k"}, EventId("e"))
    first = asyncio.ensure_future(shell.host.run_event(*event))
    await shell.settle()
    second = asyncio.ensure_future(shell.host.run_event(*event))
    await shell.settle()
    shell.answers.may_answer.set()
    assert await first == await second
    assert shell.answers.asked == ["u"]
