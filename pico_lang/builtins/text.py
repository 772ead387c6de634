"""Operators on strings. Whatever they are called on is converted to a string first.

Positions count UTF-16 code units, as in JavaScript; a result is put together again from its units.
"""

from __future__ import annotations

from pico_lang import regexps, utf16
from pico_lang.builtins.arguments import MISSING
from pico_lang.coercion import clamp, number_of, to_string
from pico_lang.numbers import JS_SPACE
from pico_lang.runtime import Runtime
from pico_lang.values import RegExp, Value


def _text(rt: Runtime, val: Value) -> str:
    """The string form, paid for as if it were made anew: it is about to be."""
    text = to_string(val)
    rt.meter.check_string(len(text))
    return text


def _units(rt: Runtime, val: Value) -> str:
    return utf16.units(_text(rt, val))


def capitalize(rt: Runtime, val: Value = None) -> str:
    """`capitalize`: the first letter as a capital; one that takes two code units stays as it is."""
    text = _text(rt, val)
    return text[:1].upper() + text[1:] if text[:1] <= "\uffff" else text


def lc(rt: Runtime, val: Value = None) -> str:
    """`lc`: in lower case."""
    return _text(rt, val).lower()


def uc(rt: Runtime, val: Value = None) -> str:
    """`uc`: in upper case."""
    return _text(rt, val).upper()


def trim(rt: Runtime, val: Value = None) -> str:
    """`trim`: without white space at either end."""
    return _text(rt, val).strip(JS_SPACE)


def trim_leading(rt: Runtime, val: Value = None) -> str:
    """`trimLeading`: without white space at the beginning."""
    return _text(rt, val).lstrip(JS_SPACE)


def trim_trailing(rt: Runtime, val: Value = None) -> str:
    """`trimTrailing`: without white space at the end."""
    return _text(rt, val).rstrip(JS_SPACE)


def ord_(rt: Runtime, val: Value = None) -> float | None:
    """`ord`: the code of the first code unit."""
    first = utf16.units(to_string(val)[:1])
    return float(ord(first[0])) if first else None


def starts_with(rt: Runtime, val: Value = None, target: Value = None) -> bool:
    """`startsWith`: whether a string begins with another."""
    return _units(rt, val).startswith(_units(rt, target))


def ends_with(rt: Runtime, val: Value = None, target: Value = None) -> bool:
    """`endsWith`: whether a string ends with another."""
    return _units(rt, val).endswith(_units(rt, target))


def contains(rt: Runtime, val: Value = None, target: Value = None) -> bool:
    """`contains`: whether a string has another in it."""
    return _units(rt, target) in _units(rt, val)


def substr(rt: Runtime, val: Value = None, start: Value = MISSING, len: Value = None) -> str:
    """`substr`: from a position on; at most `len` units, or if that is not above 0, all but so many."""
    text = _text(rt, val)
    first = None if start is MISSING else number_of(rt.meter, start)
    return text if first is None else _substring(utf16.units(text), first, number_of(rt.meter, len) or 0.0)


def _substring(units: str, first: float, length: float) -> str:
    if first > len(units):
        return ""
    end = first + length if length > 0 else len(units) + length
    return utf16.whole(_between(units, first, end))


def _between(units: str, one: float, other: float) -> str:
    """What lies between two positions, whichever comes first; those beyond an end are at that end."""
    low, high = sorted(max(0, clamp(position)) for position in (one, other))
    return units[low:high]


def split(rt: Runtime, val: Value = None, splitOn: Value = None) -> list[Value]:
    """`split`: cut at a separator, a string or regular expression (whose captures are put in between)."""
    units = _units(rt, val)
    by_regexp = splitOn.__class__ is RegExp
    parts = _split_by_regexp(rt, units, splitOn) if by_regexp else _split_by_text(rt, units, splitOn)
    return [part and utf16.whole(part) for part in parts]


def _split_by_text(rt: Runtime, units: str, splitOn: Value) -> list[str | None]:
    separator = _units(rt, splitOn)
    rt.meter.check_collection(units.count(separator))
    return [*units.split(separator)] if separator else [*units]


def _split_by_regexp(rt: Runtime, units: str, separator: RegExp) -> list[str | None]:
    if not units:
        return [] if regexps.search(rt.meter, separator, units) else [""]
    parts: list[str | None] = []
    at = 0
    for found in regexps.separators(rt.meter, separator, units):
        rt.meter.check_collection(1 + len(found.captures))
        parts += [units[at : found.start], *found.captures]
        at = found.end
    return [*parts, units[at:]]
