"""The engine dies before and after every durable write of bringing a pico back: it is here, or it is not."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass

import pytest

from engine.adapters.blocks import MemoryBlocks
from engine.core.blocks.heads import SignedHead
from engine.core.model import PicoId
from engine.core.records import state_id
from engine.ports import AppendRecord, BirthPico, JournalFailed, KeepPart, SetFact, Write
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.piecemeal import RECORDS_AT_ONCE
from engine.runtime.restoring import AlreadyHere, Restored
from engine.runtime.state_keys import OPENING, opened_with
from tests.engine.in_loop import in_loop, in_loop_within
from tests.engine.runtime.sealed_house import House, opened
from tests.engine.runtime.test_restoring import BOXES, OWNER, bare, copied, restoring
from tests.engine.runtime.test_seals_and_crashes import live_until_death
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.memory_journal import Disk

PART_BYTES = 3_000
LATEST = 200
"""More commits than bringing it back takes."""


@dataclass(frozen=True)
class Sealed:
    """A pico as it was on an engine that is gone."""

    pico: PicoId
    state: str
    signed: SignedHead
    blocks: MemoryBlocks
    records: int


async def sealed(days: int = 30) -> Sealed:
    """With a snapshot of several pieces, and records of several."""
    house = await opened()
    await house.seals.state_keys.owners.name([PicoOwner(BOXES.name(OWNER.derive(OPENING)))])
    for day in range(days):
        await house.write(f"day {day}", "rain " * 50)
    signed = await house.seals.seal(house.root)
    found = Sealed(house.root, state_id(house.pico()), signed, await copied(house), house.pico().seq)
    await house.close()
    return found


async def restore(house: House, what: Sealed, part_bytes: int = PART_BYTES) -> Restored:
    opens = opened_with([OWNER.derive(OPENING)], BOXES)
    return await restoring(house, part_bytes).restore(what.signed.cid, what.blocks, opens)


async def empty() -> Disk:
    house = await bare()
    await house.close()
    return house.disk


async def check_next_life(disk: Disk, what: Sealed, is_told: bool) -> None:
    """All of it, or nothing of it, and then it can come again."""
    house = await House(disk).open()
    assert house.journal.loose_parts() == 0
    is_here = what.pico in house.journal.picos("", 9)
    assert is_here or not is_told
    if is_here:
        with pytest.raises(AlreadyHere):
            await restore(house, what)
    else:
        assert what.pico not in disk.records
        assert what.pico not in disk.ends
        assert (await restore(house, what)).state_id == what.state
    house.host.welcome(what.pico, None)
    channels = house.host.channels_of(what.pico)
    mailbox = house.host.find_mailbox(what.pico)
    assert channels
    assert mailbox is not None
    assert state_id(mailbox.committed) == what.state
    assert len(house.journal.records(what.pico, 1, 10**6)) == what.records
    assert house.journal.loose_parts() == 0
    await house.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_leaves_the_whole_pico_or_nothing(when: When) -> None:
    """What came of it is gone when the engine has started again, and then it can be brought back as if
    nothing had been."""

    @in_loop_within(300)
    async def story() -> None:
        what, start = await sealed(), await empty()
        for at in range(1, LATEST):
            disk = copy.deepcopy(start)
            journal = CrashingJournal(disk, 10**9, when)
            house = await House(disk).open(journal)
            journal._at = journal.commits + at
            told = list[Restored]()

            async def life(house: House = house, told: list[Restored] = told) -> None:
                told.append(await restore(house, what))

            died = await live_until_death(life(), journal.crashed)
            await check_next_life(disk, what, bool(told))
            if not died:
                assert at > 6, "it came in pieces"
                return
        raise AssertionError("there is no end to the writes")

    story()


def commits_of(house: House) -> list[list[Write]]:
    """What is committed from now on."""
    found = list[list[Write]]()
    commit = house.journal.commit

    def note(writes: list[Write]) -> asyncio.Future[None]:
        found.append(list(writes))
        return commit(writes)

    house.journal.commit = note  # type: ignore[method-assign, assignment]
    return found


@in_loop
async def test_a_large_pico_comes_in_small_commits() -> None:
    """The one that makes it a pico has neither its snapshot nor a record in it."""
    what, house = await sealed(days=2 * RECORDS_AT_ONCE), await bare()
    commits = commits_of(house)
    await restore(house, what)
    sizes = [sum(len(getattr(write, "body", b"")) for write in writes) for writes in commits]
    assert len(commits) > 20
    assert max(sizes) < 2 * PART_BYTES
    *before, last = commits
    assert {KeepPart, AppendRecord} <= {type(write) for writes in before for write in writes}
    assert sum(isinstance(write, BirthPico) for write in last) == 1
    assert not any(isinstance(write, (KeepPart, AppendRecord)) for write in last)
    await house.close()


@in_loop
async def test_a_small_pico_comes_in_one_commit() -> None:
    """Nothing is gained by more."""
    what, house = await sealed(days=2), await bare()
    commits = commits_of(house)
    found = await restore(house, what, 1 << 20)
    assert found.state_id == what.state
    assert sum(not isinstance(writes[0], SetFact) for writes in commits) == 1
    await house.close()


@in_loop
async def test_what_is_refused_at_the_last_moment_leaves_nothing() -> None:
    """As when there is no room for its blocks."""
    what, house = await sealed(), await bare()

    async def fails(coming: object) -> list[Write]:
        raise OSError("no room for its blocks")

    opens = opened_with([OWNER.derive(OPENING)], BOXES)
    with pytest.raises(OSError, match="no room"):
        await restoring(house, PART_BYTES).restore(what.signed.cid, what.blocks, opens, prepare=fails)
    assert house.journal.loose_parts() == 0
    assert what.pico not in house.disk.records
    assert (await restore(house, what)).state_id == what.state
    await house.close()


@in_loop
async def test_two_who_bring_one_pico_back_do_not_meet() -> None:
    """The second is refused when the first has brought it."""
    what, house = await sealed(), await bare()
    one = restoring(house, PART_BYTES)
    opens = opened_with([OWNER.derive(OPENING)], BOXES)
    found = await asyncio.gather(
        *(one.restore(what.signed.cid, what.blocks, opens) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in found) == ["AlreadyHere", "Restored"]
    house.host.welcome(what.pico, None)
    house.host.channels_of(what.pico)
    mailbox = house.host.find_mailbox(what.pico)
    assert mailbox is not None
    assert state_id(mailbox.committed) == what.state
    await house.close()


@in_loop
async def test_a_disk_that_fails_on_the_way_is_told() -> None:
    """And what has come stays for the next start to find."""
    what, house = await sealed(), await bare()
    kept = house.journal.commit
    count = 0

    def full(writes: list[Write]) -> asyncio.Future[None]:
        nonlocal count
        count += 1
        if count == 4:
            house.journal.fail("no space left")
        return kept(writes)

    house.journal.commit = full  # type: ignore[method-assign, assignment]
    with pytest.raises(JournalFailed):
        await restore(house, what)
    await check_next_life(house.journal.crash(), what, is_told=False)
