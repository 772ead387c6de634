"""The infix and prefix operators, with all their conversions.

Compiled code settles the commonest case, two numbers, by itself and comes here for everything else. A
result that JavaScript would give as NaN is null.
"""

from __future__ import annotations

import math

from pico_lang import equality, paths, regexps, utf16
from pico_lang.coercion import number_of, to_string
from pico_lang.errors import TypeFault
from pico_lang.runtime import Runtime
from pico_lang.values import RegExp, Value, is_number


def add(rt: Runtime, a: Value, b: Value) -> Value:
    """`a + b`: the sum of two numbers, else one string form after the other."""
    if is_number(a) and is_number(b):
        return _no_nan(a + b)
    # Nearly all that come here are strings already; a call for each of them would double the cost.
    left = a if a.__class__ is str else to_string(a)
    right = b if b.__class__ is str else to_string(b)
    rt.meter.check_string(len(left) + len(right))
    return utf16.concat(left, right)


def _no_nan(number: float) -> float | None:
    return number if number == number else None


def _numbers(rt: Runtime, a: Value, b: Value, complaint: str) -> tuple[float, float]:
    left, right = number_of(rt.meter, a), number_of(rt.meter, b)
    if left is None or right is None:
        raise TypeFault(complaint.format(a=to_string(a), b=to_string(b)))
    return left, right


def subtract(rt: Runtime, a: Value, b: Value) -> Value:
    """`a - b`"""
    left, right = _numbers(rt, a, b, "{b} cannot be subtracted from {a}: both must be numbers")
    return _no_nan(left - right)


def multiply(rt: Runtime, a: Value, b: Value) -> Value:
    """`a * b`"""
    left, right = _numbers(rt, a, b, "{a} cannot be multiplied by {b}: both must be numbers")
    return _no_nan(left * right)


def divide(rt: Runtime, a: Value, b: Value) -> Value:
    """`a / b`; a division by zero gives 0 and a line in the log."""
    left, right = _numbers(rt, a, b, "{a} cannot be divided by {b}: both must be numbers")
    if right == 0:
        rt.host.log("debug", f"division by zero: {to_string(left)} / 0 counts as 0", left)
        return 0.0
    return _no_nan(left / right)


def modulo(rt: Runtime, a: Value, b: Value) -> Value:
    """`a % b`, with the sign of `a`; 0 if `b` is."""
    left, right = _numbers(rt, a, b, "{a} modulo {b} cannot be calculated: both must be numbers")
    if right == 0:
        return 0.0
    return None if math.isinf(left) else math.fmod(left, right)


def negate(rt: Runtime, a: Value) -> Value:
    """`-a`"""
    number = number_of(rt.meter, a)
    if number is None:
        raise TypeFault(f"{to_string(a)} cannot be negated: it is not a number")
    return -number


def _order(rt: Runtime, a: Value, b: Value) -> int:
    """-1, 0 or 1: by number if both count as one, else by string form."""
    left, right = number_of(rt.meter, a), number_of(rt.meter, b)
    if left is None or right is None:
        return _text_order(rt, a, b)
    return (left > right) - (left < right)


def _text_order(rt: Runtime, a: Value, b: Value) -> int:
    left, right = to_string(a), to_string(b)
    rt.meter.charge(min(len(left), len(right)) >> 6)
    return utf16.compare(left, right)


def less(rt: Runtime, a: Value, b: Value) -> bool:
    """`a < b`"""
    return _order(rt, a, b) < 0


def less_equal(rt: Runtime, a: Value, b: Value) -> bool:
    """`a <= b`"""
    return _order(rt, a, b) <= 0


def greater(rt: Runtime, a: Value, b: Value) -> bool:
    """`a > b`"""
    return _order(rt, a, b) > 0


def greater_equal(rt: Runtime, a: Value, b: Value) -> bool:
    """`a >= b`"""
    return _order(rt, a, b) >= 0


def compare(rt: Runtime, a: Value, b: Value) -> float:
    """`a <=> b`"""
    return float(_order(rt, a, b))


def compare_strings(rt: Runtime, a: Value, b: Value) -> float:
    """`a cmp b`"""
    return float(_text_order(rt, a, b))


def equals(rt: Runtime, a: Value, b: Value) -> bool:
    """`a == b`"""
    return equality.equals(rt.meter, a, b)


def not_equals(rt: Runtime, a: Value, b: Value) -> bool:
    """`a != b`"""
    return not equality.equals(rt.meter, a, b)


def contains(rt: Runtime, a: Value, b: Value) -> bool:
    """`a >< b`: whether an array has an element equal to `b`, or a map the key or path `b`."""
    if a.__class__ is list:
        rt.meter.charge(len(a))
        return any(equality.equals(rt.meter, item, b) for item in a)
    return a.__class__ is dict and paths.has(a, paths.to_path(rt.meter, b))


def like(rt: Runtime, a: Value, b: Value) -> bool:
    """`a like b`: whether a regular expression (or the string form of anything else, as one) matches."""
    regexp = b if b.__class__ is RegExp else RegExp(to_string(b))
    return regexps.search(rt.meter, regexp, to_string(a)) is not None


def read_path(rt: Runtime, x: Value, key: Value) -> Value:
    """`x{key}` and `x[key]`."""
    if key.__class__ is str and x.__class__ is dict and len(key) < 64:
        return x.get(key)
    return paths.read(x, paths.to_path(rt.meter, key))
