"""What could be written at a place of a text, going by everything in front of it.

The parser is run up to the place and asked what it would take there. Because KRL has few reserved
words, what a name is there for is told by what could come behind one: `(` behind an action, `:` behind
the domain of an assignment, `event` behind the domain of a `raise`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import Enum, auto

from pico_lang.automaton import automaton
from pico_lang.lexer import BROKEN, WORD, Token, lex
from pico_lang.parser import states_before
from pico_lang.source import Source, Span
from pico_lang.tables import END


class Role(Enum):
    """What a name would be at a place."""

    VALUE = auto()
    """Part of an expression."""
    ACTION = auto()
    ASSIGNED = auto()
    """The domain of what a postlude assigns or clears."""
    EVENT_DOMAIN = auto()
    EVENT_TYPE = auto()
    """The two words of an event in `select when`."""
    RAISED = auto()
    """The domain of a `raise` or `schedule`."""
    EXPORTED = auto()
    """In the list of a `shares` or `provides`."""
    OTHER = auto()
    """Something new, or a name of no kind that anything is known of."""
    UNKNOWN = auto()
    """A mistake further up keeps us from knowing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is writing."""

    word: Span
    """The word begun there; empty if there is none yet."""
    tokens: Sequence[Token]
    """All of the text."""
    before: Sequence[Token]
    """Those in front of that word."""
    expected: Set[str]
    """The kinds of token that could stand there."""
    role: Role

    def is_behind(self, *kinds: str) -> bool:
        """Whether the last tokens in front are of these kinds."""
        return tuple(token.kind for token in self.before[-len(kinds) :]) == kinds


def place_at(source: Source, offset: int) -> Place | None:
    """The place at an offset; None where no code can stand: in comments, strings and the like."""
    lexed = lex(source)
    if any(_holds(comment, offset) for comment in lexed.comments):
        return None
    index = next(index for index, token in enumerate(lexed.tokens) if _is_touched(token, offset))
    touched = lexed.tokens[index]
    before = lexed.tokens[:index]
    if not _takes_words(touched, before, offset):
        return None
    word = touched.span if touched.kind == WORD and touched.start <= offset else Span(offset, offset)
    return Place(word, lexed.tokens, before, *_outlook(source, word, before))


def _is_touched(token: Token, offset: int) -> bool:
    """Whether a token is written at an offset or, being a word, could be written on there."""
    return token.end > offset or token.kind == END or (token.kind == WORD and token.end == offset)


def _holds(comment: Token, offset: int) -> bool:
    """A line comment goes on at its end, a block comment does not."""
    return comment.start < offset < comment.end + comment.text.startswith("//")


def _takes_words(touched: Token, before: Sequence[Token], offset: int) -> bool:
    if touched.kind == "TEXT" or (touched.kind != WORD and touched.start < offset):
        return False
    last = before[-1] if before else None
    return last is None or not (last.kind == BROKEN or (last.kind in _CLOSED and last.end == offset))


_CLOSED = frozenset({"INTEGER", "NUMBER", "STRING", "REGEXP", "TEXT"})
"""Nobody who stands right behind one of these begins a word."""


def _outlook(source: Source, word: Span, before: Sequence[Token]) -> tuple[Set[str], Role]:
    """What could come, and what a name there would be."""
    # The word is taken as a name, and nothing behind it counts: it may not fit yet.
    tokens = [*before, Token(WORD, "_", word.start, word.end), Token(END, "", word.end, word.end)]
    expected = _expected(source, tokens, len(before))
    if expected is None:
        return frozenset(), Role.UNKNOWN
    behind = _expected(source, tokens, len(before) + 1) if "ID" in expected else None
    return expected, _role(expected, behind or frozenset(), before)


def _expected(source: Source, tokens: list[Token], index: int) -> frozenset[str] | None:
    states = states_before(source, tokens, index)
    return None if states is None else automaton().expected(states)


def _role(expected: Set[str], behind: Set[str], before: Sequence[Token]) -> Role:
    if "STRING" in expected and "ID" in expected:
        return Role.VALUE
    if "return" in expected and "ID" in expected:
        return Role.EVENT_DOMAIN if ":" in behind else Role.EVENT_TYPE
    if "(" in behind:
        return Role.ACTION
    if "event" in behind:
        return Role.RAISED
    if behind == {":"}:
        return Role.ASSIGNED
    if _is_in_exports(before):
        return Role.EXPORTED
    return Role.OTHER


def _is_in_exports(before: Sequence[Token]) -> bool:
    """Whether a list of names leads back to the word that begins it."""
    last = len(before) - 1
    while last > 1 and before[last].kind == "," and before[last - 1].kind == WORD:
        last -= 2
    return last >= 0 and before[last].text in ("share", "shares", "provide", "provides")
