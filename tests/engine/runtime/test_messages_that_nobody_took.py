"""What nobody takes is given up in the end, and the pico that has sent it hears what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.dids import Did
from engine.core.model import Eci
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

WRITER = """
ruleset writer {
  meta { shares lost }
  global { lost = function() { ent:lost.defaultsTo([]) } }
  rule write {
    select when writer write
    foreach event:attrs{"ids"} setting(id)
    didcomm:send(event:attrs{"did"}, "https://example.org/talk/1.0/word", {"word": id},
                 event:attrs{"options"}.put("id", id))
  }
  rule post {
    select when writer post
    event:send({"eci": event:attrs{"did"}, "from": event:attrs{"from"}, "domain": "far", "type": "hello"})
  }
  rule lose {
    select when system error
    fired { ent:lost := lost().append(event:attrs) }
  }
}
"""
HOURS = 2


async def setting(folder: Path) -> tuple[Mesh, Member, Eci, Did]:
    """Ann, who writes from a channel; and the DID of Bob, whose engine is gone."""
    mesh = Mesh(keep_h=HOURS)
    ann, bob = await mesh.add("ann", folder), await mesh.add("bob", folder)
    await ann.learn(folder / "writer.krl", WRITER)
    (eci, _), (_, there) = await ann.open(), await bob.open()
    bob.crash()
    return mesh, ann, eci, there


async def lost(ann: Member) -> list[dict[str, Any]]:
    reply = await ann.host.run_query(ann.host.root_eci(), "writer", "lost", {})
    found: list[dict[str, Any]] = getattr(reply, "value", [])
    return found


async def live_for(mesh: Mesh, ann: Member, minutes: int) -> None:
    """Until nothing is left to do, or so long; `settle` gives up then."""
    try:
        await mesh.settle(ann, tries=minutes)
    except AssertionError:
        return


@in_loop
async def test_messages_are_told_apart(tmp_path: Path) -> None:
    """By the ids that the rule has given them, when their time is over and not before."""
    mesh, ann, eci, there = await setting(tmp_path)
    await ann.send("writer:write", did=there, ids=["one", "two"], options={"from": eci})
    await live_for(mesh, ann, 60 * HOURS - 20)
    assert await lost(ann) == []
    await live_for(mesh, ann, 60)
    found = await lost(ann)
    assert sorted(one["message"] for one in found) == ["one", "two"]
    assert {one["to"] for one in found} == {there}
    assert all("took no message in all that time" in one["data"] for one in found)


@in_loop
async def test_a_message_is_worth_nothing_after_it_expired(tmp_path: Path) -> None:
    """It is given up then, though there would be time left to try."""
    mesh, ann, eci, there = await setting(tmp_path)
    await ann.send("writer:write", did=there, ids=["one"], options={"from": eci, "expires": 600.0})
    await live_for(mesh, ann, 60)
    (only,) = await lost(ann)
    assert (only["message"], only["to"]) == ("one", there)
    assert "expired" in only["data"]


@in_loop
async def test_an_event_is_told_by_whom_it_was_for(tmp_path: Path) -> None:
    """It has no id that a rule would know."""
    mesh, ann, eci, there = await setting(tmp_path)
    await ann.send("writer:post", did=there, **{"from": eci})
    await live_for(mesh, ann, 60 * HOURS + 60)
    (only,) = await lost(ann)
    assert only["to"] == there
    assert "message" not in only


@pytest.mark.parametrize(
    "did", ["did:example:nobody", "did:key:z6MkkkBb9keG1b218f1CyZqfqxkuy75AP35jf5VGniNRXMob"]
)
@in_loop
async def test_what_can_never_arrive_is_told_at_once(did: str, tmp_path: Path) -> None:
    """With the same attributes."""
    mesh, ann, eci, _ = await setting(tmp_path)
    await ann.send("writer:write", did=did, ids=["one"], options={"from": eci})
    await live_for(mesh, ann, 2)
    (only,) = await lost(ann)
    assert (only["message"], only["to"], only["code"]) == ("one", did, "R608")
