"""Sets of UTF-16 code units, and which units JavaScript takes for the same letter.

A set is a sorted tuple of inclusive ranges that do not touch. The translator of regular expressions
computes with sets instead of trusting two engines to read `[\\W\\d-x]` alike.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache

from pico_lang.numbers import JS_SPACE

Range = tuple[int, int]
Units = tuple[Range, ...]

LAST_UNIT = 0xFFFF


def union(ranges: Iterable[Range]) -> Units:
    """The set of everything in any of the ranges."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(units: Units) -> Units:
    """Every code unit that is not in the set."""
    gaps = []
    start = 0
    for low, high in units:
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    return (*gaps, (start, LAST_UNIT)) if start <= LAST_UNIT else tuple(gaps)


def of_text(characters: str) -> Units:
    """The set of the characters of a text."""
    return union((ord(char), ord(char)) for char in characters)


DIGITS: Units = ((0x30, 0x39),)
WORD: Units = union([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
SPACE = of_text(JS_SPACE)
LINE_ENDS = of_text("\n\r\u2028\u2029")

ESCAPES: dict[str, Units] = {
    "d": DIGITS,
    "D": complement(DIGITS),
    "w": WORD,
    "W": complement(WORD),
    "s": SPACE,
    "S": complement(SPACE),
}
"""What the class escapes stand for."""


@lru_cache(maxsize=1024)
def ignoring_case(units: Units) -> Units:
    """The set with every code unit added that JavaScript takes for the same letter as a member."""
    if not units or units[-1][1] < 0x80:
        return union([*units, *_other_ascii_case(units)])
    return union([*units, *_equivalents(units)])


def _other_ascii_case(units: Units) -> Iterable[Range]:
    for low, high in units:
        for first, distance in ((0x41, 32), (0x61, -32)):
            start, end = max(low, first), min(high, first + 25)
            if start <= end:
                yield start + distance, end + distance


def _equivalents(units: Units) -> Iterable[Range]:
    pairs = _pairs()
    for low, high in units:
        reachable = pairs[bisect_left(pairs, (low, 0)) : bisect_right(pairs, (high, LAST_UNIT))]
        yield from [(other, other) for _, other in reachable if not low <= other <= high]


@lru_cache(maxsize=1)
def _pairs() -> list[Range]:
    """Every code unit with every other one that JavaScript gives the same capital, in order."""
    groups: dict[int, list[int]] = {}
    for unit in [unit for unit in range(LAST_UNIT + 1) if chr(unit).upper() != chr(unit)]:
        capital = _capital(unit)
        if capital != unit:
            groups.setdefault(capital, [capital]).append(unit)
    return sorted((a, b) for group in groups.values() for a in group for b in group if a != b)


def _capital(unit: int) -> int:
    """ECMAScript 2023, 22.2.2.7.3 (Canonicalize, without flag u)."""
    capital = chr(unit).upper()
    if len(capital) != 1 or (unit >= 0x80 and ord(capital) < 0x80):
        return unit
    return ord(capital)
