"""An engine comes back at another URL: those who know it hear of that, and write on to the DIDs they have."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.core.dids import Did, keys_in
from engine.core.model import Eci
from engine.core.protocols import trust_ping
from engine.runtime import whereabouts
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

HOURS_MS = 3_600_000


async def setting(folder: Path) -> tuple[Mesh, Member, Member]:
    mesh = Mesh()
    return mesh, await mesh.add("ann", folder), await mesh.add("bob", folder)


async def begin(mesh: Mesh, ann: Member, bob: Member) -> tuple[tuple[Eci, Did], tuple[Eci, Did]]:
    """A pico on each side has a channel, and each has written to the other once."""
    anns, bobs = await ann.open(), await bob.open()
    await say(ann, anns, bobs, 1)
    await mesh.settle(ann, bob)
    await say(bob, bobs, anns, 1)
    await mesh.settle(ann, bob)
    return anns, bobs


async def say(member: Member, own: tuple[Eci, Did], other: tuple[Eci, Did], n: int) -> None:
    await member.send("go:send", did=other[1], **{"from": own[0]}, n=n)


async def hear_of_it(mesh: Mesh, *members: Member, rounds: int = 20) -> None:
    """Time for engines to tell each other where they are."""
    for _ in range(rounds):
        await mesh.settle(*members)
        mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
    await mesh.settle(*members)


async def move_unnoticed(mesh: Mesh, mover: Member, away: Member) -> None:
    """The other engine is off while the first moves, and is told in vain."""
    away.crash()
    await mover.move("attic")
    await hear_of_it(mesh, mover)


@in_loop
async def test_a_conversation_goes_on_both_ways(tmp_path: Path) -> None:
    """Over the DIDs that both have had from the beginning, though one engine is somewhere else now."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    await ann.move("attic")
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    await say(ann, anns, bobs, 3)
    await mesh.settle(ann, bob)
    assert (await ann.ask("seen"), await bob.ask("seen")) == ([1.0, 2.0], [1.0, 3.0])
    assert (await bob.send("go:look", did=anns[1])).directives[0]["options"] == {"seen": [1.0, 2.0]}


@in_loop
async def test_who_was_only_written_to_hears_of_it_too(tmp_path: Path) -> None:
    """Whoever took a message may want to answer it later."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await ann.open(), await bob.open()
    await say(ann, anns, bobs, 1)
    await mesh.settle(ann, bob)
    await ann.move("attic")
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [2.0]


@in_loop
async def test_so_does_who_only_wrote(tmp_path: Path) -> None:
    """Whoever was let in may want to write again."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await ann.open(), await bob.open()
    await say(bob, bobs, anns, 1)
    await mesh.settle(ann, bob)
    await ann.move("attic")
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]


@in_loop
async def test_who_was_away_hears_of_it_afterwards(tmp_path: Path) -> None:
    """It is told again and again, and what both know outlives their restarts."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    await move_unnoticed(mesh, ann, bob)
    await bob.start()
    await hear_of_it(mesh, ann, bob)
    await bob.crash_and_start()
    await ann.crash_and_start()
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]


@in_loop
async def test_who_was_away_for_too_long_is_told_when_they_write(tmp_path: Path) -> None:
    """There is an end to telling those who do not answer; whoever is heard from is not one of them."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    await move_unnoticed(mesh, ann, bob)
    mesh.clock.move_to(mesh.clock.now_ms() + 80 * HOURS_MS)
    await hear_of_it(mesh, ann)
    asked = len(mesh.wire.requests)
    await hear_of_it(mesh, ann)
    assert len(mesh.wire.requests) == asked
    await bob.start()
    await say(ann, anns, bobs, 2)
    await hear_of_it(mesh, ann, bob)
    await say(bob, bobs, anns, 3)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 3.0]


@in_loop
async def test_what_waits_for_the_old_place_goes_as_soon_as_the_new_one_is_known(tmp_path: Path) -> None:
    """Not when it would next have looked, which after hours is minutes later."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    ann.crash()
    await say(bob, bobs, anns, 2)
    for _ in range(10):
        mesh.clock.move_to(mesh.clock.now_ms() + HOURS_MS)
        for _ in range(50):
            await asyncio.sleep(0)
    back_ms, ann.at = mesh.clock.now_ms(), "attic"
    await ann.start()
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]
    assert mesh.clock.now_ms() - back_ms <= 120_000


@in_loop
async def test_a_crash_right_after_the_move_keeps_nobody_from_hearing_of_it(tmp_path: Path) -> None:
    """Where it was before is remembered until it is settled where it is."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    mesh.wire.cut("bob.example")
    await ann.move("attic")
    await ann.crash_and_start()
    await asyncio.sleep(0)
    await ann.crash_and_start()
    mesh.wire.hosts["bob.example"] = bob.host
    await hear_of_it(mesh, ann, bob)
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]


@in_loop
async def test_so_many_engines_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than that the first ones are forgotten, on the disk too."""
    monkeypatch.setattr(whereabouts, "MOST_KNOWN", 2)
    mesh, ann, bob = await setting(tmp_path)
    others = [bob, await mesh.add("cid", tmp_path), await mesh.add("dee", tmp_path)]
    anns = await ann.open()
    for one in others:
        await say(one, await one.open(), anns, 1)
        await mesh.settle(ann, *others)
    await ann.crash_and_start()
    kept = [name for name, value in ann.disk.facts.items() if name.startswith("engine did:") and value]
    assert len(kept) == 2
    assert str(keys_in(bob.mail.engine_did())) not in "".join(kept)
    await ann.move("attic")
    await hear_of_it(mesh, ann, *others)
    told = {one.url for one in mesh.wire.requests if one.url != "http://ann.example/didcomm"}
    assert told == {"http://cid.example/didcomm", "http://dee.example/didcomm"}


@in_loop
async def test_it_may_move_on_and_come_back(tmp_path: Path) -> None:
    """Whatever it was told last counts, however often it was there before."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    for n, machine in enumerate(("attic", "cellar", "ann", "attic"), start=2):
        await ann.move(machine)
        await hear_of_it(mesh, ann, bob)
        await say(bob, bobs, anns, n)
        await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0, 3.0, 4.0, 5.0]


@in_loop
async def test_somebody_met_after_the_move_is_told_too(tmp_path: Path) -> None:
    """The DID of an older channel names the place that its engine had then."""
    mesh, ann, bob = await setting(tmp_path)
    anns = await ann.open()
    await ann.move("attic")
    bobs = await bob.open()
    await say(ann, anns, bobs, 1)
    await hear_of_it(mesh, ann, bob)
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [2.0]


@in_loop
async def test_whoever_stays_tells_nobody_anything(tmp_path: Path) -> None:
    """A restart at the same place, and a name that never moved, cost no message."""
    mesh, ann, bob = await setting(tmp_path)
    await begin(mesh, ann, bob)
    asked = len(mesh.wire.requests)
    await ann.crash_and_start()
    await hear_of_it(mesh, ann, bob)
    assert len(mesh.wire.requests) == asked


@in_loop
async def test_an_older_announcement_that_is_played_again_changes_nothing(tmp_path: Path) -> None:
    """Nor does what somebody else says about an engine: only its own key does."""
    mesh, ann, bob = await setting(tmp_path)
    anns, bobs = await begin(mesh, ann, bob)
    await ann.move("attic")
    await hear_of_it(mesh, ann, bob)
    told = [one for one in mesh.wire.requests if one.url.startswith("http://bob")]
    await ann.move("cellar")
    await hear_of_it(mesh, ann, bob)
    for request in told:
        await mesh.wire.send(request)
    liar = Stranger("liar", mesh)
    lie = liar.from_prior(liar.did, mesh.clock.now_ms() // 1000, ann.mail.engine_did())
    await liar.write(bob, bob.mail.engine_did(), trust_ping.PING, from_prior=lie)
    await say(bob, bobs, anns, 2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]


@in_loop
async def test_a_name_for_life_is_followed_as_well(tmp_path: Path) -> None:
    """Its log gets one more entry when it is next asked for; whoever has the old one gets there anyway."""
    mesh, ann, bob = await setting(tmp_path)
    everything = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    policies = {"eventPolicy": everything, "queryPolicy": {"allow": [], "deny": []}}
    await ann.send("wrangler:new_channel_request", tags=["did"], **policies)
    told = await ann.mail.life(ann.host.root_eci())
    assert isinstance(told, dict)
    bobs = await bob.open()
    address = told["address"]
    await bob.send("go:send", did=address, **{"from": bobs[0]}, n=1)
    await mesh.settle(ann, bob)
    await ann.move("attic")
    await hear_of_it(mesh, ann, bob)
    await bob.send("go:send", did=told["did"], **{"from": bobs[0]}, n=2)
    await mesh.settle(ann, bob)
    assert await ann.ask("seen") == [1.0, 2.0]
    after = await ann.mail.life(ann.host.root_eci())
    assert isinstance(after, dict)
    assert (after["did"], after["epoch"], "attic" in after["address"]) == (told["did"], 2, False)
    assert after["address"] != address
