"""What is known around a place that somebody is writing at.

The text is nearly always broken at the word being written. Then a tree is got by putting something
sensible in its place, or else from the text before it broke.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.check_context import domain_of
from pico_lang.diagnostics import RulesetRefused
from pico_lang.host import Modules
from pico_lang.language_server.analysis import Analysis, analyse
from pico_lang.language_server.document import Document, carry_over
from pico_lang.language_server.places import Place
from pico_lang.language_server.scopes import visible_at
from pico_lang.lexer import WORD, Token
from pico_lang.names import Binding, Names
from pico_lang.recovery import CLOSERS, open_brackets
from pico_lang.source import Source, Span
from pico_lang.traversal import walk


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is to mention."""

    source: Source
    """The text that the rest is about: the mended one, or an earlier one."""
    modules: Modules
    words: Mapping[str, Set[str]]
    """Word → the words that stand behind it and a colon."""
    visible: Mapping[str, Binding]
    names: Names
    used: Set[str]
    """The names of used modules."""
    events: Set[tuple[str, str]]
    """Domain and type of what the ruleset selects, raises and schedules."""


def look_around(document: Document, place: Place) -> Surroundings:
    words = _words_behind_colons(place.tokens, place.word)
    analysis, offset = _readable(document, place)
    if analysis is None:
        nothing: frozenset[str] = frozenset()
        return Surroundings(document.source, document.modules, words, {}, Names(), nothing, frozenset())
    return Surroundings(
        source=analysis.source,
        modules=document.modules,
        words=words,
        visible=_visible(analysis, offset),
        names=analysis.names,
        used={domain_of(item).id for item in analysis.tree.meta if isinstance(item, n.UseModule)},
        events=set(_events(analysis.tree, offset)),
    )


def _readable(document: Document, place: Place) -> tuple[Analysis | None, int]:
    """A tree for the place, and where the place is in it."""
    text, word = document.source.text, place.word
    if document.analysis is not None:
        return document.analysis, word.start
    for filler in _fillers(place) if _may_be_mended(document, word) else ():
        mended = Source(text[: word.start] + filler + text[word.end :], document.source.name)
        try:
            return analyse(mended, document.modules), word.start
        except RulesetRefused:
            continue
    if document.last_good is None:
        return None, 0
    return document.last_good, carry_over(word.start, text, document.last_good.source.text)


def _may_be_mended(document: Document, word: Span) -> bool:
    """Not if there is a mistake in front of the place already; and hardly, if there are several."""
    in_front = any(max(one.span.end, one.span.start + 1) <= word.start for one in document.diagnostics)
    return not in_front and (len(document.diagnostics) == 1 or document.last_good is None)


_FILLERS = ("x", "x()", "x = x", "x x", "x event x", "")
"""A value, an action, a declaration, an event, what comes behind `raise`, and nothing."""

_BRACKETS_CLOSED = 3
"""People rarely leave more of them open than this; each costs another reading of the text."""


def _fillers(place: Place) -> Iterator[str]:
    """What may mend a text in the place of the word being written, the likeliest first."""
    yield from _FILLERS
    closers = ""
    for bracket in reversed(open_brackets(place.before, len(place.before))[-_BRACKETS_CLOSED:]):
        closers += CLOSERS[place.before[bracket].kind]
        yield "x" + closers


def _visible(analysis: Analysis, offset: int) -> dict[str, Binding]:
    """Without the word being written, which may look like a declaration, and without what is predefined."""
    return {
        name: binding
        for name, binding in visible_at(analysis, offset).items()
        if binding.place is not None and binding.place.span.start != offset
    }


def _words_behind_colons(tokens: Sequence[Token], word: Span) -> dict[str, set[str]]:
    """Going by the tokens alone, so that no mistake is in the way; without the word being written."""
    found: dict[str, set[str]] = {}
    for first, colon, second in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if first.kind == second.kind == WORD and colon.kind == ":" and second.start != word.start:
            found.setdefault(first.text, set()).add(second.text)
    return found


def _events(tree: n.Ruleset, offset: int) -> Iterator[tuple[str, str]]:
    """All but the one being written."""
    for node in walk(tree):
        match node:
            case n.BaseEvent() if not node.span.start <= offset <= node.span.end:
                yield node.domain, node.name
            case n.Raise(domain=n.Identifier(id=domain), event=n.StringLiteral(value=name)):
                yield domain, name
            case n.Schedule(domain=n.Identifier(id=domain), event=n.StringLiteral(value=name)):
                yield domain, name
            case _:
                pass
