"""Where comments belong: each one to the thing in front of it or to the thing behind it.

A comment that ends a line belongs to the item whose line it is, if that is a declaration, a statement,
an entry of a list and the like. Every other comment belongs to what comes next: a node, or the bracket
that closes a block. Both survive formatting, so a formatted text is read the same way again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pico_lang.lexer import Token

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of a text by the places they belong to."""

    before: Mapping[int, Sequence[Token]]
    """By the offset of what comes next; those after everything are at the end of the text."""
    behind: Mapping[int, Sequence[Token]]
    """By the offset where the item ends that they follow on its line."""


def place_comments(
    text: str,
    tokens: Sequence[Token],
    comments: Iterable[Token],
    places: Sequence[int],
    item_ends: frozenset[int],
    moved: Mapping[int, int],
) -> Comments:
    """Give every comment its place: `places` (sorted) can have comments before them, items behind.

    A comment before a place that `moved` names goes where that says instead.
    """
    before: dict[int, list[Token]] = {}
    behind: dict[int, list[Token]] = {}
    starts = [token.start for token in tokens]
    for comment in comments:
        end = _end_of_item(text, tokens, bisect_left(starts, comment.start), comment)
        if end in item_ends:
            behind.setdefault(end, []).append(comment)
        else:
            next_place = bisect_left(places, comment.end)
            place = places[next_place] if next_place < len(places) else len(text)
            before.setdefault(moved.get(place, place), []).append(comment)
    return Comments(before, behind)


def _end_of_item(text: str, tokens: Sequence[Token], following: int, comment: Token) -> int:
    """Where the thing ends that the comment follows on its line; -1 if it does not end a line."""
    last = following - 1
    while last >= 0 and tokens[last].kind in (",", ";"):
        last -= 1
    if last < 0 or _LINE_END.search(text, tokens[last].end, comment.start):
        return -1
    return tokens[last].end if _ends_line(text, tokens, following, comment) else -1


def _ends_line(text: str, tokens: Sequence[Token], following: int, comment: Token) -> bool:
    next_start = tokens[following].start if following < len(tokens) else len(text)
    return next_start == len(text) or _LINE_END.search(text, comment.end, next_start) is not None


def line_ends(text: str, start: int, end: int) -> int:
    """How many lines end between two offsets."""
    return sum(1 for _ in _LINE_END.finditer(text, start, end))
