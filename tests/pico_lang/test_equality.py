"""Equality is deep and without coercion, and a fingerprint is the same thing said as a text."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang.equality import equals, fingerprint
from pico_lang.errors import BudgetSpent
from pico_lang.meter import Budget, Meter
from pico_lang.values import RegExp, Value

scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from([0.0, -0.0, 1.0, 10.0, math.nan])
    | st.sampled_from(["", "1", "0", "n;", "null", "[", "1:a"])
    | st.sampled_from([RegExp("a"), RegExp("a", "ig"), RegExp("a", "gi")])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "1:"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def canonical(value: Value) -> Any:
    """The same value as something Python compares the way the language does."""
    if isinstance(value, list):
        return ("array", tuple(map(canonical, value)))
    if isinstance(value, dict):
        return ("map", frozenset((key, canonical(item)) for key, item in value.items()))
    if isinstance(value, RegExp):
        return ("regexp", value.source, frozenset(value.flags))
    return "null" if value is None or value != value else (type(value), value)


@given(values, values)
def test_equality_is_what_a_plain_model_says(left: Value, right: Value) -> None:
    """1 is not true, null is NaN, maps know no order, regexps are compared by source and set of flags."""
    expected = canonical(left) == canonical(right)
    meter = Meter(Budget())
    assert equals(meter, left, right) is expected
    assert (fingerprint(meter, left) == fingerprint(meter, right)) is expected


def some_function() -> Value:
    return None


def test_functions_are_equal_only_to_themselves() -> None:
    """By identity: what a function does cannot be compared."""
    meter = Meter(Budget())
    other = lambda: None  # noqa: E731
    assert equals(meter, [some_function], [some_function])
    assert not equals(meter, [some_function], [other])
    assert fingerprint(meter, some_function) != fingerprint(meter, other)


def deep(levels: int) -> Value:
    value: Value = 1.0
    for _ in range(levels):
        value = [value]
    return value


def test_depth_is_no_obstacle() -> None:
    """A value may be nested more deeply than Python can nest calls."""
    meter = Meter(Budget(steps=10_000_000))
    assert equals(meter, deep(50_000), deep(50_000))
    assert not equals(meter, deep(50_000), deep(50_001))
    assert fingerprint(meter, deep(50_000)) == fingerprint(meter, deep(50_000))


def tree() -> Value:
    """2⁶⁰ leaves, of which only sixty arrays exist."""
    value: Value = ["x"]
    for _ in range(60):
        value = [value, value]
    return value


def test_comparing_what_is_huge_only_on_paper_is_stopped() -> None:
    """Every part is paid for as often as it is looked at."""
    with pytest.raises(BudgetSpent, match="steps"):
        equals(Meter(Budget()), tree(), tree())
    with pytest.raises(BudgetSpent, match="steps"):
        fingerprint(Meter(Budget()), tree())
