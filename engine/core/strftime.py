"""Times as text after a pattern: `%Y-%m-%d` and its many relatives, in English and in UTC.

The conversions are those of the strftime that rulesets have always been given, which are C's with a
few of Ruby's: a `-`, `_` or `0` after the percent sign pads with nothing, spaces or zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.core.calendar import Fields, fields

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_SHORTHANDS: Mapping[str, str] = {
    "c": "%a %d %b %Y %X %Z",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "v": "%e-%b-%Y",
    "X": "%r",
    "x": "%D",
}

_NUMBERS: Mapping[str, tuple[Callable[[Fields], int], str]] = {
    "C": (lambda at: at.year // 100, "0"),
    "d": (lambda at: at.day, "0"),
    "e": (lambda at: at.day, " "),
    "H": (lambda at: at.hour, "0"),
    "I": (lambda at: _hour_of_twelve(at), "0"),
    "k": (lambda at: at.hour, " "),
    "l": (lambda at: _hour_of_twelve(at), " "),
    "M": (lambda at: at.minute, "0"),
    "m": (lambda at: at.month, "0"),
    "S": (lambda at: at.second, "0"),
    "U": (lambda at: _week_of_year(at, at.weekday), "0"),
    "W": (lambda at: _week_of_year(at, (at.weekday - 1) % 7), "0"),
    "y": (lambda at: at.year % 100, "0"),
}
"""Numbers of two digits, with what fills the first when there is only one."""

_TEXTS: Mapping[str, Callable[[Fields], str]] = {
    "%": lambda at: "%",
    "n": lambda at: "\n",
    "t": lambda at: "\t",
    "A": lambda at: DAYS[at.weekday],
    "a": lambda at: DAYS[at.weekday][:3],
    "B": lambda at: MONTHS[at.month - 1],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "h": lambda at: MONTHS[at.month - 1][:3],
    "j": lambda at: f"{at.day_of_year:03}",
    "L": lambda at: f"{at.millisecond:03}",
    "o": lambda at: f"{at.day}{_ordinal_suffix(at.day)}",
    "P": lambda at: "am" if at.hour < 12 else "pm",
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "u": lambda at: str(at.weekday or 7),
    "w": lambda at: str(at.weekday),
    "Y": lambda at: str(at.year),
    "Z": lambda at: "UTC",
}

_PADDING = {"-": "", "_": " ", "0": "0"}
_CONVERSION = re.compile(r"%([-_0:]*)(.)", re.DOTALL)


def strftime(ms: int, pattern: str) -> str:
    """A time in the form of a pattern. An unknown conversion stays as it stands."""
    at = fields(ms)
    return _CONVERSION.sub(lambda found: _convert(ms, at, *found.groups()), pattern)


def _convert(ms: int, at: Fields, flags: str, letter: str) -> str:
    if letter in _NUMBERS:
        number, padding = _NUMBERS[letter]
        chosen = [_PADDING[flag] for flag in flags if flag in _PADDING]
        return _pad(number(at), chosen[-1] if chosen else padding)
    if letter in _SHORTHANDS:
        return strftime(ms, _SHORTHANDS[letter])
    if letter in _TEXTS:
        return _TEXTS[letter](at)
    if letter == "s":
        return str(ms // 1000)
    if letter == "z":
        return "+00:00" if ":" in flags else "+0000"
    return f"%{letter}"


def _pad(number: int, padding: str) -> str:
    return f"{padding}{number}" if 0 <= number < 10 else str(number)


def _hour_of_twelve(at: Fields) -> int:
    return at.hour % 12 or 12


def _week_of_year(at: Fields, day_of_week: int) -> int:
    """Weeks begun since the first day of the year that is day 0 of the week; before it, 0."""
    return (at.day_of_year - 1 + 7 - day_of_week) // 7


def _ordinal_suffix(day: int) -> str:
    if 11 <= day <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
