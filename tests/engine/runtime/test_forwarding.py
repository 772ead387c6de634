"""What is accepted for a pico where it was goes to where it is, however large it is and whatever its id."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.messages import Refusal
from engine.core.model import EventId
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import settle, traveller


@pytest.mark.parametrize("size", [10, 5_000, 300_000, 500_000])
@in_loop
async def test_events_of_any_size_are_sent_on(tmp_path: Path, size: int) -> None:
    """One that hardly goes into a message by itself does not keep up those behind it."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(tmp_path)
    eci = ann.eci(pico)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    for eid in ("e" * 300, "e2"):
        told = await ann.host.accept_event(eci, "far", "hello", {"n": eid[-1] * size}, EventId(eid))
        assert told == eid
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == ["e" * size, "2" * size]
    assert not [key for key in ann.disk.inbox if key[0] == pico]


@in_loop
async def test_what_could_not_be_sent_on_is_not_accepted(tmp_path: Path) -> None:
    """Whoever sends it is told where the pico is, and what comes after it gets there."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(tmp_path)
    eci = ann.eci(pico)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    told = await ann.host.accept_event(eci, "far", "hello", {"n": "1" * 600_000}, EventId("e1"))
    assert isinstance(told, Refusal)
    assert (told.kind, told.extra["url"]) == ("moved", "http://bob.example")
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 2}, EventId("e2")) == "e2"
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == [2]
