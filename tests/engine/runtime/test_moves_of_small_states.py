"""Small picos move by messages alone: what goes over the wire, what is durable, what is not done twice."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from engine.core.model import PicoId
from engine.runtime.moves.small_loads import roots_in
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.test_moves import setting
from tests.engine.runtime.travelling import COUNTER, Traveller, settle

REMARK = "// " + "a remark that makes the text of the ruleset long\n// " * 500


async def has_moved(pico: PicoId, here: Traveller, there: Traveller) -> None:
    assert isinstance(await here.moves.wanted(pico, there.did), str)
    await settle(here, there)
    assert there.moves.acts(pico)


def loads(one: Traveller) -> list[str]:
    """Blocks of small states that it keeps."""
    return [name for name in one.journal.fact_names("load ") if one.journal.fact(name)]


async def sent_by(mesh: Mesh, wanted: Awaitable[Any], *members: Traveller) -> int:
    """Bytes that go over the wire until all rest again."""
    before = len(mesh.wire.requests)
    assert isinstance(await wanted, str)
    await settle(*members)
    return sum(len(request.body or "") for request in mesh.wire.requests[before:])


@in_loop
async def test_three_messages_and_their_answers_are_a_move(tmp_path: Path) -> None:
    """Offer, handoff and release; what the target says to them comes back over the same connections."""
    mesh, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    before = len(mesh.wire.requests)
    await has_moved(pico, ann, bob)
    assert len(mesh.wire.requests) - before == 3


@in_loop
async def test_its_blocks_are_beside_its_seat_and_in_no_store(tmp_path: Path) -> None:
    """The target needs them until it lives there; the source keeps them for one that loses everything."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    await has_moved(pico, ann, bob)
    case = ann.moves.cases.of(pico)
    assert case is not None
    assert list(case.held) == list(roots_in(case.seat)) != []
    assert (len(loads(ann)), loads(bob)) == (1, [])
    assert not ann.blocks.blocks
    assert not bob.blocks.blocks


@in_loop
async def test_texts_and_records_that_are_there_do_not_go_again(tmp_path: Path) -> None:
    """It comes back with what it has done elsewhere, and all of its past is there."""
    mesh, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path, COUNTER + REMARK)
    for n in range(30):
        await ann.run(pico, "far:hello", f"event {n}", n=n)
    first = await sent_by(mesh, ann.moves.wanted(pico, bob.did), ann, bob)
    await bob.run(pico, "far:hello", "event 30", n=30)
    second = await sent_by(mesh, bob.moves.wanted(pico, ann.did), ann, bob)
    assert await ann.seen(pico) == list(range(31))
    assert second < first / 2, (first, second)
    last = ann.journal.end(pico)
    assert last is not None
    assert len(ann.journal.records(pico, 1, last[0])) == last[0]


@in_loop
async def test_an_event_from_before_it_went_away_and_came_back_is_not_run_again(tmp_path: Path) -> None:
    """Wherever it was handled, here or there."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    await ann.run(pico, "far:hello", "first", n=1)
    await has_moved(pico, ann, bob)
    await bob.run(pico, "far:hello", "second", n=2)
    await has_moved(pico, bob, ann)
    for eid in ("first", "second"):
        await ann.run(pico, "far:hello", eid, n=9)
    assert await ann.seen(pico) == [1, 2]
