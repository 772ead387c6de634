"""JSON text is written and read as JavaScript does it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang.errors import BudgetSpent
from pico_lang.json_text import NotJson, decode, encode
from pico_lang.meter import Budget, Meter
from pico_lang.values import MAX_NESTING, Action, RegExp, Value, from_json


def some_function() -> Value:
    return None


def meter(**limits: int) -> Meter:
    return Meter(Budget(**limits))


WRITTEN: list[tuple[Value, str]] = [
    (1.0, "1"),
    (1e21, "1e+21"),
    (-0.0, "0"),
    (math.nan, "null"),
    (math.inf, "null"),
    ([True, None], "[true,null]"),
    ({"b": {}, "a": []}, '{"b":{},"a":[]}'),
    (RegExp("a/", "g"), '"re#a\\\\/#g"'),
    ([some_function, Action("open", some_function)], '["[Function]","[Action]"]'),
    ('é"\\\n\x00\x7f\u2028😀', '"é\\"\\\\\\n\\u0000\x7f\u2028😀"'),
    ("\ud800", '"\\ud800"'),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN)
def test_values_are_written_as_javascript_writes_them(value: Value, text: str) -> None:
    """Numbers its way, half characters escaped, what JSON cannot say by its string form."""
    assert encode(meter(), value) == text


def test_indented_text_has_an_entry_on_each_line() -> None:
    """Empty collections stay on one, and no more than ten spaces are used."""
    assert encode(meter(), {"a": [1.0, {}], "b": []}, 2) == '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}'
    assert encode(meter(), [1.0], 99) == "[\n" + " " * 10 + "1\n]"


NOT_JSON = [
    "",
    "nul",
    "[1,2",
    "[1 2]",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "Infinity",
    "'a'",
    '"\n"',
    "{a:1}",
    "\ufeff1",
    "1 1",
]


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_not_json_is_refused(text: str) -> None:
    """The liberties of Python's reader are not taken."""
    with pytest.raises(NotJson):
        decode(meter(), text)


READ: list[tuple[str, Value]] = [
    (' {"b": 1, "1": 2, "a": 3, "0": 4, "b": 5} ', {"0": 4.0, "1": 2.0, "b": 5.0, "a": 3.0}),
    ("-0", -0.0),
    ("1e999", math.inf),
    ("12345678901234567890", 12345678901234567000.0),
    ('"\\ud83d\\ude00\\ud800"', "😀\ud800"),
    ('"[[[{"', "[[[{"),
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_text_is_read_as_javascript_reads_it(text: str, value: Value) -> None:
    """Every number is a double, maps are in order, pairs of surrogates are one character."""
    assert repr(decode(meter(), text)) == repr(value)


documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(documents, st.sampled_from([0, 3]))
def test_writing_and_reading_are_inverse(document: Any, indent: int) -> None:
    """And Python's own reader agrees on what was written."""
    value = from_json(document)
    text = encode(meter(), value, indent)
    assert decode(meter(), text) == value
    assert from_json(json.loads(text)) == value


def nested_text(levels: int, filler: str = "") -> str:
    return "[" * levels + filler + "]" * levels


def test_nesting_is_bounded_both_ways() -> None:
    """At a fixed depth; brackets inside strings do not count."""
    deepest = decode(meter(), nested_text(MAX_NESTING))
    assert encode(meter(), deepest) == nested_text(MAX_NESTING)
    with pytest.raises(BudgetSpent, match="nested more than"):
        encode(meter(), [[deepest]])
    with pytest.raises(BudgetSpent, match="nested more than"):
        decode(meter(), nested_text(100_000))
    assert decode(meter(), f'["{nested_text(MAX_NESTING)}"]') == [nested_text(MAX_NESTING)]


def test_a_text_grows_no_longer_than_the_budget_allows() -> None:
    """It is stopped while it grows, not when it is there."""
    value: Value = ["x" * 100]
    for _ in range(30):
        value = [value, value]
    with pytest.raises(BudgetSpent, match="characters"):
        encode(meter(steps=10**9, string_length=100_000), value)
    with pytest.raises(BudgetSpent, match="steps"):
        encode(meter(steps=1_000), value)
