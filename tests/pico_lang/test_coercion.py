"""How values of one type are seen as another (language reference, section 4)."""

from __future__ import annotations

import math

import pytest

from pico_lang.coercion import clamp, to_number, to_string, truthy
from pico_lang.values import Action, RegExp, Value


def some_function() -> Value:
    return None


TABLE: list[tuple[Value, str, float | None, bool]] = [
    (None, "null", 0.0, False),
    (math.nan, "null", 0.0, False),
    (True, "true", 1.0, True),
    (False, "false", 0.0, False),
    (0.0, "0", 0.0, False),
    (-0.0, "0", 0.0, False),
    (1e21, "1e+21", 1e21, True),
    ("", "", 0.0, False),
    ("0", "0", 0.0, True),
    ("false", "false", None, True),
    ("0x1F", "0x1F", 31.0, True),
    ([], "[Array]", 0.0, True),
    ([1.0, 2.0], "[Array]", 2.0, True),
    ({}, "[Map]", 0.0, True),
    ({"a": 1.0}, "[Map]", 1.0, True),
    (some_function, "[Function]", None, True),
    (Action("open", some_function), "[Action]", None, True),
    (RegExp("a", "ig"), "re#a#gi", None, True),
    (RegExp("a/[/]\n", "m"), "re#a\\/[/]\\n#m", None, True),
    (RegExp(""), "re#(?:)#", None, True),
]


@pytest.mark.parametrize(("value", "string", "number", "truth"), TABLE)
def test_string_number_and_truth_of_a_value(
    value: Value, string: str, number: float | None, truth: bool
) -> None:
    """One line for each kind of value."""
    assert to_string(value) == string
    assert to_number(value) == number
    assert truthy(value) is truth


@pytest.mark.parametrize(
    ("number", "index"), [(1.9, 1), (-1.9, -1), (math.inf, 2**53), (-math.inf, -(2**53))]
)
def test_positions_are_cut_off_and_kept_within_reach(number: float, index: int) -> None:
    """An infinite position is the end, not an error."""
    assert clamp(number) == index
