"""A crash at every commit and in every request: the world sees each deed under one key, and no half turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from engine.runtime.host import Host
from tests.engine.in_loop import in_loop
from tests.engine.runtime.first_life import Work, crash_at_commit, live_until_death
from tests.engine.runtime.shop import Bank, Deadly, ask, send, settle, shop, start, until_done
from tests.fakes.crashing_journal import When
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.web import FakeWeb

NEVER = 10**9


async def pay(host: Host) -> None:
    """A turn that pays, between others."""
    await asyncio.gather(
        send(host, "shop:note", "n1"), send(host, "shop:pay", "p"), send(host, "shop:note", "n2")
    )


async def order(host: Host) -> None:
    """Two errands."""
    await asyncio.gather(send(host, "shop:order", "o1", n=1), send(host, "shop:order", "o2", n=2))
    await settle()


async def disk_after_commit(work: Work, bank: Bank, at: int, when: When) -> Disk | None:
    """The disk after a crash at that commit; None if there were not so many."""
    disk = await shop()
    return disk if await crash_at_commit(disk, at, when, work, FakeWeb(bank)) else None


async def disk_after_request(work: Work, bank: Bank, at: int) -> Disk | None:
    """The disk after a crash while that request was under way."""
    journal = MemoryJournal(await shop())
    web = Deadly(bank, journal, at)
    host = await start(journal, web)
    await live_until_death(work(host), web.died)
    return journal.disk if web.died.is_set() else None


async def live_again(disk: Disk, work: Work, bank: Bank, is_repeated: bool) -> Any:
    """The second life, in which a sender without an answer sends again; what the shop has come to."""
    host = await start(MemoryJournal(disk), FakeWeb(bank))
    await until_done(disk)
    if is_repeated:
        await work(host)
        await until_done(disk)
    return await ask(host, "seen")


async def all_crashes(work: Work, bank_of: list[Bank]) -> list[tuple[str, Disk]]:
    """A crash before and after each commit, and during each request."""
    crashes: list[tuple[str, Disk]] = []
    ways: list[tuple[str, Callable[[Bank, int], Any]]] = [
        ("before commit", lambda bank, at: disk_after_commit(work, bank, at, "before")),
        ("after commit", lambda bank, at: disk_after_commit(work, bank, at, "after")),
        ("during request", lambda bank, at: disk_after_request(work, bank, at)),
    ]
    for name, crash in ways:
        for at in range(1, NEVER):
            bank = Bank()
            disk = await crash(bank, at)
            if disk is None:
                break
            crashes.append((f"{name} {at}", disk))
            bank_of.append(bank)
    return crashes


@in_loop
async def test_each_payment_of_a_turn_has_one_key_wherever_the_engine_dies() -> None:
    """And one body: a server that knows keys sees each payment once, though it arrives twice."""
    banks: list[Bank] = []
    crashes = await all_crashes(pay, banks)
    assert len([name for name, _ in crashes if name.startswith("during request")]) == 3
    assert len(crashes) >= 3 + 2 * 7
    for (crash, disk), bank in zip(crashes, banks, strict=True):
        seen = await live_again(disk, pay, bank, is_repeated=True)
        assert seen["paid"] == 21.0, crash
        bodies = {(one.headers["idempotency-key"], one.body) for one in bank.payments}
        assert len(bodies) == len(set(bank.keys)) == 2, crash
        assert len(bank.payments) <= 3, crash


@in_loop
async def test_a_turn_that_has_paid_is_finished_though_nobody_asks_again() -> None:
    """What was done in the world is never done for nothing."""
    banks: list[Bank] = []
    for (crash, disk), bank in zip(await all_crashes(pay, banks), banks, strict=True):
        has_paid = bool(bank.payments)
        seen = await live_again(disk, pay, bank, is_repeated=False)
        if has_paid:
            assert (seen["paid"] or 0.0) % 10 == 1.0, crash


@in_loop
async def test_errands_are_told_exactly_once_wherever_the_engine_dies() -> None:
    """Each under one key, however often it is asked."""
    banks: list[Bank] = []
    crashes = await all_crashes(order, banks)
    assert len([name for name, _ in crashes if name.startswith("during request")]) == 2
    assert len(crashes) >= 2 + 2 * 5
    for (crash, disk), bank in zip(crashes, banks, strict=True):
        seen = await live_again(disk, order, bank, is_repeated=True)
        assert sorted(seen["back"]) == [1.0, 2.0], crash
        assert len(set(bank.keys)) == 2, crash
        assert len(bank.payments) <= 4, crash


@pytest.mark.parametrize("at", [1, 2])
@in_loop
async def test_an_errand_of_a_committed_turn_is_run_though_nobody_asks_again(at: int) -> None:
    """From the journal alone."""
    bank = Bank()
    disk = await disk_after_request(order, bank, at)
    assert disk is not None
    seen = await live_again(disk, order, bank, is_repeated=False)
    assert sorted(seen["back"]) == [1.0, 2.0]
