"""What operators say about their arguments: that one is missing, or of no use.

`m.put("a", null)` sets a key to null, `m.put("a")` has no key at all. Operators for which a missing
argument is something else than null have `MISSING` as default, so callers must not pad with null.
"""

from __future__ import annotations

from pico_lang.coercion import clamp, number_of, to_string
from pico_lang.errors import TypeFault
from pico_lang.paths import is_collection
from pico_lang.runtime import Runtime
from pico_lang.values import Value


class Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


def require_array(val: Value, operator: str) -> None:
    """Refuse anything but an array."""
    if val.__class__ is not list:
        raise TypeFault(f".{operator}() only works on arrays, not on {to_string(val)}")


def require_collection(val: Value, operator: str) -> None:
    """Refuse anything but an array or a map."""
    if not is_collection(val):
        raise TypeFault(f".{operator}() only works on collections, not on {to_string(val)}")


def whole_number(rt: Runtime, val: Value, operator: str, role: str) -> int:
    """The number an argument counts as, cut off at the decimal point."""
    number = number_of(rt.meter, val)
    if number is None:
        raise TypeFault(f".{operator}() cannot use {to_string(val)} as {role}")
    return clamp(number)


def as_array(val: Value) -> list[Value]:
    """An array as it is, anything else as the only element of one."""
    return list(val) if val.__class__ is list else [val]
