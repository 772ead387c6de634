"""The reminder of the examples, in an engine whose clock stands still until it is moved."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.adapters.local.journal import SqliteJournal
from engine.config import Settings
from engine.core.messages import Fault
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import make_host
from pico_lang.values import Value
from tests.engine.in_loop import in_loop
from tests.fakes.clock import SetClock

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "reminder"
SUNDAY_NOON_MS = 1_704_628_800_000
"""2024-01-07T12:00:00Z."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


@asynccontextmanager
async def opened(home: Path, time_ms: int) -> AsyncIterator[tuple[Host, SetClock]]:
    """An engine on a disk of its own, started at that time."""
    clock = SetClock(time_ms)
    host = make_host(SqliteJournal(home / "journal.sqlite"), Settings(home=home), clock=clock)
    await host.start()
    try:
        yield host, clock
    finally:
        await host.drain()


async def send(host: Host, event: str, attrs: Mapping[str, Value]) -> Any:
    domain, name = event.split(":")
    return await host.run_event(host.root_eci(), domain, name, attrs)


async def install(host: Host) -> None:
    url = (FOLDER / "reminder.krl").as_uri()
    reply = await send(host, "wrangler:install_ruleset_request", {"url": url})
    assert isinstance(reply, EventReply), reply


async def ask(host: Host, name: str) -> Any:
    reply = await host.run_query(host.root_eci(), "reminder", name, {})
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def told(host: Host, count: int) -> list[tuple[str, str]]:
    """What has been told, once it is so much."""
    while len(found := await ask(host, "told")) < count:
        await asyncio.sleep(0)
    return [(one["text"], one["at"]) for one in found]


@in_loop
async def test_what_is_planned_is_told_when_it_is_time(tmp_path: Path) -> None:
    """Once or again and again, and not when it was cancelled."""
    async with opened(tmp_path, SUNDAY_NOON_MS) as (host, clock):
        await install(host)
        await send(host, "reminder:once", {"text": "tea", "minutes": 4.0})
        await send(host, "reminder:once", {"text": "train", "at": "2024-01-07T12:30:00Z"})
        await send(host, "reminder:often", {"text": "stand up", "cron": "0 9-17 * * mon-fri"})
        doomed = await send(host, "reminder:once", {"text": "never", "minutes": 1.0})
        await send(host, "reminder:cancel", {"id": doomed.directives[0]["options"]["id"]})
        assert [(one["text"], one["when"]) for one in await ask(host, "pending")] == [
            ("tea", "2024-01-07T12:04:00.000Z"),
            ("train", "2024-01-07T12:30:00.000Z"),
            ("stand up", "0 9-17 * * mon-fri"),
        ]
        clock.move_to(SUNDAY_NOON_MS + 4 * MINUTE_MS)
        assert await told(host, 1) == [("tea", "2024-01-07T12:04:00.000Z")]
        clock.move_to(SUNDAY_NOON_MS + 30 * MINUTE_MS)
        assert (await told(host, 2))[1:] == [("train", "2024-01-07T12:30:00.000Z")]
        clock.move_to(SUNDAY_NOON_MS + 21 * HOUR_MS)
        assert (await told(host, 3))[2:] == [("stand up", "2024-01-08T09:00:00.000Z")]
        assert [one["text"] for one in await ask(host, "pending")] == ["stand up"]


@in_loop
async def test_what_was_missed_while_the_engine_was_off(tmp_path: Path) -> None:
    """What was to be told once is told at the start, what is repeated not before it is due again."""
    async with opened(tmp_path, SUNDAY_NOON_MS) as (host, _):
        await install(host)
        await send(host, "reminder:once", {"text": "tea", "minutes": 4.0})
        await send(host, "reminder:often", {"text": "stand up", "cron": "0 * * * *"})
    async with opened(tmp_path, SUNDAY_NOON_MS + 90 * MINUTE_MS) as (host, clock):
        assert await told(host, 1) == [("tea", "2024-01-07T13:30:00.000Z")]
        clock.move_to(SUNDAY_NOON_MS + 2 * HOUR_MS)
        assert (await told(host, 2))[1:] == [("stand up", "2024-01-07T14:00:00.000Z")]


@in_loop
async def test_a_new_text_keeps_what_was_planned_and_uninstalling_does_not(tmp_path: Path) -> None:
    """What is planned belongs to the ruleset, not to one text of it."""
    async with opened(tmp_path, SUNDAY_NOON_MS) as (host, clock):
        await install(host)
        for minutes in (4.0, 30.0):
            await send(host, "reminder:once", {"text": "tea", "minutes": minutes})
        text = (FOLDER / "reminder.krl").read_text("utf-8")
        newer = tmp_path / "newer.krl"
        newer.write_text(text.replace('"text": event:attrs{"text"}', '"text": event:attrs{"text"}.uc()'))
        await send(host, "wrangler:install_ruleset_request", {"url": newer.as_uri()})
        clock.move_to(SUNDAY_NOON_MS + 4 * MINUTE_MS)
        assert await told(host, 1) == [("TEA", "2024-01-07T12:04:00.000Z")]
        await send(host, "wrangler:uninstall_ruleset_request", {"rid": "reminder"})
        await install(host)
        assert (await ask(host, "pending"), await ask(host, "told")) == ([], [])


@in_loop
async def test_a_plan_that_means_nothing_is_a_fault(tmp_path: Path) -> None:
    """The sender is told what was expected."""
    async with opened(tmp_path, SUNDAY_NOON_MS) as (host, _):
        await install(host)
        for event, attrs, message in (
            ("once", {"at": "soon"}, "schedule .. at expected a timestamp but got String"),
            ("often", {"cron": "every day"}, "'every day' has 2"),
        ):
            fault = await send(host, f"reminder:{event}", {"text": "tea", **attrs})
            assert isinstance(fault, Fault)
            assert message in fault.message
        assert await ask(host, "pending") == []


@in_loop
async def test_the_events_and_queries_of_its_readme_exist(tmp_path: Path) -> None:
    """The commands, in their order, as what they send."""
    lines = re.findall(r"^    picomesh (.*)$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    async with opened(tmp_path, SUNDAY_NOON_MS) as (host, _):
        for command, pico, what, *options in map(shlex.split, lines):
            assert pico == "root"
            match command:
                case "install":
                    assert FOLDER.parents[1] / what == FOLDER / "reminder.krl"
                    await install(host)
                case "send":
                    reply = await send(host, what, dict(one.split("=", 1) for one in options))
                    assert [one["name"] for one in reply.directives] == ["planned"]
                case "query":
                    assert len(await ask(host, what.partition("/")[2])) == (2 if "pending" in what else 0)
        assert len(lines) == 5
