"""Compiled rulesets by hash, from their kept texts.

They are compiled before a pico's first turn wherever that can be foreseen (`prepare`): short texts in
another thread, longer ones in another process. `get` compiles on the spot what nobody foresaw: it may
be slow, but what it answers depends on the journal alone.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from engine.core.depth import DepthLimit
from engine.core.model import RulesetHash
from engine.ports import Journal
from engine.runtime.compilation import COMPILER_CALLS, most_telling
from engine.runtime.compilers import is_unfinished
from pico_lang.diagnostics import RulesetRefused, Severity
from pico_lang.program import Program
from pico_lang.source import Source

Compile = Callable[[Source], Program]
"""Raises `RulesetRefused`."""

CAPACITY = 256
"""Programs kept compiled; picos that are awake keep theirs besides."""

SHORT_TEXT = 8 << 10
"""Characters that are compiled in a thread: in a twentieth of a second, a fifth if every name is wrong,
with pauses of some ten milliseconds for others. Most texts are as short as this, and most engines never
need the other process, which takes longer than that to start."""

LIBRARY = "library:"
"""Texts that come with the engine, of whatever length, are no danger to it."""

logger = logging.getLogger(__name__)


class CompileElsewhere(Protocol):
    """See `engine.runtime.compilers`."""

    async def compile(self, source: Source, who: str) -> Program:
        """Compile on behalf of somebody. Raises `RulesetRefused`."""


class CompiledPrograms:
    """`engine.core.programs.Programs`."""

    def __init__(
        self,
        journal: Journal,
        compile_text: Compile,
        elsewhere: CompileElsewhere | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        self._journal = journal
        self._compile = compile_text
        self._elsewhere = elsewhere
        self._capacity = capacity
        self._compiled: OrderedDict[RulesetHash, Program | None] = OrderedDict()
        self._troubles: dict[RulesetHash, str] = {}
        """Of those that have no program."""
        self._under_way: dict[Source, Task[Program]] = {}

    def get(self, digest: RulesetHash, /) -> Program | None:
        """The program; None when its text is not kept, or this version cannot compile it."""
        if digest not in self._compiled:
            self._put(digest, self._compile_now(digest))
        self._compiled.move_to_end(digest)
        return self._compiled[digest]

    def missing(self, digests: Iterable[RulesetHash]) -> list[RulesetHash]:
        """Those that `get` would have to compile."""
        return [digest for digest in digests if digest not in self._compiled]

    async def prepare(self, digests: Iterable[RulesetHash]) -> None:
        """Have these at hand, as far as that is possible."""
        for digest in digests:
            source = self._find(digest)
            try:
                program = None if source is None else await self._compile_once(source, who=digest)
            except RulesetRefused as refused:
                if is_unfinished(refused):
                    logger.warning("ruleset %s is left for later: %s", digest, refused)
                    continue  # `get` must answer by the text alone, and takes all the time it needs
                self._report(digest, refused)
                program = None
            self._put(digest, program)

    def trouble(self, digest: RulesetHash) -> str | None:
        """Why `get` has no program of that hash, if that is so and still remembered."""
        return self._troubles.get(digest)

    async def learn(self, text: str, name: str, who: str = "") -> Program:
        """Compile a text that may be new, on behalf of somebody. Raises `RulesetRefused`."""
        digest = text_hash(text)
        known = self._compiled.get(digest)
        if known is not None and known.hash == digest:  # or the kept text was altered under its hash
            return known
        program = await self._compile_once(Source(text, name), who)
        self._put(digest, program)
        return program

    async def attempt(self, text: str, name: str, who: str = "") -> Program:
        """Compile a text that somebody is still writing, and forget it. Raises `RulesetRefused`."""
        return await self._compile_once(Source(text, name), who)

    # --- compiling ---

    async def _compile_once(self, source: Source, who: str) -> Program:
        """Many picos may have a ruleset, and wake at the same time."""
        task = self._under_way.get(source)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._compile_off_the_loop(source, who))
            self._under_way[source] = task
            task.add_done_callback(lambda _: self._under_way.pop(source))
        return await asyncio.shield(task)

    async def _compile_off_the_loop(self, source: Source, who: str) -> Program:
        is_short = len(source.text) <= SHORT_TEXT or source.name.startswith(LIBRARY)
        if self._elsewhere is None or is_short:
            try:
                return await asyncio.to_thread(self._compile, source)
            except (RulesetRefused, RecursionError) as problem:
                if self._elsewhere is None or not _may_be_the_stack(problem):
                    raise _briefly(problem) from None
        return await self._elsewhere.compile(source, who)

    def _compile_now(self, digest: RulesetHash) -> Program | None:
        source = self._find(digest)
        try:
            with DepthLimit(COMPILER_CALLS):  # this may be in the middle of a turn, which has another
                return None if source is None else self._compile(source)
        except RulesetRefused as refused:
            self._report(digest, refused)
            return None

    def _find(self, digest: RulesetHash) -> Source | None:
        text = self._journal.ruleset_text(digest)
        if text is None:
            logger.error("the text of ruleset %s is not in the journal", digest)
            self._troubles[digest] = "its text is not in the journal"
            return None
        return Source(text, digest[:12])

    def _report(self, digest: RulesetHash, refused: RulesetRefused) -> None:
        logger.error("ruleset %s, once accepted, does not compile any more: %s", digest, refused)
        self._troubles[digest] = f"its text does not compile any more: {_first_mistake(refused)}"

    def _put(self, digest: RulesetHash, program: Program | None) -> None:
        self._compiled[digest] = program
        self._compiled.move_to_end(digest)
        if program is not None:
            self._troubles.pop(digest, None)
        if len(self._compiled) > self._capacity:
            gone, _ = self._compiled.popitem(last=False)
            self._troubles.pop(gone, None)


def _first_mistake(refused: RulesetRefused) -> str:
    """In one line, with its place."""
    one = next(found for found in refused.diagnostics if found.severity is Severity.ERROR)
    line, column = refused.source.position(one.span.start)
    return f"{one.message} (line {line}, column {column}) [{one.code}]"


def _may_be_the_stack(problem: Exception) -> bool:
    """Whether it is for want of stack: turns lower Python's limit (`engine.core.depth`) for every thread."""
    if isinstance(problem, RulesetRefused):
        return any(one.code == "K105" for one in problem.diagnostics)
    return True


def _briefly(problem: Exception) -> Exception:
    if isinstance(problem, RulesetRefused):
        return RulesetRefused(most_telling(problem), problem.source)
    return problem


@lru_cache(maxsize=64)
def text_hash(text: str) -> RulesetHash:
    """What names a text for ever. The same few are asked for with every pico that is made."""
    return RulesetHash(sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
