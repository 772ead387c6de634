"""One spelling for a JSON value, to be hashed and signed: JCS, the JSON Canonicalization Scheme (RFC 8785).

The value is one that JSON can hold and every reader holds alike: a number that would be read as another one
is refused rather than rounded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

LARGEST_INTEGER = 2**53 - 1
"""All numbers are IEEE doubles (RFC 8785, 3.2.2.3); integers beyond it are not told apart by every reader."""

_TEXT = json.JSONEncoder(ensure_ascii=False)


class NotCanonical(ValueError):
    """A value without a canonical form. The message says what in it has none."""


def to_canonical_json(value: object) -> bytes:
    try:
        return "".join(_write(value)).encode()
    except UnicodeEncodeError:
        raise NotCanonical("half a surrogate pair is no character") from None
    except RecursionError:
        raise NotCanonical("nested too deeply") from None


def _write(value: object) -> Iterator[str]:
    match value:
        case None | True | False:
            yield {None: "null", True: "true", False: "false"}[value]
        case str():
            yield _TEXT.encode(value)
        case int():
            yield _write_integer(value)
        case float():
            yield _write_float(value)
        case Mapping():
            yield from _write_object(value)
        case list() | tuple():
            yield "["
            for place, one in enumerate(value):
                yield "," if place else ""
                yield from _write(one)
            yield "]"
        case _:
            raise NotCanonical(f"JSON has no {type(value).__name__}")


def _write_object(value: Mapping[Any, Any]) -> Iterator[str]:
    if not all(isinstance(name, str) for name in value):
        raise NotCanonical("names in JSON are texts")
    yield "{"
    for place, name in enumerate(sorted(value, key=_utf16)):
        yield "," if place else ""
        yield f"{_TEXT.encode(name)}:"
        yield from _write(value[name])
    yield "}"


def _utf16(name: str) -> bytes:
    """Names are sorted by UTF-16 code units (3.2.3), which differs from code points past U+FFFF."""
    return name.encode("utf-16-be", "surrogatepass")


def _write_integer(number: int) -> str:
    if abs(number) > LARGEST_INTEGER:
        bits = number.bit_length()
        raise NotCanonical(f"an integer of {bits} bits is one that not every reader of JSON can hold")
    return str(number)


def _write_float(number: float) -> str:
    """As ECMAScript writes numbers (7.1.12.1): Python has the same digits and places the point otherwise."""
    if not math.isfinite(number):
        raise NotCanonical(f"{number} is no number of JSON")
    if number == 0:
        return "0"  # also the negative one
    sign = "-" if number < 0 else ""
    digits, exponent = _digits(abs(number))
    return sign + _place_point(digits, exponent)


def _digits(number: float) -> tuple[str, int]:
    """The shortest digits that are this number, and the power of ten: it is 0.digits × 10ⁿ."""
    mantissa, _, power = f"{number!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole.lstrip("0")) or -(len(fraction) - len(fraction.lstrip("0")))
    return digits.rstrip("0"), leading + int(power or 0)


def _place_point(digits: str, exponent: int) -> str:
    if len(digits) <= exponent <= 21:
        return digits + "0" * (exponent - len(digits))
    if 0 < exponent <= 21:
        return f"{digits[:exponent]}.{digits[exponent:]}"
    if -6 < exponent <= 0:
        return f"0.{'0' * -exponent}{digits}"
    power = exponent - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"
