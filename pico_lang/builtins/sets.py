"""Operators that treat arrays as sets, or ask which values occur how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pico_lang.builtins.arguments import MISSING, as_array
from pico_lang.coercion import to_string
from pico_lang.equality import fingerprint
from pico_lang.runtime import Runtime
from pico_lang.values import MAX_NESTING, Value, in_js_order, is_null, too_deep


def _prints(rt: Runtime, items: Iterable[Value]) -> set[str]:
    return {fingerprint(rt.meter, item) for item in items}


def _distinct(rt: Runtime, items: Iterable[Value]) -> list[Value]:
    """The first of all that are equal."""
    found: dict[str, Value] = {}
    for item in items:
        found.setdefault(fingerprint(rt.meter, item), item)
    return list(found.values())


def union(rt: Runtime, a: Value = None, b: Value = MISSING) -> Value:
    """`union`: what is in one of two arrays, each value once."""
    return a if b is MISSING else _distinct(rt, as_array(a) + as_array(b))


def intersection(rt: Runtime, a: Value = None, b: Value = MISSING) -> list[Value]:
    """`intersection`: what is in both arrays, each value once."""
    if b is MISSING:
        return []
    others = _prints(rt, as_array(b))
    return [item for item in _distinct(rt, as_array(a)) if fingerprint(rt.meter, item) in others]


def difference(rt: Runtime, a: Value = None, b: Value = MISSING) -> Value:
    """`difference`: what is in the first array and not in the second."""
    if b is MISSING:
        return a
    others = _prints(rt, as_array(b))
    return [item for item in as_array(a) if fingerprint(rt.meter, item) not in others]


def has(rt: Runtime, val: Value = None, other: Value = None) -> bool:
    """`has`: whether everything in the second array is in the first."""
    return _prints(rt, as_array(other)) <= _prints(rt, as_array(val))


def unique(rt: Runtime, val: Value = None) -> Value:
    """`unique`: each value once."""
    return _distinct(rt, val) if val.__class__ is list else val


def once(rt: Runtime, val: Value = None) -> Value:
    """`once`: the values whose string occurs exactly once."""
    if val.__class__ is not list:
        return val
    return _by_occurrence(rt, val, lambda count: count == 1)


def duplicates(rt: Runtime, val: Value = None) -> list[Value]:
    """`duplicates`: the first of the values whose string occurs more than once."""
    if val.__class__ is not list:
        return []
    return _by_occurrence(rt, val, lambda count: count > 1)


def _by_occurrence(rt: Runtime, items: list[Value], wanted: Callable[[int], bool]) -> list[Value]:
    """Values that a map from their strings to them all would list, hence those like an index first."""
    groups: dict[str, list[Value]] = {}
    for item in items:
        groups.setdefault(_occurrence_key(rt, item), []).append(item)
    return [group[0] for group in in_js_order(groups).values() if wanted(len(group))]


def _occurrence_key(rt: Runtime, item: Value, depth: int = 0) -> str:
    """The string by which `once` and `duplicates` tell values apart; all maps have the same."""
    rt.meter.charge(1)
    if item.__class__ is not list:
        return to_string(item)
    if depth > MAX_NESTING:
        raise too_deep()
    parts = ["" if is_null(part) else _occurrence_key(rt, part, depth + 1) for part in item]
    rt.meter.check_string(sum(map(len, parts)) + len(parts))
    return ",".join(parts)
