"""An engine that was restored from a backup acts for nobody before it has asked, whatever happens."""

from __future__ import annotations

import copy
from pathlib import Path

from engine.core.migration import Footing
from engine.core.model import EventId
from engine.runtime.restored import RESTORED, Restored, write_restored
from engine.wiring_of_moves import footing_of
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller
from tests.fakes.memory_journal import MemoryJournal

DOUBT_MS = 21 * 60_000


async def setting() -> tuple[Mesh, Traveller, Traveller]:
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    ann.peers, bob.peers = [bob.did], [ann.did]
    return mesh, ann, bob


async def pass_doubt(mesh: Mesh, *members: Traveller) -> None:
    for _ in range(30):
        mesh.clock.move_to(mesh.clock.now_ms() + DOUBT_MS // 20)
        await settle(*members)


async def move(source: Traveller, target: Traveller, pico: object) -> None:
    assert isinstance(await source.moves.wanted(pico, target.did), str)  # type: ignore[arg-type]
    await settle(source, target)


@in_loop
async def test_a_pico_that_had_no_name_in_the_backup_does_not_live_twice(tmp_path: Path) -> None:
    """It got one when it left. What is accepted for it where it was goes to where it is."""
    mesh, ann, bob = await setting()
    pico = await ann.counter(tmp_path)
    eci, backup = ann.eci(pico), copy.deepcopy(ann.disk)
    await move(ann, bob, pico)
    ann.crash()
    ann.disk, ann.doubts = backup, True
    await ann.start()
    assert not ann.moves.acts(pico)
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 3}, EventId("e3")) == "e3"
    await pass_doubt(mesh, ann, bob)
    assert not ann.moves.acts(pico)
    assert await bob.seen(pico) == [3]


@in_loop
async def test_a_crash_does_not_end_a_doubt(tmp_path: Path) -> None:
    """Not that of a pico that had come back before the backup, nor the engine's."""
    mesh, ann, bob = await setting()
    pico = await ann.counter(tmp_path)
    await move(ann, bob, pico)
    await move(bob, ann, pico)
    backup = copy.deepcopy(ann.disk)
    await move(ann, bob, pico)
    ann.crash()
    bob.crash()
    ann.disk, ann.doubts = backup, True
    await ann.start()
    assert not ann.moves.acts(pico)
    await settle(ann)
    ann.crash()
    ann.doubts = False
    assert footing_of(True, MemoryJournal(ann.disk)) is Footing.DOUBTFUL
    await ann.start()
    assert not ann.moves.acts(pico)
    await settle(ann)
    await bob.start()
    await pass_doubt(mesh, ann, bob)
    assert [one.moves.acts(pico) for one in (ann, bob)] == [False, True]


@in_loop
async def test_a_pico_comes_again_to_who_has_forgotten_that_it_came(tmp_path: Path) -> None:
    """The backup is from before the two engines met over it."""
    mesh, ann, bob = await setting()
    backup = copy.deepcopy(bob.disk)
    pico = await ann.counter(tmp_path)
    await ann.run(pico, "far:hello", n=1)
    await move(ann, bob, pico)
    assert bob.moves.acts(pico)
    bob.crash()
    bob.disk, bob.doubts = backup, True
    await bob.start()
    await pass_doubt(mesh, ann, bob)
    assert bob.moves.acts(pico)
    assert await bob.seen(pico) == [1]


@in_loop
async def test_what_nobody_contradicts_goes_on(tmp_path: Path) -> None:
    """When the time is over, also what had no name."""
    mesh, ann, bob = await setting()
    pico = await ann.counter(tmp_path)
    ann.crash()
    ann.doubts = True
    await ann.start()
    assert not ann.moves.acts(pico)
    eci = ann.eci(pico)
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 1}, EventId("e1")) == "e1"
    await pass_doubt(mesh, ann, bob)
    assert ann.moves.acts(pico)
    await ann.host.wait_quiet()
    assert await ann.seen(pico) == [1]
    assert footing_of(True, MemoryJournal(ann.disk)) is Footing.UNSURE


@in_loop
async def test_a_home_made_of_a_backup_of_a_first_start_is_in_doubt() -> None:
    """Its journal counts one start, as after a crash in the first."""
    journal = MemoryJournal()
    journal.disk.facts[RESTORED] = write_restored([Restored(1, 2)])
    assert footing_of(True, journal) is Footing.DOUBTFUL
