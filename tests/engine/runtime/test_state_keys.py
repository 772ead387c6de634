"""State keys are there for as long as anything is sealed with them, for those who may have them alone."""

from __future__ import annotations

import asyncio
import os

import pytest

from engine.adapters.keys import KeyBoxes, SeedKeys
from engine.core.blocks.errors import WrongKey
from engine.core.did_keys import DidKey
from engine.core.model import PicoId
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.state_keys import OPENING, StateKeys, opened_with
from tests.fakes.memory_journal import Disk, MemoryJournal

BOXES = KeyBoxes(os.urandom)
PICO, DID = PicoId("pico"), "did:scid:vh:1:QmPico"
ENGINE, OWNER, STRANGER = (SeedKeys(bytes([number]) * 32) for number in range(3))


def state_keys(disk: Disk, engine: SeedKeys = ENGINE) -> StateKeys:
    return StateKeys(MemoryJournal(disk), engine, BOXES, os.urandom)


def name(who: SeedKeys) -> DidKey:
    return BOXES.name(who.derive(OPENING))


def test_keys_last() -> None:
    """The next run of the engine has the same, and their boxes are the same bytes."""

    async def story() -> None:
        disk = Disk()
        first = await state_keys(disk).ring(PICO, DID, 3)
        assert await state_keys(disk).ring(PICO, DID, 3) == first
        assert state_keys(disk).known(PICO) == first.keys

    asyncio.run(story())


def test_each_epoch_has_a_key_of_its_own() -> None:
    """And those before stay, because what does not change stays as it was sealed."""

    async def story() -> None:
        disk = Disk()
        first = await state_keys(disk).ring(PICO, DID, 3)
        second = await state_keys(disk).ring(PICO, DID, 4)
        assert second.keys[3] == first.keys[3] != second.keys[4]
        assert second.boxes != first.boxes
        other = await state_keys(disk).ring(PicoId("other"), "did:example:other", 3)
        assert other.keys[3] != first.keys[3]

    asyncio.run(story())


def test_the_engine_and_its_owner_open_the_boxes_and_nobody_else() -> None:
    """The owner from when they were named."""

    async def story() -> None:
        keys = state_keys(Disk())
        before = await keys.ring(PICO, DID, 1)
        await keys.owners.name([PicoOwner(name(OWNER))])
        after = await keys.ring(PICO, DID, 1)
        assert after.keys == before.keys
        for who in (ENGINE, OWNER):
            assert opened_with([who.derive(OPENING)], BOXES)(DID, after.boxes) == after.keys
        for who, boxes in ((OWNER, before.boxes), (STRANGER, after.boxes)):
            with pytest.raises(WrongKey, match="none of those at hand"):
                opened_with([who.derive(OPENING)], BOXES)(DID, boxes)

    asyncio.run(story())


def test_keys_are_not_in_the_journal_in_the_open() -> None:
    """Whoever has a copy of it, and not the engine's key, has none of them."""

    async def story() -> None:
        disk = Disk()
        ring = await state_keys(disk).ring(PICO, DID, 1)
        assert ring.keys[1].hex() not in repr(disk.facts)
        assert str(ring.keys[1]) not in repr(ring)
        with pytest.raises(WrongKey, match="wrapped with another"):
            state_keys(disk, STRANGER).known(PICO)

    asyncio.run(story())


def test_whoever_is_no_owner_any_more_opens_nothing_new() -> None:
    """The newest key is one that they never had; those before stay, for what is sealed with them."""

    async def story() -> None:
        keys = state_keys(Disk())
        await keys.owners.name([PicoOwner(name(OWNER)), PicoOwner(name(STRANGER))])
        before = await keys.ring(PICO, DID, 1)
        await keys.owners.remove(name(STRANGER))
        after = await keys.ring(PICO, DID, 1)
        assert (before.keys[1], sorted(after.keys)) == (after.keys[1], [1, 2])
        assert opened_with([OWNER.derive(OPENING)], BOXES)(DID, after.boxes) == after.keys
        with pytest.raises(WrongKey, match="none of those at hand"):
            opened_with([STRANGER.derive(OPENING)], BOXES)(DID, after.boxes)
        assert await keys.ring(PICO, DID, 1) == after, "once is enough"
        assert sorted((await keys.ring(PICO, DID, 3)).keys) == [1, 2, 3]

    asyncio.run(story())
