"""A head that contradicts one of an engine's own is noticed wherever it turns up, and kept as evidence."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.blocks import MemoryBlocks
from engine.adapters.signing.ed25519 import public_key, sign
from engine.core.blocks.errors import ForgedHead
from engine.core.blocks.heads import SignedHead, sign_head
from engine.core.did_keys import to_did_key
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import House, opened, until
from tests.fakes.faulty_blocks import FaultyBlocks


def other(house: House, signed: SignedHead, **changes: Any) -> SignedHead:
    """Something else that the pico's key has signed."""
    own = house.seals._seed(house.root)
    return sign_head(replace(signed.head, **changes), lambda message: sign(own, message))


async def pinned(store: MemoryBlocks, *heads: SignedHead) -> None:
    """As another engine with the same keys would have left them there, with what they lead to."""
    for one in heads:
        await store.put_many({one.cid: one.block})
        store._roots.add(one.cid)


async def left_behind() -> tuple[House, SignedHead, MemoryBlocks]:
    """An engine that has stopped, its newest head, and another store of its."""
    house = await opened()
    signed = await house.seals.seal(house.root)
    await house.close()
    return house, signed, MemoryBlocks("node")


@in_loop
async def test_a_second_head_in_another_store_is_found_at_start() -> None:
    """Without sealing by itself; it is told, and the engine goes on."""
    house, signed, node = await left_behind()
    lie = other(house, signed, time_ms=5)
    await pinned(node, lie)
    again = await House(house.disk, house.blocks, others=[node]).open()
    again.sealing.start()
    await until(lambda: again.seals.heads.count_evidence())
    (evidence,) = again.seals.heads.evidence(again.root)
    assert {one.cid for one in evidence.heads} == {signed.cid, lie.cid}
    told = await again.host.seal_desk.stores()  # type: ignore[union-attr]
    assert told["evidence"] == {again.root: 1}
    assert (await again.seals.seal(again.root)).head.sequence == signed.head.sequence
    await again.close()


@in_loop
async def test_what_proves_nothing_is_passed_over() -> None:
    """Our own newest head, an older one, a stranger's, and a store that does not answer."""
    house, signed, node = await left_behind()
    stranger = b"s" * 32
    by = replace(signed.head, by=to_did_key(public_key(stranger)), time_ms=7)
    forged = sign_head(by, lambda message: sign(stranger, message))
    await pinned(node, signed, forged, other(house, signed, sequence=1))
    dead = FaultyBlocks("dead", random.Random(1), "dead")
    again = await House(house.disk, house.blocks, others=[dead, node]).open()
    desk = again.host.seal_desk
    assert desk is not None
    assert await desk._meeting.look_round() == 0
    assert again.seals.heads.count_evidence() == {}
    with pytest.raises(ForgedHead):
        await desk.see(forged.block)
    assert await desk.see(b"no head") == {"pico": None, "evidence": None}
    lie = other(house, signed, time_ms=5)
    assert (await desk.see(lie.block))["evidence"]["heads"][0]["sequence"] == signed.head.sequence
    await again.close()


@in_loop
async def test_evidence_is_bounded_and_said_once() -> None:
    """Whoever signs many heads for a turn does not fill the disk."""
    house = await opened()
    signed = await house.seals.seal(house.root)
    for time_ms in range(20):
        lie = other(house, signed, time_ms=time_ms)
        for _ in range(2):
            assert await house.seals.heads.see(house.root, lie) is not None
    assert house.seals.heads.count_evidence() == {house.root: 16}
    await house.close()


@in_loop
async def test_a_key_signs_for_the_pico_that_it_is_of() -> None:
    """Not for another whose name it writes into a head."""
    house = await opened()
    signed = await house.seals.seal(house.root)
    assert house.host.mail is not None
    lie = other(house, signed, pico="did:scid:vh:1:QmOther")
    with pytest.raises(ForgedHead, match="was not to sign heads of"):
        house.seals.heads.check(lie.block, house.host.mail.lives.kept(house.root))
    await house.close()
