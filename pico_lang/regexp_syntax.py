"""The regular expressions of JavaScript, read and written down again for Python's `regex` module.

Grammar: ECMAScript 2023, 22.2.1 with annex B.1.2, without flag u, over UTF-16 code units. Every set of
characters is written out in full and no flag is handed on, so that nothing depends on how `regex`
reads `\\d`, `$` or `i`. Running the result is the business of `pico_lang.regexps`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pico_lang import regexp_sets as sets
from pico_lang.regexp_characters import Cursor, SyntaxFault, just, read_class, read_escape
from pico_lang.regexp_sets import Units
from pico_lang.utf16 import units as to_units

MAX_WEIGHT = 20_000
"""How large an expression may be once its least numbers of repetitions are written out, which is what
compiling it costs: `a{2000000000}` alone would take all memory there is."""

MAX_GROUPS_DEEP = 50
"""Groups inside groups. Python's recursion limit would set a bound that depends on the caller."""

MAX_COUNT = 2**31 - 1
"""The largest number of repetitions that is not simply 'without end'."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A repeated group with captures in it, written as a capture of its own called `name`.

    JavaScript forgets the captures of earlier rounds and makes no empty round that it need not make;
    `regex` does neither. From the rounds recorded under `name` one can tell afterwards what is to be
    forgotten. One difference remains: JavaScript goes back to look for a round that is not empty, so
    `(a??)+` takes all of `aa` there and nothing here.
    """

    name: str
    least: int


@dataclass(frozen=True, slots=True)
class Translation:
    """A regular expression in the words of `regex`; capture n is the group called `g<n>`."""

    pattern: str
    names: dict[str, int]
    loops: tuple[tuple[Loop, ...], ...]
    """For each capture, the repeated groups around it, outermost first."""


def translate(source: str, flags: str) -> Translation:
    """Read an expression and write it for `regex`, or raise `SyntaxFault`."""
    cursor = Cursor(to_units(source))
    captures, names = _named_captures(cursor.source)
    return _Reader(cursor, flags, names, captures).read_all()


@dataclass(slots=True)
class _Piece:
    """A part already written, with what compiling it costs."""

    text: str
    weight: int = 1


_COUNTS = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_NAME = "[A-Za-z_$][A-Za-z0-9_$]*"
_CAPTURE_OPENING = re.compile(rf"\((?:\?<{_NAME}>|(?!\?))")
_REFERENCE = re.compile(f"<({_NAME})>")
_NUMBER = re.compile("[1-9][0-9]*")
# What is skipped on the way to the next capture: escapes, and classes, in which a ( is a letter.
_CAPTURES = re.compile(rf"\\.|\[(?:[^\]\\]|\\.)*+|\((?:\?<({_NAME})>|(?!\?))", re.DOTALL)
_LOOKAROUNDS = ("(?=", "(?!", "(?<=", "(?<!")

_NOT_LINE_END = r"[^\n\r\u2028\u2029]"
_BOUNDARY = "(?:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))"
_NO_BOUNDARY = "(?:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))"
_ASSERTIONS = (
    ("^", r"\A", f"(?<!{_NOT_LINE_END})"),
    ("$", r"\Z", f"(?!{_NOT_LINE_END})"),
    (r"\b", _BOUNDARY, _BOUNDARY),
    (r"\B", _NO_BOUNDARY, _NO_BOUNDARY),
)
"""What it is in JavaScript, what it is for us, and what with flag m."""


@dataclass(slots=True)
class _Reader:
    """One reading of one expression: a cursor, and what has been read so far."""

    cursor: Cursor
    flags: str
    names: dict[str, int]
    all_captures: int
    depth: int = 0
    behind: int = 0
    """Lookbehinds around the place being read: inside them, text is matched from right to left."""
    open_captures: list[int] = field(default_factory=list)
    loops: list[tuple[Loop, ...]] = field(default_factory=list)
    loop_count: int = 0
    looking: set[int] = field(default_factory=set)
    """Captures inside a lookaround: what they hold may lie outside the round that took it."""

    def read_all(self) -> Translation:
        written = self._read_alternatives()
        if not self.cursor.at_end:
            raise SyntaxFault("a ')' without a '('")
        return Translation(written.text, self.names, tuple(self.loops))

    def _read_alternatives(self) -> _Piece:
        pieces = [self._read_sequence()]
        while self.cursor.take("|"):
            pieces.append(self._read_sequence())
        return _joined("|", pieces)

    def _read_sequence(self) -> _Piece:
        pieces = []
        while not (self.cursor.at_end or self.cursor.sees("|", ")")):
            pieces.append(self._read_term())
        return _joined("", pieces)

    def _read_term(self) -> _Piece:
        for sign, plain, by_line in _ASSERTIONS:
            if self.cursor.take(sign):
                return _Piece(by_line if "m" in self.flags else plain, 4)
        if self.cursor.sees("(?<=", "(?<!"):
            return self._read_group()
        first = len(self.loops)
        atom = self._read_atom()
        counts = _read_counts(self.cursor)
        return atom if counts is None else self._repeat(atom, counts, first)

    def _repeat(self, atom: _Piece, counts: _Counts, first: int) -> _Piece:
        """An atom with a quantifier; `first` is the number of the first capture inside it."""
        text = atom.text
        if len(self.loops) > first and (counts.least, counts.most) != (1, 1):
            text = self._as_loop(text, counts.least, first)
        return _weighed(f"(?:{text}){counts.sign}", atom.weight * max(1, counts.least))

    def _as_loop(self, text: str, least: int, first: int) -> str:
        self.loop_count += 1
        loop = Loop(f"l{self.loop_count}", least)
        for index in range(first, len(self.loops)):
            if index not in self.looking:
                self.loops[index] = (loop, *self.loops[index])
        return f"(?P<{loop.name}>{text})"

    def _read_atom(self) -> _Piece:
        if self.cursor.sees("("):
            return self._read_group()
        if self.cursor.sees("["):
            units = read_class(self.cursor, bool(self.names), "i" in self.flags)
            return _Piece(_written(units))
        if _read_counts(self.cursor) is not None:
            raise SyntaxFault("nothing to repeat")
        char = self.cursor.take_char()
        if char == ".":
            return _Piece(_NOT_LINE_END)
        return self._read_escape() if char == "\\" else self._set(just(ord(char)))

    def _set(self, units: Units) -> _Piece:
        return _Piece(_written(sets.ignoring_case(units) if "i" in self.flags else units))

    # --- groups ------------------------------------------------------------------------------------

    def _read_group(self) -> _Piece:
        self.depth += 1
        if self.depth > MAX_GROUPS_DEEP:
            raise SyntaxFault(f"more than {MAX_GROUPS_DEEP} groups inside each other")
        written = self._read_opened_group()
        if not self.cursor.take(")"):
            raise SyntaxFault("a '(' without a ')'")
        self.depth -= 1
        return _Piece(written.text + ")", written.weight + 1)

    def _read_opened_group(self) -> _Piece:
        for opening in _LOOKAROUNDS:
            if self.cursor.take(opening):
                return self._read_lookaround(opening)
        if self.cursor.take("(?:"):
            return _prefixed("(?:", self._read_alternatives())
        if self.cursor.take_match(_CAPTURE_OPENING):
            return self._read_capture()
        raise SyntaxFault("a group that begins in an unknown way")

    def _read_lookaround(self, opening: str) -> _Piece:
        first = len(self.loops)
        self.behind += opening.startswith("(?<")
        written = self._read_alternatives()
        self.behind -= opening.startswith("(?<")
        self.looking.update(range(first, len(self.loops)))
        return _prefixed(opening, written)

    def _read_capture(self) -> _Piece:
        self.loops.append(())
        number = len(self.loops)
        self.open_captures.append(number)
        written = self._read_alternatives()
        self.open_captures.pop()
        return _prefixed(f"(?P<g{number}>", written)

    # --- escapes outside classes -------------------------------------------------------------------

    def _read_escape(self) -> _Piece:
        number = self._read_group_number()
        if number is not None:
            return self._refer_to(number)
        if self.names and self.cursor.take("k"):
            return self._refer_to(self._read_group_name())
        return self._set(read_escape(self.cursor, bool(self.names)))

    def _read_group_number(self) -> int | None:
        """A number that some group has; others are octal codes or digits behind a backslash."""
        match = _NUMBER.match(self.cursor.source, self.cursor.at)
        if match is None or _count(match[0]) > self.all_captures:
            return None
        self.cursor.at = match.end()
        return int(match[0])

    def _read_group_name(self) -> int:
        match = self.cursor.take_match(_REFERENCE)
        if match is None or match[1] not in self.names:
            raise SyntaxFault("\\k without the name of a group")
        return self.names[match[1]]

    def _refer_to(self, number: int) -> _Piece:
        """A reference to a group that took no part matches nothing, where `regex` would fail.

        A group refers to itself, or forward, always before it took part, except in a lookbehind, which
        is matched from its end.
        """
        ahead = number > len(self.loops) and not self.behind
        if ahead or number in self.open_captures:
            return _Piece("(?:)")
        reference = f"(?P=g{number})"
        if "i" in self.flags:
            reference = f"(?i:{reference})"
        return _Piece(f"(?(g{number}){reference})", 2)


# --- quantifiers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Counts:
    """How often something is repeated; `most` is None for without end."""

    least: int
    most: int | None
    sign: str


def _read_counts(cursor: Cursor) -> _Counts | None:
    """The quantifier that stands here, if one does."""
    if match := cursor.take_match(_COUNTS):
        least, most = _bounds(match)
    elif not cursor.at_end and cursor.sees(*_SIGNS):
        least, most = _SIGNS[cursor.take_char()]
    else:
        return None
    if most is not None and least > most:
        raise SyntaxFault("numbers of repetitions out of order")
    sign = f"{{{least},{'' if most is None else most}}}"
    return _Counts(least, most, sign + ("?" if cursor.take("?") else ""))


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    """Least and most of `{2}`, `{2,}`, `{2,5}`."""
    least = _count(match[1])
    if match[2] is None:
        return least, least
    return least, _count(match[3]) if match[3] else None


def _count(digits: str) -> int:
    """A number, or `MAX_COUNT` for all above it; Python refuses to read very many digits."""
    digits = digits.lstrip("0")
    return MAX_COUNT if len(digits) > 10 else min(int(digits or "0"), MAX_COUNT)


# --- looking ahead, and writing down ---------------------------------------------------------------


def _named_captures(source: str) -> tuple[int, dict[str, int]]:
    """How many captures there will be, and their numbers by name: `\\3` and `\\k` depend on it."""
    names: dict[str, int] = {}
    captures = [match for match in _CAPTURES.finditer(source) if match[0].startswith("(")]
    for number, match in enumerate(captures, start=1):
        name = match[1]
        if name in names:
            raise SyntaxFault(f"two groups are called '{name}'")
        if name is not None:
            names[name] = number
    return len(captures), names


def _weighed(text: str, weight: int) -> _Piece:
    if weight > MAX_WEIGHT:
        raise SyntaxFault("too large")
    return _Piece(text, weight)


def _joined(sign: str, pieces: list[_Piece]) -> _Piece:
    return _weighed(sign.join(piece.text for piece in pieces), sum(piece.weight for piece in pieces))


def _prefixed(opening: str, piece: _Piece) -> _Piece:
    return _Piece(opening + piece.text, piece.weight)


def _written(units: Units) -> str:
    """A set in the words of `regex`."""
    if not units:
        return "(?!)"
    if units == just(units[0][0]):
        return _unit(units[0][0])
    return "[" + "".join(f"{_unit(low)}-{_unit(high)}" for low, high in units) + "]"


def _unit(unit: int) -> str:
    char = chr(unit)
    return char if char.isascii() and char.isalnum() else f"\\u{unit:04x}"
