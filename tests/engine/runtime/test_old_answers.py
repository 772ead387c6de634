"""Whoever sits on the wire can swallow a message and play an old answer. Nobody takes it for the new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.dids import Did
from engine.core.messages import Fault
from engine.core.model import Eci
from engine.ports import WebRequest, WebResponse
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Wire

NOTHING: dict[str, list[Any]] = {"allow": [], "deny": []}


@dataclass
class TappedWire(Wire):
    """It keeps the last answer, and can give that one to the next request, which then does not arrive."""

    last: WebResponse | None = None
    swallows: bool = False

    async def send(self, request: WebRequest) -> WebResponse:
        if self.swallows and self.last is not None:
            self.swallows = False
            return self.last
        self.last = await super().send(request)
        return self.last


@dataclass
class Scene:
    mesh: Mesh
    wire: TappedWire
    ann: Member
    bob: Member
    eci: Eci
    """Of the channel from which Ann writes."""

    async def write(self, to: Did, n: int) -> None:
        await self.ann.send("go:send", did=to, n=n, **{"from": self.eci})
        await self.mesh.settle(self.ann, self.bob)

    async def ask(self, did: Did) -> Any:
        return await self.ann.host.run_query(self.ann.host.root_eci(), "friend", "ask", {"did": did})


async def setting(tmp_path: Path) -> Scene:
    wire = TappedWire()
    mesh = Mesh(wire=wire)
    ann, bob = await mesh.add("ann", tmp_path), await mesh.add("bob", tmp_path)
    return Scene(mesh, wire, ann, bob, (await ann.open())[0])


@in_loop
async def test_an_old_answer_to_a_query_is_none(tmp_path: Path) -> None:
    """It says what was so then. The query fails instead."""
    scene = await setting(tmp_path)
    _, there = await scene.bob.open()
    await scene.write(there, 1)
    assert (await scene.ask(there)).value == [1.0]
    scene.wire.swallows = True
    fault = await scene.ask(there)
    assert isinstance(fault, Fault)
    assert "answers something else" in fault.message


@in_loop
async def test_an_old_acceptance_accepts_nothing_else(tmp_path: Path) -> None:
    """The event is tried again until it was taken itself, and arrives once."""
    scene = await setting(tmp_path)
    _, there = await scene.bob.open()
    await scene.write(there, 1)
    scene.wire.swallows = True
    await scene.write(there, 2)
    assert await scene.bob.ask("seen") == [1.0, 2.0]
    assert await scene.ann.ask("errors") == []


@in_loop
async def test_an_old_refusal_refuses_nothing_else(tmp_path: Path) -> None:
    """Of a query by the same channel."""
    scene = await setting(tmp_path)
    _, there = await scene.bob.open(queries=NOTHING)
    assert isinstance(await scene.ask(there), Fault)
    scene.wire.swallows = True
    await scene.write(there, 1)
    assert await scene.bob.ask("seen") == [1.0]
    assert await scene.ann.ask("errors") == []


@in_loop
async def test_a_refusal_by_somebody_else_refuses_nothing(tmp_path: Path) -> None:
    """By another channel of the same engine, which has a DID of its own."""
    scene = await setting(tmp_path)
    _, there = await scene.bob.open()
    _, shut = await scene.bob.open(events=NOTHING)
    await scene.write(shut, 1)
    (refused,) = await scene.ann.ask("errors")
    scene.wire.swallows = True
    await scene.write(there, 2)
    assert await scene.bob.ask("seen") == [2.0]
    assert await scene.ann.ask("errors") == [refused]
