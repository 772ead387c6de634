"""How a value of one type is seen as another: as a string, as a number, as true or false.

These are the conversions that operators make on their own (section "Types, coercion, equality, truth"
of the language reference). None of them can fail; `to_number` answers None for what is no number.
"""

from __future__ import annotations

from pico_lang.meter import Meter
from pico_lang.numbers import number_to_string, parse_number
from pico_lang.regexp_printing import printed_source
from pico_lang.values import RegExp, Value, is_number, type_of


def to_string(value: Value) -> str:
    """The string form: what `+`, chevrons and paths see."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if kind is float and value == value:
        return number_to_string(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is RegExp:
        return f"re#{printed_source(value.source)}#{''.join(sorted(value.flags))}"
    name = type_of(value)
    return "null" if name == "Null" else f"[{name}]"


def to_number(value: Value) -> float | None:
    """The number a value counts as; arrays and maps count as their size. None: not a number."""
    kind = value.__class__
    if kind is float:
        return float(value) if value == value else 0.0
    if kind is str:
        return parse_number(value)
    if value is None or kind is bool:
        return float(bool(value))
    return float(len(value)) if kind is list or kind is dict else None


def number_of(meter: Meter, value: Value) -> float | None:
    """`to_number`, paid for: reading a long string takes its time."""
    if value.__class__ is str:
        meter.charge(len(value) >> 6)
    return to_number(value)


def truthy(value: Value) -> bool:
    """False are null, false, 0 and the empty string; empty arrays and maps are true."""
    kind = value.__class__
    if kind is list or kind is dict:
        return True
    return bool(value) and (kind is not float or is_number(value))


_REACH = 2.0**53


def clamp(number: float) -> int:
    """A number cut off at the decimal point; what lies beyond 2⁵³ (the infinities too) is pulled in."""
    return int(max(-_REACH, min(_REACH, number)))
