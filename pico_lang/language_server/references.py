"""Where a thing with a name is declared and mentioned, and giving it another name.

Renaming is tried out: the changed text is read again, and if any mention of anything would mean
something else than before, or the text would be refused for a new reason, nothing is changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pico_lang.diagnostics import RulesetRefused, Severity
from pico_lang.language_server.analysis import Analysis, analyse
from pico_lang.language_server.document import Document
from pico_lang.language_server.symbols import (
    Domain,
    EntityVariable,
    Occurrence,
    RuleName,
    Symbol,
    Variable,
    use_of,
)
from pico_lang.names import PREDEFINED
from pico_lang.source import Source, Span
from pico_lang.traversal import walk
from pico_lang.words import RESERVED

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the text and what comes in its place."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class CannotRename:
    """A refusal; the reason is a sentence for whoever wanted it."""

    reason: str


def definitions_at(document: Document, offset: int) -> list[Span]:
    """Where that which is mentioned at an offset is declared or assigned."""
    return [one.span for one in _mentions(document, offset) if one.is_definition]


def references_at(document: Document, offset: int) -> list[Span]:
    """Every place that mentions the same thing, declarations included."""
    return [one.span for one in _mentions(document, offset)]


def renamable_at(document: Document, offset: int) -> Span | CannotRename:
    """The name at an offset that could be changed."""
    if document.analysis is None:
        return CannotRename("the text cannot be read yet; mend its syntax first")
    occurrence = document.analysis.occurrence_at(offset)
    if occurrence is None:
        return CannotRename("there is no name here")
    refusal = _refusal(occurrence.symbol, document.analysis)
    return occurrence.span if refusal is None else refusal


def rename_at(document: Document, offset: int, name: str) -> Sequence[Edit] | CannotRename:
    """The edits that give what is mentioned at an offset another name, everywhere."""
    place = renamable_at(document, offset)
    if isinstance(place, CannotRename):
        return place
    if not _NAME.fullmatch(name):
        return CannotRename(f"{name!r} is no name: letters, digits, _ and $, and no digit in front")
    if name in RESERVED:
        return CannotRename(f"{name} is a reserved word")
    edits = [Edit(one.span, name) for one in _mentions(document, offset)]
    assert document.analysis is not None
    refusal = _refuse_change(document.analysis, _apply(document.source, edits))
    return edits if refusal is None else refusal


def _mentions(document: Document, offset: int) -> list[Occurrence]:
    analysis = document.analysis
    occurrence = None if analysis is None else analysis.occurrence_at(offset)
    if analysis is None or occurrence is None:
        return []
    return [one for one in analysis.occurrences if one.symbol == occurrence.symbol]


def _refusal(symbol: Symbol, analysis: Analysis) -> CannotRename | None:
    """Names that are not the ruleset's to change."""
    match symbol:
        case EntityVariable() | RuleName():
            return None
        case Variable(binding) if binding.place is not None and binding.name not in PREDEFINED:
            return None
        case Domain(name) if (use := use_of(name, analysis.tree)) is not None and use.alias is not None:
            # Without an alias the domain is the rid, and that is the other ruleset's own.
            return None
        case _:
            return CannotRename(f"{symbol.name} is not named by this ruleset")


def _apply(source: Source, edits: Sequence[Edit]) -> Source:
    parts: list[str] = []
    end = 0
    for edit in edits:
        parts += (source.text[end : edit.span.start], edit.text)
        end = edit.span.end
    return Source("".join(parts) + source.text[end:], source.name)


def _refuse_change(before: Analysis, changed: Source) -> CannotRename | None:
    try:
        after = analyse(changed, before.modules)
    except RulesetRefused as refused:
        return CannotRename(f"the text could not be read any more: {refused.diagnostics[0].message}")
    if [type(node) for node in walk(before.tree)] != [type(node) for node in walk(after.tree)]:
        return CannotRename("that word means something to the language there, and the text would change")
    return _refuse_new_meaning(before, after) or _refuse_new_errors(before, after)


def _refuse_new_meaning(before: Analysis, after: Analysis) -> CannotRename | None:
    """Mentions that were of one thing must be of one thing still, and of no other's."""
    if len(before.occurrences) != len(after.occurrences):
        return CannotRename("an undeclared name of the text would come to mean this")
    became: dict[Symbol, Symbol] = {}
    was: dict[Symbol, Symbol] = {}
    for old, new in zip(before.occurrences, after.occurrences, strict=True):
        known = became.setdefault(old.symbol, new.symbol), was.setdefault(new.symbol, old.symbol)
        if known != (new.symbol, old.symbol):
            line = before.source.position(old.span.start)[0]
            return CannotRename(f"{old.symbol.name} in line {line} would mean something else")
    return None


def _refuse_new_errors(before: Analysis, after: Analysis) -> CannotRename | None:
    had = Counter(one.code for one in before.diagnostics)
    for one in after.diagnostics:
        had[one.code] -= 1
        if had[one.code] < 0 and one.severity is Severity.ERROR:
            return CannotRename(one.message)
    return None
