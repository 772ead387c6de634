"""The engine dies before and after every durable write of a pico's end, and no pin stays for nobody."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from engine.adapters.blocks import MemoryBlocks
from engine.core.blocks.dag_cbor import encode
from engine.core.cids import Cid
from tests.engine.in_loop import in_loop_within
from tests.engine.runtime.sealed_house import House, deposits_of, opened
from tests.engine.runtime.test_seals_and_crashes import live_until_death
from tests.fakes.crashing_database import NEVER
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.memory_journal import Disk

LATEST = 200
"""More writes than the end of a pico has."""
NOTE = encode("for everybody")


@dataclass
class Estate:
    """An engine's disks, and another store in which it keeps what it seals."""

    disk: Disk
    blocks: InlineDatabase
    node: MemoryBlocks = field(default_factory=lambda: MemoryBlocks("node"))

    def copy(self) -> Estate:
        """As it is now, for one more life."""
        node, blocks = MemoryBlocks("node"), InlineDatabase()
        node.blocks, node._roots = dict(self.node.blocks), set(self.node._roots)
        self.blocks._connection.backup(blocks._connection)
        return Estate(copy.deepcopy(self.disk), blocks, node)

    def house(self) -> House:
        return House(self.disk, self.blocks, [Kept(self.node)])

    def pins(self) -> set[Cid]:
        """Here and there."""
        rows = self.blocks._connection.execute("SELECT cid FROM roots").fetchall()
        return {cid for (cid,) in rows} | self.node._roots


class Kept(MemoryBlocks):
    """The node outlives the engine that closes it."""

    def __init__(self, node: MemoryBlocks) -> None:
        super().__init__(node.name)
        self.blocks, self._roots = node.blocks, node._roots

    async def close(self) -> None:
        pass


async def prepared() -> tuple[Estate, set[Cid]]:
    """A pico with a child; both are sealed, and the child has put something. Also what is its parent's."""
    house = await opened()
    await house.host.run_event(house.host.root_eci(), "wrangler", "new_child_request", {"name": "kid"})
    await house.host.wait_quiet()
    estate = Estate(house.disk, house.blocks)
    await house.close()
    house = await estate.house().open()
    signed = await house.seals.seal(house.root)
    kid = house.pico().children[0].pico
    await house.seals.seal(kid)
    await deposits_of(house).put(kid, NOTE)
    while len(estate.node._roots) < 3:
        await asyncio.sleep(0.001)
    await house.close()
    return estate, {signed.cid}


async def delete_kid(house: House) -> None:
    attrs = {"eci": house.pico().children[0].eci}
    await house.host.run_event(house.host.root_eci(), "wrangler", "child_deletion_request", attrs)


async def end(house: House, estate: Estate, left: set[Cid]) -> None:
    """The child is deleted, and all is done that follows from it."""
    deposits = deposits_of(house)
    house.host.when_gone(deposits.note_gone)
    await delete_kid(house)
    while estate.pins() != left:
        await asyncio.sleep(0.001)


async def check_next_life(estate: Estate, left: set[Cid]) -> None:
    """Whether the pico is still there decides what is pinned; in the end nothing is pinned for nobody."""
    estate.blocks.revive()
    house = await estate.house().open()
    house.sealing.start()
    deposits = deposits_of(house)
    deposits.start()
    await deposits.wait_rested()
    await house.host.wait_quiet()
    if house.pico().children:
        house.host.when_gone(deposits.note_gone)
        await delete_kid(house)
    async with asyncio.timeout(10):
        while estate.pins() != left:
            await asyncio.sleep(0.001)
    await house.close()


Crash = Callable[[Estate, set[Cid], int, When], Coroutine[None, None, bool]]


async def crash_of_the_journal(estate: Estate, left: set[Cid], at: int, when: When) -> bool:
    journal = CrashingJournal(estate.disk, NEVER, when)
    house = await estate.house().open(journal)
    journal._at = journal.commits + at
    died = await live_until_death(end(house, estate, left), journal.crashed)
    await check_next_life(estate, left)
    return died


async def crash_of_the_store(estate: Estate, left: set[Cid], at: int, when: When) -> bool:
    house = await estate.house().open()
    await house.vault.stores()
    estate.blocks.revive(at, when)
    died = await live_until_death(end(house, estate, left), estate.blocks.crashed)
    house.journal.crash()
    await check_next_life(estate, left)
    return died


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("crash", [crash_of_the_journal, crash_of_the_store])
def test_a_crash_at_any_write_leaves_no_pin_for_a_pico_that_is_gone(crash: Crash, when: When) -> None:
    """Neither of its state nor of what it had put, here or elsewhere; and those of others stay."""

    @in_loop_within(300)
    async def story() -> None:
        estate, left = await prepared()
        assert len(estate.pins()) == 3
        for at in range(1, LATEST):
            if not await crash(estate.copy(), left, at, when):
                assert at > 1, "there were writes at which it could die"
                return
        raise AssertionError("there is no end to the writes")

    story()
