"""Installing a ruleset that is hard to compile, on a whole engine with a real disk: who feels it."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import Future
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.config import Settings
from engine.core.messages import Fault
from engine.core.model import Eci
from engine.runtime.replies import EventReply
from engine.wiring import Engine, open_engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.test_compilers import ENDLESS
from tests.engine.runtime.test_engine import TALLY, ask, install, send, view_with_child
from tests.engine.runtime.test_worker_processes import is_there

LONG = TALLY.replace("ruleset tally", "ruleset long").replace("{\n", "{\n//" + "-" * 10_000 + "\n", 1)
"""Long enough for a process of its own, and easy."""


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Engine]:
    """An engine whose root pico has the tally."""
    engine = await open_engine(Settings(home=folder / "home", **settings))
    try:
        await install(engine.host, folder / "tally.krl", TALLY)
        yield engine
    finally:
        await engine.close()


async def add_neighbour(engine: Engine, folder: Path) -> Eci:
    """A child that has the tally too."""
    await send(engine.host, "wrangler:new_child_request", {"name": "neighbour"})
    eci = (await view_with_child(engine.host)).children[0].eci
    assert eci is not None
    url = {"url": (folder / "tally.krl").as_uri()}
    await send(engine.host, "wrangler:install_ruleset_request", url, eci=eci)
    return eci


async def start_compiling(engine: Engine, path: Path, text: str) -> tuple[Future[Any], int]:
    """Begin to install a text; the process that compiles it."""
    installing = asyncio.ensure_future(install(engine.host, path, text))
    while not engine.compilers.pids:
        await asyncio.sleep(0)
    return installing, engine.compilers.pids[0]


@in_loop
async def test_neighbours_are_answered_while_a_hostile_text_is_compiled(tmp_path: Path) -> None:
    """However long that takes: as long as the test has its process stand still. In the end it is refused,
    the pico that wanted it learns why, and goes on."""
    async with opened(tmp_path, compile_cpu_s=1) as engine:
        host, neighbour = engine.host, await add_neighbour(engine, tmp_path)
        installing, pid = await start_compiling(engine, tmp_path / "hostile.krl", ENDLESS.text)
        os.kill(pid, signal.SIGSTOP)
        for count in range(1, 11):
            assert isinstance(await send(host, "tally:add", eci=neighbour), EventReply)
            assert await ask(host, "tally/count", eci=neighbour) == count
        assert await ask(host, "tally/count") == 0, "queries of the pico itself do not wait either"
        assert not installing.done()
        os.kill(pid, signal.SIGCONT)
        refused = await installing
        assert isinstance(refused, Fault)
        assert "this text could not be compiled: more than 1 s of computing" in refused.message
        assert isinstance(await send(host, "tally:add"), EventReply)


@in_loop
async def test_when_the_process_is_killed_the_pico_is_told_and_can_try_again(tmp_path: Path) -> None:
    """The engine works on."""
    async with opened(tmp_path) as engine:
        installing, pid = await start_compiling(engine, tmp_path / "hostile.krl", ENDLESS.text)
        os.kill(pid, signal.SIGKILL)
        refused = await installing
        assert isinstance(refused, Fault)
        assert "the worker process was killed" in refused.message
        assert isinstance(await install(engine.host, tmp_path / "long.krl", LONG), EventReply)
        assert await ask(engine.host, "long/version") == "one"


@in_loop
async def test_a_long_text_is_compiled_once_for_all_starts(tmp_path: Path) -> None:
    """The next start reads it from the home, and needs no process."""
    async with opened(tmp_path) as engine:
        assert engine.compilers.pids == []
        await install(engine.host, tmp_path / "long.krl", LONG)
        (pid,) = engine.compilers.pids
    assert not is_there(pid)
    async with opened(tmp_path) as engine:
        assert await ask(engine.host, "long/version") == "one"
        assert engine.compilers.pids == []


@in_loop
async def test_a_ruleset_has_a_length_that_can_be_set(tmp_path: Path) -> None:
    """Beyond it nothing is compiled, and the setting is named."""
    async with opened(tmp_path, ruleset_limit=len(LONG) - 1) as engine:
        refused = await install(engine.host, tmp_path / "long.krl", LONG)
        assert isinstance(refused, Fault)
        assert "the setting ruleset_limit" in refused.message
        assert engine.compilers.pids == []
