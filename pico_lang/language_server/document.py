"""A text that somebody is writing: what is wrong with it now, and what it last was when it could be read.

A document is never changed; every edit makes a new one. While a text is broken it has no tree, so
whoever asks what names there are gets an answer from the newest text that had one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.formatter import format_text
from pico_lang.host import Modules
from pico_lang.language_server.analysis import Analysis, analyse
from pico_lang.nodes import TestFile
from pico_lang.parser import parse_text
from pico_lang.source import Source


@dataclass(frozen=True, eq=False)
class Document:
    """A text under somebody's hands."""

    source: Source
    modules: Modules
    analysis: Analysis | None
    """None while the text cannot be read as a ruleset."""
    diagnostics: Sequence[Diagnostic]
    last_good: Analysis | None
    """The analysis of this text, or else of the newest one before it that had one."""

    def edited(self, text: str) -> Document:
        """The document with another text."""
        return _document(Source(text, self.source.name), self.modules, self.last_good)


def open_document(text: str, name: str, modules: Modules) -> Document:
    """A text as it is when somebody begins to work on it."""
    return _document(Source(text, name), modules, None)


def _document(source: Source, modules: Modules, last_good: Analysis | None) -> Document:
    try:
        analysis = analyse(source, modules)
    except RulesetRefused as refused:
        return Document(source, modules, None, _complaints(source, refused), last_good)
    return Document(source, modules, analysis, analysis.diagnostics, analysis)


def _complaints(source: Source, refused: RulesetRefused) -> Sequence[Diagnostic]:
    """What is wrong with a text that is no ruleset: a file of tests for one has mistakes of its own."""
    try:
        return () if isinstance(parse_text(source), TestFile) else refused.diagnostics
    except RulesetRefused as mistakes:
        return mistakes.diagnostics


def format_document(document: Document) -> str | None:
    """The text in its canonical layout; None while it cannot be read."""
    try:
        return format_text(document.source)
    except RulesetRefused:
        return None


def carry_over(offset: int, text: str, former: str) -> int:
    """Where a place of a text was in a former version of it: by what did not change around it."""
    before = _alike(text, former)
    if offset <= before:
        return offset
    after = min(_alike(text[::-1], former[::-1]), len(text) - before, len(former) - before)
    from_end = len(text) - offset
    return len(former) - from_end if from_end <= after else before


def _alike(one: str, other: str) -> int:
    """How many characters two texts have in common at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
