"""The operator `sort`. Stable, by string form, by number, or as a function says."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

from pico_lang import utf16
from pico_lang.calls import callback
from pico_lang.coercion import number_of, to_string
from pico_lang.operators import compare
from pico_lang.runtime import Runtime
from pico_lang.values import Value, is_null

Order = Callable[[Value, Value], bool]
"""Whether the first may stand in front of the second."""


def sort(rt: Runtime, val: Value = None, sortBy: Value = None) -> Value:
    """`sort`: in the order "reverse", "numeric", "ciremun", that of a function, or else by string.

    The named orders put nulls at the end. A function answers with a number above 0 when its second
    argument has to come first.
    """
    if val.__class__ is not list:
        return val
    rt.meter.check_collection(len(val))
    rt.meter.charge(len(val) * len(val).bit_length())
    if isinstance(sortBy, FunctionType):
        return _merge_sort(val, _order_of(rt, sortBy))
    nulls = [item for item in val if is_null(item)]
    return _by_name(rt, [item for item in val if not is_null(item)], sortBy) + nulls


def _by_name(rt: Runtime, items: list[Value], name: Value) -> list[Value]:
    if name == "numeric" or name == "ciremun":
        return _by_number(rt, items, backwards=name == "ciremun")
    return sorted(items, key=lambda item: utf16.order_key(to_string(item)), reverse=name == "reverse")


def _by_number(rt: Runtime, items: list[Value], backwards: bool) -> list[Value]:
    numbers = [number for item in items if (number := number_of(rt.meter, item)) is not None]
    if len(numbers) == len(items):
        places = sorted(range(len(items)), key=numbers.__getitem__, reverse=backwards)
        return [items[place] for place in places]
    # Numbers and other things side by side have no total order; `<=>` decides for each pair.
    sign = -1.0 if backwards else 1.0
    return _merge_sort(items, lambda a, b: sign * compare(rt, a, b) <= 0)


def _order_of(rt: Runtime, f: Value) -> Order:
    verdict = callback(rt, f, 2)
    return lambda a, b: (number_of(rt.meter, verdict(a, b)) or 0.0) <= 0


def _merge_sort(items: list[Value], in_order: Order) -> list[Value]:
    """Python's own sort would call the function from C, where a recursion uses up the C stack."""
    runs = [[item] for item in items]
    while len(runs) > 1:
        pairs = zip(runs[::2], [*runs[1::2], []], strict=False)
        runs = [_merge(left, right, in_order) for left, right in pairs]
    return runs[0] if runs else []


def _merge(left: list[Value], right: list[Value], in_order: Order) -> list[Value]:
    merged: list[Value] = []
    a = b = 0
    while a < len(left) and b < len(right):
        if in_order(left[a], right[b]):
            merged.append(left[a])
            a += 1
        else:
            merged.append(right[b])
            b += 1
    return merged + left[a:] + right[b:]
