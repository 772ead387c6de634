"""An engine that nobody can reach is written to all the same: it has a mediator, and fetches its mail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.did_choice import ANYBODY, DidChoice
from engine.ports import CannotSend
from engine.runtime.arrangement import NoMail
from engine.runtime.collecting import Collecting
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, bad_luck


async def setting(folder: Path, **settings: Any) -> tuple[Mesh, Member, Member, Member]:
    """Somebody, a mediator, and an engine at which nobody arrives."""
    mesh = Mesh(settings={"mediator_for": ANYBODY, **settings})
    ann, med = await mesh.add("ann", folder), await mesh.add("med", folder)
    mesh.settings["mediator"] = med.mail.engine_did()
    far = await mesh.add("far", folder)
    del mesh.wire.hosts["far.example"]
    return mesh, ann, med, far


def collecting(member: Member) -> Collecting:
    assert member.mail.collecting is not None
    return member.mail.collecting


async def collect(member: Member, tries: int = 50) -> None:
    """Until it worked, as the engine does by the clock."""
    for _ in range(tries):
        try:
            await collecting(member).collect()
        except (NoMail, CannotSend):
            mesh_clock = member.mesh.clock
            mesh_clock.move_to(mesh_clock.now_ms() + 20_000)  # a place that failed is left alone for a while
        else:
            return
    raise AssertionError("it never works")


@in_loop
async def test_events_reach_an_engine_that_nobody_can_reach(tmp_path: Path) -> None:
    """By way of its mediator, while it is off too; and it answers."""
    mesh, ann, med, far = await setting(tmp_path)
    own, _ = await ann.open()
    _, there = await far.open()
    await collect(far)
    await ann.send("go:send", did=there, n=1, **{"from": own})
    await mesh.settle(ann, med)
    await collect(far)
    await far.host.wait_quiet()
    assert await far.ask("seen") == [1.0]
    assert await ann.ask("errors") == []
    assert all("far.example" not in request.url for request in mesh.wire.requests)
    assert med.disk.mail.waiting == {}


@in_loop
async def test_what_is_not_durable_here_is_fetched_again(tmp_path: Path) -> None:
    """The receipt is acknowledged when the event is kept; after a crash, over a bad wire, it arrives once."""
    mesh, ann, med, far = await setting(tmp_path)
    own, _ = await ann.open()
    _, there = await far.open()
    await collect(far)
    await ann.send("go:send", did=there, n=-1, **{"from": own})
    await mesh.settle(ann, med)
    far.journal.hold()
    lost = asyncio.ensure_future(collecting(far).collect())
    for _ in range(200):
        await asyncio.sleep(0)
    assert not lost.done()
    assert len(med.disk.mail.waiting) == 1
    lost.cancel()
    mesh.wire.hosts["far.example"] = far.host
    await far.crash_and_start()
    del mesh.wire.hosts["far.example"]
    mesh.wire.fate = bad_luck(3)
    for n in range(20):
        await ann.send("go:send", did=there, n=n, **{"from": own})
    await mesh.settle(ann, med)
    await collect(far)
    await far.host.wait_quiet()
    assert sorted(await far.ask("seen")) == [float(n) for n in range(-1, 20)]
    assert med.disk.mail.waiting == {}


@in_loop
async def test_a_mediator_that_does_not_want_to_is_told_of(tmp_path: Path) -> None:
    """With what it answers."""
    _, _, _, far = await setting(tmp_path, mediator_for=DidChoice())
    with pytest.raises(NoMail, match="mediate-deny"):
        await collecting(far).collect()
