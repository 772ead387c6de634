"""When two values are the same: `==`, and everything that looks for a value among others.

Deep, without coercion, null and NaN alike, maps by their entries whatever the order, functions and
actions by identity. Both walks go without recursion, since a value may be nested as deeply as a ruleset
likes, and pay a step for each part, since one array held many times over is small only in memory.
"""

from __future__ import annotations

from pico_lang.meter import LOOK_INSIDE, Meter
from pico_lang.numbers import number_to_string
from pico_lang.values import RegExp, Value, is_null, length_of_keys

Pairs = list[tuple[Value, Value]]


def equals(meter: Meter, left: Value, right: Value) -> bool:
    """Whether two values are the same."""
    pairs: Pairs = [(left, right)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if a.__class__ is b.__class__ and (a.__class__ is list or a.__class__ is dict):
            if len(a) != len(b) or not _unfold(meter, a, b, pairs):
                return False
        elif not _same_scalar(meter, a, b):
            return False
    return True


def _unfold(meter: Meter, a: Value, b: Value, pairs: Pairs) -> bool:
    """Add the pairs of parts that have to be the same; False if some part has no partner."""
    meter.charge(LOOK_INSIDE + len(a) + (length_of_keys(a) >> 6))
    if a.__class__ is list:
        pairs.extend(zip(a, b, strict=True))
        return True
    if a.keys() != b.keys():
        return False
    pairs.extend((a[key], b[key]) for key in a)
    return True


def _same_scalar(meter: Meter, a: Value, b: Value) -> bool:
    if a.__class__ is not b.__class__:
        return is_null(a) and is_null(b)
    if a.__class__ is str:
        meter.charge(min(len(a), len(b)) >> 6)
    if a.__class__ is RegExp:
        return bool(a.source == b.source and set(a.flags) == set(b.flags))
    return bool(a == b) or (is_null(a) and is_null(b))


def fingerprint(meter: Meter, value: Value) -> str:
    """A text that two values share exactly when they are equal, while both of them live.

    With it a set operation looks each value up instead of comparing all with all.
    """
    parts: list[str] = []
    rest: list[tuple[Value, bool]] = [(value, False)]
    while rest:
        part, is_text = rest.pop()
        if is_text:
            parts.append(part)
            continue
        meter.charge(1)
        if part.__class__ is list or part.__class__ is dict:
            meter.charge(LOOK_INSIDE + (length_of_keys(part) >> 6))
            rest.extend(_opened(part))
        else:
            parts.append(_scalar_print(meter, part))
    return "".join(parts)


def _opened(value: Value) -> list[tuple[Value, bool]]:
    """The parts of an array or a map, last one first, and the texts that stand between them."""
    if value.__class__ is list:
        return [("]", True), *((item, False) for item in reversed(value)), ("[", True)]
    opened: list[tuple[Value, bool]] = [("}", True)]
    for key in sorted(value, reverse=True):
        opened += [(value[key], False), (f"{len(key)}:{key}", True)]
    return [*opened, ("{", True)]


def _scalar_print(meter: Meter, value: Value) -> str:
    if is_null(value):
        return "n;"
    kind = value.__class__
    if kind is str:
        meter.check_string(len(value))
        return f"s{len(value)}:{value}"
    if kind is float:
        return f"d{number_to_string(value)};"
    if kind is bool:
        return "t;" if value else "f;"
    if kind is RegExp:
        return f"r{len(value.source)}:{value.source}{''.join(sorted(value.flags))};"
    return f"o{id(value)};"
