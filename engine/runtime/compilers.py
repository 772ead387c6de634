"""The process in which long texts are compiled, so that no neighbour feels it.

Compiling holds Python's interpreter: a megabyte takes seconds, some of them in single calls that let no
other thread run. A process can be bounded and killed instead, and its failure is that of the text alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from engine.core.codec import Plain
from engine.core.domains import MODULES
from engine.core.messages import Fault
from engine.runtime.compilation import read_compiled, write_compile_order
from engine.runtime.crew import Crew
from engine.runtime.orders import WorkerLimits
from pico_lang.diagnostics import Diagnostic, RulesetRefused, diagnostic
from pico_lang.host import Modules
from pico_lang.program import Program
from pico_lang.source import Source, Span

TOO_MUCH = "K108"


class ProgramFiles(Protocol):
    """Where compiled programs are kept; see `engine.adapters.local.program_cache`."""

    def find(self, source: Source, /) -> Program | None:
        """The program of that text, if it is there."""

    def keep(self, source: Source, frozen: bytes, /) -> None:
        """Have it there the next time, if that is possible."""


class Compilers:
    """One process, started when it is first needed."""

    def __init__(
        self, limits: WorkerLimits, files: ProgramFiles, plugins: Plain = (), modules: Modules = MODULES
    ) -> None:
        self._crew = Crew(lambda digest: None, limits, 1, plugins)
        self._files = files
        self._modules = modules

    @property
    def pids(self) -> Sequence[int]:
        """Its process id, while it is there."""
        return self._crew.pids

    async def compile(self, source: Source, who: str) -> Program:
        """The program of a text, on behalf of somebody. Raises `RulesetRefused`."""
        found = await asyncio.to_thread(self._files.find, source)
        return found or await self._compile_anew(source, who)

    async def _compile_anew(self, source: Source, who: str) -> Program:
        given = self._crew.give(who, partial(write_compile_order, source))
        if given is None:
            raise RulesetRefused([_too_much("too many texts of this pico wait to be compiled")], source)
        told = await given
        if isinstance(told, Fault):
            raise RulesetRefused([_too_much(told.message)], source)
        # In a thread, like everything that grows with the text.
        program, frozen = await asyncio.to_thread(read_compiled, told, source, self._modules)
        await asyncio.to_thread(self._files.keep, source, frozen)
        return program

    async def close(self) -> None:
        """End the process. Whoever still waits for it will not be told."""
        await self._crew.close()


def is_unfinished(refused: RulesetRefused) -> bool:
    """Whether nothing is known of the text but that it could not be compiled here and now."""
    return any(one.code == TOO_MUCH for one in refused.diagnostics)


def _too_much(reason: str) -> Diagnostic:
    return diagnostic(
        TOO_MUCH,
        f"this text could not be compiled: {reason}",
        Span(0, 0),
        "make modules of it: several rulesets, of which one uses the others",
    )
