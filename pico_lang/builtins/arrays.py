"""Operators on arrays as sequences: their ends, parts and positions."""

from __future__ import annotations

from pico_lang import equality, utf16
from pico_lang.builtins.arguments import MISSING, as_array, require_array, whole_number
from pico_lang.coercion import to_string
from pico_lang.runtime import Runtime
from pico_lang.values import Value, is_null


def head(rt: Runtime, val: Value = None) -> Value:
    """`head`: the first element; what is no array counts as the only element of one."""
    if val.__class__ is not list:
        return val
    return val[0] if val else None


def tail(rt: Runtime, val: Value = None) -> list[Value]:
    """`tail`: everything but the head."""
    if val.__class__ is not list:
        return []
    rt.meter.check_copy(len(val))
    return list(val[1:])


def append(
    rt: Runtime,
    val: Value = None,
    a: Value = MISSING,
    b: Value = MISSING,
    c: Value = MISSING,
    d: Value = MISSING,
    e: Value = MISSING,
) -> list[Value]:
    """`append`: up to five more elements or, in an array, any number."""
    parts = [as_array(part) for part in (val, a, b, c, d, e) if part is not MISSING]
    rt.meter.check_copy(sum(map(len, parts)))
    return [item for part in parts for item in part]


def join(rt: Runtime, val: Value = None, str: Value = None) -> str:
    """`join`: the string forms of the elements with a separator between them."""
    if val.__class__ is not list:
        return to_string(val)
    rt.meter.charge(len(val))
    separator = "," if is_null(str) else to_string(str)
    texts = [to_string(item) for item in val]
    rt.meter.check_string(sum(map(len, texts)) + len(separator) * len(texts))
    return utf16.whole(separator.join(texts))


def index(rt: Runtime, val: Value = None, elm: Value = None) -> float:
    """`index`: where the first element equal to a value is, or -1."""
    require_array(val, "index")
    rt.meter.charge(len(val))
    places = (place for place, item in enumerate(val) if equality.equals(rt.meter, item, elm))
    return float(next(places, -1))


def reverse(rt: Runtime, val: Value = None) -> list[Value]:
    """`reverse`: the elements from the last to the first."""
    require_array(val, "reverse")
    rt.meter.check_copy(len(val))
    return list(val[::-1])


def slice_(rt: Runtime, val: Value = None, start: Value = MISSING, end: Value = MISSING) -> list[Value]:
    """`slice`: the elements between two places, both included; with one place, all up to it.

    Two places that are not both inside the array give nothing. One place below 0 counts from the end,
    in a way of JavaScript's: -2 leaves out the last element, -3 the last two.
    """
    require_array(val, "slice")
    rt.meter.check_copy(len(val))
    if start is MISSING or not val:
        return list(val)
    first = whole_number(rt, start, "slice", "an index")
    if end is MISSING:
        return list(val[: first + 1]) if first <= len(val) else []
    low, high = sorted((first, whole_number(rt, end, "slice", "the other index")))
    return list(val[low : high + 1]) if low >= 0 and high < len(val) else []


def splice(
    rt: Runtime,
    val: Value = None,
    start: Value = None,
    nElements: Value = None,
    value: Value = MISSING,
) -> list[Value]:
    """`splice`: without a number of elements from a place on, and with others there instead.

    The place is pulled inside the array, so nothing can be put into an empty one or behind the last
    element.
    """
    require_array(val, "splice")
    if not val:
        return []
    first = min(max(whole_number(rt, start, "splice", "an index"), 0), len(val) - 1)
    count = whole_number(rt, nElements, "splice", "a number of elements")
    rest = first + count if 0 <= count <= len(val) - first else len(val)
    inserted = [] if value is MISSING else as_array(value)
    rt.meter.check_copy(len(val) + len(inserted))
    return [*val[:first], *inserted, *val[rest:]]
