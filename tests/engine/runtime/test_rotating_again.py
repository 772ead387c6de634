"""Channels whose DID is changed again before the other side was heard from, which follows all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.core.codec import from_bytes, pack_pico, to_bytes, unpack_pico
from engine.core.messages import Fault
from engine.core.multiformats import from_base64url
from engine.core.protocols import trust_ping
from engine.core.protocols.relationships import known_as
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Stranger
from tests.engine.runtime.test_relations import WORD, ask, connect, heard, invite, pals


async def rotate(one: Member, eci: str) -> None:
    await one.send("pal:rotate", eci=eci)
    await one.host.wait_quiet()


async def the_one(who: Member) -> Any:
    (known,) = await ask(who, "known")
    return known


async def guest(folder: Path) -> tuple[Member, Stranger, Any]:
    """Somebody who has followed an invitation, and writes when they like; and what they were shown."""
    mesh, ann, _ = await pals(folder)
    zoe = Stranger("zoe", mesh)
    shown = await invite(ann)
    await zoe.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    return ann, zoe, shown


@pytest.mark.parametrize("times", [2, 3, 12])
@in_loop
async def test_somebody_who_was_away_follows_several_rotations(tmp_path: Path, times: int) -> None:
    """And is told of the newest one alone, or of those on the way there; nothing that was written is lost."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    before = await the_one(ann)
    ben.crash()
    for n in range(times):
        await rotate(ann, before["eci"])
        await ann.send("pal:send", did=before["them"], type=WORD, body={"n": n})
    await ben.start()
    await mesh.settle(ann, ben)
    of_ann, of_ben = await the_one(ann), await the_one(ben)
    assert of_ann["me"] == of_ben["them"] != before["me"]
    assert "rotating" not in of_ann
    assert [one["body"]["n"] for one in await heard(ben, "talk_word")] == [float(n) for n in range(times)]
    assert (await heard(ben, "rotated"))[-1]["did"] == of_ann["me"]
    await ben.send("pal:send", did=of_ben["them"], type=WORD, body={})
    await mesh.settle(ann, ben)
    assert [one["to"] for one in await heard(ann, "talk_word")] == [of_ann["me"]]


@in_loop
async def test_somebody_who_followed_in_silence_follows_again(tmp_path: Path) -> None:
    """They have heard of the first rotation, and we have not heard that they have."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    before = await the_one(ann)
    mesh.wire.fate = lambda: "answer"
    await rotate(ann, before["eci"])
    await ben.host.wait_quiet()
    assert (await the_one(ben))["them"] == (await the_one(ann))["me"] != before["me"]
    assert (await the_one(ann))["rotating"]
    mesh.wire.fate = lambda: "lost"
    await rotate(ann, before["eci"])
    mesh.wire.fate = lambda: "arrives"
    await ann.send("pal:send", did=before["them"], type=WORD, body={"n": 1})
    await mesh.settle(ann, ben)
    of_ann, of_ben = await the_one(ann), await the_one(ben)
    assert of_ann["me"] == of_ben["them"]
    assert "rotating" not in of_ann
    assert [one["body"]["n"] for one in await heard(ben, "talk_word")] == [1.0]


@in_loop
async def test_a_stranger_follows_in_one_step(tmp_path: Path) -> None:
    """What is sent says of the DID that they know that it is the newest one now."""
    ann, _, shown = await guest(tmp_path)
    for _ in range(2):
        await rotate(ann, shown["eci"])
    relation = next(iter(pico_of(ann).relations.values()))
    claims = claims_of(relation.state["telling"])
    assert (claims["iss"], claims["sub"]) == (shown["did"], (await the_one(ann))["me"])
    assert known_as(relation.state)[0] == shown["did"]
    assert len(known_as(relation.state)) == 3


@in_loop
async def test_whoever_writes_to_the_did_in_between_knows_us_by_that(tmp_path: Path) -> None:
    """From then on they are told from there."""
    ann, zoe, shown = await guest(tmp_path)
    await rotate(ann, shown["eci"])
    between = (await the_one(ann))["me"]
    await rotate(ann, shown["eci"])
    await zoe.write(ann, between, WORD, {})
    await ann.host.wait_quiet()
    relation = next(iter(pico_of(ann).relations.values()))
    assert claims_of(relation.state["telling"])["iss"] == between
    await zoe.write(ann, relation.state["me"], WORD, {})
    await ann.host.wait_quiet()
    assert "rotating" not in await the_one(ann)


@in_loop
async def test_what_is_told_is_part_of_the_pico(tmp_path: Path) -> None:
    """It is in its snapshots, and a turn that rotated again is replayed to the same."""
    ann, _, shown = await guest(tmp_path)
    for _ in range(3):
        await rotate(ann, shown["eci"])
    pico = pico_of(ann)
    assert unpack_pico(from_bytes(to_bytes(pack_pico(pico)))) == pico
    report = await ann.host.histories.replay(str(ann.host.root_eci()))
    assert isinstance(report, dict)
    assert (report["refused"], report["departure"]) == (None, None)


@in_loop
async def test_a_channel_is_rotated_once_in_a_turn(tmp_path: Path) -> None:
    """Its new DID is its own when the turn is committed; the rule is told so."""
    mesh, ann, ben = await pals(tmp_path)
    await ann.learn(
        tmp_path / "hasty.krl",
        'ruleset hasty { rule twice { select when hasty twice every { didcomm:rotate(event:attrs{"eci"})'
        ' didcomm:rotate(event:attrs{"eci"}) } } }',
    )
    await connect(mesh, ann, ben)
    before = await the_one(ann)
    reply = await ann.host.run_event(ann.host.root_eci(), "hasty", "twice", {"eci": before["eci"]})
    assert isinstance(reply, Fault)
    assert "again in a moment" in reply.message
    assert await the_one(ann) == before


def pico_of(member: Member) -> Any:
    found = member.host._residents.wake(member.host.tree().id)
    assert found is not None
    return found.head.pico


def claims_of(from_prior: str) -> Any:
    return json.loads(from_base64url(from_prior.split(".")[1]))
