"""Either engine dies at each commit of a move, before or after it is durable, and the wire may be bad."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.core.migration import is_settled
from engine.core.model import Eci, EventId, PicoId
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh, bad_luck
from tests.engine.runtime.travelling import Traveller, settle, traveller
from tests.fakes.crashing_journal import CrashingJournal, When


def doom(member: Traveller, at: int, when: When) -> None:
    """From now on it dies at its n-th commit."""
    old = member.journal
    doomed = CrashingJournal(old.disk, at, when)
    old.__class__ = CrashingJournal
    vars(old).update({**vars(doomed), "disk": old.disk, "mail": old.mail})


async def moved(folder: Path, who: str, at: int, when: When, seed: int | None = None) -> int:
    """What happened to a pico that moves there and back under events, while `who` dies at that commit. Says
    how many commits there were."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    pico = await ann.counter(folder)
    await ann.run(pico, "far:hello", "e1", n=1)
    await settle(ann, bob)
    eci = ann.eci(pico)
    victim = ann if who == "ann" else bob
    doom(victim, at, when)
    if seed is not None:
        mesh.wire.fate = bad_luck(seed, 0.4)
    accepted = {1}

    async def accept(member: Traveller, n: int) -> None:
        """Whoever gets no answer sends it again, there or where the pico is by then."""
        done = await said(member.host.accept_event(eci, "far", "hello", {"n": n}, EventId(f"e{n}")))
        if done == f"e{n}":
            accepted.add(n)

    await said(ann.moves.wanted(pico, bob.did))
    for n in (2, 3):
        await accept(ann, n)
        await settle(ann, bob)
    for _ in range(40):
        if not rests(ann, bob):
            await step(mesh, ann, bob)
        if bob.moves.acts(pico) and bob.journal.find_channel(eci) is not None:
            break
        if ann.moves.acts(pico) and not any("attempt" in one for one in ann.moves.listed()):
            await said(ann.moves.wanted(pico, bob.did))
    await accept(ann, 4)
    await accept(bob, 5)
    await said(bob.moves.wanted(pico, ann.did))
    await accept(bob, 6)
    for _ in range(40):
        await step(mesh, ann, bob)
        if rests(ann, bob) and (seed is None or ann.moves.acts(pico)):
            break
    mesh.wire.fate = lambda: "arrives"
    for _ in range(60):
        await step(mesh, ann, bob)
        if rests(ann, bob):
            break
    journal = victim.journal
    commits = journal.commits if isinstance(journal, CrashingJournal) else 0
    if isinstance(journal, CrashingJournal):
        journal._at = 0  # what the test does now is no move
    await check(pico, accepted, ann, bob)
    return commits


async def step(mesh: Mesh, *members: Traveller) -> None:
    await settle(*members)
    for one in members:
        if one.is_down:
            await one.start()
    mesh.clock.move_to(mesh.clock.now_ms() + 3_000)
    await settle(*members)


def rests(*members: Traveller) -> bool:
    """Whether there is nothing left to repeat."""
    if any(one.is_down or one.has_died for one in members):
        return False
    return all(is_settled(case.seat) for one in members for _, case in one.moves.cases.all())


async def said(what: Any) -> Any:
    """Its answer; nothing, of an engine that is dead."""
    try:
        async with asyncio.timeout(0.2):
            return await what
    except TimeoutError:
        return None


async def check(pico: PicoId, accepted: set[int], *members: Traveller) -> None:
    living = [one for one in members if one.moves.acts(pico) and lives_at(one, pico)]
    assert len(living) == 1, [one.moves.listed() for one in members]
    (host,) = living
    await host.host.wait_quiet()
    seen = await host.seen(pico)
    assert len(seen) == len(set(seen)), seen
    assert accepted <= set(seen), (accepted, seen)
    assert isinstance(await host.run(pico, "far:hello", n=100), EventReply)


def lives_at(member: Traveller, pico: PicoId) -> bool:
    return member.journal.find_channel(Eci(pico)) == pico


COMMITS = 36
"""More than either engine makes."""


@pytest.mark.parametrize("at", range(1, COMMITS))
@pytest.mark.parametrize("who", ["ann", "bob"])
@in_loop
async def test_a_crash_at_any_commit_loses_nothing(tmp_path: Path, who: str, at: int) -> None:
    """What was acknowledged is run, once, and one engine has the pico in the end."""
    for when in ("before", "after"):
        (tmp_path / when).mkdir()
        await moved(tmp_path / when, who, at, when)


@in_loop
async def test_the_crashes_are_at_all_commits(tmp_path: Path) -> None:
    """Else some would not be tried."""
    for who in ("ann", "bob"):
        (tmp_path / who).mkdir()
        commits = await moved(tmp_path / who, who, 10**6, "after")
        assert 10 < commits < COMMITS, commits


@pytest.mark.parametrize("seed", range(6))
@in_loop
async def test_a_bad_wire_loses_nothing(tmp_path: Path, seed: int) -> None:
    """Messages are lost, doubled, and their answers are."""
    await moved(tmp_path, "ann", 5 + 3 * seed, "after", seed)
