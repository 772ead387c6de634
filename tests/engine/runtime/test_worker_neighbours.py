"""A whole engine with a runaway in it: that fails in its own log, and nobody else notices.

A worker is stopped (SIGSTOP) before the runaway's event and goes on when the test says so. What happens
in between happens while the runaway is being dealt with, however fast or slow the machine is.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import Future
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.config import Settings
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId
from engine.runtime.genesis import WRANGLER
from engine.runtime.replies import EventReply
from engine.runtime.workshop import Workshop
from engine.wiring import Engine, open_engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.test_engine import ask, install, send, view_with_child
from tests.engine.runtime.test_worker_processes import is_there

A_MILLION = "0.range(999).map(function(n) { 0.range(999).length() })"
"""Steps, roughly, in an expression."""

RUNAWAYS = {
    "loop": "R701",
    "recurse": "R702",
    "double": "R703",
    "grow": "R703",
    "match": "R704",
    "raise": "R705",
    "hoard": "R706",
}


TALLY = f"""
ruleset tally {{
  meta {{ shares count, failures, heavy }}
  global {{
    count = function() {{ ent:n.defaultsTo(0) }}
    failures = function() {{ ent:failures.defaultsTo([]) }}
    heavy = function() {{ {A_MILLION}.length() + count() }}
  }}
  rule add {{
    select when tally add
    fired {{ ent:n := count() + 1 }}
  }}
  rule work {{
    select when tally work
    send_directive("worked", {{"times": {A_MILLION}.length()}})
    fired {{ ent:n := count() + 1000 }}
  }}
  rule remember {{
    select when system error
    fired {{ ent:failures := failures().append(event:attrs{{"code"}}) }}
  }}
  rule spoil {{
    select when {" or ".join(f"run {runaway}" for runaway in RUNAWAYS)}
    fired {{ ent:n := -1 }}
  }}
  rule loop {{
    select when run loop
    foreach 0.range(9999) setting(x)
    foreach 0.range(9999) setting(y)
      noop()
  }}
  rule recurse {{
    select when run recurse
    pre {{ f = function(n) {{ f(n + 1) }} x = f(0) }}
  }}
  rule raise_again {{
    select when run raise
    fired {{ raise run event "raise" }}
  }}
  rule double {{
    select when run double
    pre {{ x = 0.range(99).reduce(function(s, n) {{ s + s }}, "ten chars.") }}
  }}
  rule grow {{
    select when run grow
    pre {{ x = 0.range(100000000) }}
  }}
  rule match {{
    select when run match
    pre {{
      s = 0.range(99).reduce(function(s, n) {{ s + "a" }}, "")
      x = (s + "b").match(re#(a|aa)+$#)
    }}
  }}
  rule hoard {{
    select when run hoard
    pre {{
      s = 0.range(16).reduce(function(s, n) {{ s + s }}, "ten chars.")
      x = 0.range(9999).map(function(n) {{ s + n }})
    }}
  }}
}}
"""


@dataclass
class Home:
    """An engine whose root pico has the tally, and has had a worker at work."""

    engine: Engine
    neighbour: Eci
    """A channel of a child of the root, which has the tally as well."""

    @property
    def workshop(self) -> Workshop:
        return self.engine.workshop

    def start(self, event: str) -> Future[Any]:
        """Send an event to the root, and do not wait."""
        return asyncio.ensure_future(send(self.engine.host, event))

    async def ask(self, question: str) -> Any:
        return await ask(self.engine.host, question)


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(
        home=folder / "home",
        worker_steps=3_000_000,
        worker_depth=20_000,
        worker_string_length=5_000_000,
        worker_collection_size=500_000,
        worker_regexp_ms=100,
        worker_raised_events=2_000,
        worker_memory_mib=64,
        **more,
    )


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncIterator[Home]:
    engine = await open_engine(settings_of(folder, **more))
    try:
        host = engine.host
        await install(host, folder / "tally.krl", TALLY)
        await send(host, "wrangler:new_child_request", {"name": "neighbour"})
        child = (await view_with_child(host)).children[0].eci
        assert child is not None
        url = {"url": (folder / "tally.krl").as_uri()}
        await send(host, "wrangler:install_ruleset_request", url, eci=child)
        assert isinstance(await send(host, "tally:work"), EventReply)
        yield Home(engine, child)
    finally:
        await engine.close()


@contextmanager
def stopped(workshop: Workshop) -> Iterator[None]:
    """Have the only worker stand still meanwhile."""
    (pid,) = workshop.pids
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@in_loop
@pytest.mark.parametrize("runaway", RUNAWAYS)
async def test_a_runaway_fails_in_its_own_log_while_others_are_answered(runaway: str, tmp_path: Path) -> None:
    """Its state is as it was, its own rules are told why, and its next event is handled. Its neighbour
    handles events and queries all the while, and so do its own queries."""
    async with opened(tmp_path) as home:
        host = home.engine.host
        with stopped(home.workshop):
            running, behind = home.start(f"run:{runaway}"), home.start("tally:add")
            for _ in range(10):
                assert isinstance(await send(host, "tally:add", eci=home.neighbour), EventReply)
                assert await ask(host, "tally/count", eci=home.neighbour) > 0
            assert await home.ask("tally/count") == 1000.0
            assert not running.done()
            assert not behind.done(), "a pico has one turn at a time"
        fault = await running
        assert isinstance(fault, Fault)
        assert fault.code == RUNAWAYS[runaway]
        assert isinstance(await behind, EventReply)
        await send(host, "tally:add")  # comes after the event that tells of the failure
        assert await home.ask("tally/count") == 1002.0
        assert await home.ask("tally/failures") == [RUNAWAYS[runaway]]
        assert await ask(host, "tally/count", eci=home.neighbour) == 10.0


@in_loop
async def test_what_a_worker_did_is_kept_like_everything_else(tmp_path: Path) -> None:
    """It is on the disk, and further turns build on it."""
    async with opened(tmp_path) as home:
        reply = await send(home.engine.host, "tally:work")
        assert [one["options"] for one in reply.directives] == [{"times": 1000.0}]
        await send(home.engine.host, "tally:add")
    again = await open_engine(settings_of(tmp_path))
    assert await ask(again.host, "tally/count") == 2001.0
    await again.close()


@in_loop
async def test_a_query_has_a_second_chance_too(tmp_path: Path) -> None:
    """On the committed state, while the pico's events go on."""
    async with opened(tmp_path) as home:
        with stopped(home.workshop):
            asking = asyncio.ensure_future(home.ask("tally/heavy"))
            await asyncio.sleep(0)
            assert isinstance(await send(home.engine.host, "tally:add"), EventReply)
            assert not asking.done()
        assert await asking == 2000.0
        assert await home.ask("tally/count") == 1001.0


@in_loop
async def test_a_pico_that_is_deleted_meanwhile_does_nothing_any_more(tmp_path: Path) -> None:
    """Its caller is told so; the verdict of the worker is not wanted."""
    async with opened(tmp_path) as home:
        host = home.engine.host
        (child,) = await home.ask(f"{WRANGLER}/children")
        with stopped(home.workshop):
            working = asyncio.ensure_future(send(host, "tally:work", eci=home.neighbour))
            await asyncio.sleep(0)
            await send(host, "wrangler:child_deletion_request", {"eci": child["eci"]})
            assert not working.done()
        refused = await working
        assert isinstance(refused, Refusal)
        assert "was deleted" in refused.reason


@in_loop
async def test_an_engine_can_be_told_to_have_no_workers(tmp_path: Path) -> None:
    """Then what is too much for it fails at once."""
    engine = await open_engine(settings_of(tmp_path, workers=0))
    await install(engine.host, tmp_path / "tally.krl", TALLY)
    fault = await send(engine.host, "tally:work")
    assert isinstance(fault, Fault)
    assert fault.message == "more than 100,000 steps in one turn"
    await engine.close()


@in_loop
async def test_a_turn_that_is_not_finished_when_the_engine_stops_is_run_at_the_next_start(
    tmp_path: Path,
) -> None:
    """What was accepted is kept, no process is left, and no failure that is none is recorded."""
    async with opened(tmp_path, drain_s=0.0) as home:
        (pid,) = home.workshop.pids
        os.kill(pid, signal.SIGSTOP)
        host = home.engine.host
        assert await host.accept_event(host.root_eci(), "tally", "work", {}, EventId("once")) == "once"
    assert not is_there(pid)

    again = await open_engine(settings_of(tmp_path))
    reply = await again.host.run_event(again.host.root_eci(), "tally", "work", {}, EventId("once"))
    assert isinstance(reply, EventReply)
    assert await ask(again.host, "tally/count") == 2000.0
    assert await ask(again.host, "tally/failures") == []
    await again.close()
