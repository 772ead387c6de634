"""A machine dies before and after every durable write of bringing a pico back; the same again brings it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from engine.adapters.blocks import LocalBlocks, MemoryBlocks, SqliteLedger
from engine.adapters.keys import SeedKeys
from engine.commands.bringing import Source, bring_in
from engine.commands.open_home import OwnHome
from engine.commands.opening_keys import Opener
from engine.config import Settings
from engine.core.blocks.dag_cbor import encode
from engine.core.cids import Cid, cid_of
from engine.core.model import PicoId
from engine.core.records import state_id
from engine.core.replicas import Replication
from engine.runtime.many_stores import ManyStores
from engine.runtime.restoring import AlreadyHere
from engine.runtime.state_keys import OPENING, opened_with
from tests.engine.in_loop import in_loop_within
from tests.engine.runtime.sealed_house import House, deposits_of
from tests.engine.runtime.test_restoring import BOXES, OWNER, copied, lived
from tests.engine.runtime.test_seals_and_crashes import live_until_death
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.memory_journal import Disk, MemoryJournal

LATEST = 200
"""More writes than it takes."""
NOTE = encode("for everybody")
THERE = SeedKeys(b"there".ljust(32))
Told = dict[str, Any]


def _say_nothing(doing: str, done: int, whole: int) -> None:
    """Nobody watches."""


class Machine:
    """A bare home, on disks that outlive whoever works on it."""

    def __init__(self) -> None:
        self.disk, self.blocks = Disk(), InlineDatabase()

    async def bring(self, journal: MemoryJournal, head: Cid, sealed: MemoryBlocks) -> Told:
        """What `picomesh restore` does there."""
        stores = ManyStores(
            LocalBlocks(self.blocks, lambda: 1), [], SqliteLedger(self.blocks), Replication(1)
        )
        await stores.start()
        home = OwnHome(Settings(home=Path("/nowhere")), cast(Any, journal), THERE, stores, stores)
        opener = Opener("a key", opened_with([OWNER.derive(OPENING)], BOXES))
        return await bring_in(home, Source(sealed, head, opener), _say_nothing)

    def pins(self) -> set[Cid]:
        rows = self.blocks._connection.execute("SELECT cid FROM roots").fetchall()
        return {cid for (cid,) in rows}


async def prepared() -> tuple[Cid, MemoryBlocks, PicoId, str]:
    """A pico with a past, a half-matched pattern, a timer and a deposit, with somebody; and who it is."""
    house, _, _ = await lived()
    await deposits_of(house).put(house.root, NOTE)
    await house.write("tuesday")
    signed = await house.seals.seal(house.root)
    blocks = await copied(house)
    identity = state_id(house.pico())
    await house.close()
    return signed.cid, blocks, house.root, identity


Crash = Callable[[Machine, Cid, MemoryBlocks, int, When], Coroutine[Any, Any, bool]]


async def crash_of_the_journal(
    machine: Machine, head: Cid, sealed: MemoryBlocks, at: int, when: When
) -> bool:
    journal = CrashingJournal(machine.disk, at, when)
    return await live_until_death(_work(machine, journal, head, sealed), journal.crashed)


async def crash_of_the_store(machine: Machine, head: Cid, sealed: MemoryBlocks, at: int, when: When) -> bool:
    journal = MemoryJournal(machine.disk)
    machine.blocks.revive(at, when)
    died = await live_until_death(_work(machine, journal, head, sealed), machine.blocks.crashed)
    journal.crash()
    return died


async def _work(machine: Machine, journal: MemoryJournal, head: Cid, sealed: MemoryBlocks) -> None:
    await machine.bring(journal, head, sealed)


async def check_again(machine: Machine, head: Cid, sealed: MemoryBlocks, pico: PicoId, identity: str) -> None:
    """It is there whole, or not at all and comes when it is asked for again."""
    machine.blocks.revive()
    journal = MemoryJournal(machine.disk)
    try:
        told = await machine.bring(journal, head, sealed)
        assert (told["state"], told["root"]) == (identity, True)
    except AlreadyHere:
        pass
    house = await House(machine.disk, machine.blocks, keys=THERE).open()
    assert house.root == pico
    assert state_id(house.pico()) == identity
    assert {timer for _, timer in machine.disk.timers} == set(house.pico().timers)
    assert machine.pins() == {head, cid_of(NOTE)}
    assert [one.cid for one in await deposits_of(house).of(pico)]
    house.sealing.start()
    await house.host.wait_quiet()
    assert machine.pins() == {head, cid_of(NOTE)}
    await house.close()


async def check_left_alone(machine: Machine) -> None:
    """Whoever does not ask again has no pin in the end, unless the pico is there."""
    machine.blocks.revive()
    house = await House(machine.disk, machine.blocks, keys=THERE).open()
    is_here = cid_of(NOTE) in machine.pins() and "diary" in house.pico().entities
    await house.seals.release_gone()
    deposits = deposits_of(house)
    deposits.start()
    await deposits.wait_rested()
    assert len(machine.pins()) == (2 if is_here else 0)
    await house.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("crash", [crash_of_the_journal, crash_of_the_store])
def test_a_crash_at_any_write_loses_nothing_and_what_is_asked_again_is_done(crash: Crash, when: When) -> None:
    """Neither the pico, nor that it is the root, nor what it had put; and nothing is pinned for nobody."""

    @in_loop_within(300)
    async def story() -> None:
        head, sealed, pico, identity = await prepared()
        for at in range(1, LATEST):
            machine = Machine()
            died = await crash(machine, head, sealed, at, when)
            left = Machine()
            left.disk = copy.deepcopy(machine.disk)
            machine.blocks._connection.backup(left.blocks._connection)
            await check_left_alone(left)
            await check_again(machine, head, sealed, pico, identity)
            if not died:
                assert at > (1 if crash is crash_of_the_journal else 5), "there were writes"
                return
        raise AssertionError("there is no end to the writes")

    story()
