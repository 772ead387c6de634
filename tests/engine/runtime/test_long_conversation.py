"""Rulesets of two engines say a thousand things to each other; machines die, the wire loses and doubles.

What was said arrives once, in both directions, and both histories say so; each can be run again to the same
states.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.core.records import decode_record
from tests.engine.in_loop import in_loop_within
from tests.engine.runtime.mesh import Member, Mesh, bad_luck
from tests.scenarios.messages import PENPAL

LETTERS = 500
"""Each is answered, which makes a thousand messages."""
SHARE_OF_CRASHES = 0.06


async def penpal(mesh: Mesh, name: str, folder: Path) -> tuple[Member, Eci, Did]:
    """An engine whose root pico writes letters, and the channel for them."""
    member = Member(name, mesh)
    await member.start()
    await member.learn(folder / "penpal.krl", PENPAL)
    reply = await member.send("pen:open")
    options: Any = reply.directives[0]["options"]
    return member, Eci(options["eci"]), Did(options["did"])


async def crash_in_the_middle(victim: Member, chance: random.Random) -> None:
    """What is not on its disk at some moment is lost, though the engine has gone on for a while."""
    victim.journal.hold()
    await some_steps(chance)
    await victim.crash_and_start()


async def some_steps(chance: random.Random) -> None:
    for _ in range(chance.randrange(60)):
        await asyncio.sleep(0)


def letters_in(member: Member) -> Counter[str]:
    """What the history of a member's root pico says was heard."""
    records = member.disk.records[member.host.tree().id].values()
    turns = [decode_record(body).turn for _, body in records]
    heard = [turn.event for turn in turns if (turn.event.domain, turn.event.name) == ("pen", "letter")]
    return Counter(str(event.attrs["n"]) for event in heard)


async def replayed(member: Member) -> Any:
    report = await member.host.histories.replay(str(member.host.root_eci()))
    assert not isinstance(report, Refusal)
    return report


@pytest.mark.parametrize("seed", [1])
@in_loop_within(120)
async def test_a_thousand_messages_arrive_once_each(seed: int, tmp_path: Path) -> None:
    """A third of the requests go wrong, and each engine dies a dozen times in the middle of it."""
    chance, mesh = random.Random(seed), Mesh()
    ann, here, _ = await penpal(mesh, "ann", tmp_path)
    bob, _, there = await penpal(mesh, "bob", tmp_path)
    mesh.wire.fate = bad_luck(seed, share=0.33)
    crashes: Counter[str] = Counter()
    for number in range(LETTERS):
        await ann.send("pen:post", did=there, n=f"{number}", answer=True, **{"from": here})
        if chance.random() < SHARE_OF_CRASHES:
            victim = chance.choice((ann, bob))
            await crash_in_the_middle(victim, chance)
            crashes[victim.name] += 1
        await some_steps(chance)
    await mesh.settle(ann, bob, tries=2_000)

    assert min(crashes["ann"], crashes["bob"]) >= 5
    assert letters_in(bob) == Counter(f"{number}" for number in range(LETTERS))
    assert letters_in(ann) == Counter(f"re: {number}" for number in range(LETTERS))
    for member, heard in ((bob, letters_in(bob)), (ann, letters_in(ann))):
        reply = await member.host.run_query(member.host.root_eci(), "penpal", "seen", {})
        assert Counter(getattr(reply, "value", ())) == heard
        errors = await member.host.run_query(member.host.root_eci(), "penpal", "errors", {})
        assert getattr(errors, "value", None) == []
        report = await replayed(member)
        assert report["repeated"] >= LETTERS
        assert (report["refused"], report["departure"]) == (None, None)
    assert len(mesh.wire.requests) > 2 * LETTERS
