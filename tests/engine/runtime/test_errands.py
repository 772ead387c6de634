"""What is asked of the web after a turn: the pico goes on, and what comes back is an event."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.core.model import Eci
from engine.runtime.errands import patience_ms
from engine.runtime.genesis import WRANGLER
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shop import Bank, Patient, ask, install_shop, send, settle, shop, start, until_done
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.web import FakeWeb


def test_waits_double_up_to_ten_minutes() -> None:
    """However often it fails, a day passes with some hundred attempts."""
    waits = [patience_ms(failed, 0) for failed in (0, 1, 2, 9, 10, 1_000_000)]
    assert waits == [1_000, 2_000, 4_000, 512_000, 600_000, 600_000]


def test_waits_differ_by_up_to_half() -> None:
    """So that those which failed together do not all come back at once."""
    waits = [patience_ms(3, chance) for chance in (0, 0x4000, 0x8000, 0xFFFF)]
    assert waits == [8_000, 9_000, 10_000, 11_999]


@in_loop
async def test_what_is_sent_back_comes_as_an_event() -> None:
    """With what the server said among its attributes; nobody has waited for it."""
    bank = Bank()
    web = Patient(bank)
    host = await start(MemoryJournal(await shop()), web)
    assert isinstance(await send(host, "shop:order", n=7), EventReply)
    assert isinstance(await send(host, "shop:note"), EventReply)
    assert await ask(host, "seen") == {"paid": 10.0, "back": None, "said": None, "errors": None}
    web.may_answer.set()
    await settle()
    assert await ask(host, "seen") == {"paid": 10.0, "back": [7.0], "said": "payment 1", "errors": None}


@in_loop
async def test_nothing_is_sent_before_the_commit() -> None:
    """Nor if there is none."""
    bank, journal = Bank(), MemoryJournal(await shop())
    host = await start(journal, FakeWeb(bank))
    journal.hold()
    ordering = asyncio.ensure_future(send(host, "shop:order", n=1))
    await settle()
    assert bank.payments == []
    journal.fail()
    journal.release()
    await settle()
    assert bank.payments == []
    await ordering


@in_loop
async def test_an_errand_that_fails_is_an_error_of_the_pico() -> None:
    """It hears `system:error`, as it would of a failing rule."""
    host = await start(MemoryJournal(await shop()), FakeWeb(Bank()))
    await send(host, "shop:order", n=1, path="/down")
    await settle()
    assert await ask(host, "seen") == {"paid": None, "back": None, "said": None, "errors": ["R608"]}


@in_loop
async def test_stopping_waits_for_errands() -> None:
    """What comes back is kept, and handled at the next start."""
    bank, journal = Bank(), MemoryJournal(await shop())
    web = Patient(bank)
    host = await start(journal, web)
    await send(host, "shop:order", n=1)
    stopping = asyncio.ensure_future(host.drain())
    await settle()
    assert not stopping.done()
    web.may_answer.set()
    await stopping
    assert not journal.disk.errands
    again = await start(MemoryJournal(journal.disk), FakeWeb(bank))
    await until_done(journal.disk)
    assert (await ask(again, "seen"))["back"] == [1.0]
    assert len(bank.payments) == 1


@in_loop
async def test_stopping_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """What has not come back in time is asked again at the next start, under the same key."""
    bank, journal = Bank(), MemoryJournal(await shop())
    web = Patient(bank)
    host = await start(journal, web)
    await send(host, "shop:order", n=1)
    await settle()
    await host.drain(within_s=0)
    web.may_answer.set()
    await settle()
    assert [record.message for record in caplog.records] == ["stopping with work unfinished after 0 seconds"]
    again = await start(MemoryJournal(journal.disk), FakeWeb(bank))
    await until_done(journal.disk)
    assert (await ask(again, "seen"))["back"] == [1.0]
    assert bank.keys[0] == bank.keys[1]


@in_loop
async def test_the_errands_of_a_deleted_pico_are_forgotten(tmp_path: Path) -> None:
    """Whatever comes back, and though it was to be told to another."""
    bank, journal = Bank(), MemoryJournal(await shop())
    web = Patient(bank)
    host = await start(journal, web)
    child = await a_child_shop(host, tmp_path)
    await host.run_event(child, "shop", "order", {"n": 1.0, "to": host.root_eci()})
    await settle()
    assert (len(bank.payments), len(journal.disk.errands)) == (1, 1)
    (known,) = await children_of(host)
    await send(host, "wrangler:child_deletion_request", eci=known["eci"])
    assert host.tree().children == []
    web.may_answer.set()
    await settle()
    assert not journal.disk.errands
    assert (await ask(host, "seen"))["back"] is None


async def a_child_shop(host: Host, folder: Path) -> Eci:
    """A channel of a child of the root that is a shop too."""
    await send(host, "wrangler:new_child_request", name="branch")
    while (eci := host.tree().children[0].eci) is None:
        await asyncio.sleep(0)
    assert isinstance(await install_shop(host, folder, eci), EventReply)
    return eci


async def children_of(host: Host) -> Any:
    reply = await host.run_query(host.root_eci(), WRANGLER, "children", {})
    assert isinstance(reply, QueryReply)
    return reply.value
