"""Operators that call a function for the entries of an array or a map.

A callback gets value, key or index, and the whole collection. Callbacks are called from loops and
comprehensions of Python, never through `map` or a generator: those would take from the C stack at every
level of a recursion, and the budget of depth counts on it that they do not.
"""

from __future__ import annotations

from collections.abc import Iterable

from pico_lang.builtins.arguments import MISSING, require_array, require_collection
from pico_lang.calls import call, callback, parameter_count
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import TypeFault
from pico_lang.runtime import Runtime
from pico_lang.values import Value, in_js_order, is_null


def _keys(val: Value) -> Iterable[Value]:
    """Index numbers of an array, keys of a map."""
    return map(float, range(len(val))) if val.__class__ is list else val


def _values(val: Value) -> Iterable[Value]:
    return val if val.__class__ is list else val.values()


def _results(rt: Runtime, val: Value, iter: Value) -> list[Value]:
    """What the callback makes of each entry; without a callback the values themselves."""
    rt.meter.check_collection(len(val))
    if is_null(iter):
        return list(_values(val))
    if parameter_count(iter) <= 1:
        f = callback(rt, iter, 1)
        return [f(value) for value in _values(val)]
    f = callback(rt, iter, 3)
    return [f(value, key, val) for value, key in zip(_values(val), _keys(val), strict=True)]


def map_(rt: Runtime, val: Value = None, iter: Value = None) -> Value:
    """`map`: the same keys with what the function makes of the values."""
    require_collection(val, "map")
    results = _results(rt, val, iter)
    return results if val.__class__ is list else dict(zip(val, results, strict=True))


def filter_(rt: Runtime, val: Value = None, iter: Value = None) -> Value:
    """`filter`: the entries for which the function says true."""
    require_collection(val, "filter")
    kept = _results(rt, val, iter)
    if val.__class__ is list:
        # A condition is nearly always a Boolean, which needs no conversion.
        return [value for value, keep in zip(val, kept, strict=True) if keep is True or truthy(keep)]
    return {key: val[key] for key, keep in zip(val, kept, strict=True) if truthy(keep)}


def collect(rt: Runtime, val: Value = None, iter: Value = None) -> dict[str, Value]:
    """`collect`: arrays of values, under the string of what the function makes of them."""
    require_collection(val, "collect")
    groups: dict[str, Value] = {}
    for value, result in zip(_values(val), _results(rt, val, iter), strict=True):
        groups.setdefault(to_string(result), []).append(value)
    return in_js_order(groups)


def _occurs(rt: Runtime, val: Value, iter: Value, wanted: bool) -> bool:
    """Whether the function says so of some entry; the first one decides."""
    if not val:
        return False
    f = callback(rt, iter, 3)
    for value, key in zip(_values(val), _keys(val), strict=True):
        rt.meter.charge(1)
        if truthy(f(value, key, val)) is wanted:
            return True
    return False


def all_(rt: Runtime, val: Value = None, iter: Value = None) -> bool:
    """`all`: whether the function says true of every entry."""
    require_collection(val, "all")
    return not _occurs(rt, val, iter, False)


def notall(rt: Runtime, val: Value = None, iter: Value = None) -> bool:
    """`notall`: whether the function says false of some entry."""
    require_collection(val, "notall")
    return _occurs(rt, val, iter, False)


def any_(rt: Runtime, val: Value = None, iter: Value = None) -> bool:
    """`any`: whether the function says true of some entry."""
    require_collection(val, "any")
    return _occurs(rt, val, iter, True)


def none(rt: Runtime, val: Value = None, iter: Value = None) -> bool:
    """`none`: whether the function says false of every entry."""
    require_collection(val, "none")
    return not _occurs(rt, val, iter, True)


def reduce(rt: Runtime, val: Value = None, iter: Value = None, dflt: Value = MISSING) -> Value:
    """`reduce`: the function applied to what it made so far and the next value.

    It begins with `dflt` or, without one, with the first value; of nothing at all it makes 0.
    """
    require_array(val, "reduce")
    rt.meter.check_collection(len(val))
    if dflt is not MISSING:
        return _fold(rt, val, iter, dflt, 0)
    return _fold(rt, val, iter, val[0], 1) if val else 0.0


def _fold(rt: Runtime, val: list[Value], iter: Value, acc: Value, begin: int) -> Value:
    if begin == len(val):
        return acc
    if parameter_count(iter) <= 2:
        f = callback(rt, iter, 2)
        for value in val[begin:]:
            acc = f(acc, value)
        return acc
    f = callback(rt, iter, 4)
    for index in range(begin, len(val)):
        acc = f(acc, val[index], float(index), val)
    return acc


def pairwise(rt: Runtime, val: Value = None, iter: Value = None) -> list[Value]:
    """`pairwise`: the function applied to the first elements of all arrays, then to the second ones…"""
    require_array(val, "pairwise")
    if len(val) < 2:
        raise TypeFault(".pairwise() needs an array of at least two arrays")
    parameter_count(iter)
    columns = [column if column.__class__ is list else [column] for column in val]
    rounds = max(len(column) for column in columns)
    rt.meter.check_collection(rounds * len(columns))
    return [call(rt, iter, _row(columns, index)) for index in range(rounds)]


def _row(columns: list[list[Value]], index: int) -> list[Value]:
    """One element of each array, null where it is too short."""
    return [column[index] if index < len(column) else None for column in columns]
