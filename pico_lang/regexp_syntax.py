"""The regular expressions of JavaScript, read and written down again for Python's `regex` module.

Grammar: ECMAScript 2023, 22.2.1 with annex B.1.2, without flag u, over UTF-16 code units. Every set of
characters is written out in full and no flag is handed on, so that nothing depends on how `regex`
reads `\\d`, `$` or `i`. Running the result is the business of `pico_lang.regexps`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from pico_lang import regexp_sets as sets
from pico_lang.regexp_sets import Units
from pico_lang.utf16 import units as to_units

MAX_WEIGHT = 20_000
"""How large an expression may be once its least numbers of repetitions are written out, which is what
compiling it costs: `a{2000000000}` alone would take all memory there is."""

MAX_GROUPS_DEEP = 50
"""Groups inside groups. Python's recursion limit would set a bound that depends on the caller."""

MAX_COUNT = 2**31 - 1
"""The largest number of repetitions that is not simply 'without end'."""


class SyntaxFault(Exception):
    """The text is not a regular expression; the message says why."""


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

    @property
    def captures(self) -> int:
        return len(self.loops)


def translate(source: str, flags: str) -> Translation:
    """Read an expression and write it for `regex`, or raise `SyntaxFault`."""
    return _Reader(to_units(source), flags).read()


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
# What is skipped on the way to the next capture: escapes, and classes, in which a ( is a letter.
_CAPTURES = re.compile(rf"\\.|\[(?:[^\]\\]|\\.)*+|\((?:\?<({_NAME})>|(?!\?))", re.DOTALL)
_DECIMAL = re.compile("[1-9][0-9]*")
_HEX = re.compile("x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")
_CONTROL = re.compile("c([A-Za-z])")
_CLASS_CONTROL = re.compile("c([A-Za-z0-9_])")
_OCTAL = re.compile("[0-3][0-7]{0,2}|[4-7][0-7]?")
_CONTROL_ESCAPES = {"f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
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
    """One reading of one expression; every `_read_…` begins at `at` and leaves it behind what it read."""

    source: str
    flags: str
    all_captures: int = 0
    all_names: dict[str, int] = field(default_factory=dict)
    at: int = 0
    depth: int = 0
    behind: int = 0
    """Lookbehinds around the place being read: inside them, text is matched from right to left."""
    open_captures: list[int] = field(default_factory=list)
    loops: list[tuple[Loop, ...]] = field(default_factory=list)
    loop_count: int = 0
    looking: set[int] = field(default_factory=set)
    """Captures inside a lookaround: what they hold may lie outside the round that took it."""

    def read(self) -> Translation:
        self._look_ahead()
        written = self._read_alternatives()
        if self.at < len(self.source):
            raise SyntaxFault("a ')' without a '('")
        return Translation(written.text, self.all_names, tuple(self.loops))

    def _look_ahead(self) -> None:
        r"""Count captures and collect names: `\3` and `\k` mean different things with and without."""
        for name in _capture_names(self.source):
            self.all_captures += 1
            if name is not None and name in self.all_names:
                raise SyntaxFault(f"two groups are called '{name}'")
            if name is not None:
                self.all_names[name] = self.all_captures

    def _take(self, text: str) -> bool:
        """Step over a text if it stands here."""
        found = self.source.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def _take_match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over what a pattern matches here, if it does."""
        match = pattern.match(self.source, self.at)
        self.at = match.end() if match else self.at
        return match

    # --- structure ---------------------------------------------------------------------------------

    def _read_alternatives(self) -> _Piece:
        pieces = [self._read_sequence()]
        while self._take("|"):
            pieces.append(self._read_sequence())
        return _joined("|", pieces)

    def _read_sequence(self) -> _Piece:
        pieces = []
        while self.at < len(self.source) and self.source[self.at] not in "|)":
            pieces.append(self._read_term())
        return _joined("", pieces)

    def _read_term(self) -> _Piece:
        for sign, plain, by_line in _ASSERTIONS:
            if self._take(sign):
                return _Piece(by_line if "m" in self.flags else plain, 4)
        if self.source.startswith(("(?<=", "(?<!"), self.at):
            return self._read_group()
        first = len(self.loops)
        atom = self._read_atom()
        return self._repeat(atom, first)

    def _repeat(self, atom: _Piece, first: int) -> _Piece:
        """An atom with the quantifier behind it; `first` is the first capture inside it."""
        counts = self._read_counts()
        if counts is None:
            return atom
        least, most, sign = counts
        text = atom.text
        if len(self.loops) > first and (least, most) != (1, 1):
            text = self._as_loop(text, least, first)
        weight = atom.weight * max(1, least)
        if weight > MAX_WEIGHT:
            raise SyntaxFault("too large")
        return _Piece(f"(?:{text}){sign}", weight)

    def _as_loop(self, text: str, least: int, first: int) -> str:
        self.loop_count += 1
        loop = Loop(f"l{self.loop_count}", least)
        for index in range(first, len(self.loops)):
            if index not in self.looking:
                self.loops[index] = (loop, *self.loops[index])
        return f"(?P<{loop.name}>{text})"

    def _read_counts(self) -> tuple[int, int | None, str] | None:
        """Least and most repetitions, None for without end, and the sign that says so."""
        if self.at < len(self.source) and (found := _SIGNS.get(self.source[self.at])):
            self.at += 1
            least, most = found
        elif match := self._take_match(_COUNTS):
            least, most = _counts_of(match)
        else:
            return None
        if most is not None and least > most:
            raise SyntaxFault("numbers of repetitions out of order")
        sign = f"{{{least},{'' if most is None else most}}}"
        return least, most, sign + ("?" if self._take("?") else "")

    # --- atoms -------------------------------------------------------------------------------------

    def _read_atom(self) -> _Piece:
        char = self.source[self.at]
        if char == "(":
            return self._read_group()
        if char == "[":
            return self._read_class()
        if char in "*+?" or _COUNTS.match(self.source, self.at):
            raise SyntaxFault("nothing to repeat")
        self.at += 1
        if char == ".":
            return _Piece(_NOT_LINE_END)
        return self._read_escape() if char == "\\" else self._literal(ord(char))

    def _literal(self, unit: int) -> _Piece:
        return self._set(((unit, unit),))

    def _set(self, units: Units) -> _Piece:
        return _Piece(_written(sets.ignoring_case(units) if "i" in self.flags else units))

    def _read_group(self) -> _Piece:
        self.depth += 1
        if self.depth > MAX_GROUPS_DEEP:
            raise SyntaxFault(f"more than {MAX_GROUPS_DEEP} groups inside each other")
        written = self._read_opened_group()
        if not self._take(")"):
            raise SyntaxFault("a '(' without a ')'")
        self.depth -= 1
        return _Piece(written.text + ")", written.weight + 1)

    def _read_opened_group(self) -> _Piece:
        for opening in _LOOKAROUNDS:
            if self._take(opening):
                return self._read_lookaround(opening)
        if self._take("(?:"):
            return _prefixed("(?:", self._read_alternatives())
        if self._take_match(_CAPTURE_OPENING):
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

    # --- escapes -----------------------------------------------------------------------------------

    def _read_escape(self) -> _Piece:
        """What follows a backslash outside a class."""
        if match := self._take_match(_DECIMAL):
            if int(match[0]) <= self.all_captures:
                return self._back_reference(int(match[0]))
            self.at = match.start()
        if self.all_names and self._take("k"):
            return self._read_named_reference()
        found = self._read_character_escape()
        return self._set(found) if isinstance(found, tuple) else self._literal(found)

    def _read_named_reference(self) -> _Piece:
        match = self._take_match(_REFERENCE)
        if match is None or match[1] not in self.all_names:
            raise SyntaxFault("\\k without the name of a group")
        return self._back_reference(self.all_names[match[1]])

    def _back_reference(self, number: int) -> _Piece:
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

    def _read_character_escape(self) -> Units | int:
        """The set or the unit that an escape stands for, in a class or outside."""
        if self.at == len(self.source):
            raise SyntaxFault("a backslash at the end")
        if match := self._take_match(_HEX):
            return int(match[1] or match[2], 16)
        if match := self._take_match(_CONTROL):
            return ord(match[1]) % 32
        if match := self._take_match(_OCTAL):
            return int(match[0], 8)
        char = self.source[self.at]
        if char == "c":
            return 0x5C
        if char == "k" and self.all_names:
            raise SyntaxFault("\\k without the name of a group")
        self.at += 1
        return sets.ESCAPES.get(char) or _CONTROL_ESCAPES.get(char) or ord(char)

    # --- classes -----------------------------------------------------------------------------------

    def _read_class(self) -> _Piece:
        self.at += 1
        negated = self._take("^")
        ranges: list[sets.Range] = []
        while not self._take("]"):
            ranges += self._read_class_range()
        units = sets.union(ranges)
        if "i" in self.flags:
            units = sets.ignoring_case(units)
        return _Piece(_written(sets.complement(units) if negated else units))

    def _read_class_range(self) -> Units:
        low = self._read_class_atom()
        if not self.source.startswith("-", self.at) or self.source.startswith("-]", self.at):
            return _as_set(low)
        self.at += 1
        high = self._read_class_atom()
        if isinstance(low, tuple) or isinstance(high, tuple):
            return (*_as_set(low), *_as_set(high), (0x2D, 0x2D))
        if low > high:
            raise SyntaxFault("a range whose ends are out of order")
        return ((low, high),)

    def _read_class_atom(self) -> Units | int:
        if self.at == len(self.source):
            raise SyntaxFault("a '[' without a ']'")
        char = self.source[self.at]
        self.at += 1
        if char != "\\":
            return ord(char)
        if self._take("b"):
            return 0x08
        if match := self._take_match(_CLASS_CONTROL):
            return ord(match[1]) % 32
        return self._read_character_escape()


def _joined(sign: str, pieces: list[_Piece]) -> _Piece:
    weight = sum(piece.weight for piece in pieces)
    if weight > MAX_WEIGHT:
        raise SyntaxFault("too large")
    return _Piece(sign.join(piece.text for piece in pieces), weight)


def _prefixed(opening: str, piece: _Piece) -> _Piece:
    return _Piece(opening + piece.text, piece.weight)


def _as_set(found: Units | int) -> Units:
    return found if isinstance(found, tuple) else ((found, found),)


def _counts_of(match: re.Match[str]) -> tuple[int, int | None]:
    """Least and most of `{2}`, `{2,}`, `{2,5}`."""
    least = min(int(match[1]), MAX_COUNT)
    if match[2] is None:
        return least, least
    return least, min(int(match[3]), MAX_COUNT) if match[3] else None


def _capture_names(source: str) -> Iterator[str | None]:
    """One name, or None, for every capturing group of an expression, in order."""
    for match in _CAPTURES.finditer(source):
        if match[0].startswith("("):
            yield match[1]


def _written(units: Units) -> str:
    """A set in the words of `regex`."""
    if not units:
        return "(?!)"
    if len(units) == 1 and units[0][0] == units[0][1]:
        return _unit(units[0][0])
    return "[" + "".join(f"{_unit(low)}-{_unit(high)}" for low, high in units) + "]"


def _unit(unit: int) -> str:
    char = chr(unit)
    return char if char.isascii() and char.isalnum() else f"\\u{unit:04x}"


# --- how JavaScript prints an expression -----------------------------------------------------------

_LINE_END_ESCAPES = {"\n": "\\n", "\r": "\\r", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_UNPRINTED = re.compile(r"\\?[\n\r\u2028\u2029]|\\.|\[(?:[^\]\\]|\\.)*+\]?|/", re.DOTALL)


@lru_cache(maxsize=1024)
def printed_source(source: str) -> str:
    """The source as JavaScript prints it: `/` and line ends escaped, `(?:)` for nothing at all."""
    return _UNPRINTED.sub(_print_part, source) if source else "(?:)"


def _print_part(match: re.Match[str]) -> str:
    part = match[0]
    if part == "/":
        return "\\/"
    for char, escape in _LINE_END_ESCAPES.items():
        part = part.replace("\\" + char, char).replace(char, escape)
    return part
