"""Long texts are compiled in a process of its own: what comes back from there, and what may go wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from engine.core.domains import MODULES
from engine.runtime.compilation import MOST_TOLD
from engine.runtime.compilers import Compilers, is_unfinished
from engine.runtime.crew import MOST_WAITING_EACH
from engine.runtime.orders import WorkerLimits
from pico_lang.diagnostics import RulesetRefused
from pico_lang.meter import Budget
from pico_lang.program import Program, compile_ruleset
from pico_lang.program_files import thaw
from pico_lang.source import Source
from tests.engine.in_loop import in_loop
from tests.engine.runtime.test_worker_processes import is_there

LIMITS = WorkerLimits(Budget(), memory_bytes=512 << 20, cpu_s=15, deadline_s=15, outcome_bytes=1 << 20)

SOUND = Source('ruleset sound { meta { name "Sound" logging on } global { seven = 7 } }', "sound.krl")
BROKEN = Source("ruleset broken {\n  global { x = nothing y = [1 }\n}", "broken.krl")
ENDLESS = Source(f"ruleset long {{ global {{ x = [{','.join('1' * 500_000)}] }} }}", "long.krl")
"""A megabyte: many seconds of work, and many megabytes."""


@dataclass
class MemoryFiles:
    """`engine.runtime.compilers.ProgramFiles`."""

    kept: dict[Source, bytes] = field(default_factory=dict)

    def find(self, source: Source, /) -> Program | None:
        return thaw(self.kept[source], source, MODULES) if source in self.kept else None

    def keep(self, source: Source, frozen: bytes, /) -> None:
        self.kept[source] = frozen


@asynccontextmanager
async def opened(limits: WorkerLimits = LIMITS, files: MemoryFiles | None = None) -> AsyncIterator[Compilers]:
    compilers = Compilers(limits, files or MemoryFiles())
    try:
        yield compilers
    finally:
        await compilers.close()


def compiled_here(source: Source) -> Program:
    return compile_ruleset(source, MODULES)


async def refusal(compilers: Compilers, source: Source) -> RulesetRefused:
    with pytest.raises(RulesetRefused) as refused:
        await compilers.compile(source, "ann")
    return refused.value


async def overrun(compilers: Compilers, source: Source = ENDLESS) -> str:
    """What is said of a text of which nothing is known but that it was too much."""
    refused = await refusal(compilers, source)
    assert is_unfinished(refused)
    (told,) = refused.diagnostics
    return told.message


@in_loop
async def test_the_program_is_the_one_that_would_be_compiled_here() -> None:
    """Warnings, descriptions and all."""
    async with opened() as compilers:
        assert compilers.pids == []
        program = await compilers.compile(SOUND, "ann")
        assert len(compilers.pids) == 1
    here = compiled_here(SOUND)
    assert (program.facts, program.meta, program.source) == (here.facts, here.meta, SOUND)
    assert [one.code for one in program.warnings] == ["K503"]


@in_loop
async def test_a_program_that_is_kept_is_not_compiled_again() -> None:
    """Nor is a process started for it."""
    files = MemoryFiles()
    async with opened(files=files) as compilers:
        first = await compilers.compile(SOUND, "ann")
    async with opened(files=files) as compilers:
        assert (await compilers.compile(SOUND, "bob")).facts == first.facts
        assert compilers.pids == []


@in_loop
async def test_mistakes_come_back_word_for_word() -> None:
    """With their places and excerpts."""
    with pytest.raises(RulesetRefused) as here:
        compiled_here(BROKEN)
    files = MemoryFiles()
    async with opened(files=files) as compilers:
        refused = await refusal(compilers, BROKEN)
    assert refused.diagnostics == here.value.diagnostics
    assert str(refused) == str(here.value)
    assert not is_unfinished(refused)
    assert files.kept == {}


@in_loop
async def test_of_very_many_mistakes_the_first_are_told() -> None:
    """And how many there are."""
    wild = Source(f"ruleset wild {{ global {{ x = [{','.join(['nobody'] * 1_000)}] }} }}")
    async with opened() as compilers:
        refused = await refusal(compilers, wild)
    assert len(refused.diagnostics) == MOST_TOLD + 1
    assert refused.diagnostics[-1].message == "this and 899 more mistakes"


@in_loop
async def test_a_text_that_takes_too_long_is_refused() -> None:
    """Whether it computes or not; the next one is compiled."""
    async with opened(replace(LIMITS, cpu_s=1)) as compilers:
        assert await overrun(compilers) == "this text could not be compiled: more than 1 s of computing"
        assert (await compilers.compile(SOUND, "ann")).rid == "sound"
    async with opened(replace(LIMITS, deadline_s=0.5)) as compilers:
        assert "more than 0.5 s in a worker process" in await overrun(compilers)


@in_loop
async def test_a_text_that_takes_too_much_memory_is_refused() -> None:
    """The next one is compiled."""
    async with opened(replace(LIMITS, memory_bytes=24 << 20)) as compilers:
        assert "more memory than there is for one order; the limit is 24 MiB" in await overrun(compilers)
        assert (await compilers.compile(SOUND, "ann")).rid == "sound"


@in_loop
async def test_a_text_whose_process_is_killed_is_refused_and_the_next_one_is_not() -> None:
    """Nobody waits for ever."""
    async with opened() as compilers:
        compiling = asyncio.ensure_future(overrun(compilers))
        while not compilers.pids:
            await asyncio.sleep(0)
        os.kill(compilers.pids[0], signal.SIGKILL)
        assert "the worker process was killed" in await compiling
        assert (await compilers.compile(SOUND, "ann")).rid == "sound"


@in_loop
async def test_one_pico_cannot_have_all_others_wait() -> None:
    """What goes too far is refused at once."""
    async with opened(replace(LIMITS, cpu_s=1)) as compilers:
        texts = [Source(SOUND.text, f"{number}") for number in range(MOST_WAITING_EACH + 2)]
        ended = await asyncio.gather(
            *(compilers.compile(text, "greedy") for text in texts),
            compilers.compile(SOUND, "modest"),
            return_exceptions=True,
        )
    refused = [str(one) for one in ended if isinstance(one, RulesetRefused)]
    assert "too many texts of this pico wait to be compiled" in refused[0]
    assert isinstance(ended[-1], Program)


@in_loop
async def test_closing_leaves_no_process_behind() -> None:
    """Not even in the middle of a text."""
    async with opened() as compilers:
        compiling = asyncio.ensure_future(overrun(compilers))
        while not compilers.pids:
            await asyncio.sleep(0)
        (pid,) = compilers.pids
    assert not is_there(pid)
    compiling.cancel()
