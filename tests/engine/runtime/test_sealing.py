"""Picos are sealed by themselves: after a change, at the start, at the end, and not because they were."""

from __future__ import annotations

import random
from typing import Any

from engine.core.blocks.heads import SignedHead
from engine.core.model import Eci, Rid
from engine.runtime.replies import EventReply
from engine.runtime.sealing import AT_ONCE
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import DIARY, House, opened, until
from tests.fakes.faulty_blocks import FaultyBlocks

SOON: dict[str, Any] = {"seal": "on", "seal_after_s": 0.01}


def is_sealed(house: House) -> bool:
    newest = house.seals.newest(house.root)
    return newest is not None and newest.head.sequence == house.pico().seq


async def sealed(house: House) -> SignedHead:
    """Once everything is."""
    await until(lambda: is_sealed(house) and not house.sealing.waiting)
    newest = house.seals.newest(house.root)
    assert newest is not None
    return newest


@in_loop
async def test_a_change_is_sealed_after_a_while() -> None:
    """And so is the next one."""
    house = await opened(**SOON)
    house.sealing.start()
    first = await sealed(house)
    await house.write("monday")
    assert house.sealing.waiting == 1
    second = await sealed(house)
    assert second.head.previous == first.cid
    await house.close()


@in_loop
async def test_many_changes_are_one_seal() -> None:
    """It waits from the first of them on."""
    house = await opened(seal="on", seal_after_s=0.2)
    house.sealing.start()
    await sealed(house)
    count = len(await house.seals.history(house.root))
    for number in range(20):
        await house.write(f"day {number}")
    await sealed(house)
    assert len(await house.seals.history(house.root)) == count + 1
    await house.close()


@in_loop
async def test_nothing_is_sealed_unless_it_is_switched_on() -> None:
    """Only when somebody asks for it; and then no file of blocks is there before."""
    house = await opened(seal_after_s=0.0)
    house.sealing.start()
    await house.write("monday")
    assert house.sealing.waiting == 0
    await house.close()
    assert house.blocks.writes == 0


@in_loop
async def test_what_is_left_is_sealed_when_the_engine_stops() -> None:
    """However long it would have waited."""
    house = await opened(seal="on", seal_after_s=3600.0)
    house.sealing.start()
    await house.write("monday")
    seq = house.pico().seq
    await house.close()
    house = await House(house.disk, house.blocks).open()
    newest = house.seals.newest(house.root)
    assert newest is not None
    assert newest.head.sequence == seq
    await house.close()


@in_loop
async def test_what_an_earlier_run_has_left_is_sealed_at_the_start() -> None:
    """Also of picos that nobody wakes, and of an engine on which it was off until then."""
    house = await opened()
    for name in ("one", "two", "three"):
        await house.host.run_event(house.host.root_eci(), "wrangler", "new_child_request", {"name": name})
    await house.close()
    again = await House(house.disk, house.blocks, settings=SOON).open()
    again.sealing.start()
    await until(lambda: len(set(again.disk.snapshots)) == 4)
    await until(lambda: all(again.seals.newest(pico) for pico in again.disk.snapshots))
    await again.close()


@in_loop
async def test_a_pico_that_wants_to_hear_it_is_told_once() -> None:
    """The turn in which it hears is no reason to seal it again; a start is none either."""
    house = await opened(DIARY, **SOON)
    house.sealing.start()
    for day in ("monday", "tuesday", "wednesday"):
        await house.write(day)
        await until(lambda: is_heard(house))
    heads = await house.seals.history(house.root)
    assert house.sealing.waiting == 0
    told = await house.ask("news")
    assert len(told) == len(set(told)) >= 3
    assert set(told) <= {float(one.head.sequence) for one in heads}
    await house.close()
    again = await House(house.disk, house.blocks, settings=SOON).open()
    await again.sealing._look_round()
    assert again.sealing.waiting == 0
    await again.close()


def is_heard(house: House) -> bool:
    """The pico knows of its newest head, and has done nothing since."""
    newest, diary = house.seals.newest(house.root), house.pico().entities.get(Rid("diary"), {})
    news = diary.get("news") or []
    assert isinstance(news, list)
    return newest is not None and news[-1:] == [house.pico().seq - 1.0] == [float(newest.head.sequence)]


@in_loop
async def test_what_is_sealed_by_hand_is_heard_of_too() -> None:
    """Also where nothing is sealed otherwise."""
    house = await opened(DIARY)
    house.sealing.start()
    await house.write("monday")
    signed = await house.seals.seal(house.root)
    await until(lambda: is_heard(house))
    assert await house.ask("news") == [float(signed.head.sequence)]
    await house.close()


@in_loop
async def test_a_pico_without_such_a_rule_has_no_turn_for_it() -> None:
    """Its history is that of what it did."""
    house = await opened(**SOON)
    house.sealing.start()
    await house.write("monday")
    signed = await sealed(house)
    await until(lambda: len(house.sealing._tasks) == AT_ONCE + 1)  # nobody is being told any more
    assert house.pico().seq == signed.head.sequence
    await house.close()


@in_loop
async def test_an_event_that_only_looks_like_news_is_a_change() -> None:
    """Whoever sends it from outside does not keep a pico from being sealed."""
    house = await opened(DIARY, **SOON)
    house.sealing.start()
    await sealed(house)
    reply = await house.host.run_event(Eci(house.host.root_eci()), "engine", "sealed", {"sequence": 0.0})
    assert isinstance(reply, EventReply)
    assert house.sealing.waiting == 1
    await house.close()


@in_loop
async def test_other_stores_get_it_too() -> None:
    """Those that are there; one that is dead costs nothing but a warning."""
    well, dead = (FaultyBlocks(name, random.Random(1)) for name in ("well", "dead"))
    dead.mood = "dead"
    house = await House(others=[well, dead], settings={**SOON, "seal_copies": 2}).open()
    await house.install()
    house.sealing.start()
    signed = await sealed(house)
    await until(lambda: signed.cid in well.inner._roots)
    assert house.sealing.troubles == {}
    await house.close()


@in_loop
async def test_a_pico_that_cannot_be_sealed_is_a_trouble_of_its_own() -> None:
    """The others are sealed, and it is said why it was not."""
    house = await opened(**SOON)
    await house.host.run_event(house.host.root_eci(), "wrangler", "new_child_request", {"name": "kid"})
    await until(lambda: bool(house.pico().children))
    kid = house.pico().children[0].pico
    house.disk.facts[f"state keys of {kid}"] = '{"format": 1, "did": "x", "keys": "u", "boxes": {}}'
    house.sealing.start()
    await sealed(house)
    await until(lambda: kid in house.sealing.troubles)
    assert "another engine.key" in house.sealing.troubles[kid]
    await house.close()
