"""An engine that nobody can reach meets others all the same: its answers come by themselves, later."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from engine.core.messages import Refusal
from engine.runtime.mesh.exchanges import PATIENCE_MS
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member
from tests.engine.runtime.test_collecting import collect
from tests.engine.runtime.test_engines_that_know_each_other import engines, told
from tests.engine.runtime.test_following_a_mediator import setting


async def invitation_of(member: Member) -> str:
    invited = await engines(member).invite(None, True, "known")
    assert isinstance(invited, dict)
    return str(invited["url"])


async def while_collecting(far: Member, asking: Any) -> Any:
    """What comes of it while the engine behind the mediator now and then fetches its mail."""
    task = asyncio.ensure_future(asking)
    for _ in range(50):
        for _ in range(20):
            await asyncio.sleep(0)
        if task.done():
            break
        await collect(far)
    return await task


@in_loop
async def test_it_is_met_by_its_invitation(tmp_path: Path) -> None:
    """The welcome, what answers the ping and the adverts all come by themselves."""
    _, _, ann, far = await setting(tmp_path)
    added = await while_collecting(far, engines(ann).add(await invitation_of(far), "far", "known"))
    assert isinstance(added, dict), added
    assert (added["success"], added["problem"]) == (1.0, None)
    assert [one.did for one in engines(far).known()] == [ann.mail.engine_did()]


@in_loop
async def test_it_accepts_the_invitation_of_others(tmp_path: Path) -> None:
    """They answer along its connection; when they look at it, its answers come by the mediator."""
    _, _, ann, far = await setting(tmp_path)
    assert isinstance(await engines(far).add(await invitation_of(ann), "ann", "known"), dict)
    await while_collecting(far, engines(ann).look())
    (known,) = engines(ann).list()["engines"]
    assert (known["did"], known["problem"], known["success"]) == (far.mail.engine_did(), None, 1.0)


@in_loop
async def test_who_does_not_fetch_its_mail_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """The mediator takes the message, so only the silence says that nobody is there."""
    mesh, _, ann, far = await setting(tmp_path)
    task = asyncio.ensure_future(engines(ann).add(await invitation_of(far), "far", "known"))
    for _ in range(200):
        await asyncio.sleep(0)
    assert not task.done()
    mesh.clock.move_to(mesh.clock.now_ms() + PATIENCE_MS)
    refused = await task
    assert isinstance(refused, Refusal)
    assert "did not answer it" in refused.reason


@in_loop
async def test_an_answer_that_comes_too_late_means_nothing(tmp_path: Path) -> None:
    """It is dropped; the next look finds all well."""
    mesh, _, ann, far = await setting(tmp_path)
    await while_collecting(far, engines(ann).add(await invitation_of(far), "far", "known"))
    task = asyncio.ensure_future(engines(ann).look())
    for _ in range(200):
        await asyncio.sleep(0)
    mesh.clock.move_to(mesh.clock.now_ms() + PATIENCE_MS)
    await task
    assert "did not answer it" in str(told(ann, "far")["problem"])
    await collect(far)
    await while_collecting(far, engines(ann).look())
    assert told(ann, "far")["problem"] is None
