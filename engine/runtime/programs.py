"""Compiled rulesets by hash, from their kept texts.

Compiling takes milliseconds, so it happens in another thread before a pico's first turn wherever
that can be foreseen (`prepare`). `get` compiles on the spot what nobody foresaw: it may be slow, but
what it answers depends on the journal alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import sha256

from engine.core.model import RulesetHash
from engine.ports import Journal
from pico_lang.diagnostics import RulesetRefused
from pico_lang.program import Program
from pico_lang.source import Source

Compile = Callable[[Source], Program]
"""Raises `RulesetRefused`."""

CAPACITY = 256
"""Programs kept compiled; picos that are awake keep theirs besides."""

logger = logging.getLogger(__name__)


class CompiledPrograms:
    """`engine.core.programs.Programs`."""

    def __init__(self, journal: Journal, compile_text: Compile, capacity: int = CAPACITY) -> None:
        self._journal = journal
        self._compile = compile_text
        self._capacity = capacity
        self._compiled: OrderedDict[RulesetHash, Program | None] = OrderedDict()

    def get(self, digest: RulesetHash, /) -> Program | None:
        """The program; None when its text is not kept, or this version cannot compile it."""
        if digest not in self._compiled:
            self._put(digest, self._compile_kept(digest, self._journal.ruleset_text(digest)))
        self._compiled.move_to_end(digest)
        return self._compiled[digest]

    def missing(self, digests: Iterable[RulesetHash]) -> list[RulesetHash]:
        """Those that `get` would have to compile."""
        return [digest for digest in digests if digest not in self._compiled]

    async def prepare(self, digests: Iterable[RulesetHash]) -> None:
        """Have these at hand."""
        for digest in digests:
            text = self._journal.ruleset_text(digest)
            self._put(digest, await asyncio.to_thread(self._compile_kept, digest, text))

    async def learn(self, text: str, name: str) -> Program:
        """Compile a text that may be new. Raises `RulesetRefused`."""
        digest = text_hash(text)
        known = self._compiled.get(digest)
        if known is not None:
            return known
        program = await asyncio.to_thread(self._compile, Source(text, name))
        self._put(digest, program)
        return program

    def _compile_kept(self, digest: RulesetHash, text: str | None) -> Program | None:
        if text is None:
            logger.error("the text of ruleset %s is not in the journal", digest)
            return None
        try:
            return self._compile(Source(text, digest[:12]))
        except RulesetRefused as refused:
            logger.error("ruleset %s, once accepted, does not compile any more: %s", digest, refused)
            return None

    def _put(self, digest: RulesetHash, program: Program | None) -> None:
        self._compiled[digest] = program
        self._compiled.move_to_end(digest)
        if len(self._compiled) > self._capacity:
            self._compiled.popitem(last=False)


def text_hash(text: str) -> RulesetHash:
    """What names a text for ever."""
    return RulesetHash(sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
