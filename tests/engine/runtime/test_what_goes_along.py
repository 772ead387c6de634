"""What a pico began where it was it ends where it is: timers, half-matched patterns, letters on their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.mesh.acquaintances import NoSuchEngine
from engine.core.messages import Refusal
from engine.core.model import EventId
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller

PLANNER = """
ruleset planner {
  meta { shares done }
  global { done = function() { ent:done.defaultsTo([]) } }
  rule plan {
    select when plan later
    fired {
      schedule planned event "due" at time:add(time:now(), {"seconds": 60}) attributes {"n": event:attrs{"n"}}
    }
  }
  rule repeat {
    select when plan often
    fired { schedule planned event "tick" repeat "*/5 * * * *" }
  }
  rule due { select when planned due fired { ent:done := done().append(event:attrs{"n"}) } }
  rule tick { select when planned tick fired { ent:done := done().append("tick") } }
  rule both {
    select when half first before half second
    fired { ent:done := done().append("both") }
  }
}
"""


async def setting(folder: Path) -> tuple[Mesh, Traveller, Traveller, Any]:
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(folder)
    (folder / "planner.krl").write_text(PLANNER, "utf-8")
    await ann.run(pico, "wrangler:install_ruleset_request", url=(folder / "planner.krl").as_uri())
    return mesh, ann, bob, pico


async def done(member: Traveller, pico: Any) -> Any:
    reply = await member.host.run_query(member.eci(pico), "planner", "done", {})
    assert isinstance(reply, QueryReply), reply
    return reply.value


@in_loop
async def test_what_is_scheduled_happens_once_where_it_is(tmp_path: Path) -> None:
    """Also what was due while it was on its way; where it was nothing is due any more."""
    mesh, ann, bob, pico = await setting(tmp_path)
    await ann.run(pico, "plan:later", n=1)
    await ann.run(pico, "plan:often")
    assert len([key for key in ann.disk.timers if key[0] == pico]) == 2
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert not [key for key in ann.disk.timers if key[0] == pico]
    mesh.clock.move_to(mesh.clock.now_ms() + 61_000)
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert [one for one in await done(bob, pico) if one != "tick"] == [1]
    mesh.clock.move_to(mesh.clock.now_ms() + 300_000)
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert (await done(bob, pico)).count("tick") >= 1
    before = ann.journal.end(pico)
    mesh.clock.move_to(mesh.clock.now_ms() + 600_000)
    await settle(ann, bob)
    assert ann.journal.end(pico) == before


@in_loop
async def test_a_pattern_that_was_matched_half_is_completed_there(tmp_path: Path) -> None:
    """By an event that comes in any way."""
    _, ann, bob, pico = await setting(tmp_path)
    eci = ann.eci(pico)
    await ann.run(pico, "half:first")
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert await ann.host.accept_event(eci, "half", "second", {}, EventId("e2")) == "e2"
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await done(bob, pico) == ["both"]


@in_loop
async def test_letters_keep_their_order_across_a_move(tmp_path: Path) -> None:
    """One that was taken in as the pico left waits to be sent on; one that comes then waits behind it, though
    it could be passed on at once."""
    mesh, ann, bob, pico = await setting(tmp_path)
    cyd = await mesh.add("cyd", tmp_path)
    did = await ann.mail.channel_did(ann.eci(pico))
    assert not isinstance(did, Refusal)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    forwarding, ann.moves.hooks.left = ann.moves.hooks.left, lambda did: None
    assert await ann.host.accept_event(ann.eci(pico), "far", "hello", {"n": 1}, EventId("e1")) == "e1"
    for n in (2, 3):
        await cyd.send("go:send", did=did, **{"from": cyd.host.root_eci()}, n=n)
        await mesh.settle(cyd)
    ann.moves.hooks.left = forwarding
    forwarding(str(ann.moves.cases.did_of(pico)))
    for _ in range(10):
        await settle(ann, bob)
        mesh.clock.move_to(mesh.clock.now_ms() + 20_000)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == [1, 2, 3]


@in_loop
async def test_a_rule_that_names_no_engine_hears_which_there_are(tmp_path: Path) -> None:
    """In the words that people get."""
    _, ann, _, pico = await setting(tmp_path)
    engines = ann.mail.engines
    assert engines is not None
    ann.moves.hooks.find_engine = lambda name: engines.resolve(name).did
    with pytest.raises(NoSuchEngine) as known:
        engines.resolve("nowhere")
    refused = await ann.moves.wanted(pico, "nowhere", "")
    assert isinstance(refused, Refusal)
    assert refused.reason == str(known.value)
    assert "nowhere" in refused.reason
