"""A pico that has moved does not run an event again that it has handled anywhere, however long ago."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.messages import Refusal
from engine.core.model import EventId, PicoId
from engine.ports import AppendRecord, BirthPico
from engine.runtime import besides
from engine.runtime.handled_ids import (
    BYTES,
    IN_A_PIECE,
    Digests,
    HandledIds,
    digest,
    keeping,
    kept,
    pack,
    unpack,
)
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller
from tests.fakes.memory_journal import MemoryJournal

ANN = PicoId("ann")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records go along of four turns at most."""
    monkeypatch.setattr(besides, "MOST_RECORDS", 4)


async def setting(folder: Path) -> tuple[Mesh, Traveller, Traveller, PicoId]:
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    return mesh, ann, bob, await ann.counter(folder)


async def move(pico: PicoId, here: Traveller, there: Traveller) -> None:
    assert isinstance(await here.moves.wanted(pico, there.did), str)
    await settle(here, there)
    assert there.moves.acts(pico)


@pytest.mark.usefixtures("few")
@in_loop
async def test_an_event_of_long_ago_is_not_run_again_after_any_move(tmp_path: Path) -> None:
    """Whoever repeats it is told that it was handled, or that it was accepted; at the first engine, which has
    its record, they are answered as the first time; also after a restart."""
    _, ann, bob, pico = await setting(tmp_path)
    eci = ann.eci(pico)
    for n in range(10):
        await ann.run(pico, "far:hello", f"e{n}", n=n)
    for here, there in ((ann, bob), (bob, ann), (ann, bob)):
        await move(pico, here, there)
        assert "e0" not in {eid for eid, _ in bob.disk.records[pico].values()}
        for n in range(10):
            assert await there.host.accept_event(eci, "far", "hello", {"n": n}, EventId(f"e{n}")) == f"e{n}"
        told = await there.run(pico, "far:hello", "e0", n=0)
        if there is ann:  # which has kept what it did there
            assert isinstance(told, EventReply)
        else:
            assert isinstance(told, Refusal)
            assert "has handled this event long ago" in told.reason
        assert await there.seen(pico) == [*range(10)]
    await bob.crash_and_start()
    assert isinstance(await bob.run(pico, "far:hello", "e0", n=0), Refusal)
    assert isinstance(await bob.run(pico, "far:hello", "new", n=10), EventReply)
    assert await bob.seen(pico) == [*range(11)]


@in_loop
async def test_records_that_are_missing_between_two_stays_are_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes along the second time is what is there, and not what was there when it left before."""
    monkeypatch.setattr(besides, "MOST_BYTES", 2_500)
    _, ann, bob, pico = await setting(tmp_path)
    for here, there, turns in ((ann, bob, 12), (bob, ann, 12), (ann, bob, 0), (bob, ann, 0), (ann, bob, 1)):
        for n in range(turns):
            await here.run(pico, "far:hello", n=n)
        await move(pico, here, there)
    assert len(await bob.seen(pico)) == 25


@pytest.mark.usefixtures("few")
@in_loop
async def test_nor_is_one_that_comes_by_where_it_was(tmp_path: Path) -> None:
    """It is sent on, and known where the pico is."""
    _, ann, bob, pico = await setting(tmp_path)
    eci = ann.eci(pico)
    await move(pico, ann, bob)
    for n in range(10):
        await bob.run(pico, "far:hello", f"e{n}", n=n)
    await move(pico, bob, ann)
    await move(pico, ann, bob)
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 0}, EventId("e0")) == "e0"
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == [*range(10)]
    assert not [key for key in ann.disk.inbox if key[0] == pico]


@pytest.mark.usefixtures("few")
@in_loop
async def test_a_letter_of_long_ago_is_not_read_again(tmp_path: Path) -> None:
    """Whoever has kept the envelope sends it once more, to the new engine."""
    mesh, ann, bob, pico = await setting(tmp_path)
    cyd = await mesh.add("cyd", tmp_path)
    did = await ann.mail.channel_did(ann.eci(pico))
    await cyd.root_did()
    await cyd.send("go:send", did=did, **{"from": cyd.host.root_eci()}, n="letter")
    await mesh.settle(ann, cyd)
    letter = next(one for one in reversed(mesh.wire.requests) if one.url.startswith("http://ann"))
    for n in range(10):
        await ann.run(pico, "far:hello", n=n)
    await move(pico, ann, bob)
    assert isinstance(letter.body, str)
    for member in (bob, ann):
        await member.mail.receive(letter.body.encode())
        await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == ["letter", *range(10)]


def test_ids_are_found_among_all_that_were_handled() -> None:
    """And others are not."""
    ids = HandledIds()
    ids._add(digest(f"e{n}") for n in range(300))
    found = Digests(ids.pieces)
    assert all(f"e{n}" in found for n in range(300))
    assert not any(f"f{n}" in found for n in range(300))
    assert "e0" not in Digests(())


@in_loop
async def test_pieces_that_are_full_never_change() -> None:
    """So the next move brings only the last; a journal keeps them, and drops them when they are to go."""
    journal = MemoryJournal()
    await journal.commit([BirthPico(ANN, None, 0, b"")])
    for seq in range(1, IN_A_PIECE + 11):
        journal.commit([AppendRecord(ANN, seq, EventId(f"e{seq}") if seq % 2 or seq > 20 else None, b"")])
    await journal.commit([])
    ids = HandledIds()
    await ids.read_on(journal, ANN, IN_A_PIECE)
    first = list(ids.pieces)
    await ids.read_on(journal, ANN, IN_A_PIECE + 10)
    assert (len(first), len(ids.pieces), ids.to) == (1, 1, IN_A_PIECE + 10)
    for seq in range(IN_A_PIECE + 11, 2 * IN_A_PIECE):
        journal.commit([AppendRecord(ANN, seq, EventId(f"e{seq}"), b"")])
    await journal.commit([])
    await ids.read_on(journal, ANN, 2 * IN_A_PIECE)
    full = ids.pieces[0]
    assert [len(one) for one in ids.pieces] == [len(full), len(ids.pieces[1])]
    again = HandledIds()
    await journal.commit(keeping(journal, ANN, unpack(pack(ids))))
    assert kept(journal, ANN) == (ids.to, ids.pieces)
    await again.read_on(journal, ANN, ids.to)
    assert (again.to, again.pieces) == (ids.to, ids.pieces)
    await journal.commit(keeping(journal, ANN, HandledIds()))
    assert kept(journal, ANN) == (0, [])
    with pytest.raises(ValueError, match="cut off"):
        unpack({"to": 1, "pieces": ["AA"]})
    assert len(full) == IN_A_PIECE * BYTES * 4 // 3
