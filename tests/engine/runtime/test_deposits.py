"""What picos put for everybody: each for itself, within a limit, and not beyond its life."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from engine.core.blocks.dag_cbor import Link, encode
from engine.core.cids import Cid, cid_of, cid_text
from engine.core.model import PicoId
from engine.ports import MissingBlocks
from engine.runtime.deposits import PLACE_BYTES, Deposits, NoRoom
from engine.runtime.many_stores import ManyStores
from tests.engine.runtime.store_machine import EVERYWHERE, Machine, faulty, settle, virtually

ANN, BEN = PicoId("ann"), PicoId("ben")
SMALL = encode("x" * 400)
LARGE = encode("y" * 4_000)


@dataclass
class Bank:
    """The deposits of an engine on a machine with one other store; `restart` is after the power came back."""

    machine: Machine = field(default_factory=lambda: Machine([faulty("node")]))
    picos: set[PicoId] = field(default_factory=lambda: {ANN, BEN})
    most: int = 100_000
    many: ManyStores = field(init=False)
    deposits: Deposits = field(init=False)

    async def restart(self) -> Bank:
        self.many = await self.machine.start()
        self.deposits = Deposits(self._stores, lambda pico: EVERYWHERE, self.most, self.picos.__contains__)
        self.deposits.start()
        await self.deposits.wait_rested()
        return self

    async def _stores(self) -> ManyStores:
        return self.many

    async def sizes(self, pico: PicoId) -> list[int]:
        return [one.size for one in await self.deposits.of(pico)]

    async def delete(self, pico: PicoId) -> None:
        self.picos.remove(pico)
        self.deposits.note_gone(pico)
        await self.deposits.wait_rested()

    async def node_roots(self) -> frozenset[Cid]:
        await settle(self.many)
        return await self.machine.others[0].inner.roots()


def above(*blocks: bytes) -> bytes:
    return encode([Link(cid_of(block)) for block in blocks])


@virtually
async def test_a_deposit_is_pinned_here_and_in_other_stores() -> None:
    """Here when the call returns, there soon after; and it counts what it has and its place."""
    bank = await Bank().restart()
    deposit = await bank.deposits.put(ANN, SMALL)
    assert (deposit.cid, deposit.size) == (cid_text(cid_of(SMALL)), len(SMALL) + PLACE_BYTES)
    assert await bank.many.roots() == {cid_of(SMALL)}
    assert await bank.node_roots() == {cid_of(SMALL)}


@virtually
async def test_putting_it_again_changes_nothing() -> None:
    """As when an effect is performed a second time after a crash."""
    bank = await Bank().restart()
    first = await bank.deposits.put(ANN, SMALL)
    assert await (await bank.restart()).deposits.put(ANN, SMALL) == first
    assert await bank.sizes(ANN) == [first.size]


@virtually
async def test_each_pico_has_an_account_of_its_own() -> None:
    """The same block is kept until the last of them drops it."""
    bank = await Bank().restart()
    for pico in (ANN, BEN):
        await bank.deposits.put(pico, SMALL)
    assert await bank.deposits.drop(ANN, cid_of(SMALL))
    assert not await bank.deposits.drop(ANN, cid_of(SMALL))
    assert (await bank.sizes(ANN), len(await bank.sizes(BEN))) == ([], 1)
    assert await bank.node_roots() == {cid_of(SMALL)}
    await bank.deposits.drop(BEN, cid_of(SMALL))
    assert await bank.node_roots() == frozenset()
    assert await bank.many.roots() == frozenset()


@virtually
async def test_names_that_begin_alike_are_told_apart() -> None:
    bank = await Bank(picos={PicoId("a"), PicoId("ab")}).restart()
    await bank.deposits.put(PicoId("ab"), SMALL)
    assert await bank.sizes(PicoId("a")) == []


@virtually
async def test_what_is_more_than_a_pico_may_have_is_refused() -> None:
    """Nothing of it is kept, others are not concerned, and dropping makes room."""
    bank = await Bank(most=len(LARGE) + len(SMALL) + PLACE_BYTES).restart()
    await bank.deposits.put(ANN, SMALL)
    with pytest.raises(NoRoom, match="ipfs_pico_bytes"):
        await bank.deposits.put(ANN, LARGE)
    assert await bank.many.roots() == {cid_of(SMALL)}
    await bank.deposits.put(BEN, LARGE)
    await bank.deposits.drop(ANN, cid_of(SMALL))
    await bank.deposits.put(ANN, LARGE)


@virtually
async def test_a_deposit_counts_all_that_it_leads_to() -> None:
    """So nobody has others' blocks, or dropped ones, kept for nothing."""
    bank = await Bank().restart()
    await bank.deposits.put(ANN, LARGE)
    root = above(LARGE, SMALL)
    with pytest.raises(MissingBlocks):
        await bank.deposits.put(BEN, root)
    await bank.deposits.put(ANN, SMALL)
    deposit = await bank.deposits.put(BEN, root)
    assert deposit.size == len(root) + len(LARGE) + len(SMALL) + PLACE_BYTES
    bank = await Bank(bank.machine, most=deposit.size - 1).restart()
    with pytest.raises(NoRoom):
        await bank.deposits.put(BEN, above(LARGE, SMALL, root))


@virtually
async def test_many_at_once_do_not_get_past_the_limit() -> None:
    """Each sees what those before it have taken."""
    bank = await Bank(most=2 * (len(SMALL) + PLACE_BYTES)).restart()
    blocks = [encode(f"{number:0400}") for number in range(5)]
    done = await asyncio.gather(*(bank.deposits.put(ANN, block) for block in blocks), return_exceptions=True)
    assert sum(isinstance(one, NoRoom) for one in done) == 3
    assert len(await bank.sizes(ANN)) == 2


@virtually
async def test_a_pico_that_is_deleted_keeps_nothing() -> None:
    """Others do."""
    bank = await Bank().restart()
    await bank.deposits.put(ANN, SMALL)
    await bank.deposits.put(ANN, LARGE)
    await bank.deposits.put(BEN, LARGE)
    await bank.delete(ANN)
    assert (await bank.sizes(ANN), len(await bank.sizes(BEN))) == ([], 1)
    assert await bank.node_roots() == {cid_of(LARGE)}


@virtually
async def test_a_pico_that_was_deleted_right_before_a_crash_keeps_nothing_either() -> None:
    """The next start finds out."""
    bank = await Bank().restart()
    await bank.deposits.put(ANN, SMALL)
    bank.picos.remove(ANN)
    await bank.restart()
    assert await bank.node_roots() == frozenset()


@virtually
async def test_nothing_is_kept_for_a_pico_that_is_gone_already() -> None:
    """An effect may be under way when its pico is deleted."""
    bank = await Bank().restart()
    bank.picos.remove(ANN)
    await bank.deposits.put(ANN, SMALL)
    assert await bank.sizes(ANN) == []


@virtually
async def test_a_pico_may_have_many() -> None:
    """More than are read from the ledger at a time."""
    bank = await Bank(most=1 << 24).restart()
    for number in range(700):
        await bank.deposits.put(ANN, encode(number))
    assert len(await bank.sizes(ANN)) == 700
    await bank.delete(ANN)
    assert await bank.many.roots() == frozenset()
