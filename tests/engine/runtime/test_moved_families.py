"""A pico has moved from relatives and partners: what they tell each other arrives, both ways, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.messages import Fault
from engine.core.model import Eci, PicoId
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller

TELLER = """
ruleset teller {
  meta { shares heard, from }
  global {
    heard = function() { ent:heard.defaultsTo([]) }
    from = function() { ent:from.defaultsTo([]) }
  }
  rule tell {
    select when go tell
    event:send({"eci": event:attrs{"to"}, "domain": "kin", "type": "news", "attrs": {"n": event:attrs{"n"}}})
  }
  rule tell_many {
    select when go tell_many
    foreach event:attrs{"ns"} setting(n)
    event:send({"eci": event:attrs{"to"}, "domain": "kin", "type": "news", "attrs": {"n": n}})
  }
  rule ask {
    select when go ask
    send_directive("told", {"heard": ctx:query(event:attrs{"to"}, "teller", "heard", {})})
  }
  rule hear {
    select when kin news
    fired { ent:heard := heard().append(event:attrs{"n"}); ent:from := from().append(event:sender) }
  }
}
"""


class Family:
    """On ann's engine a pico with a child, and a friend; all can tell each other news."""

    def __init__(self, mesh: Mesh, folder: Path) -> None:
        self.mesh, self.folder = mesh, folder
        self.parent = self.child = self.friend = PicoId("")

    async def begin(self, ann: Traveller) -> None:
        self.parent, self.friend = await ann.counter(self.folder), await ann.counter(self.folder)
        await ann.run(self.parent, "wrangler:new_child_request", name="grandchild")
        await ann.host.wait_quiet()
        parent = ann.host.wake(self.parent)
        assert parent is not None
        (self.child,) = (child.pico for child in parent.head.pico.children)
        self.to_child = parent.head.pico.children[0].eci
        child = ann.host.wake(self.child)
        assert child is not None
        self.to_parent = child.head.pico.parent
        assert self.to_parent is not None
        self.to_friend = ann.eci(self.friend)
        (self.folder / "teller.krl").write_text(TELLER, "utf-8")
        for pico in (self.parent, self.child, self.friend):
            url = (self.folder / "teller.krl").as_uri()
            await ann.run(pico, "wrangler:install_ruleset_request", url=url)


async def setting(folder: Path) -> tuple[Family, Traveller, Traveller]:
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    family = Family(mesh, folder)
    await family.begin(ann)
    return family, ann, bob


async def move(pico: PicoId, here: Traveller, there: Traveller, *others: Traveller) -> None:
    assert isinstance(await here.moves.wanted(pico, there.did), str)
    await quiet(here, there, *others)
    assert there.moves.acts(pico)


async def quiet(*members: Traveller) -> None:
    for _ in range(3):
        await settle(*members)
        for one in members:
            await one.host.wait_quiet()


async def tell(member: Traveller, pico: PicoId, to: Eci | None, n: Any) -> None:
    told = await member.run(pico, "go:tell", to=to, n=n)
    assert isinstance(told, EventReply), told


async def heard(member: Traveller, pico: PicoId, what: str = "heard") -> Any:
    reply = await member.host.run_query(member.eci(pico), "teller", what, {})
    return reply.value  # type: ignore[union-attr]


@in_loop
async def test_a_moved_pico_tells_its_child_and_its_friend_and_they_tell_it(tmp_path: Path) -> None:
    """By the channel ids that they have had from the beginning; the sender is who it always was."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    await tell(bob, family.parent, family.to_child, 1)
    await tell(bob, family.parent, family.to_friend, 2)
    await tell(ann, family.child, family.to_parent, 3)
    await quiet(ann, bob)
    assert await heard(ann, family.child) == [1]
    assert await heard(ann, family.friend) == [2]
    assert await heard(bob, family.parent) == [3]
    assert await heard(ann, family.child, "from") == [family.parent]
    assert not bob.disk.errands


@in_loop
async def test_whoever_moved_last_is_found_where_both_were(tmp_path: Path) -> None:
    """The child moves to a third engine, and the parent once more; then they meet again."""
    family, ann, bob = await setting(tmp_path)
    cyd = await traveller(family.mesh, "cyd")
    await move(family.parent, ann, bob)
    await move(family.child, ann, cyd, bob)
    await tell(bob, family.parent, family.to_child, 1)
    await tell(cyd, family.child, family.to_parent, 2)
    await quiet(ann, bob, cyd)
    await move(family.parent, bob, ann, cyd)
    await move(family.parent, ann, cyd, bob)
    await tell(cyd, family.parent, family.to_child, 3)
    await tell(cyd, family.parent, family.to_friend, 4)
    await quiet(ann, bob, cyd)
    assert await heard(cyd, family.child) == [1, 3]
    assert await heard(cyd, family.parent) == [2]
    assert await heard(ann, family.friend) == [4]


async def tell_in_vain(family: Family, bob: Traveller, *ns: int) -> None:
    """While the engine of the child is down; some are tried again meanwhile."""
    for n in ns:
        await tell(bob, family.parent, family.to_child, n)
        await settle(bob)
        family.mesh.clock.move_to(family.mesh.clock.now_ms() + 5_000)
        await settle(bob)


async def wait_for(family: Family, *members: Traveller) -> None:
    for _ in range(30):
        family.mesh.clock.move_to(family.mesh.clock.now_ms() + 60_000)
        await quiet(*members)


@pytest.mark.parametrize("looks", range(5))
@in_loop
async def test_what_is_tried_first_when_somebody_answers_was_sent_first(tmp_path: Path, looks: int) -> None:
    """After however many looks for somebody who is there."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    ann.crash()
    await tell_in_vain(family, bob, *range(4))
    for _ in range(looks):
        family.mesh.clock.move_to(family.mesh.clock.now_ms() + 900_000)
        await settle(bob)
    await ann.start()
    await wait_for(family, ann, bob)
    assert await heard(ann, family.child) == [*range(4)]


@in_loop
async def test_their_order_is_kept_though_nobody_answers_for_a_while(tmp_path: Path) -> None:
    """Neither a failed attempt nor a restart lets a later event overtake."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    ann.crash()
    await tell_in_vain(family, bob, *range(6))
    await bob.crash_and_start()
    told = await bob.run(family.parent, "go:tell_many", to=family.to_child, ns=[6, 7, 8])
    assert isinstance(told, EventReply), told
    await settle(bob)
    await ann.start()
    await tell(bob, family.parent, family.to_child, 9)
    await wait_for(family, ann, bob)
    assert await heard(ann, family.child) == [*range(10)]


@in_loop
async def test_what_did_not_arrive_goes_along_when_the_sender_moves_on(tmp_path: Path) -> None:
    """Before anything that it sends from there."""
    family, ann, bob = await setting(tmp_path)
    cyd = await traveller(family.mesh, "cyd")
    await move(family.parent, ann, bob)
    ann.crash()
    await tell_in_vain(family, bob, *range(4))
    await move(family.parent, bob, cyd)
    assert len(cyd.disk.errands) == 4
    await ann.start()
    for n in range(4, 8):
        await tell(cyd, family.parent, family.to_child, n)
    await wait_for(family, ann, bob, cyd)
    assert await heard(ann, family.child) == [*range(8)]
    assert not cyd.disk.errands


@in_loop
async def test_an_old_host_tells_its_relatives_nothing(tmp_path: Path) -> None:
    """Whoever is not named by the newest entry is not believed, though it hosted the pico once."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    await tell(bob, family.parent, family.to_child, 1)
    await quiet(ann, bob)
    bob_before = bob.moves.cases.of(family.parent)
    await move(family.parent, bob, ann)
    assert bob_before is not None
    did = bob.moves.cases.did_of(family.parent)
    assert did is not None
    bob.moves.cases.put(did, bob_before)  # as if it had been put back to an older state
    content = {
        "eci": family.to_child, "domain": "kin", "name": "news", "attrs": {"n": 2}, "key": "k2", "since": 0,
        "sender": family.parent,
    }  # fmt: skip
    asked = bob.host.equipment.questions
    answer = await asked._kinds["far_event"](family.parent, content)  # type: ignore[attr-defined]
    assert answer.get("again") is True
    assert await heard(ann, family.child) == [1]


@in_loop
async def test_a_question_to_a_relative_elsewhere_is_answered_clearly(tmp_path: Path) -> None:
    """It says that the pico has moved, and how it can be asked."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    told = await bob.run(family.parent, "go:ask", to=family.to_child)
    assert isinstance(told, Fault), told
    assert "the pico has moved here" in told.message
    assert "ctx:query(did, rid, name, args)" in told.message


@in_loop
async def test_a_question_to_one_that_left_is_not_answered_from_what_it_left_behind(tmp_path: Path) -> None:
    """Whoever asks is told that it lives elsewhere."""
    family, ann, bob = await setting(tmp_path)
    assert family.to_parent is not None
    before = await ann.run(family.child, "go:ask", to=family.to_parent)
    assert isinstance(before, EventReply), before
    await move(family.parent, ann, bob)
    told = await ann.run(family.child, "go:ask", to=family.to_parent)
    assert isinstance(told, Fault), told
    assert "lives on another engine" in told.message


@in_loop
async def test_a_channel_that_nobody_has_keeps_nothing_up(tmp_path: Path) -> None:
    """What is sent there goes nowhere, as it would have before the move; the next event arrives."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    await tell(bob, family.parent, Eci("nobody"), 1)
    await tell(bob, family.parent, family.to_child, 2)
    await quiet(ann, bob)
    assert await heard(ann, family.child) == [2]
    assert not bob.disk.errands


RID = "io.picolabs.subscription"


async def established(member: Traveller, pico: PicoId) -> list[dict[str, Any]]:
    reply = await member.host.run_query(member.eci(pico), RID, "established", {})
    found: list[dict[str, Any]] = reply.value  # type: ignore[union-attr]
    return found


@in_loop
async def test_a_subscription_outlives_the_moves_of_both_sides(tmp_path: Path) -> None:
    """News goes both ways over it, a look at it finds the other side there, and either may end it."""
    family, ann, bob = await setting(tmp_path)
    cyd = await traveller(family.mesh, "cyd")
    pair = family.parent, family.friend
    for pico in pair:
        await ann.run(pico, "wrangler:install_ruleset_request", url=f"library:{RID}")
    well_known = await ann.host.run_query(ann.eci(family.friend), RID, "wellKnown_Rx", {})
    wish = {"wellKnown_Tx": well_known.value["id"], "name": "news"}  # type: ignore[union-attr]
    await ann.run(family.parent, "wrangler:subscription", **wish)
    await quiet(ann)
    (asked,) = (await ann.host.run_query(ann.eci(family.friend), RID, "inbound", {})).value  # type: ignore[union-attr]
    await ann.run(family.friend, "wrangler:pending_subscription_approval", Id=asked["Id"])
    await quiet(ann)
    await move(family.parent, ann, bob)
    await move(family.friend, ann, cyd, bob)
    (mine,), (theirs,) = await established(bob, family.parent), await established(cyd, family.friend)
    await tell(bob, family.parent, mine["Tx"], 1)
    await tell(cyd, family.friend, theirs["Tx"], 2)
    for member, pico in ((bob, family.parent), (cyd, family.friend)):
        await member.run(pico, "wrangler:check_subscriptions")
    await quiet(ann, bob, cyd)
    assert (await heard(cyd, family.friend), await heard(bob, family.parent)) == ([1], [2])
    assert [len(await established(*one)) for one in ((bob, family.parent), (cyd, family.friend))] == [1, 1]
    await bob.run(family.parent, "wrangler:subscription_cancellation", Id=mine["Id"])
    await quiet(ann, bob, cyd)
    assert [len(await established(*one)) for one in ((bob, family.parent), (cyd, family.friend))] == [0, 0]


@in_loop
async def test_the_tree_shows_who_has_moved_and_where(tmp_path: Path) -> None:
    """Below it whom it left behind; where it has gone it is a tree of its own."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    here = {one.id: one for one in ann.host.tree().children}
    moved = here[family.parent].moved
    assert moved is not None
    assert moved["url"] == "http://bob.example"
    assert (here[family.friend].moved, here[family.parent].children[0].moved) == (None, None)
    assert [(one.id, one.moved) for one in bob.host.tree().beside] == [(family.parent, None)]
