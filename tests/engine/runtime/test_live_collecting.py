"""Mail comes along a websocket as it arrives, where the mediator offers one; where not, it is fetched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.did_choice import ANYBODY
from engine.runtime.live_mail import LOOK_MS, NOT_OFFERED_MS
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh
from tests.fakes.websockets import FakeWebsockets

EVERY_MS = 30_000


async def setting(folder: Path, offers: bool = True) -> tuple[Mesh, Member, Member, Member, FakeWebsockets]:
    """Somebody, a mediator, and an engine at which nobody arrives."""
    websockets = FakeWebsockets()
    mesh = Mesh(settings={"mediator_for": ANYBODY}, websockets=websockets)
    ann, med = await mesh.add("ann", folder), await mesh.add("med", folder)
    if offers:
        websockets.apps["med.example"] = med.app
    mesh.settings["mediator"] = med.mail.engine_did()
    far = await mesh.add("far", folder)
    del mesh.wire.hosts["far.example"]
    await rest()
    return mesh, ann, med, far, websockets


async def start_again(mesh: Mesh, far: Member) -> None:
    mesh.wire.hosts["far.example"] = far.host
    await far.crash_and_start()
    del mesh.wire.hosts["far.example"]
    await rest()


async def rest() -> None:
    """Let everything happen that does not wait for time."""
    for _ in range(20):
        for _ in range(50):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)


async def pass_ms(mesh: Mesh, time_ms: int) -> None:
    mesh.clock.move_to(mesh.clock.now_ms() + time_ms)
    await rest()


async def send(ann: Member, to: str, n: int) -> None:
    own, _ = await ann.open()
    await ann.send("go:send", did=to, n=n, **{"from": own})
    await rest()


async def seen(member: Member) -> Any:
    """When it has done what it has to do."""
    await member.host.wait_quiet()
    return await member.ask("seen")


def posted(mesh: Mesh) -> int:
    return len(mesh.wire.requests)


@in_loop
async def test_mail_comes_along_as_it_arrives(tmp_path: Path) -> None:
    """Without being asked for, and its receipt is acknowledged along the same line."""
    mesh, ann, med, far, websockets = await setting(tmp_path)
    _, there = await far.open()
    before = posted(mesh)
    for n in range(3):
        await send(ann, there, n)
    assert await seen(far) == [0.0, 1.0, 2.0]
    asked = [request.url for request in mesh.wire.requests[before:]]
    assert asked == ["http://med.example/didcomm", "http://ann.example/didcomm"] * 3, "a message, its answer"
    assert med.disk.mail.waiting == {}
    assert websockets.asked == ["ws://med.example/didcomm"]


@in_loop
async def test_what_waited_is_fetched_when_the_line_is_open(tmp_path: Path) -> None:
    """It does not come by itself."""
    mesh, ann, med, far, _ = await setting(tmp_path)
    _, there = await far.open()
    far.mail.stop()
    await rest()
    await send(ann, there, 1)
    assert len(med.disk.mail.waiting) == 1
    await start_again(mesh, far)
    assert await seen(far) == [1.0]
    await send(ann, there, 2)
    assert await seen(far) == [1.0, 2.0]
    assert med.disk.mail.waiting == {}


@in_loop
async def test_when_the_line_breaks_mail_is_fetched_and_another_is_opened(tmp_path: Path) -> None:
    """At the next look; nothing is lost and nothing comes twice."""
    mesh, ann, med, far, websockets = await setting(tmp_path)
    _, there = await far.open()
    await send(ann, there, 1)
    websockets.opened[0].break_off()
    await rest()
    await send(ann, there, 2)
    assert await seen(far) == [1.0]
    await pass_ms(mesh, EVERY_MS)
    assert await seen(far) == [1.0, 2.0]
    await send(ann, there, 3)
    assert await seen(far) == [1.0, 2.0, 3.0]
    assert len(websockets.opened) == 2
    assert med.disk.mail.waiting == {}


@in_loop
async def test_without_a_websocket_mail_is_fetched(tmp_path: Path) -> None:
    """Now and then it is asked again whether there is one."""
    mesh, ann, med, far, websockets = await setting(tmp_path, offers=False)
    _, there = await far.open()
    for n in range(3):
        await send(ann, there, n)
        await pass_ms(mesh, EVERY_MS)
    assert await seen(far) == [0.0, 1.0, 2.0]
    assert len(websockets.asked) == 1
    websockets.apps["med.example"] = med.app
    await pass_ms(mesh, NOT_OFFERED_MS)
    assert len(websockets.asked) == 2
    await send(ann, there, 3)
    assert await seen(far) == [0.0, 1.0, 2.0, 3.0]


@in_loop
async def test_a_mediator_that_does_not_go_live_is_not_waited_for(tmp_path: Path) -> None:
    """It has websockets, and says no on them."""
    mesh, ann, med, far, _ = await setting(tmp_path)
    far.mail.stop()
    await rest()
    med.mail._mediator._facts = no_live(med.mail._mediator._facts)  # type: ignore[method-assign]
    await start_again(mesh, far)
    _, there = await far.open()
    await rest()
    await send(ann, there, 1)
    assert await seen(far) == []
    await pass_ms(mesh, EVERY_MS)
    assert await seen(far) == [1.0]


def no_live(facts: Any) -> Any:
    """As if no line could go live."""
    return lambda *args: replace(facts(*args), can_go_live=False)


@in_loop
async def test_what_there_was_no_room_for_is_fetched_soon(tmp_path: Path) -> None:
    """It stays at the mediator until then."""
    mesh, ann, med, far, _ = await setting(tmp_path)
    _, there = await far.open()
    far.host._is_draining = True
    await send(ann, there, 1)
    assert len(med.disk.mail.waiting) == 1
    far.host._is_draining = False
    await pass_ms(mesh, EVERY_MS)
    assert await seen(far) == [1.0]
    assert med.disk.mail.waiting == {}


@in_loop
async def test_one_looks_all_the_same_now_and_then(tmp_path: Path) -> None:
    """For what there was no room for when it came."""
    mesh, _, _, _, _ = await setting(tmp_path)
    before = posted(mesh)
    await pass_ms(mesh, LOOK_MS // 2)
    assert posted(mesh) == before
    await pass_ms(mesh, LOOK_MS)
    assert posted(mesh) == before + 1
