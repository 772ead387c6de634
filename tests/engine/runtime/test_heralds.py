"""Engines where a pico was hear where it is, though they did not see it go there."""

from __future__ import annotations

from pathlib import Path

from engine.core.model import EventId
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller


async def pass_time(mesh: Mesh, *members: Traveller, ms: int = 700_000) -> None:
    for _ in range(4):
        mesh.clock.move_to(mesh.clock.now_ms() + ms)
        await settle(*members)


@in_loop
async def test_the_first_engine_hears_of_the_third(tmp_path: Path) -> None:
    """So what comes there goes straight on, though the second one is no more."""
    mesh = Mesh()
    ann, bob, cyd = [await traveller(mesh, name) for name in ("ann", "bob", "cyd")]
    pico = await ann.counter(tmp_path)
    eci = ann.eci(pico)
    for here, there in ((ann, bob), (bob, cyd)):
        assert isinstance(await here.moves.wanted(pico, there.did), str)
        await settle(ann, bob, cyd)
    bob.crash()
    assert ann.moves.new_place(pico) == cyd.did
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 1}, EventId("e1")) == "e1"
    await settle(ann, cyd)
    await cyd.host.wait_quiet()
    assert await cyd.seen(pico) == [1]


@in_loop
async def test_who_is_away_hears_it_later_and_nobody_hears_it_twice(tmp_path: Path) -> None:
    """It is told again and again, also by a later run of the engine; and not once more when it knows."""
    mesh = Mesh()
    ann, bob, cyd = [await traveller(mesh, name) for name in ("ann", "bob", "cyd")]
    pico = await ann.counter(tmp_path)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    ann.crash()
    assert isinstance(await bob.moves.wanted(pico, cyd.did), str)
    await settle(bob, cyd)
    await cyd.crash_and_start()
    await settle(bob, cyd)
    await ann.start()
    await pass_time(mesh, ann, bob, cyd)
    assert ann.moves.new_place(pico) == cyd.did
    await cyd.crash_and_start()
    await pass_time(mesh, ann, bob, cyd)
    before = len(mesh.wire.requests)
    await pass_time(mesh, ann, bob, cyd)
    assert len(mesh.wire.requests) == before
