"""What takes long to write down is written beside the event loop, and committed like anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event as Gate

import pytest

from engine.core.messages import Done, Event, Failed, Fault, Refusal, SendEvent, Turn
from engine.core.model import Eci, EventId, Inputs, PicoId
from engine.core.records import Head, begin, decode_request, encode_snapshot, seal, state_id
from engine.runtime import mailbox, snapshots
from engine.runtime.mailbox import OWN_MISTAKE
from engine.runtime.preparation import MANY, Prepared, event_of, name_state, prepare, write_snapshot
from engine.runtime.residents import Limits
from tests.engine.core.blocks.people import rich_pico
from tests.engine.in_loop import FOREVER_S, in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, prepared_disk, start_shell, with_channel

LOUD = MANY + 1


@contextmanager
def held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Writing such a turn down takes as long as this."""
    gate = Gate()

    def wait_and_prepare(head: Head, turn: Turn, outcome: Done | Failed) -> Prepared:
        assert gate.wait(FOREVER_S)
        return prepare(head, turn, outcome)

    monkeypatch.setattr(mailbox, "prepare", wait_and_prepare)
    try:
        yield
    finally:
        gate.set()


@in_loop
async def test_others_go_on_while_a_long_turn_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pico itself has one turn at a time; its neighbour gets and answers events meanwhile."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    with held_up(monkeypatch):
        shouting = asyncio.ensure_future(shell.do(ROOT, "shout", to="ann", times=LOUD))
        assert await shell.add("bob") == 1.0
        after = asyncio.ensure_future(shell.add(ROOT))
        assert await shell.add("bob") == 2.0
        assert await shell.total("ann") == 0.0
        assert not shouting.done()
    assert (await shouting).directives[0]["n"] == 1.0
    assert await after == 2.0
    while await shell.total("ann") < LOUD:
        await shell.settle()


@in_loop
async def test_what_it_sends_becomes_durable_with_its_record() -> None:
    """A start after a crash finds all of it, in the inbox or handled already."""
    shell = await start_shell(prepared_disk("ann"))
    await shell.do(ROOT, "shout", to="ann", times=LOUD)
    again = await start_shell(shell.journal.crash())
    while await again.total("ann") < LOUD:
        await again.settle()
    assert await again.total("ann") == LOUD
    assert await again.total(ROOT) == 1.0


def test_what_is_prepared_is_what_would_be_written_otherwise() -> None:
    """The same bytes, so no history shows which way they came about."""
    head = begin(with_channel("ann"))
    sent = tuple(SendEvent(Eci("bob"), "tally", "add", {"n": n}, EventId(f"e{n}")) for n in (1.0, 2.0))
    done = Done(replace(head.pico, seq=1), (), (), sent)
    turn = Turn(Event(Eci("ann"), "tally", "tell", {}, EventId("e0")), Inputs(0, ""))
    prepared = prepare(head, turn, done)
    assert prepared.sealed == seal(head, turn, done)
    arrived = [decode_request(prepared.sent[one.eid]) for one in sent]
    assert arrived == [(event_of(one, PicoId("ann")), None, None) for one in sent]
    assert [event.sender for event, _, _ in arrived] == ["ann", "ann"]


@in_loop
async def test_a_pico_that_is_deleted_meanwhile_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller is told so."""
    shell = await start_shell(prepared_disk("ann", "bob"))
    with held_up(monkeypatch):
        shouting = asyncio.ensure_future(shell.do("bob", "shout", to="ann", times=LOUD))
        await shell.do(ROOT, "bury", name="bob")
    refused = await shouting
    assert isinstance(refused, Refusal)
    assert await shell.total("ann") == 0.0


@in_loop
async def test_a_mistake_of_ours_is_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller does not wait for ever, and the pico takes its next event."""
    shell = await start_shell(prepared_disk("ann"))

    def stumble(head: Head, turn: Turn, outcome: Done | Failed) -> Prepared:
        raise LookupError("a bug")

    monkeypatch.setattr(mailbox, "prepare", stumble)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    assert await shell.do(ROOT, "shout", to="ann", times=LOUD) == Fault("R699", OWN_MISTAKE)
    assert await shell.add(Eci(ROOT)) == 1.0


@in_loop
async def test_a_large_pico_is_saved_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its turns do not wait for the snapshot, and whoever wakes it later does not notice."""
    gate = Gate()

    def wait_and_write(head: Head) -> bytes:
        assert gate.wait(FOREVER_S)
        return write_snapshot(head)

    monkeypatch.setattr(snapshots, "write_snapshot", wait_and_write)
    monkeypatch.setattr(snapshots, "LARGE", 0)
    shell = await start_shell(limits=Limits(snapshot_every=5))
    for _ in range(30):
        await shell.add(ROOT)
    assert shell.journal.disk.snapshots[ROOT_ID][0] == 0
    gate.set()
    await shell.host.drain()
    seq, _ = shell.journal.disk.snapshots[ROOT_ID]
    assert 0 < seq <= 30
    again = await start_shell(shell.journal.disk)
    assert await again.add(ROOT) == 31.0


@in_loop
async def test_a_pico_that_is_deleted_while_it_is_saved_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snapshot comes too late."""
    monkeypatch.setattr(snapshots, "LARGE", 0)
    shell = await start_shell(prepared_disk("bob"), limits=Limits(snapshot_every=1))
    for _ in range(3):
        await shell.add("bob")
    await shell.do(ROOT, "bury", name="bob")
    await shell.host.drain()
    assert PicoId("bob") not in shell.journal.disk.snapshots


def test_a_state_that_is_named_in_pieces_has_its_name() -> None:
    assert name_state(rich_pico()) == state_id(rich_pico())


def test_a_snapshot_in_pieces_is_the_snapshot() -> None:
    head = begin(with_channel("ann"))
    assert write_snapshot(head) == encode_snapshot(head)
