"""An engine that comes back gets what waited for it soon, in order, and without a rush of attempts before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.ports import WebRequest, WebResponse
from engine.runtime.places import FIRST_WAIT_MS, LONGEST_WAIT_MS, SHARE
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Wire

MINUTE_MS = 60_000
STEP_MS = 500


async def pair(folder: Path) -> tuple[Mesh, Member, Member]:
    mesh = Mesh()
    return mesh, await mesh.add("ann", folder), await mesh.add("bob", folder)


async def rest() -> None:
    """Let everything happen that waits neither for time nor for a thread."""
    for _ in range(60):
        await asyncio.sleep(0)


async def pass_ms(mesh: Mesh, time_ms: int, until: Callable[[], bool] = lambda: False) -> int:
    """How many milliseconds it took, at most so many."""
    began_ms = mesh.clock.now_ms()
    await rest()
    while mesh.clock.now_ms() < began_ms + time_ms and not until():
        mesh.clock.move_to(mesh.clock.now_ms() + STEP_MS)
        await rest()
    return mesh.clock.now_ms() - began_ms


def most_late_ms(outage_ms: int) -> int:
    """One interval between two looks, with the chance in it, and what our steps are too long."""
    return min(max(outage_ms // SHARE, FIRST_WAIT_MS), LONGEST_WAIT_MS) * 3 // 2 + 2 * STEP_MS


@pytest.mark.parametrize("seed", range(6))
@in_loop
async def test_mail_arrives_soon_after_an_outage(seed: int, tmp_path: Path) -> None:
    """Within one interval between two looks. All of it, in the order in which it was sent but for one that
    looked, and until then there was one attempt at a time."""
    chance = random.Random(seed)
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    outage_ms = chance.randrange(1, 40) * MINUTE_MS
    bob.crash()
    gone_ms = mesh.clock.now_ms()
    number = 12
    for n in range(number):
        await ann.send("go:send", did=there, n=n)
        await pass_ms(mesh, chance.randrange(0, outage_ms // number, STEP_MS))
    await pass_ms(mesh, gone_ms + outage_ms - mesh.clock.now_ms())
    attempts = len(mesh.wire.requests)
    assert attempts < 80
    await bob.start()
    await pass_ms(mesh, most_late_ms(mesh.clock.now_ms() - gone_ms), until=lambda: not ann.disk.errands)
    await mesh.settle(bob)
    seen = await bob.ask("seen")
    (first,) = seen[:1]
    assert seen == [first, *(float(n) for n in range(number) if n != first)]
    assert len(mesh.wire.requests) == attempts + number
    assert await ann.ask("errors") == []


@in_loop
async def test_whoever_writes_is_there(tmp_path: Path) -> None:
    """A message from an engine that was away has what waits for it sent, long before the next look is due."""
    mesh, ann, bob = await pair(tmp_path)
    _, here = await ann.open()
    _, there = await bob.open()
    bob.crash()
    for n in range(5):
        await ann.send("go:send", did=there, n=n)
    await pass_ms(mesh, 60 * MINUTE_MS)
    await bob.start()
    await bob.send("go:send", did=here, n=1)
    await pass_ms(mesh, 5_000)
    await mesh.settle(bob)
    assert sorted(await bob.ask("seen")) == [0.0, 1.0, 2.0, 3.0, 4.0]


@in_loop
async def test_an_engine_that_starts_sends_what_waits_in_order(tmp_path: Path) -> None:
    """Each line one after the other, though there was no time to learn which place is away."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    bob.crash()
    for n in range(20):
        await ann.send("go:send", did=there, n=n)
    await rest()
    ann.crash()
    await bob.start()
    await ann.start()
    await pass_ms(mesh, 3_000)
    await mesh.settle(ann, bob)
    assert await bob.ask("seen") == [float(n) for n in range(20)]


class Gateway(Wire):
    """A wire with something in front of the engines that says so when they are not there."""

    async def send(self, request: WebRequest) -> WebResponse:
        if "bob.example" in request.url and "bob.example" not in self.hosts:
            self.requests.append(request)
            return WebResponse(503, "Service Unavailable", {"content-type": "text/html"}, "<h1>Sorry</h1>")
        return await super().send(request)


@in_loop
async def test_what_a_gateway_says_is_that_nobody_is_there(tmp_path: Path) -> None:
    """One attempt at a time, as if nobody had answered at all."""
    mesh = Mesh(wire=Gateway())
    ann, bob = await mesh.add("ann", tmp_path), await mesh.add("bob", tmp_path)
    _, there = await bob.open()
    bob.crash()
    for n in range(20):
        await ann.send("go:send", did=there, n=n)
    await pass_ms(mesh, 10 * MINUTE_MS)
    assert len(mesh.wire.requests) < 60
    await bob.start()
    await pass_ms(mesh, most_late_ms(10 * MINUTE_MS))
    await mesh.settle(ann, bob)
    assert sorted(await bob.ask("seen")) == [float(n) for n in range(20)]


@in_loop
async def test_a_mistake_of_the_engine_costs_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: a message whose sending came to nothing is sent again."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    send = mesh.wire.send

    async def stumble(request: WebRequest) -> WebResponse:
        monkeypatch.setattr(mesh.wire, "send", send)
        raise AttributeError("a mistake")

    monkeypatch.setattr(mesh.wire, "send", stumble)
    await ann.send("go:send", did=there, n=7)
    await pass_ms(mesh, MINUTE_MS, until=lambda: not ann.disk.errands)
    await mesh.settle(bob)
    assert await bob.ask("seen") == [7.0]
    assert await ann.ask("errors") == []
