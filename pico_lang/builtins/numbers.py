"""Operators on numbers: characters, ranges, and bits, which are those of signed 32-bit integers."""

from __future__ import annotations

from pico_lang.builtins.arguments import MISSING
from pico_lang.coercion import clamp, number_of
from pico_lang.numbers import to_int32
from pico_lang.runtime import Runtime
from pico_lang.values import Value


def chr_(rt: Runtime, val: Value = None) -> str | None:
    """`chr`: the character with a UTF-16 code."""
    number = number_of(rt.meter, val)
    return None if number is None else chr(to_int32(number) & 0xFFFF)


def range_(rt: Runtime, val: Value = None, end: Value = MISSING) -> list[Value]:
    """`range`: the numbers from one to another in steps of one, upwards or downwards, both included."""
    start, stop = number_of(rt.meter, val), None if end is MISSING else number_of(rt.meter, end)
    if start is None or stop is None:
        return []
    count = clamp(abs(stop - start)) + 1
    rt.meter.check_collection(count)
    step = 1.0 if start <= stop else -1.0
    return [start + step * index for index in range(count)]


def _bits(rt: Runtime, val: Value) -> int:
    """What is no number has no bits."""
    return to_int32(number_of(rt.meter, val) or 0.0)


def _signed(bits: int) -> float:
    return float(to_int32(float(bits)))


def band(rt: Runtime, left: Value = None, right: Value = None) -> float:
    """`band`: the bits that both have."""
    return float(_bits(rt, left) & _bits(rt, right))


def bor(rt: Runtime, left: Value = None, right: Value = None) -> float:
    """`bor`: the bits that one of them has."""
    return float(_bits(rt, left) | _bits(rt, right))


def bxor(rt: Runtime, left: Value = None, right: Value = None) -> float:
    """`bxor`: the bits that only one of them has."""
    return float(_bits(rt, left) ^ _bits(rt, right))


def bnot(rt: Runtime, val: Value = None) -> float:
    """`bnot`: the bits it does not have."""
    return float(~_bits(rt, val))


def shift_left(rt: Runtime, left: Value = None, right: Value = None) -> float:
    """`shiftLeft`: the bits moved up, those at the top lost."""
    return _signed(_bits(rt, left) << (_bits(rt, right) & 31))


def shift_right(rt: Runtime, left: Value = None, right: Value = None) -> float:
    """`shiftRight`: the bits moved down, the sign kept."""
    return float(_bits(rt, left) >> (_bits(rt, right) & 31))
