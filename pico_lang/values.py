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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
