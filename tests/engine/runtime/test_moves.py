"""A pico really moves between two engines that talk to each other over the wire."""

from __future__ import annotations

import asyncio
import copy
from asyncio import Future
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.core.messages import Event, Refusal
from engine.core.model import EventId
from engine.ports import BirthPico, KeptLog, Write
from engine.runtime.moves.office import Coming
from engine.runtime.replies import EventReply, Reply
from engine.runtime.request import Request
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.test_names_for_life import EVERYTHING, NO_QUERY
from tests.engine.runtime.travelling import Traveller, settle, traveller


async def setting(folder: Path) -> tuple[Mesh, Traveller, Traveller]:
    mesh = Mesh()
    return mesh, await traveller(mesh, "ann"), await traveller(mesh, "bob")


@in_loop
async def test_a_pico_moves_with_all_that_it_has(tmp_path: Path) -> None:
    """It goes on with its state there, and takes no turn here any more."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    assert isinstance(await ann.run(pico, "far:hello", n=1), EventReply)
    attempt = await ann.moves.wanted(pico, bob.did, "it is quiet there")
    assert isinstance(attempt, str), attempt
    await settle(ann, bob)
    assert bob.moves.acts(pico)
    assert not ann.moves.acts(pico)
    assert await bob.seen(pico) == [1]
    assert isinstance(await bob.run(pico, "far:hello", n=2), EventReply)
    assert await bob.seen(pico) == [1, 2]
    assert await bob.seen(pico, "told") == ["leaving", "arrived"]


@in_loop
async def test_what_comes_for_it_where_it_was_is_sent_on(tmp_path: Path) -> None:
    """Once, in order, however often it is repeated; who wants an answer is told where it is."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    eci = ann.eci(pico)
    await ann.run(pico, "far:hello", "e1", n=1)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    for n in (2, 3, 2):
        assert await ann.host.accept_event(eci, "far", "hello", {"n": n}, EventId(f"e{n}")) == f"e{n}"
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == [1, 2, 3]
    assert not [key for key in ann.disk.inbox if key[0] == pico]
    told = await ann.run(pico, "far:hello", n=4)
    assert isinstance(told, Refusal)
    assert (told.kind, told.extra["url"]) == ("moved", "http://bob.example")
    assert isinstance(await ann.run(pico, "far:hello", "e1", n=1), EventReply)
    assert await bob.seen(pico) == [1, 2, 3]


@in_loop
async def test_letters_find_it_and_its_friends_learn_where_it_is(tmp_path: Path) -> None:
    """Somebody who knows a channel of it by DID goes on as if nothing had happened."""
    mesh, ann, bob = await setting(tmp_path)
    cyd = await mesh.add("cyd", tmp_path)
    pico = await ann.counter(tmp_path)
    channel = ann.eci(pico)
    did = await ann.mail.channel_did(channel)
    here = await cyd.root_did()
    await cyd.send("go:send", did=did, **{"from": cyd.host.root_eci()}, n=1)
    await mesh.settle(ann, cyd)
    assert await ann.seen(pico) == [1]
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    await cyd.send("go:send", did=did, **{"from": cyd.host.root_eci()}, n=2)
    await mesh.settle(cyd, bob)
    await settle(ann, bob)
    assert await bob.seen(pico) == [1, 2], here
    assert bob.mail.identities.known(channel) != did


@in_loop
async def test_a_name_for_life_leads_to_where_it_lives(tmp_path: Path) -> None:
    """Its log has one more entry, which names the other engine and keys that were made there."""
    mesh, ann, bob = await setting(tmp_path)
    cyd = await mesh.add("cyd", tmp_path)
    pico = await ann.counter(tmp_path)
    policies = {"eventPolicy": EVERYTHING, "queryPolicy": NO_QUERY}
    await ann.run(pico, "wrangler:new_channel_request", tags=["did"], **policies)
    told = await ann.mail.life(ann.eci(pico))
    assert not isinstance(told, Refusal)
    await cyd.mail._logs.learn(KeptLog(told["log"], told["approvals"]), told["did"])
    await cyd.send("go:send", did=told["did"], **{"from": cyd.host.root_eci()}, n=1)
    await mesh.settle(ann, cyd)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    after = await bob.mail.life(bob.eci(pico))
    assert not isinstance(after, Refusal)
    assert (after["did"], after["epoch"]) == (told["did"], told["epoch"] + 1)
    await cyd.send("go:send", did=told["did"], **{"from": cyd.host.root_eci()}, n=2)
    await mesh.settle(cyd, bob)
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert await bob.seen(pico) == [1, 2]
    again = await ann.mail.lives.rotate(ann.eci(pico))
    assert isinstance(again, Refusal), again
    kept = ann.mail.lives.kept(pico)
    assert kept is not None
    assert kept.lines == after["log"]


@in_loop
async def test_a_refusal_changes_nothing(tmp_path: Path) -> None:
    """The pico hears why, and goes on where it is."""
    _, ann, bob = await setting(tmp_path)
    bob.moves.hooks.why_not = lambda one: "no-room"
    pico = await ann.counter(tmp_path)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    await ann.host.wait_quiet()
    assert await ann.seen(pico, "told") == ["departed_failed"]
    assert bob.moves.listed() == []
    await ann.run(pico, "far:hello", n=1)
    bob.moves.hooks.why_not = lambda one: None
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert await bob.seen(pico) == [1]


@in_loop
async def test_who_writes_to_the_first_did_is_heard_after_many_moves(tmp_path: Path) -> None:
    """Each move gives the channel another DID; all that it ever had lead to it, with their keys."""
    mesh, ann, bob = await setting(tmp_path)
    cyd = await mesh.add("cyd", tmp_path)
    pico = await ann.counter(tmp_path)
    channel = ann.eci(pico)
    did = await ann.mail.channel_did(channel)
    for n in range(1, 7):
        here, there = (ann, bob) if n % 2 else (bob, ann)
        assert isinstance(await here.moves.wanted(pico, there.did), str)
        await settle(ann, bob)
        await cyd.send("go:send", did=did, **{"from": cyd.host.root_eci()}, n=n)
        await mesh.settle(cyd, there)
        await settle(ann, bob)
        await there.host.wait_quiet()
        assert await there.seen(pico) == list(range(1, n + 1))
    assert len(ann.mail.identities._journal.dids_of(channel)) == 7


@in_loop
async def test_a_copy_from_a_backup_takes_no_turn_and_stands_down(tmp_path: Path) -> None:
    """What it takes in meanwhile goes to where the pico is."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    eci = ann.eci(pico)
    await ann.mail.life(eci)
    await ann.run(pico, "far:hello", n=1)
    backup = copy.deepcopy(ann.disk)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    await bob.run(pico, "far:hello", n=2)
    ann.crash()
    ann.disk, ann.doubts, ann.peers = backup, True, [bob.did]
    await ann.start()
    assert not ann.moves.acts(pico)
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 3}, EventId("e3")) == "e3"
    await settle(ann, bob)
    await bob.host.wait_quiet()
    assert [one["phase"] for one in ann.moves.listed()] == ["old"]
    assert await bob.seen(pico) == [1, 2, 3]


@in_loop
async def test_a_copy_that_does_not_know_that_it_is_one_stands_down_when_it_hears_of_it(
    tmp_path: Path,
) -> None:
    """By whoever has the newer entry, when the copy wants to move."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    await ann.mail.life(ann.eci(pico))
    backup = copy.deepcopy(ann.disk)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    ann.crash()
    ann.disk = backup
    await ann.start()
    assert ann.moves.acts(pico)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert not ann.moves.acts(pico)
    assert bob.moves.acts(pico)


@in_loop
async def test_whoever_writes_at_the_moment_of_its_arrival_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the journal, and its new engine is about to learn that: it has one next turn, and not two."""
    _, ann, bob = await setting(tmp_path)
    pico = await ann.counter(tmp_path)
    eci, commit, replies = ann.eci(pico), bob.journal.commit, list[Future[Reply]]()

    def commit_and_wake(writes: Sequence[Write]) -> Future[None]:
        durable = commit(writes)
        if any(isinstance(write, BirthPico) and write.pico == pico for write in writes):
            durable.add_done_callback(write_to_it)
        return durable

    def write_to_it(durable: Future[None]) -> None:
        mailbox = bob.host.wake(pico)
        assert mailbox is not None
        request = Request(Event(eci, "far", "hello", {"n": 1}, EventId("e1")))
        replies.append(request.wait())
        mailbox.take(request)

    monkeypatch.setattr(bob.journal, "commit", commit_and_wake)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert isinstance(await replies[0], EventReply)
    assert await bob.seen(pico) == [1]
    assert await bob.seen(pico, "told") == ["leaving", "arrived"]
    assert isinstance(await bob.run(pico, "far:hello", n=2), EventReply)
    assert await bob.seen(pico) == [1, 2]


@in_loop
async def test_whoever_is_considered_again_is_not_a_guest_beside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its offer comes once more while it is let in; whoever comes after it finds it there."""
    _, ann, bob = await setting(tmp_path)
    first, second = await ann.counter(tmp_path), await ann.counter(tmp_path)
    consider, guests = bob.moves._arrivals.consider, list[int]()

    def note_guests(one: Coming) -> None:
        guests.append(len(bob.moves.guests()))

    async def consider_twice(*offered: Any) -> None:
        await asyncio.gather(consider(*offered), consider(*offered))

    bob.moves.hooks.why_not = note_guests
    monkeypatch.setattr(bob.moves._arrivals, "consider", consider_twice)
    for pico in (first, second):
        await ann.moves.wanted(pico, bob.did)
        await settle(ann, bob)
        assert bob.moves.acts(pico)
    assert guests == [0, 0, 1, 1]
