"""Compiled rulesets kept in the home, so that a start does not compile what has not changed.

Nothing depends on these files: one that is missing, damaged, or from another version of the language
is made again, and one that cannot be written is not.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pico_lang.host import Modules
from pico_lang.program import Program
from pico_lang.program_files import freeze, thaw
from pico_lang.source import Source

SUFFIX = ".program"

KEPT = 1_000
"""Files that stay when the cache is opened, the newest; each is about five times its text."""

logger = logging.getLogger(__name__)


class ProgramCache:
    """A compiler that remembers. Safe in several threads: a file appears whole or not at all."""

    def __init__(self, folder: Path, compile_text: Callable[[Source], Program], modules: Modules) -> None:
        self._folder = folder
        self._compile = compile_text
        self._modules = modules
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_oldest()

    def __call__(self, source: Source) -> Program:
        """The program of a text. Raises `RulesetRefused`."""
        program = self.find(source)
        if program is None:
            program = self._compile(source)
            self.keep(source, freeze(program, self._modules))
        return program

    def find(self, source: Source, /) -> Program | None:
        """The program of a text that was compiled before."""
        try:
            return thaw(self._path(source).read_bytes(), source, self._modules)
        except OSError:
            return None

    def keep(self, source: Source, frozen: bytes, /) -> None:
        """Remember a program that was compiled elsewhere."""
        path = self._path(source)
        draft = path.with_suffix(f".{os.getpid()}.{id(frozen)}")
        try:
            draft.write_bytes(frozen)
            draft.replace(path)
        except OSError as error:
            logger.warning("a compiled ruleset was not kept: %s", error)
            with suppress(OSError):
                draft.unlink()

    def _path(self, source: Source) -> Path:
        return self._folder / f"{sha256(source.text.encode('utf-8', 'surrogatepass')).hexdigest()}{SUFFIX}"

    def _forget_oldest(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in files[: max(0, len(files) - KEPT)]:
            path.unlink(missing_ok=True)
