"""A pico comes back on another engine: what was written to its DIDs is read, and its friends follow."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from engine.adapters.blocks import LocalBlocks, MemoryBlocks, SqliteLedger
from engine.adapters.keys import SeedKeys
from engine.commands.bringing import Source, bring_in
from engine.commands.open_home import OwnHome
from engine.commands.opening_keys import Opener
from engine.commands.recovery import OwnersFile
from engine.commands.taking_up import taking_up
from engine.config import Settings
from engine.core.cids import Cid
from engine.core.dids import keys_in
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.core.replicas import Replication
from engine.runtime.channel_keys import BROUGHT, NamedChannel, pack_name, unpack_name
from engine.runtime.many_stores import ManyStores
from engine.runtime.state_keys import OPENING, opened_with
from engine.runtime.vault import Opened, Vault
from engine.wiring_of_seals import channel_keys, give_seals
from tests.engine.in_loop import in_loop, in_loop_within
from tests.engine.runtime.mesh import Member, Mesh, Stranger
from tests.engine.runtime.test_relations import WORD, ask, connect, heard, invite, pals
from tests.engine.runtime.test_restoring import BOXES
from tests.engine.runtime.test_seals_and_crashes import live_until_death
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.memory_journal import MemoryJournal

LATEST = 60
"""More writes than a pico needs to arrive."""


OWNER = SeedKeys(b"the owner".ljust(32))
A_DAY_MS = 86_400_000


async def friends(folder: Path) -> tuple[Mesh, Member, Member]:
    """As they were yesterday: whoever goes on with a log today writes that it is today."""
    mesh, ann, ben = await pals(folder)
    mesh.clock.move_to(int(time.time() * 1000) - A_DAY_MS)
    return mesh, ann, ben


def owners_file() -> OwnersFile:
    return OwnersFile(Path("owner.key"), OWNER)


def keys_of(name: str) -> SeedKeys:
    """As a member of a mesh has them."""
    return SeedKeys(name.encode().ljust(32, b"."))


@dataclass
class Sealed:
    """The root pico of an engine, in somebody's hands."""

    head: Cid
    blocks: MemoryBlocks
    by: str
    """The engine that sealed it."""


@dataclass
class Shed:
    """Stores of an engine in memory."""

    blocks: InlineDatabase = field(default_factory=InlineDatabase)

    def vault(self) -> Vault:
        async def open_stores() -> Opened:
            local = LocalBlocks(self.blocks, lambda: 1)
            return Opened(await self.stores(), local, _nothing)

        return Vault(open_stores)

    async def stores(self) -> ManyStores:
        stores = ManyStores(
            LocalBlocks(self.blocks, lambda: 1), [], SqliteLedger(self.blocks), Replication(1)
        )
        await stores.start()
        return stores


async def _nothing() -> None:
    """The database is the test's."""


async def seal(member: Member) -> Sealed:
    shed, keys = Shed(), keys_of(member.name)
    seals = give_seals(member.host, member.journal, keys, Settings(), shed.vault())
    await seals.state_keys.owners.name([owners_file().owner()])
    root = member.journal.find_channel(member.host.root_eci())
    assert root is not None
    signed = await seals.seal(root)
    everything = MemoryBlocks("everything")
    rows = shed.blocks._connection.execute("SELECT cid, body FROM blocks").fetchall()
    await everything.put_many(dict(rows))
    return Sealed(signed.cid, everything, member.name)


async def come_back(mesh: Mesh, sealed: Sealed, name: str) -> Member:
    """On an engine of that name, which has not been there before, by the hand of its owner."""
    member = await brought_to(mesh, sealed, name, opened_by_owner())
    await member.start()
    await member.mail.wait_rested()
    return member


def opened_by_owner() -> Opener:
    return Opener("a key", opened_with([OWNER.derive(OPENING)], BOXES), OWNER, Path("owner.key"))


def opened_as(sealed: Sealed) -> Opener:
    """By somebody who has the key of the engine, and may not write in the log."""
    return Opener("a key", opened_with([keys_of(sealed.by).derive(OPENING)], BOXES))


async def brought_to(mesh: Mesh, sealed: Sealed, name: str, opener: Opener) -> Member:
    """The same, and the engine has not been started yet."""
    mesh.clock.move_to(int(time.time() * 1000) + 10_000)
    member, shed = Member(name, mesh), Shed()
    journal = MemoryJournal(member.disk)
    stores = await shed.stores()
    home = OwnHome(Settings(home=Path("/nowhere")), cast(Any, journal), keys_of(name), stores, stores)
    await bring_in(home, Source(sealed.blocks, sealed.head, opener), lambda *_: None)
    await journal.close()
    return member


async def the_one(who: Member) -> Mapping[str, Any]:
    (known,) = await ask(who, "known")
    return cast(Mapping[str, Any], known)


async def say(who: Member, n: int) -> None:
    await who.send("pal:send", did=(await the_one(who))["them"], type=WORD, body={"n": n})


async def words(who: Member) -> list[float]:
    return [one["body"]["n"] for one in await heard(who, "talk_word")]


@in_loop
async def test_friends_follow_and_both_write_on(tmp_path: Path) -> None:
    """To a DID by way of the engine where the pico is now, in the relationship that they had."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    before, sealed = await the_one(ann), await seal(ann)
    ann.crash()
    carol = await come_back(mesh, sealed, "carol")
    await mesh.settle(carol, ben)
    now = await the_one(carol)
    assert (await the_one(ben))["them"] == now["me"] != before["me"]
    assert (now["them"], now["since"]) == (before["them"], before["since"])
    (rotated,) = await heard(ben, "rotated")
    assert (rotated["prior"], rotated["did"]) == (before["me"], now["me"])
    await say(ben, 1)
    await say(carol, 2)
    await mesh.settle(carol, ben)
    assert (await words(carol), await words(ben)) == ([1.0], [2.0])
    assert "rotating" not in await the_one(carol)


@in_loop
async def test_what_was_written_while_it_was_nowhere_arrives(tmp_path: Path) -> None:
    """It was for the DID of then, and goes to the one of now."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    sealed = await seal(ann)
    ann.crash()
    await say(ben, 1)
    carol = await come_back(mesh, sealed, "carol")
    await say(ben, 2)
    await mesh.settle(carol)
    for _ in range(100):
        if len(await words(carol)) == 2:
            break
        mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
        await asyncio.sleep(0.002)
    assert await words(carol) == [1.0, 2.0]


@in_loop
async def test_what_was_put_into_an_envelope_for_the_old_did_is_read(tmp_path: Path) -> None:
    """It may have been on its way, or with a mediator; and who wrote it is told of the new one."""
    mesh, ann, _ = await friends(tmp_path)
    zoe = Stranger("zoe", mesh)
    shown = await invite(ann)
    await zoe.write(ann, shown["did"], "https://didcomm.org/trust-ping/2.0/ping", pthid=shown["id"])
    await ann.host.wait_quiet()
    sealed = await seal(ann)
    ann.crash()
    carol = await come_back(mesh, sealed, "carol")
    await carol.host.wait_quiet()
    response = await zoe.write(carol, shown["did"], WORD, {"n": 7})
    assert response.status_code in (200, 202), response.text
    await carol.host.wait_quiet()
    assert await words(carol) == [7.0]
    now = await the_one(carol)
    assert now["me"] != shown["did"]
    assert now["rotating"], "zoe was not heard from at the new DID"


@in_loop
async def test_the_keys_go_on_to_the_engine_after_that(tmp_path: Path) -> None:
    """Those of every DID that the channel had there or has here: that is what is sealed of it next."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    eci, sealed = (await the_one(ann))["eci"], await seal(ann)
    ann.crash()
    carol = await come_back(mesh, sealed, "carol")
    await mesh.settle(carol, ben)
    dids = list(reversed(carol.journal.dids_of(eci)))
    named = carol.mail.named(eci, dids)
    dave = channel_keys(MemoryJournal(), keys_of("dave"))
    ((_, kept),) = ((one.name, json.loads(one.value)) for one in dave.writes(named))
    assert list(kept) == dids
    assert len(dids) == 2


@in_loop
async def test_on_an_engine_with_the_same_keys_nothing_is_called_otherwise(tmp_path: Path) -> None:
    """It is the same engine, on a new machine: those who know it follow that, as they always did."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    before, sealed = await the_one(ann), await seal(ann)
    ann.crash()
    ann = await come_back(mesh, sealed, "ann")
    await mesh.settle(ann, ben)
    assert (await the_one(ann))["me"] == before["me"]
    assert not await heard(ben, "rotated")
    await say(ben, 1)
    await mesh.settle(ann, ben)
    assert await words(ann) == [1.0]


@in_loop
async def test_friends_of_a_copy_are_told_nothing_until_the_log_says_who_acts(tmp_path: Path) -> None:
    """Somebody may only want to look at it, while the pico lives. When its owner writes into the log that it
    is here, they are told."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    before, sealed = await the_one(ann), await seal(ann)
    carol = await brought_to(mesh, sealed, "carol", opened_as(sealed))
    await carol.start()
    await carol.mail.wait_rested()
    await mesh.settle(carol, ann, ben)
    assert (await the_one(carol))["me"] == (await the_one(ben))["them"] == before["me"]
    ann.crash()
    root = carol.journal.find_channel(carol.host.root_eci())
    assert root is not None
    kept = carol.mail.lives.kept(root)
    assert kept is not None
    gone_on = taking_up(keys_of("carol"), opened_by_owner())(root, kept).log
    assert gone_on is not None
    assert not isinstance(await carol.mail.lives.extend(Eci(root), gone_on), Refusal)
    await carol.mail.wait_rested()
    await mesh.settle(carol, ben)
    assert (await the_one(ben))["them"] == (await the_one(carol))["me"] != before["me"]
    await say(ben, 1)
    await mesh.settle(carol, ben)
    assert await words(carol) == [1.0]


@in_loop
async def test_who_has_only_noted_a_did_is_told_nothing(tmp_path: Path) -> None:
    """There is no relationship in which they could be. What they write goes to where the pico was, and comes
    back to them as an error in the end."""
    mesh, ann, ben = await friends(tmp_path)
    did = await ann.root_did()
    sealed = await seal(ann)
    ann.crash()
    carol = await come_back(mesh, sealed, "carol")
    await ben.send("go:send", did=did, n=1)
    await mesh.settle(carol, ben, tries=6_000)
    assert "took no message in all that time" in str(await ben.ask("errors"))
    assert await carol.ask("seen") == []


@in_loop
async def test_a_channel_that_nobody_knows_gets_a_did_that_leads_here(tmp_path: Path) -> None:
    """Whoever asks for it is told that one; to the old one may still be written. It happens once."""
    mesh, ann, _ = await friends(tmp_path)
    old = await ann.root_did()
    sealed = await seal(ann)
    ann.crash()
    carol = await come_back(mesh, sealed, "carol")
    await carol.host.wait_quiet()
    new = await carol.root_did()
    engine = keys_in(carol.mail.engine_did())
    zoe = Stranger("zoe", mesh)
    assert old != new
    assert [keys_in(hop) for hop in (await zoe.route(new)).hops] == [engine]
    turns = carol.records()
    await carol.crash_and_start()
    await carol.host.wait_quiet()
    assert (await carol.root_did(), carol.records()) == (new, turns)
    assert (await zoe.write(carol, old, "https://didcomm.org/trust-ping/2.0/ping")).status_code == 200


@in_loop
async def test_a_crash_before_friends_are_told_is_made_up_for(tmp_path: Path) -> None:
    """At the next start."""
    mesh, ann, ben = await friends(tmp_path)
    await connect(mesh, ann, ben)
    sealed = await seal(ann)
    ann.crash()
    mesh.wire.fate = lambda: "lost"
    carol = await come_back(mesh, sealed, "carol")
    await carol.crash_and_start()
    await carol.host.wait_quiet()
    await carol.crash_and_start()
    mesh.wire.fate = lambda: "arrives"
    await mesh.settle(carol, ben)
    assert (await the_one(ben))["them"] == (await the_one(carol))["me"]
    await say(ben, 1)
    await mesh.settle(carol, ben)
    assert await words(carol) == [1.0]


async def arrive(mesh: Mesh, carol: Member, ben: Member) -> None:
    await carol.mail.wait_rested()
    await mesh.settle(carol, ben, tries=20)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_is_made_up_for(tmp_path: Path, when: When) -> None:
    """Of the turn that rotates a channel, of what tells friends, and of the DID that is kept."""

    @in_loop_within(120)
    async def story() -> None:
        for at in range(1, LATEST):
            mesh, ann, ben = await friends(tmp_path)
            await connect(mesh, ann, ben)
            sealed = await seal(ann)
            ann.crash()
            carol = await brought_to(mesh, sealed, "carol", opened_by_owner())
            journal = CrashingJournal(carol.disk, at, when)
            await carol.start(journal)
            died = await live_until_death(arrive(mesh, carol, ben), journal.crashed)
            await carol.crash_and_start()
            await carol.mail.wait_rested()
            await mesh.settle(carol, ben)
            await say(ben, 1)
            await say(carol, 2)
            await mesh.settle(carol, ben)
            assert (await words(carol), await words(ben)) == ([1.0], [2.0])
            assert (await the_one(ben))["them"] == (await the_one(carol))["me"]
            if not died:
                assert at > 3
                return
        raise AssertionError("there is no end to the writes")

    story()


@in_loop
async def test_keys_of_channels_are_nowhere_in_the_clear(tmp_path: Path) -> None:
    """Neither in what left the engine nor in the journal of the next one; and they go with the channel."""
    mesh, ann, _ = await friends(tmp_path)
    shown = await invite(ann)
    (named,) = ann.mail.named(shown["eci"], [shown["did"]])
    sealed = await seal(ann)
    ann.crash()
    assert len(named.keys) == 64
    halves = (named.keys[:32], named.keys[32:])
    everything = b"".join(sealed.blocks.blocks.values())
    assert not any(half in everything for half in halves)
    carol = await come_back(mesh, sealed, "carol")
    await carol.host.wait_quiet()
    kept = carol.disk.facts[f"{BROUGHT}{shown['eci']}"]
    assert not any(form in kept for half in halves for form in (half.hex(), str(pack_name(named))))
    assert (carol.mail.named(shown["eci"], [shown["did"]]))[0].keys == named.keys
    await carol.send("wrangler:channel_deletion_request", eci=shown["eci"])
    await carol.crash_and_start()
    await carol.host.wait_quiet()
    assert not carol.disk.facts[f"{BROUGHT}{shown['eci']}"]


def test_keys_that_are_not_those_of_the_did_are_not_taken() -> None:
    """Who sealed them may have had another seed by then, or mean no good."""
    journal = MemoryJournal()
    keys = channel_keys(journal, keys_of("ann"))
    alien = NamedChannel(cast(Any, "did:peer:2.Vz6Mk.Ez6LS"), cast(Any, "eci"), bytes(range(64)))
    assert keys.writes([alien]) == []


@pytest.mark.parametrize("told", [["did:x"], ["did:x", "e", "uAAAA"], ["did:x", "e", "u", "u"], None])
def test_what_is_no_name_of_a_channel_is_refused(told: Any) -> None:
    """As anything that was sealed and is not what it has to be."""
    with pytest.raises((ValueError, TypeError)):
        unpack_name(told)


def test_a_name_without_keys_is_one_as_older_versions_sealed_it() -> None:
    one = unpack_name(["did:x", "eci"])
    assert (one.did, one.eci, one.keys) == ("did:x", "eci", b"")
    assert pack_name(one) == ["did:x", "eci"]
