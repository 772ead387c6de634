"""Numbers as JavaScript writes and reads them, and its 32-bit integers.

The language has one number type, the IEEE double. Printing follows ECMAScript 2023 section 6.1.6.1.20
(shortest digits that read back as the same number), reading follows 7.1.4.1. Nothing here knows
values other than `float` and `str`.
"""

from __future__ import annotations

import math
import re

JS_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""White space and line ends as JavaScript's `trim` and `\\s` see them."""

_EXACT = 2.0**53
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = {"0x": 16, "0o": 8, "0b": 2}
_DIGITS = {16: re.compile(r"[0-9A-Fa-f]+"), 8: re.compile(r"[0-7]+"), 2: re.compile(r"[01]+")}


def number_to_string(number: float) -> str:
    """A number as JavaScript prints it: `1.5`, `100`, `1e+21`, `1e-7`, never `-0`."""
    if abs(number) < _EXACT and number.is_integer():
        return str(int(number))
    if not math.isfinite(number):
        return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    sign = "-" if number < 0 else ""
    return sign + _lay_out(*_shortest_digits(abs(number)))


def _shortest_digits(number: float) -> tuple[str, int]:
    """Significant digits and the place of the decimal point, counted from their beginning."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)
    return digits.rstrip("0"), point


def _lay_out(digits: str, point: int) -> str:
    """Digits with point or exponent, wherever JavaScript wants which."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def parse_number(text: str) -> float | None:
    """The number a string spells: white space around it is ignored, nothing at all is 0.

    None when it spells none, or one too large: only finite numbers have a spelling.
    """
    text = text.strip(JS_SPACE)
    if not text:
        return 0.0
    radix = _RADIX.get(text[:2].lower())
    if radix is not None:
        return _parse_integer(text[2:], radix)
    return _finite(float(text)) if _DECIMAL.fullmatch(text) else None


def _parse_integer(digits: str, radix: int) -> float | None:
    if not _DIGITS[radix].fullmatch(digits):
        return None
    try:
        return float(int(digits, radix))
    except OverflowError:
        return None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def to_int32(number: float) -> int:
    """A number as JavaScript's bit operators see it: truncated, wrapped to signed 32 bits."""
    if not math.isfinite(number):
        return 0
    wrapped = int(number) & 0xFFFFFFFF
    return wrapped - 0x1_0000_0000 if wrapped & 0x8000_0000 else wrapped
