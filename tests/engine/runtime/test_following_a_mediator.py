"""A mediator that changes its DID is followed, and what is sent to any name of its client arrives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.core.dids import Did
from engine.runtime.arrangement import NoMail
from tests.engine.in_loop import in_loop
from tests.engine.runtime.foreign_mediator import ForeignMediator, WireWithMediator
from tests.engine.runtime.mesh import Member, Mesh
from tests.engine.runtime.test_collecting import collect, collecting


async def setting(folder: Path) -> tuple[Mesh, ForeignMediator, Member, Member]:
    """A mediator, somebody who writes, and an engine at which nobody arrives."""
    wire = WireWithMediator()
    mesh = Mesh(wire=wire)
    wire.mediator = mediator = ForeignMediator(mesh)
    ann = await mesh.add("ann", folder)
    mesh.settings["mediator"] = mediator.did
    far = await mesh.add("far", folder)
    del wire.hosts["far.example"]
    await collect(far)
    return mesh, mediator, ann, far


async def send(mesh: Mesh, ann: Member, far: Member, to: Did, n: int) -> None:
    await ann.send("go:send", did=to, n=n)
    await mesh.settle(ann)
    await collect(far)
    await far.host.wait_quiet()


@in_loop
async def test_a_mediator_that_rotates_is_followed(tmp_path: Path) -> None:
    """It is asked by its new DID, new names lead by way of that, and old ones go on to."""
    mesh, mediator, ann, far = await setting(tmp_path)
    (_, before), old, me = await far.open(), mediator.did, far.mail.engine_did()
    mediator.rotate("second", mesh.clock.now_ms() // 1000)
    await collect(far)
    await collect(far)
    (_, after) = await far.open()
    mediator.asked.clear()
    await send(mesh, ann, far, before, 1)
    await send(mesh, ann, far, after, 2)
    assert await far.ask("seen") == [1.0, 2.0]
    assert set(mediator.asked) == {mediator.did} != {old}
    assert far.mail.engine_did() not in (me, mediator.did)
    assert set(mediator.recipients) == {me, far.mail.engine_did()}
    assert await ann.ask("errors") == []


@in_loop
async def test_it_is_followed_after_a_restart_too(tmp_path: Path) -> None:
    """The settings still say what it was called at first."""
    mesh, mediator, ann, far = await setting(tmp_path)
    for n, name in enumerate(("second", "third")):
        mediator.rotate(name, mesh.clock.now_ms() // 1000 + n)
        await collect(far)
    named = far.mail.engine_did()
    mesh.wire.hosts["far.example"] = far.host
    await far.crash_and_start()
    del mesh.wire.hosts["far.example"]
    mediator.news = None
    mediator.asked.clear()
    await collect(far)
    assert (set(mediator.asked), far.mail.engine_did()) == ({mediator.did}, named)
    _, there = await far.open()
    await send(mesh, ann, far, there, 1)
    assert await far.ask("seen") == [1.0]


@in_loop
async def test_somebody_else_is_not_followed(tmp_path: Path) -> None:
    """Without a proof of the DID that is known, or with one that is older than what is known."""
    mesh, mediator, _, far = await setting(tmp_path)
    first, now_s = mediator.did, mesh.clock.now_ms() // 1000
    mediator.rotate("second", now_s)
    second, proof = mediator.did, mediator.news
    mediator.news = None
    with pytest.raises(NoMail, match="somebody else answers"):
        await collecting(far).collect()
    mediator.news = proof
    await collect(far)
    mediator.rotate("first", now_s)
    assert mediator.did == first
    with pytest.raises(NoMail, match="not newer"):
        await collecting(far).collect()
    assert collecting(far).arrangement.names.mediator == second


@in_loop
async def test_another_mediator_that_is_chosen_is_asked_anew(tmp_path: Path) -> None:
    """What is known of one that was chosen before says nothing of it."""
    mesh, mediator, _, far = await setting(tmp_path)
    mediator.rotate("second", mesh.clock.now_ms() // 1000)
    await collect(far)
    other = ForeignMediator(mesh, "other")
    mesh.wire.mediator = other  # type: ignore[attr-defined]
    mesh.settings["mediator"] = other.did
    mesh.wire.hosts["far.example"] = far.host
    await far.crash_and_start()
    await collect(far)
    assert set(other.asked) == {other.did}
    assert other.recipients == [far.mail.engine_did()]


@in_loop
async def test_whoever_has_to_know_is_told(tmp_path: Path) -> None:
    """The engine is called otherwise when its mediator is."""
    mesh, mediator, _, far = await setting(tmp_path)
    told: list[Did] = []
    collecting(far).arrangement.moved = lambda: told.append(far.mail.engine_did())
    mediator.rotate("second", mesh.clock.now_ms() // 1000)
    await collect(far)
    await collect(far)
    assert told == [far.mail.engine_did()]


@in_loop
async def test_those_who_know_the_engine_hear_of_its_new_name(tmp_path: Path) -> None:
    """As of a move to another place: what they send to its former name goes by way of the new one."""
    mesh, mediator, ann, far = await setting(tmp_path)
    (_, there), me = await far.open(), far.mail.engine_did()
    await send(mesh, ann, far, there, 1)
    mediator.rotate("second", mesh.clock.now_ms() // 1000 + 1)
    mesh.clock.move_to(mesh.clock.now_ms() + 5_000)
    await collect(far)
    await collect(far)
    for _ in range(200):
        await asyncio.sleep(0)
    assert ann.mail._whereabouts.newest(me) == far.mail.engine_did() != me
    await send(mesh, ann, far, there, 2)
    assert await far.ask("seen") == [1.0, 2.0]
