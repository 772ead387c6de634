"""A pico that is sealed is all there in blocks, and a head says so that anybody can check."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from engine.adapters.keys import BlockCipher, KeyBoxes, SeedKeys
from engine.adapters.signing.ed25519 import verify
from engine.core.blocks import planting
from engine.core.blocks.comparing import compare
from engine.core.blocks.dag_cbor import decode, encode, links_of
from engine.core.blocks.heads import SignedHead
from engine.core.blocks.planting import LARGE
from engine.core.blocks.state import State
from engine.core.blocks.touched import FEW
from engine.core.cids import cid_of
from engine.core.model import PicoId, Rid
from engine.core.records import state_id
from engine.core.replicas import Replication
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.restored import RESTORED, Restored, write_restored
from engine.runtime.sealed_states import Trust, believe, open_state
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.state_keys import OPENING, opened_with
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import KEYS, House, deposits_of, opened

BOXES = KeyBoxes(lambda count: bytes(count))


async def read(house: House, signed: SignedHead, who: SeedKeys = KEYS) -> State:
    """As somebody who has the stores and a key, and nothing else."""
    stores = await house.vault.stores()
    believed = await believe(stores, signed.cid, Trust(verify, house.seals.heads.acting))
    return await open_state(stores, believed, opened_with([who.derive(OPENING)], BOXES), BlockCipher())


def count_new(house: House, before: set[bytes]) -> int:
    rows = house.blocks._connection.execute("SELECT cid FROM blocks").fetchall()
    return len({cid for (cid,) in rows} - before)


@in_loop
async def test_what_was_sealed_is_the_pico() -> None:
    """To the last bit of its state id, with its rulesets and its newest records."""
    house = await opened()
    await house.write("monday")
    signed = await house.seals.seal(house.root)
    state = await read(house, signed)
    assert state_id(state.head.pico) == state_id(house.pico())
    assert state.head.chain == house.journal.end(house.root)[1]  # type: ignore[index]
    assert set(state.texts) == {ruleset.hash for ruleset in house.pico().rulesets}
    assert len(state.beside["records"]) == house.pico().seq == signed.head.sequence
    await house.close()


@in_loop
async def test_only_those_who_may_open_it() -> None:
    """The engine's key does, and an owner's from when they were named; a pico is sealed anew for them."""
    house, owner = await opened(), SeedKeys(b"owner".ljust(32))
    first = await house.seals.seal(house.root)
    await house.seals.state_keys.owners.name([PicoOwner(BOXES.name(owner.derive(OPENING)))])
    second = await house.seals.seal(house.root)
    assert second.head.sequence > first.head.sequence
    assert (await read(house, second, owner)).head == (await read(house, second)).head
    with pytest.raises(ValueError, match="none of those at hand"):
        await read(house, first, owner)
    assert await house.seals.seal(house.root) == second
    await house.close()


@in_loop
async def test_a_turn_costs_the_blocks_that_it_changed() -> None:
    """One entry among many writes a handful, and nothing at all is written for no turn."""
    house = await opened()
    await house.host.run_event(house.host.root_eci(), "diary", "write", {"day": "all", "text": _large()})
    await house.seals.seal(house.root)
    before = {cid for (cid,) in house.blocks._connection.execute("SELECT cid FROM blocks").fetchall()}
    assert len(before) > 40
    await house.write("tuesday")
    second = await house.seals.seal(house.root)
    assert 0 < count_new(house, before) <= 12
    assert await house.seals.seal(house.root) == second
    await house.close()


@in_loop
async def test_records_say_what_of_a_large_map_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as they are few: it takes no time to read some, and much to look through a hundred thousand."""
    known: list[Any] = []

    def watched(old: Any, new: Any, were: Any, touched: Any) -> Any:
        known.append(touched)
        return compare(old, new, were, touched)

    monkeypatch.setattr(planting, "compare", watched)
    house = await opened()
    for number in range(LARGE):
        await house.write(f"day {number}")
    await house.seals.seal(house.root)
    for days in (["day 1"], ["day 2", "day 3"], [], ["a new day"], ["day 4"] * (FEW + 1), ["day 5"]):
        for day in days:
            await house.write(day, "rain")
        signed = await house.seals.seal(house.root)
        assert state_id((await read(house, signed)).head.pico) == state_id(house.pico())
    assert known == [{"day 1"}, {"day 2", "day 3"}, {"a new day"}, None, {"day 5"}]
    await house.close()


def _large() -> Any:
    return {
        f"hour {number}": f"the weather of hour {number} was {number % 7}" * 4 for number in range(10_000)
    }


@in_loop
async def test_heads_are_a_chain_that_can_be_told() -> None:
    """From the oldest that is remembered to the newest, in the next life as well."""
    house = await opened()
    heads = []
    for day in ("monday", "tuesday", "wednesday"):
        await house.write(day)
        heads.append(await house.seals.seal(house.root))
    assert [one.head.previous for one in heads] == [None, heads[0].cid, heads[1].cid]
    assert await house.seals.history(house.root) == heads
    await house.close()
    house = await House(house.disk, house.blocks).open()
    assert house.seals.newest(house.root) == heads[-1]
    assert await house.seals.history(house.root) == heads
    await house.close()


@in_loop
async def test_the_newest_head_is_pinned_and_no_other() -> None:
    """Pinning it keeps the state, its keys and its log; what came before may go."""
    house = await opened()
    stores = await house.vault.stores()
    for day in ("monday", "tuesday"):
        await house.write(day)
        signed = await house.seals.seal(house.root)
        assert await stores.roots() == {signed.cid}
    assert set(links_of(decode(signed.block))) == {signed.head.root, signed.head.keys}
    await house.close()


@in_loop
async def test_an_epoch_has_a_key_of_its_own() -> None:
    """When the log has gone on, what is written from then on is under another key; the rest stays."""
    house = await opened()
    await house.host.run_event(house.host.root_eci(), "diary", "write", {"day": "all", "text": _large()})
    first = await house.seals.seal(house.root)
    assert house.host.mail is not None
    await house.host.mail.lives.rotate(house.host.root_eci())
    second = await house.seals.seal(house.root)
    assert (first.head.epoch, second.head.epoch) == (1, 2)
    assert sorted(house.seals.state_keys.known(house.root)) == [1, 2]
    await house.write("tuesday")
    third = await house.seals.seal(house.root)
    assert state_id((await read(house, third)).head.pico) == state_id(house.pico())
    await house.close()


@in_loop
async def test_a_pico_whose_log_names_another_engine_is_not_sealed() -> None:
    """Nobody would believe a head of ours."""
    house = await opened()
    await house.seals.seal(house.root)
    await house.close()
    stranger = await House(house.disk, house.blocks, keys=SeedKeys(b"other".ljust(32))).open()
    with pytest.raises(CannotSeal, match="picomesh did recover"):
        await stranger.seals.seal(stranger.root)
    await stranger.close()


@in_loop
async def test_a_pico_at_work_is_sealed_as_it_was_at_one_moment() -> None:
    """While its turns go on, each head is of a turn that was committed, with the records up to it."""
    house = await opened()
    before = house.pico().seq
    writing = asyncio.gather(*(house.write(f"day {number}") for number in range(200)))
    sealed = [await house.seals.seal(house.root) for _ in range(5)]
    await writing
    assert len({one.head.sequence for one in sealed}) > 1
    state = await read(house, sealed[-1])
    assert len(state.beside["records"]) == state.head.pico.seq == sealed[-1].head.sequence
    assert len(state.head.pico.entities[Rid("diary")]["entries"]) == state.head.pico.seq - before
    await house.close()


@in_loop
async def test_lost_blocks_are_made_again() -> None:
    """A turn later, because a turn has one head; and what was lost is there again."""
    house = await opened()
    await house.write("monday")
    first = await house.seals.seal(house.root)
    for table in ("whole", "blocks"):
        house.blocks._connection.execute(f"DELETE FROM {table}")
    second = await house.seals.seal(house.root)
    assert second.head.sequence > first.head.sequence
    assert state_id((await read(house, second)).head.pico) == state_id(house.pico())
    await house.close()


@in_loop
async def test_what_is_kept_of_heads_is_verified_when_it_is_read() -> None:
    """Whoever changes the journal by hand gets no head past that."""
    house = await opened()
    await house.seals.seal(house.root)
    name = f"newest head of {house.root}"
    fact = house.disk.facts[name]
    house.disk.facts[name] = fact.replace(fact[-20:-10], "AAAAAAAAAA")
    with pytest.raises(ValueError, match="head"):
        house.seals.newest(house.root)
    await house.close()


@in_loop
async def test_what_a_pico_has_put_and_every_store_has_lost_does_not_keep_it_from_being_sealed() -> None:
    """It cannot be made anew; the state goes without, until a later run of the engine finds it somewhere."""
    house, note, other = await opened(), encode("a note"), encode("another")
    deposits = deposits_of(house)
    for block in (note, other):
        await deposits.put(house.root, block)
    house.blocks._connection.execute("DELETE FROM blocks WHERE cid = ?", (cid_of(note),))
    state = await read(house, await house.seals.seal(house.root))
    assert [one.cid for one in state.deposits] == [cid_of(other)]
    turns = house.pico().seq
    await house.seals.seal(house.root)
    assert house.pico().seq == turns, "it is not tried in vain each time"
    assert len(await deposits.of(house.root)) == 2
    await house.close()
    house = await House(house.disk, house.blocks).open()
    await (await house.vault.stores()).put_many({cid_of(note): note})
    await house.write("monday")
    state = await read(house, await house.seals.seal(house.root))
    assert {one.cid for one in state.deposits} == {cid_of(note), cid_of(other)}
    await house.close()


@in_loop
async def test_a_pico_that_is_deleted_is_kept_nowhere() -> None:
    """Its head goes from the stores."""
    house = await opened()
    await house.host.run_event(house.host.root_eci(), "wrangler", "new_child_request", {"name": "kid"})
    children = house.pico().children
    while not children:
        await asyncio.sleep(0.001)
        children = house.pico().children
    kid = children[0].pico
    signed = await house.seals.seal(kid)
    stores = await house.vault.stores()
    assert signed.cid in await stores.roots()
    await house.host.run_event(
        house.host.root_eci(), "wrangler", "child_deletion_request", {"eci": children[0].eci}
    )
    while signed.cid in await stores.roots():
        await asyncio.sleep(0.001)
    await house.close()


@in_loop
async def test_a_pico_of_which_nothing_is_known_cannot_be_sealed() -> None:
    """It is said that there is none."""
    house = await opened()
    with pytest.raises(CannotSeal):
        await house.seals.seal(PicoId("nobody"))
    await house.close()


@in_loop
async def test_copies_are_where_the_owner_wants_them() -> None:
    """What was said of a pico is sealed with it."""
    house = await opened()
    assert house.seals.policies.of(house.root) == Replication(1)
    wanted = await house.seals.policies.say(house.root, None, ["a", "b", "a"])
    assert wanted == house.seals.policies.of(house.root) == Replication(2, among=("a", "b"))
    state = await read(house, await house.seals.seal(house.root))
    assert state.beside["replication"]["among"] == ["a", "b"]
    assert await house.seals.policies.say(house.root, None, None) == Replication(1)
    await house.close()


@in_loop
async def test_a_home_that_was_made_of_a_backup_contradicts_nobody() -> None:
    """What was sealed after the backup may be anywhere: from now on it is another epoch, then that one."""
    house = await opened()
    backup = copy.deepcopy(house.disk)
    await house.write("monday")
    lost = await house.seals.seal(house.root)
    await house.close()
    past = [Restored(made_ms=1, restored_ms=house.host.equipment.clock.now_ms())]
    backup.facts[RESTORED] = write_restored(past)
    again = await House(backup).open()
    await again.write("another monday")
    first = await again.seals.seal(again.root)
    assert first.head.sequence == lost.head.sequence
    assert first.head.epoch == lost.head.epoch + 1
    await again.write("tuesday")
    assert (await again.seals.seal(again.root)).head.epoch == first.head.epoch
    await again.close()
