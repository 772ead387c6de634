"""The infix operators, with the conversions of sections 4 and 5 of the language reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang import operators as o
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.runtime import Runtime
from pico_lang.values import RegExp, Value, from_json
from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.operating import exactly, surroundings

Binary = Callable[[Runtime, Value, Value], Value]

ANSWERS: list[tuple[Binary, Any, Any, Any]] = [
    (o.add, 1, 2, 3),
    (o.add, None, 1, "null1"),
    (o.add, math.nan, 1, "null1"),
    (o.add, True, True, "truetrue"),
    (o.add, [1], {}, "[Array][Map]"),
    (o.add, "\ud83d", "\ude00", "😀"),
    (o.add, math.inf, -math.inf, None),
    (o.subtract, "5", True, 4),
    (o.subtract, math.inf, math.inf, None),
    (o.multiply, [1, 2], {"a": 1}, 2),
    (o.divide, 9, 0, 0),
    (o.divide, 9, None, 0),
    (o.modulo, -7, 3, -1),
    (o.modulo, 7, -3, 1),
    (o.modulo, 7, 0, 0),
    (o.modulo, 5, math.inf, 5),
    (o.modulo, math.inf, 5, None),
    (o.less, "10", "9", False),
    (o.less, "abc", 5, False),
    (o.less, None, 1, True),
    (o.greater_equal, [1, 2], 2, True),
    (o.less_equal, "b", "a", False),
    (o.greater, "0x1F", 30, True),
    (o.compare, 3, "20", -1),
    (o.compare_strings, 3, "20", 1),
    (o.compare_strings, "😀", "\ufffd", -1),
    (o.equals, 1, True, False),
    (o.equals, None, False, False),
    (o.equals, {"a": None}, {}, False),
    (o.not_equals, [1, {"b": 2, "a": 1}], [1, {"a": 1, "b": 2}], False),
    (o.contains, [1, [2]], [2], True),
    (o.contains, {"a": {"b": None}}, ["a", "b"], True),
    (o.contains, {"a": {"b": 1}}, "a.b", False),
    (o.contains, {"a.b": 1}, "a.b", True),
    (o.contains, {}, "toString", False),
    (o.contains, {"a": 1}, [], False),
    (o.contains, "abc", "a", False),
    (o.like, 42, "^4.$", True),
    (o.like, None, "null", True),
    (o.read_path, {"a": [{"b": 1}]}, ["a", 0, "b"], 1),
    (o.read_path, {"1": "x"}, 1, "x"),
    (o.read_path, [7, 8], "1", 8),
    (o.read_path, [7, 8], "01", None),
    (o.read_path, [7, 8], "length", None),
    (o.read_path, {"a": 1}, [], None),
    (o.read_path, {}, "toString", None),
    (o.read_path, {"null": 1}, None, 1),
    (o.read_path, "abc", 0, None),
    (o.read_path, None, "a", None),
]


@pytest.mark.parametrize(("operator", "a", "b", "expected"), ANSWERS)
def test_an_operator_answers(operator: Binary, a: Any, b: Any, expected: Any) -> None:
    """One line for each rule of conversion."""
    assert repr(operator(surroundings(), from_json(a), from_json(b))) == exactly(expected)


@pytest.mark.parametrize("operator", [o.subtract, o.multiply, o.divide, o.modulo])
@pytest.mark.parametrize("bad", ["two", RegExp("1")])
def test_arithmetic_refuses_what_is_no_number(operator: Binary, bad: Value) -> None:
    """On either side, and says which values it met."""
    for pair in ((bad, 1.0), (1.0, bad)):
        with pytest.raises(TypeFault, match="must be numbers") as found:
            operator(surroundings(), *pair)
        assert to_string(bad) in found.value.message


def test_negation_converts_too() -> None:
    """`-[0]` is -1, since an array counts as its size."""
    assert o.negate(surroundings(), [0.0]) == -1.0
    with pytest.raises(TypeFault, match="cannot be negated"):
        o.negate(surroundings(), "zero")


def test_a_division_by_zero_is_told_in_the_log() -> None:
    """It counts as 0, which is worth a hint to whoever looks for the reason of a wrong sum."""
    host = RecordingHost()
    o.divide(surroundings(host=host), 9.0, 0.0)
    assert host.done == [("log", "debug", "division by zero: 9 / 0 counts as 0")]


def test_a_regexp_with_flag_g_has_no_memory() -> None:
    """The peer answers true, false, true… to the same question."""
    rt, regexp = surroundings(), RegExp("a", "g")
    assert [o.like(rt, "a", regexp) for _ in range(3)] == [True, True, True]


scalars = st.sampled_from([None, True, False, "", "0", "10", "9", "a", "b", "é", "0x10", " 7 "]) | st.floats(
    min_value=-100, max_value=100
)
collections = st.sampled_from([[], [1.0], {}, {"a": 1.0, "b": 2.0}])
anything = scalars | collections


def model_order(a: Value, b: Value) -> int:
    """`<=>` as its sentence in the reference has it."""
    x: Any = to_number(a)
    y: Any = to_number(b)
    if x is None or y is None:
        x, y = (to_string(one).encode("utf-16-be") for one in (a, b))
    return int(x > y) - int(x < y)


@given(anything, anything)
def test_all_comparisons_tell_the_same_order(a: Value, b: Value) -> None:
    """Five operators, one answer."""
    rt, order = surroundings(), model_order(a, b)
    told = [op(rt, a, b) for op in (o.compare, o.less, o.less_equal, o.greater, o.greater_equal)]
    assert told == [order, order < 0, order <= 0, order > 0, order >= 0]


@given(anything, anything)
def test_comparisons_are_antisymmetric(a: Value, b: Value) -> None:
    """Swapping the sides turns the answer round."""
    rt = surroundings()
    assert o.compare(rt, a, b) == -o.compare(rt, b, a)
    assert o.compare_strings(rt, a, b) == -o.compare_strings(rt, b, a)


@given(anything, anything)
def test_a_sum_is_a_sum_or_a_concatenation(a: Value, b: Value) -> None:
    """Of two numbers the sum, of anything else the string forms."""
    numbers = type(a) is float and type(b) is float
    expected = a + b if numbers else to_string(a) + to_string(b)
    assert o.add(surroundings(), a, b) == expected


@given(anything, anything)
def test_arithmetic_is_that_of_the_numbers(a: Value, b: Value) -> None:
    """Everything is converted first; a remainder has the sign of the left side."""
    x, y = to_number(a), to_number(b)
    if x is None or y is None:
        return
    rt = surroundings()
    assert o.subtract(rt, a, b) == x - y
    assert o.multiply(rt, a, b) == x * y
    assert o.divide(rt, a, b) == (x / y if y else 0.0)
    remainder = o.modulo(rt, a, b)
    assert remainder == 0 or (remainder > 0) == (x > 0)
    assert abs(remainder) < abs(y) or y == 0
