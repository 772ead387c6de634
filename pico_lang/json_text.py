"""JSON text as JavaScript's `JSON` reads and writes it.

Numbers and strings are printed the JavaScript way, entries stand in the order of the map. What JSON has
no word for is written as the operator `encode` wants it: null for numbers that are not finite, the
string form for functions and regular expressions.
"""

from __future__ import annotations

import json
import math
import re
from json.encoder import encode_basestring
from typing import NoReturn

from pico_lang.coercion import to_string
from pico_lang.meter import LOOK_INSIDE, Meter
from pico_lang.numbers import number_to_string
from pico_lang.values import MAX_NESTING, Value, in_js_order, length_of_keys, too_deep

MAX_INDENT = 10
"""JavaScript indents by no more than this."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(meter: Meter, value: Value, indent: int = 0) -> str:
    """A value as JSON text, on one line or indented by so many spaces for each level."""
    writer = _Writer(meter, " " * min(indent, MAX_INDENT))
    writer.write(value, 0)
    return "".join(writer.parts)


class _Writer:
    """Collects the parts of one text and keeps its length within the budget."""

    def __init__(self, meter: Meter, indent: str) -> None:
        self.parts: list[str] = []
        self._meter = meter
        self._indent = indent
        self._colon = ": " if indent else ":"
        self._length = 0

    def _put(self, part: str) -> None:
        self._length += len(part)
        if self._length > self._meter.budget.string_length:
            self._meter.check_string(self._length)
        self.parts.append(part)

    def write(self, value: Value, depth: int) -> None:
        if depth > MAX_NESTING:
            raise too_deep()
        self._meter.charge(1)
        if value.__class__ is list:
            self._meter.charge(LOOK_INSIDE)
            self._write_members("[]", [("", item) for item in value], depth + 1)
        elif value.__class__ is dict:
            self._meter.charge(LOOK_INSIDE + (length_of_keys(value) >> 6))
            keys = [(_quoted(key) + self._colon, item) for key, item in value.items()]
            self._write_members("{}", keys, depth + 1)
        else:
            self._write_scalar(value)

    def _write_members(self, brackets: str, members: list[tuple[str, Value]], depth: int) -> None:
        self._put(brackets[0])
        for index, (label, item) in enumerate(members):
            self._put(("," if index else "") + self._line_break(depth) + label)
            self.write(item, depth)
        self._put((self._line_break(depth - 1) if members else "") + brackets[1])

    def _line_break(self, depth: int) -> str:
        return "\n" + self._indent * depth if self._indent else ""

    def _write_scalar(self, value: Value) -> None:
        if value is None or (value.__class__ is float and not math.isfinite(value)):
            self._put("null")
        elif value.__class__ is float:
            self._put(number_to_string(value))
        elif value.__class__ is bool:
            self._put("true" if value else "false")
        else:
            text = to_string(value)
            self._meter.check_string(len(text))
            self._put(_quoted(text))


def _quoted(text: str) -> str:
    """A string in quotes. A surrogate without partner is escaped, as well-formed JSON wants it."""
    quoted = encode_basestring(text)
    if quoted.isascii():
        return quoted
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


class NotJson(ValueError):
    """A text that is not JSON; says where it stops being so."""


def decode(meter: Meter, text: str) -> Value:
    """The value a JSON text spells, or `NotJson`."""
    meter.charge(len(text) >> 3)
    _check_nesting(text)
    try:
        return _decoder.decode(text)
    except ValueError as problem:
        raise NotJson(str(problem)) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decoder = json.JSONDecoder(
    parse_int=float, parse_float=float, parse_constant=_refuse, object_hook=in_js_order
)

# Strings are skipped; one that is not closed is skipped to the end. Possessive, hence linear.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?+|[\[{]|[\]}]', re.DOTALL)


def _check_nesting(text: str) -> None:
    """Refuse a text nested too deeply, before the reader runs into Python's own limit."""
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if depth > MAX_NESTING:
            raise too_deep()
