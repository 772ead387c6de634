"""The values of the language and how they look from Python.

| KRL | Python |
|---|---|
| Null | `None` (a NaN that arithmetic produced also counts as null: use `is_null`) |
| Boolean | `bool` |
| Number | `float`, always: KRL has one number type, the IEEE double, and so have we |
| String | `str` (a lone UTF-16 surrogate is allowed) |
| Array | `list`, never changed after it was made |
| Map | `dict` with `str` keys, never changed after it was made, in JavaScript's order |
| Function | a Python function whose positional parameters all have the default None |
| Action | `Action` |
| RegExp | `RegExp` |

Numbers that come from outside pass through `from_json`, numbers that leave through `to_json`; in
between an `int` never occurs. Map order: keys that look like array indices first, ascending, then
the others in order of insertion (ECMAScript 2023, 10.1.11.1); whoever builds a map keeps it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import LOOK_INSIDE, Meter

Value = Any
"""None | bool | float | str | list | dict | Function | Action | RegExp; not worth a recursive type."""

Function = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class RegExp:
    """A regular expression; `source` and `flags` (of g, i, m) as written, compared by both."""

    source: str
    flags: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """Something that acts when a rule names it in its action block.

    `run` takes the positional arguments, each defaulting to None, like a function's.
    """

    name: str
    run: Callable[..., Value]


# --- what a value is -------------------------------------------------------------------------------


def is_null(value: Value) -> bool:
    """Null, which a NaN counts as."""
    return value is None or (value.__class__ is float and bool(value != value))


def is_number(value: Value) -> bool:
    """A number; not the NaN that counts as null, and not a Boolean."""
    return value.__class__ is float and bool(value == value)


_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")

_TYPE_NAMES: dict[type, str] = {
    bool: "Boolean",
    float: "Number",
    list: "Array",
    dict: "Map",
    FunctionType: "Function",
    Action: "Action",
    RegExp: "RegExp",
}


def type_of(value: Value) -> str:
    """What the operator `typeof` answers. `Hex` is a string that looks like `0x1F`."""
    if is_null(value):
        return "Null"
    if value.__class__ is str:
        return "Hex" if _HEX.fullmatch(value) else "String"
    return _TYPE_NAMES[value.__class__]


# --- maps, whose order is JavaScript's -------------------------------------------------------------

_LARGEST_INDEX = 2**32 - 2
"""The largest array index (ECMAScript 2023, 6.1.7); longer digit strings are ordinary keys."""


def index_of_key(key: str) -> int | None:
    """The array index that a key spells, or None: no sign, no leading zero, below 2³²-1."""
    if len(key) > 10 or not (key.isascii() and key.isdigit()) or (key[0] == "0" and key != "0"):
        return None
    index = int(key)
    return index if index <= _LARGEST_INDEX else None


def in_js_order(entries: dict[str, Value]) -> dict[str, Value]:
    """The same map with index-like keys first, ascending; the same object if it already is so."""
    if not any(key[:1].isdigit() for key in entries):
        return entries
    indices = sorted(index for key in entries if (index := index_of_key(key)) is not None)
    front = [str(index) for index in indices]
    if all(a == b for a, b in zip(front, entries, strict=False)):
        return entries
    ordered = {key: entries[key] for key in front}
    ordered.update(entries)
    return ordered


def make_map(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """A map in JavaScript's order; of two entries with one key the later value counts."""
    return in_js_order(dict(pairs))


def with_entry(entries: Mapping[str, Value], key: str, value: Value) -> dict[str, Value]:
    """A copy of a map with one entry set. Most new keys belong at the end, where they come by itself."""
    written = {**entries, key: value}
    return written if key in entries or index_of_key(key) is None else in_js_order(written)


def without_entry(entries: Mapping[str, Value], key: str) -> dict[str, Value]:
    """A copy of a map without one entry."""
    return {name: value for name, value in entries.items() if name != key}


def length_of_keys(collection: Value) -> int:
    """Characters in all keys of a map, 0 for an array: whoever looks at each key pays for them."""
    return sum(map(len, collection)) if collection.__class__ is dict else 0


# --- to and from what is stored and sent -----------------------------------------------------------

MAX_NESTING = 256
"""Levels of arrays and maps in a value that is stored, sent, encoded or decoded. It is a fixed number
because the alternative, Python's own recursion limit, strikes at a depth that depends on the caller,
and a turn that is run again must end the same way."""


def too_deep() -> BudgetSpent:
    """What to raise when a value goes past `MAX_NESTING`."""
    return BudgetSpent("R703", f"arrays and maps nested more than {MAX_NESTING} levels deep")


def from_json(document: Any, depth: int = 0) -> Value:
    """A language value from what a JSON reader of Python makes."""
    if depth > MAX_NESTING:
        raise too_deep()
    if isinstance(document, dict):
        return make_map((str(key), from_json(item, depth + 1)) for key, item in document.items())
    if isinstance(document, (list, tuple)):
        return [from_json(item, depth + 1) for item in document]
    if isinstance(document, int) and not isinstance(document, bool):
        return _float_of(document)
    return document


def _float_of(integer: int) -> float:
    try:
        return float(integer)
    except OverflowError:
        return math.inf if integer > 0 else -math.inf


def to_stored(value: Value, meter: Meter | None = None) -> Value:
    """What is left of a value when it is stored or sent: what JSON can say, as a language value.

    Functions and actions vanish from maps and become null in arrays; on their own they are refused.
    A regular expression becomes `{}`; NaN and the infinities become null, -0 becomes 0. A part that
    does not change is not copied. The meter counts every entry as often as it will be written, since
    a value that holds one array many times over is small here and huge on paper.
    """
    if value.__class__ is FunctionType or value.__class__ is Action:
        raise TypeFault(f"a {type_of(value).lower()} cannot be stored or sent")
    return _stored(value, meter, 0)


def _stored(value: Value, meter: Meter | None, depth: int) -> Value:
    kind = value.__class__
    if kind is list or kind is dict:
        if depth > MAX_NESTING:
            raise too_deep()
        if meter is not None:
            meter.check_collection(len(value))
            meter.charge(LOOK_INSIDE + (length_of_keys(value) >> 6))
        return (_stored_array if kind is list else _stored_map)(value, meter, depth + 1)
    if kind is str and meter is not None:
        meter.check_string(len(value))
    if kind is float:
        return _stored_number(value)
    if kind is RegExp:
        return {}
    return None if kind is FunctionType or kind is Action else value


def _stored_number(number: float) -> float | None:
    if not math.isfinite(number):
        return None
    return 0.0 if number == 0 and math.copysign(1, number) < 0 else number


def _stored_array(items: list[Value], meter: Meter | None, depth: int) -> list[Value]:
    stored = [_stored(item, meter, depth) for item in items]
    return items if all(a is b for a, b in zip(stored, items, strict=True)) else stored


def _stored_map(entries: dict[str, Value], meter: Meter | None, depth: int) -> dict[str, Value]:
    stored = {
        key: _stored(item, meter, depth)
        for key, item in entries.items()
        if item.__class__ is not FunctionType and item.__class__ is not Action
    }
    unchanged = len(stored) == len(entries) and all(stored[key] is entries[key] for key in entries)
    return entries if unchanged else stored


_EXACT = 2.0**53


def to_json(value: Value) -> Any:
    """A value as Python's JSON writers want it: whole numbers as `int`, the rest as `to_stored` has it.

    A function on its own becomes null: that is what a query that returns one answers.
    """
    if value.__class__ is FunctionType or value.__class__ is Action:
        return None
    return _with_integers(to_stored(value))


def _with_integers(value: Value) -> Any:
    kind = value.__class__
    if kind is float:
        return int(value) if abs(value) <= _EXACT and value.is_integer() else value
    if kind is list:
        return [_with_integers(item) for item in value]
    if kind is dict:
        return {key: _with_integers(item) for key, item in value.items()}
    return value
