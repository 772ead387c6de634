"""The smallest parts of a regular expression: a place in its text, escapes, and classes of characters.

Grammar: ECMAScript 2023, 22.2.1 with annex B.1.2, without flag u. Everything read here is one code unit
or a set of them; what is built from such parts is in `pico_lang.regexp_syntax`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pico_lang import regexp_sets as sets
from pico_lang.regexp_sets import Units

_HEX = re.compile("x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")
_CONTROL = re.compile("c([A-Za-z])")
_CLASS_CONTROL = re.compile("c([A-Za-z0-9_])")
_OCTAL = re.compile("[0-3][0-7]{0,2}|[4-7][0-7]?")
_CONTROL_ESCAPES = {"f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_BACKSLASH, _BACKSPACE, _HYPHEN = 0x5C, 0x08, 0x2D


class SyntaxFault(Exception):
    """The text is not a regular expression; the message says why."""


@dataclass(slots=True)
class Cursor:
    """A place in the text of an expression."""

    source: str
    at: int = 0

    @property
    def at_end(self) -> bool:
        return self.at == len(self.source)

    def sees(self, *texts: str) -> bool:
        """Whether one of the texts stands here."""
        return self.source.startswith(texts, self.at)

    def take(self, text: str) -> bool:
        """Step over a text if it stands here."""
        found = self.sees(text)
        self.at += len(text) if found else 0
        return found

    def take_match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over what a pattern matches here, if it does."""
        match = pattern.match(self.source, self.at)
        self.at = match.end() if match else self.at
        return match

    def take_char(self) -> str:
        """Step over one character."""
        self.at += 1
        return self.source[self.at - 1]


def read_escape(cursor: Cursor, names: bool) -> Units:
    """What follows a backslash, in a class or outside, as the set it stands for.

    With `names`, some group of the expression has one, and `k` may only refer to it.
    """
    if cursor.at_end:
        raise SyntaxFault("a backslash at the end")
    if match := cursor.take_match(_HEX):
        return just(int(match[1] or match[2], 16))
    if match := cursor.take_match(_CONTROL):
        return just(ord(match[1]) % 32)
    if match := cursor.take_match(_OCTAL):
        return just(int(match[0], 8))
    if cursor.sees("c"):
        return just(_BACKSLASH)
    if names and cursor.sees("k"):
        raise SyntaxFault("\\k without the name of a group")
    char = cursor.take_char()
    return sets.ESCAPES.get(char) or just(_CONTROL_ESCAPES.get(char, ord(char)))


def just(unit: int) -> Units:
    """The set of one code unit."""
    return ((unit, unit),)


def read_class(cursor: Cursor, names: bool, ignoring_case: bool) -> Units:
    """The set that `[…]` stands for; the cursor is in front of the bracket."""
    cursor.take("[")
    negated = cursor.take("^")
    ranges: list[sets.Range] = []
    while not cursor.take("]"):
        ranges += _read_range(cursor, names)
    units = sets.union(ranges)
    if ignoring_case:
        units = sets.ignoring_case(units)
    return sets.complement(units) if negated else units


def _read_range(cursor: Cursor, names: bool) -> Units:
    """One member of a class: a character, an escape, or a range."""
    low = _read_member(cursor, names)
    if cursor.sees("-]") or not cursor.take("-"):
        return low
    high = _read_member(cursor, names)
    if _is_class(low) or _is_class(high):
        # With a class escape at one end there is no range, and the hyphen is a member.
        return (*low, *high, (_HYPHEN, _HYPHEN))
    if low > high:
        raise SyntaxFault("a range whose ends are out of order")
    return ((low[0][0], high[0][0]),)


def _is_class(units: Units) -> bool:
    return units != just(units[0][0])


def _read_member(cursor: Cursor, names: bool) -> Units:
    if cursor.at_end:
        raise SyntaxFault("a '[' without a ']'")
    char = cursor.take_char()
    if char != "\\":
        return just(ord(char))
    if cursor.take("b"):
        return just(_BACKSPACE)
    if match := cursor.take_match(_CLASS_CONTROL):
        return just(ord(match[1]) % 32)
    return read_escape(cursor, names)
