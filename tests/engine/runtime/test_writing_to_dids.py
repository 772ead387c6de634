"""Rules write to DIDs: what a committed turn sends arrives once, wherever the other pico is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.core.messages import Fault
from engine.core.model import Eci
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop, in_loop_within
from tests.engine.runtime.mesh import Member, Mesh, arrives, bad_luck

HOUR_MS = 3_600_000


async def pair(folder: Path) -> tuple[Mesh, Member, Member]:
    mesh = Mesh()
    return mesh, await mesh.add("ann", folder), await mesh.add("bob", folder)


@in_loop
async def test_an_event_goes_to_a_did_of_another_engine(tmp_path: Path) -> None:
    """After the commit; the receiver knows the DID of the channel that it was sent from."""
    mesh, ann, bob = await pair(tmp_path)
    own, me = await ann.open()
    _, there = await bob.open()
    await ann.send("go:send", did=there, n=1, **{"from": own})
    await mesh.settle(ann, bob)
    assert (await bob.ask("seen"), await bob.ask("senders")) == ([1.0], [me])
    assert await ann.ask("errors") == []
    assert [request.url for request in mesh.wire.requests] == ["http://bob.example/didcomm"]


@in_loop
async def test_within_an_engine_nothing_goes_over_the_wire(tmp_path: Path) -> None:
    """And nobody can tell: the sender is the same DID, and the same policy holds."""
    mesh = Mesh()
    ann = await mesh.add("ann", tmp_path)
    own, me = await ann.open()
    _, there = await ann.open(events={"allow": [{"domain": "far", "name": "*", "from": me}], "deny": []})
    await ann.send("go:send", did=there, n=1, **{"from": own})
    await ann.send("go:send", did=there, n=2)
    await mesh.settle(ann)
    assert (await ann.ask("seen"), await ann.ask("senders")) == ([1.0], [me])
    assert await ann.ask("errors") == ["Not allowed by channel policy"]
    assert mesh.wire.requests == []


@in_loop
async def test_without_a_channel_to_send_from_nobody_can_answer(tmp_path: Path) -> None:
    """The DID is that of the pico's channel to itself: none of the people's channels gets out by accident."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    await ann.send("go:send", did=there, n=1)
    await mesh.settle(ann, bob)
    (sender,) = await bob.ask("senders")
    assert sender == await ann.mail.channel_did(Eci(ann.host.tree().id))
    assert sender != await ann.root_did()


@in_loop
async def test_what_is_refused_is_told_the_sender(tmp_path: Path) -> None:
    """At once: trying again would not help."""
    mesh, ann, bob = await pair(tmp_path)
    _, shut = await bob.open(events={"allow": [], "deny": []})
    await ann.send("go:send", did=shut, n=1)
    await mesh.settle(ann, bob, tries=2)
    (error,) = await ann.ask("errors")
    assert "e.p.trust.not-allowed" in error


@pytest.mark.parametrize(
    ("did", "said"),
    [
        ("did:nonsense", "not a DID"),
        ("did:key:z6MkkkBb9keG1b218f1CyZqfqxkuy75AP35jf5VGniNRXMob", "names no place"),
        ("did:example:x", "of a method that is not read here"),
    ],
)
@in_loop
async def test_a_did_that_leads_nowhere_is_told_the_sender(did: str, said: str, tmp_path: Path) -> None:
    """With the reason."""
    mesh = Mesh()
    ann = await mesh.add("ann", tmp_path)
    await ann.send("go:send", did=did, n=1)
    await mesh.settle(ann, tries=2)
    (error,) = await ann.ask("errors")
    assert said in error


@in_loop
async def test_an_engine_that_is_away_gets_its_events_when_it_is_back(tmp_path: Path) -> None:
    """They are tried again, less and less often, and both engines may have been restarted meanwhile."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    bob.crash()
    await ann.send("go:send", did=there, n=1)
    with pytest.raises(AssertionError):
        await mesh.settle(ann, tries=20)
    tried = len(mesh.wire.requests)
    assert 3 < tried < 15
    await ann.crash_and_start()
    await bob.start()
    await mesh.settle(ann, bob)
    assert await bob.ask("seen") == [1.0]
    assert await ann.ask("errors") == []


@in_loop
async def test_messages_for_an_engine_that_is_gone_are_in_nobody_s_way(tmp_path: Path) -> None:
    """One of fifty finds out, now and then; the others wait without being sent, and arrive in the end."""
    mesh, ann, bob = await pair(tmp_path)
    eve = await mesh.add("eve", tmp_path)
    (_, gone), (_, here) = await bob.open(), await eve.open()
    bob.crash()
    for n in range(50):
        await ann.send("go:send", did=gone, n=n)
    await ann.send("go:send", did=here, n=1)
    with pytest.raises(AssertionError):
        await mesh.settle(ann, eve, tries=10)
    tried = [request.url for request in mesh.wire.requests]
    assert 2 < tried.count("http://bob.example/didcomm") < 20
    assert await eve.ask("seen") == [1.0]
    await bob.start()
    await mesh.settle(ann, bob)
    assert sorted(await bob.ask("seen")) == [float(n) for n in range(50)]


@in_loop
async def test_an_event_is_not_kept_for_ever(tmp_path: Path) -> None:
    """When its time is over the sender is told."""
    mesh = Mesh(keep_h=2)
    ann, bob = await mesh.add("ann", tmp_path), await mesh.add("bob", tmp_path)
    _, there = await bob.open()
    bob.crash()
    await ann.send("go:send", did=there, n=1)
    with pytest.raises(AssertionError):
        await mesh.settle(ann, tries=100)  # a minute each
    assert await ann.ask("errors") == []
    await mesh.settle(ann, tries=60)
    (error,) = await ann.ask("errors")
    assert "took no message in all that time" in error


@pytest.mark.parametrize("seed", range(6))
@in_loop
async def test_what_is_sent_arrives_once(seed: int, tmp_path: Path) -> None:
    """Though requests get lost, arrive twice, lose their answers, and both engines are killed repeatedly."""
    mesh, ann, bob = await pair(tmp_path)
    own, _ = await ann.open()
    _, there = await bob.open()
    mesh.wire.fate = bad_luck(seed)
    for n in range(30):
        await ann.send("go:send", did=there, n=n, **{"from": own})
        if n % 7 == seed:
            await bob.crash_and_start()
        if n % 5 == seed % 5:
            await ann.crash_and_start()
    mesh.wire.fate = arrives
    await mesh.settle(ann, bob)
    assert sorted(await bob.ask("seen")) == [float(n) for n in range(30)]
    assert await ann.ask("errors") == []


TOPICS, TURNS = 20, 50
"""A thousand messages in all."""


@in_loop_within(120)
async def test_both_sides_of_a_conversation_have_heard_the_same(tmp_path: Path) -> None:
    """Each message answers the one before, over a wire that is bad and between engines that are killed."""
    mesh, ann, bob = await pair(tmp_path)
    own, _ = await ann.open()
    _, there = await bob.open()
    chance = random.Random(1)
    mesh.wire.fate = bad_luck(1, share=0.3)

    async def kill_somebody() -> None:
        if chance.random() < 0.1:
            await chance.choice([ann, bob]).crash_and_start()

    for topic in range(TOPICS):
        await ann.send("go:talk", did=there, topic=f"{topic}", last=TURNS, **{"from": own})
    await mesh.settle(ann, bob, tries=20_000, meanwhile=kill_somebody)
    heard_by_bob, heard_by_ann = await bob.ask("seen"), await ann.ask("seen")
    assert sorted(heard_by_bob) == sorted(f"{t} {n}" for t in range(TOPICS) for n in range(1, TURNS + 1, 2))
    assert sorted(heard_by_ann) == sorted(f"{t} {n}" for t in range(TOPICS) for n in range(2, TURNS + 1, 2))
    assert (await ann.ask("errors"), await bob.ask("errors")) == ([], [])
    assert len(mesh.wire.requests) > TOPICS * TURNS


@in_loop
async def test_a_query_goes_to_a_did(tmp_path: Path) -> None:
    """Of another engine over the wire, of this one without it; from a query and from a rule."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    _, here = await bob.open()
    await ann.send("go:send", did=there, n=1)
    await mesh.settle(ann, bob)
    assert await ann.ask("ask", did=there) == [1.0]
    assert (await ann.send("go:look", did=there)).directives[0]["options"] == {"seen": [1.0]}
    before = len(mesh.wire.requests)
    reply = await bob.host.run_query(bob.host.root_eci(), "friend", "ask", {"did": here})
    assert isinstance(reply, Fault)
    assert "leads back" in reply.message
    assert len(mesh.wire.requests) == before


@in_loop
async def test_a_query_that_cannot_be_answered_is_a_fault(tmp_path: Path) -> None:
    """Denied, or with nobody there."""
    _, ann, bob = await pair(tmp_path)
    _, shut = await bob.open(queries={"allow": [], "deny": []})
    _, there = await bob.open()
    for did, said in ((shut, "e.p.trust.not-allowed"), (there, "nobody there")):
        reply = await ann.host.run_query(ann.host.root_eci(), "friend", "ask", {"did": did})
        assert isinstance(reply, Fault)
        assert said in reply.message
        bob.mesh.wire.hosts.pop("bob.example", None)


@in_loop
async def test_a_pico_without_the_web_writes_to_no_did(tmp_path: Path) -> None:
    """Else it would have a way out."""
    mesh, ann, bob = await pair(tmp_path)
    _, there = await bob.open()
    await ann.host.grant(ann.host.root_eci(), "http", False)
    for event, attrs in (("send", {"did": there, "n": 1}), ("look", {"did": there})):
        reply = await ann.host.run_event(ann.host.root_eci(), "go", event, attrs)
        assert isinstance(reply, Fault)
        assert reply.code == "R611"
    assert mesh.wire.requests == []


@in_loop
async def test_a_turn_that_asked_for_a_did_is_replayed_without_asking(tmp_path: Path) -> None:
    """The answer is recorded with it."""
    mesh = Mesh()
    ann = await mesh.add("ann", tmp_path)
    _, did = await ann.open()
    report = await ann.host.histories.replay(str(ann.host.root_eci()))
    assert isinstance(report, dict)
    assert report["repeated"] > 1
    assert (report["refused"], report["departure"]) == (None, None)
    reply = await ann.host.run_query(ann.host.root_eci(), "friend", "me", {"eci": "nobody's"})
    assert isinstance(reply, Fault)
    reply = await ann.host.run_query(ann.host.root_eci(), "friend", "me", {"eci": ann.host.root_eci()})
    assert isinstance(reply, QueryReply)
    assert reply.value not in (did, None)
