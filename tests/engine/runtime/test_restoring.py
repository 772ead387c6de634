"""A pico comes back from sealed blocks as it was, on an engine that has never seen it; or is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.blocks import MemoryBlocks
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import BlockCipher, KeyBoxes, SeedKeys
from engine.adapters.signing.ed25519 import public_key, sign, verify
from engine.core.blocks.dag_cbor import decode, encode
from engine.core.blocks.errors import (
    AlteredBlock,
    ForgedHead,
    MissingBlock,
    NewerFormat,
    NotATree,
    OldHead,
    WrongKey,
)
from engine.core.blocks.heads import SignedHead, TwoHeads, sign_head
from engine.core.blocks.walks import reach, run
from engine.core.cids import Cid, cid_of
from engine.core.did_keys import to_did_key
from engine.core.dids import Did
from engine.core.messages import Event
from engine.core.model import EventId
from engine.core.records import encode_request, state_id
from engine.ports import AcceptEvent, Acting, BindChannel, KeptLog
from engine.runtime.besides import unpack_beside
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.piecemeal import PART_BYTES
from engine.runtime.replies import EventReply
from engine.runtime.restoring import AlreadyHere, Restored, Restoring
from engine.runtime.sealed_states import Trust, believe, open_state
from engine.runtime.state_keys import OPENING, opened_with
from engine.wiring_of_seals import channel_keys
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import DIARY, KEYS, House, opened

BOXES = KeyBoxes(os.urandom)
OWNER = SeedKeys(b"owner".ljust(32))


class Everything(MemoryBlocks):
    """What left an engine, in the hands of somebody who may change it."""

    def alter(self, cid: Cid) -> None:
        block = bytearray(self.blocks[cid])
        block[len(block) // 2] ^= 1
        self.blocks[cid] = bytes(block)


async def copied(house: House) -> Everything:
    """All blocks of an engine."""
    everything = Everything("copy")
    rows = house.blocks._connection.execute("SELECT cid, body FROM blocks").fetchall()
    await everything.put_many(dict(rows))
    return everything


async def lived(text: str = DIARY) -> tuple[House, SignedHead, Everything]:
    """An engine with a pico that has a past, a half-matched pattern and a timer; and its sealed state."""
    house = await opened(text)
    await house.seals.state_keys.owners.name([PicoOwner(BOXES.name(OWNER.derive(OPENING)))])
    await house.send("write", eid="once", day="monday", text="sunny")
    await house.send("remind")
    await house.send("dusk")
    signed = await house.seals.seal(house.root)
    return house, signed, await copied(house)


def restoring(house: House, part_bytes: int = PART_BYTES) -> Restoring:
    assert house.host.mail is not None
    seals = house.seals
    logs = LifelongLogs(house.keys)
    trust = Trust(verify, lambda log: logs.acting(log, 2_000_000_000))
    lives = house.host.mail.lives
    return Restoring(
        *(house.journal, seals.heads, lives, seals.state_keys, seals.policies, trust, BlockCipher()),
        channel_keys(house.journal, house.keys),
        part_bytes=part_bytes,
    )


async def restore(
    house: House, head: Cid, store: MemoryBlocks, who: SeedKeys = OWNER, **more: Any
) -> Restored:
    opens = opened_with([who.derive(OPENING)], BOXES)
    found = await restoring(house).restore(head, store, opens, **more)
    house.host.welcome(found.pico.id, found.due_ms)
    return found


async def bare(keys: SeedKeys = KEYS) -> House:
    return await House(keys=keys).open()


@in_loop
async def test_a_pico_comes_back_with_its_owners_key_alone() -> None:
    """On an engine with keys of its own: the same state id, the same answers, and its past."""
    house, signed, blocks = await lived()
    other = await bare(SeedKeys(b"other".ljust(32)))
    found = await restore(other, signed.cid, blocks)
    assert found.state_id == state_id(house.pico()) == state_id(found.pico)
    reply = await other.host.run_query(house.host.root_eci(), "diary", "entries", {})
    assert reply.value == {"monday": "sunny"}  # type: ignore[union-attr]
    told = await other.host.histories.log(house.root, 5)
    assert [one["event"] for one in told["events"]][-2:] == ["diary:remind", "diary:dusk"]  # type: ignore[index]
    await house.close()
    await other.close()


@in_loop
async def test_what_had_begun_goes_on() -> None:
    """Half of a pattern is still there, and the timer."""
    house, signed, blocks = await lived()
    eci, timers = house.host.root_eci(), house.pico().timers
    await house.close()
    other = await bare()
    await restore(other, signed.cid, blocks)
    assert {timer for _, timer in other.disk.timers} == set(timers)
    assert isinstance(await other.host.run_event(eci, "diary", "dawn", {}), EventReply)
    reply = await other.host.run_query(eci, "diary", "entries", {})
    assert reply.value == {"monday": "sunny", "night": "seen"}  # type: ignore[union-attr]
    await other.close()


@in_loop
async def test_a_repeated_event_is_answered_as_the_first_time() -> None:
    """Its record came along."""
    house, signed, blocks = await lived()
    eci, seq = house.host.root_eci(), house.pico().seq
    await house.close()
    other = await bare()
    await restore(other, signed.cid, blocks)
    attrs = {"day": "monday", "text": "other"}
    reply = await other.host.run_event(eci, "diary", "write", attrs, EventId("once"))
    assert isinstance(reply, EventReply)
    assert reply.directives[0]["name"] == "written"
    assert other.host.find_mailbox(house.root).head.pico.seq == seq  # type: ignore[union-attr]
    await other.close()


@in_loop
async def test_what_waited_in_the_inbox_runs() -> None:
    """Events that were accepted, and had no turn yet."""
    house, _, _ = await lived()
    attrs = {"day": "last", "text": "x"}
    event = Event(house.host.root_eci(), "diary", "write", attrs, EventId("waiting"))
    await house.journal.commit([AcceptEvent(house.root, event.eid, encode_request(event))])
    await house.write("tuesday")
    signed = await house.seals.seal(house.root)
    blocks = await copied(house)
    other = await bare()
    await restore(other, signed.cid, blocks)
    await other.host.wait_quiet()
    reply = await other.host.run_query(house.host.root_eci(), "diary", "entries", {})
    assert set(reply.value) == {"monday", "tuesday", "last"}  # type: ignore[union-attr]
    assert not other.disk.inbox
    await house.close()
    await other.close()


@in_loop
async def test_heads_after_that_are_of_another_epoch() -> None:
    """So they contradict nothing that was sealed after the copy, wherever it is."""
    house, old, blocks = await lived()
    await house.write("tuesday")
    lost = await house.seals.seal(house.root)
    await house.close()
    other = await bare()
    await restore(other, old.cid, blocks)
    signed = await other.seals.seal(house.root)
    assert signed.head.epoch == lost.head.epoch + 1
    assert signed.head.previous == old.cid
    await other.close()


@in_loop
async def test_a_pico_that_lives_here_is_not_restored() -> None:
    """Nobody goes back behind what it has acknowledged since."""
    house, signed, blocks = await lived()
    with pytest.raises(AlreadyHere, match="lives here"):
        await restore(house, signed.cid, blocks)
    await house.close()


@in_loop
async def test_an_old_head_is_refused_where_a_newer_one_is_known() -> None:
    """It is a good one, and was followed."""
    house, old, blocks = await lived()
    await house.write("tuesday")
    await house.seals.seal(house.root)
    with pytest.raises(OldHead):
        await restore(house, old.cid, blocks)
    await house.close()


@in_loop
async def test_each_lie_has_its_name() -> None:
    """And nothing is changed by any of them."""
    house, signed, blocks = await lived()
    other = await bare()
    before = set(other.disk.snapshots)
    sizes = run(reach([signed.cid]), lambda wanted: {cid: blocks.blocks[cid] for cid in wanted})
    for cid in sizes:
        good = blocks.blocks[cid]
        blocks.alter(cid)
        with pytest.raises(ForgedHead if cid == signed.cid else AlteredBlock):
            await restore(other, signed.cid, Lying("lying", blocks))
        del blocks.blocks[cid]
        with pytest.raises(MissingBlock):
            await restore(other, signed.cid, blocks)
        blocks.blocks[cid] = good
    with pytest.raises(WrongKey, match="none of those at hand"):
        await restore(other, signed.cid, blocks, SeedKeys(b"stranger".ljust(32)))
    assert set(other.disk.snapshots) == before
    assert not any(house.root in name for name in other.disk.facts)
    await restore(other, signed.cid, blocks)
    await house.close()
    await other.close()


class Lying(MemoryBlocks):
    """Gives whatever it has, and looks at nothing."""

    def __init__(self, name: str, of: MemoryBlocks) -> None:
        super().__init__(name)
        self.blocks = of.blocks

    async def get_many(self, cids: Any) -> dict[Cid, bytes]:
        return {cid: self.blocks[cid] for cid in cids if cid in self.blocks}


async def offered(blocks: MemoryBlocks, block: bytes) -> Cid:
    await blocks.put_many({cid_of(block): block})
    return cid_of(block)


@in_loop
async def test_forged_heads_are_refused() -> None:
    """By somebody else, of an epoch that the log does not have, of a later format, or of another turn."""
    house, signed, blocks = await lived()
    other = await bare(SeedKeys(b"other".ljust(32)))
    stranger, own = b"s" * 32, house.seals._seed(house.root)
    by = to_did_key(public_key(stranger))
    forged = sign_head(replace(signed.head, by=by), lambda message: sign(stranger, message))
    future = sign_head(replace(signed.head, epoch=9), lambda message: sign(own, message))
    for one in (forged, future):
        with pytest.raises(ForgedHead):
            await restore(other, await offered(blocks, one.block), blocks)
    other_turn = sign_head(replace(signed.head, sequence=99), lambda message: sign(own, message))
    with pytest.raises(NotATree, match="of turn 99"):
        await restore(other, await offered(blocks, other_turn.block), blocks)
    newer = encode({**decode(signed.block), "format": 2})
    with pytest.raises(NewerFormat):
        await restore(other, await offered(blocks, newer), blocks)
    await house.close()
    await other.close()


@in_loop
async def test_who_has_lost_the_pico_signs_no_heads_of_it() -> None:
    """By a newer log that the owner has, whatever log is beside the head."""
    house, signed, blocks = await lived()
    other, owners_log = await bare(), KeptLog("the log with which somebody else took it up")
    theirs = restoring(other)
    believed = theirs._trust.acting
    taken_up = Acting(Did(signed.head.pico), (frozenset(),))
    theirs._trust = Trust(verify, lambda log: taken_up if log == owners_log else believed(log))
    opens = opened_with([OWNER.derive(OPENING)], BOXES)
    with pytest.raises(ForgedHead, match="by the newest log"):
        await theirs.restore(signed.cid, blocks, opens, owners_log)
    await house.close()
    await other.close()


@in_loop
async def test_two_heads_for_one_turn_are_kept_as_evidence() -> None:
    """When one of them is offered where the other one is known."""
    house, signed, blocks = await lived()
    own = house.seals._seed(house.root)
    lie = sign_head(replace(signed.head, time_ms=5), lambda message: sign(own, message))
    with pytest.raises(TwoHeads):
        await restore(house, await offered(blocks, lie.block), blocks)
    (evidence,) = house.seals.heads.evidence(house.root)
    assert {one.cid for one in evidence.heads} == {signed.cid, lie.cid}
    await house.close()


@in_loop
async def test_a_log_of_another_pico_lets_nobody_sign() -> None:
    """Even if it names the very key: who hands it over may have a pico of their own."""
    house, signed, blocks = await lived()
    other, theirs_log = await bare(), KeptLog("the log of somebody else")
    theirs = restoring(other)
    believed = theirs._trust.acting
    somebody = Acting(Did("did:scid:vh:1:QmOther"), (frozenset({signed.head.by}),) * 9)
    theirs._trust = Trust(verify, lambda log: somebody if log == theirs_log else believed(log))
    with pytest.raises(ForgedHead, match="by the newest log"):
        await theirs.restore(signed.cid, blocks, opened_with([OWNER.derive(OPENING)], BOXES), theirs_log)
    await house.close()
    await other.close()


@in_loop
async def test_no_channel_is_taken_from_a_pico_that_lives_here() -> None:
    """Though the pico itself does not."""
    house, signed, blocks = await lived()
    other = await bare(SeedKeys(b"other".ljust(32)))
    taken = next(eci for eci in house.pico().channels if str(eci) != house.root)
    await other.journal.commit([BindChannel(taken, other.root)])
    with pytest.raises(AlreadyHere, match=f"the channel {taken} of pico"):
        await restore(other, signed.cid, blocks)
    assert other.journal.find_channel(taken) == other.root
    await house.close()
    await other.close()


@in_loop
async def test_records_that_do_not_lead_to_the_state_are_refused() -> None:
    """Somebody with the key has left one out, exchanged two, or changed the last."""
    house, signed, blocks = await lived()
    believed = await believe(blocks, signed.cid, Trust(verify, house.seals.heads.acting))
    opens = opened_with([OWNER.derive(OPENING)], BOXES)
    state = await open_state(blocks, believed, opens, BlockCipher())
    records = list(state.beside["records"])
    assert len(unpack_beside(state.head, state.beside).records) == len(records) > 3
    shorter = [*records[:1], *records[2:]]
    swapped = [*records[:-2], records[-1], records[-2]]
    touched = [*records[:-1], records[-1].replace('"steps":', '"steps":1')]
    inner = [*records[:1], records[1].replace('"steps":', '"steps":1'), *records[2:]]
    for wrong in (shorter, swapped, touched, inner, records[:-1]):
        with pytest.raises(NotATree, match="is damaged"):
            unpack_beside(state.head, {**state.beside, "records": wrong})
    await house.close()
