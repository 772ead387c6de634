"""Events from outside: run or accepted, durable before anybody hears yes, and never twice."""

from __future__ import annotations

import asyncio
from functools import partial
from unittest.mock import patch

from engine.core.births import new_pico
from engine.core.messages import Fault, Refusal
from engine.core.model import Channel, Eci, EventId, PicoId, Policy, PolicyEntry
from engine.ports import Stored
from engine.runtime.mailbox import MOST_AHEAD, MOST_AHEAD_FOR_PICOS, MOST_WAITING
from engine.runtime.outbox import LocalOutbox
from engine.runtime.replies import EventReply, QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, born, prepared_disk, start_shell
from tests.fakes.memory_journal import Disk
from tests.fakes.tally_kernel import DOMAIN

E1 = EventId("e1")


def record_count(disk: Disk) -> int:
    return len(disk.records.get(ROOT_ID, {}))


@in_loop
async def test_a_waited_event_answers_its_directives() -> None:
    """Each run sees what the last one left."""
    shell = await start_shell()
    assert [await shell.add(ROOT), await shell.add(ROOT)] == [1.0, 2.0]


@in_loop
async def test_nobody_hears_yes_before_the_disk_does() -> None:
    """Neither a run event nor an accepted one is answered while the journal holds back."""
    shell = await start_shell()
    shell.journal.hold()
    run = asyncio.ensure_future(shell.host.run_event(ROOT, DOMAIN, "add", {}))
    accepted = asyncio.ensure_future(shell.host.accept_event(ROOT, DOMAIN, "add", {}))
    await shell.settle()
    assert not run.done()
    assert not accepted.done()
    assert len(shell.kernel.ran) == 2, "they ran; they are only not told"
    shell.journal.release()
    assert isinstance(await run, EventReply)
    assert await accepted == shell.kernel.ran[1]


@in_loop
async def test_a_second_copy_is_answered_from_the_record() -> None:
    """A retried message returns the first outcome and leaves the journal unchanged."""
    shell = await start_shell()
    assert await shell.add(ROOT, "e1") == 1.0
    before = record_count(shell.journal.disk)
    assert await shell.add(ROOT, "e1") == 1.0
    assert record_count(shell.journal.disk) == before
    assert shell.kernel.ran == ["e1"]


@in_loop
async def test_a_second_copy_joins_the_run_under_way() -> None:
    """Two callers with one message id get one run and the same answer."""
    shell = await start_shell()
    assert await asyncio.gather(*[shell.add(ROOT, "e1") for _ in range(2)]) == [1.0, 1.0]
    assert shell.kernel.ran == ["e1"]


@in_loop
async def test_a_second_copy_of_a_failure_fails_alike() -> None:
    """A failure is an outcome too; it is recorded and told again."""
    shell = await start_shell()
    replies = [await shell.host.run_event(ROOT, DOMAIN, "fail", {}, E1) for _ in range(2)]
    assert replies == [Fault("R601", "told to fail")] * 2
    assert shell.kernel.ran == ["e1"]


@in_loop
async def test_an_accepted_event_is_run_once_however_often_it_is_sent() -> None:
    """Accepting again what waits, what runs, and what is recorded, gives the same id and no second run."""
    shell = await start_shell()
    both = await asyncio.gather(*[shell.host.accept_event(ROOT, DOMAIN, "add", {}, E1) for _ in range(2)])
    again = await shell.host.accept_event(ROOT, DOMAIN, "add", {}, E1)
    assert [*both, again] == [E1, E1, E1]
    assert await shell.add(ROOT, "e1") == 1.0
    assert shell.kernel.ran == ["e1"]


@in_loop
async def test_a_caller_who_goes_away_takes_nobody_along() -> None:
    """Of two callers with one message id one hangs up; the other is answered, and the event has run."""
    shell = await start_shell()
    shell.journal.hold()
    first = asyncio.ensure_future(shell.add(ROOT, "e1"))
    second = asyncio.ensure_future(shell.add(ROOT, "e1"))
    await shell.settle()
    first.cancel()
    await shell.settle()
    shell.journal.release()
    assert await second == 1.0


@in_loop
async def test_a_failing_event_does_not_hold_up_the_queue() -> None:
    """The failure is recorded, changes nothing, and the next event runs."""
    shell = await start_shell()
    await shell.add(ROOT)
    assert isinstance(await shell.do(ROOT, "fail"), Fault)
    assert await shell.add(ROOT) == 2.0
    assert record_count(shell.journal.disk) == 3


@in_loop
async def test_a_bug_of_the_engine_does_not_hold_up_the_queue() -> None:
    """It is told and recorded as a failure, and the pico goes on."""
    shell = await start_shell()
    reply = await shell.do(ROOT, "bug")
    assert isinstance(reply, Fault)
    assert reply.code == "R699"
    assert await shell.add(ROOT) == 1.0


@in_loop
async def test_a_bug_on_the_way_to_the_disk_is_told_and_leaves_no_gap() -> None:
    """The caller hears of it, the next event runs, and the history has every number once."""
    shell = await start_shell()
    await shell.add(ROOT)
    with patch.object(LocalOutbox, "post", side_effect=ZeroDivisionError("a bug")):
        reply = await shell.do(ROOT, "add")
    assert isinstance(reply, Fault)
    assert reply.code == "R699"
    assert await shell.add(ROOT) == 2.0
    assert sorted(shell.journal.disk.records[ROOT_ID]) == [1, 2]


@in_loop
async def test_an_event_and_a_query_are_one_turn() -> None:
    """The query sees what the event did, and nothing that was sent after it."""
    shell = await start_shell()
    first, _ = await asyncio.gather(
        shell.host.run_event_query(ROOT, DOMAIN, "add", {}, DOMAIN, "total", {}), shell.add(ROOT)
    )
    assert first == QueryReply(1.0)


@in_loop
async def test_an_event_and_a_query_that_are_sent_again_run_once() -> None:
    """The repetition gets the value of then, while the first still runs and long after."""
    shell = await start_shell()

    async def send() -> QueryReply | Refusal | Fault:
        eid = EventId("mine")
        return await shell.host.run_event_query(ROOT, DOMAIN, "add", {}, DOMAIN, "total", {}, eid)

    assert tuple(await asyncio.gather(send(), send())) == (QueryReply(1.0), QueryReply(1.0))
    await shell.add(ROOT)
    assert await send() == QueryReply(1.0)
    assert await shell.total(ROOT) == 2.0


@in_loop
async def test_one_id_for_an_event_with_and_without_a_query_is_refused() -> None:
    """The recorded reply would be of the wrong kind, whichever came first."""
    shell = await start_shell()
    asking = partial(shell.host.run_event_query, ROOT, DOMAIN, "add", {}, DOMAIN, "total", {})
    await shell.add(ROOT, eid="plain")
    await asking(EventId("asking"))
    for reply in (
        await asking(EventId("plain")),
        await shell.host.run_event(ROOT, DOMAIN, "add", {}, EventId("asking")),
    ):
        assert isinstance(reply, Refusal)
        assert reply.kind == "malformed"
    assert await shell.total(ROOT) == 2.0


@in_loop
async def test_unknown_channels_and_nonsense_leave_no_trace() -> None:
    """They are refused with a reason, and the journal does not change."""
    shell = await start_shell()
    before = shell.journal.transactions
    for eci, domain, name, kind in [
        ("nope", DOMAIN, "add", "unknown"),
        (ROOT, "", "add", "malformed"),
        (ROOT, DOMAIN, "", "malformed"),
        (ROOT, "$engine", "install", "denied"),
        (ROOT_ID, DOMAIN, "add", "denied"),
    ]:
        for send in (shell.host.run_event, shell.host.accept_event):
            reply = await send(Eci(eci), domain, name, {})
            assert isinstance(reply, Refusal)
            assert reply.kind == kind
    assert shell.journal.transactions == before


@in_loop
async def test_a_channels_policy_decides() -> None:
    """What it does not allow is refused, for events and for queries alike."""
    only_add = Policy((PolicyEntry(DOMAIN, "add"),))
    channel = Channel(Eci("narrow"), (), only_add, Policy(()))
    disk = prepared_disk()
    for write in born(new_pico(PicoId("ann"), None, [channel])):
        disk.write(write)
    shell = await start_shell(disk)
    assert await shell.add("narrow") == 1.0
    for refused in (
        await shell.do("narrow", "fail"),
        await shell.host.run_query(Eci("narrow"), DOMAIN, "total", {}),
        await shell.host.run_event_query(Eci("narrow"), DOMAIN, "add", {}, DOMAIN, "total", {}),
    ):
        assert isinstance(refused, Refusal)
        assert (refused.kind, refused.reason) == ("denied", "Not allowed by channel policy")


@in_loop
async def test_a_full_mailbox_sends_people_away() -> None:
    """The queue in memory is bounded; what is refused leaves no trace."""
    shell = await start_shell()
    shell.journal.hold()
    waiting = [asyncio.ensure_future(shell.do(ROOT, "ask", url="u"))]
    await shell.settle()
    waiting += [asyncio.ensure_future(shell.add(ROOT)) for _ in range(MOST_WAITING)]
    await shell.settle()
    refused = await shell.do(ROOT, "add")
    assert isinstance(refused, Refusal)
    assert refused.kind == "quota"
    for one in waiting:
        one.cancel()


@in_loop
async def test_a_flood_fails_the_turn_that_would_send_it() -> None:
    """What a mailbox has room for is taken; with one more nothing is sent, and the pico stays as it was."""
    shell = await start_shell(prepared_disk("other"))
    for target in (ROOT, "other"):
        flood = await shell.do(ROOT, "shout", to=target, times=MOST_WAITING + 1)
        assert isinstance(flood, Fault)
        assert flood.code == "R707"
    assert await shell.total(ROOT) == await shell.total("other") == 0
    assert isinstance(await shell.do(ROOT, "shout", to="other", times=3), EventReply)
    assert await shell.total(ROOT) == 1
    assert await shell.add("other") == 4


@in_loop
async def test_a_disk_that_refuses_is_told_as_not_known() -> None:
    """A caller whose event may or may not have been kept is told exactly that."""
    shell = await start_shell()
    shell.journal.fail("no space left")
    for send in (shell.host.run_event, shell.host.accept_event):
        reply = await send(ROOT, DOMAIN, "add", {})
        assert isinstance(reply, Refusal)
        assert "not known whether the event was kept" in reply.reason
        assert "no space left" in reply.reason


@in_loop
async def test_queries_see_only_what_is_committed() -> None:
    """While the disk works, a query answers from the state before, and does not wait."""
    shell = await start_shell()
    await shell.add(ROOT)
    shell.journal.hold()
    second = asyncio.ensure_future(shell.add(ROOT))
    await shell.settle()
    assert shell.kernel.ran != []
    assert await shell.total(ROOT) == 1.0
    shell.journal.release()
    await second
    assert await shell.total(ROOT) == 2.0


@in_loop
async def test_a_commit_brings_its_own_state_into_force_and_no_newer_one() -> None:
    """Of two turns under way the first becomes durable: queries see the first and not yet the second."""
    shell = await start_shell()
    shell.journal.hold()
    both = [asyncio.ensure_future(shell.add(ROOT)) for _ in range(2)]
    await shell.settle()
    shell.journal.release_one()
    assert await both[0] == 1.0
    assert await shell.total(ROOT) == 1.0
    shell.journal.release()
    assert await both[1] == 2.0
    assert await shell.total(ROOT) == 2.0


@in_loop
async def test_a_failing_query_is_told_and_leaves_no_trace() -> None:
    """A query is not recorded, whatever comes of it."""
    shell = await start_shell()
    before = shell.journal.transactions
    reply = await shell.host.run_query(ROOT, DOMAIN, "nonsense", {})
    assert reply == Fault("R605", "there is no nonsense")
    assert shell.journal.transactions == before


@in_loop
async def test_turns_are_pipelined_and_recorded_in_order() -> None:
    """Ten turns run while the disk works on none; afterwards their records follow each other."""
    shell = await start_shell()
    shell.journal.hold()
    running = [asyncio.ensure_future(shell.add(ROOT)) for _ in range(10)]
    await shell.settle()
    assert len(shell.kernel.ran) == 10
    shell.journal.release()
    assert await asyncio.gather(*running) == [float(n) for n in range(1, 11)]
    stored = shell.journal.load(ROOT_ID)
    assert isinstance(stored, Stored)
    assert len(stored.records) == 10


@in_loop
async def test_turns_run_only_so_far_ahead_of_the_disk() -> None:
    """A pico that keeps itself busy stops when some of it is not durable, and goes on when it is."""
    shell = await start_shell()
    shell.journal.hold()
    babbling = asyncio.ensure_future(shell.do(ROOT, "babble"))
    await shell.settle()
    assert len(shell.kernel.ran) == MOST_AHEAD_FOR_PICOS
    shell.journal.release()
    await shell.settle()
    assert len(shell.kernel.ran) > MOST_AHEAD_FOR_PICOS
    await shell.host.drain()
    assert isinstance(await babbling, EventReply)


@in_loop
async def test_callers_who_wait_get_further_ahead_of_the_disk() -> None:
    """Many of them share one fsync; a pico that writes to itself has nobody at the door."""
    shell = await start_shell()
    shell.journal.hold()
    adding = [asyncio.ensure_future(shell.add(ROOT)) for _ in range(MOST_AHEAD + 1)]
    await shell.settle()
    assert len(shell.kernel.ran) == MOST_AHEAD
    shell.journal.release()
    assert max(await asyncio.gather(*adding)) == MOST_AHEAD + 1
