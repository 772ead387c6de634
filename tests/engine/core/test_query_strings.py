"""Maps as they stand in URLs and forms."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from engine.core.query_strings import encode_pairs
from pico_lang.errors import BudgetSpent
from pico_lang.meter import Budget, Meter
from pico_lang.values import Value
from tests.engine.core.strategies import values


def encoded(value: Value) -> str:
    return encode_pairs(Meter(Budget()), value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, ""),
        (None, ""),
        ("a=b", ""),
        ({"a": "b", "c": 1.0, "d": True}, "a=b&c=1&d=true"),
        ({"a": None, "b": ""}, "a=&b="),
        ({"a b": "c&d=é"}, "a%20b=c%26d%3D%C3%A9"),
        ({"a": ["x", "y"]}, "a%5B0%5D=x&a%5B1%5D=y"),
        ({"a": {"b": {"c": "x"}}}, "a%5Bb%5D%5Bc%5D=x"),
        ({"a": [], "b": {}}, ""),
        (["x"], "0=x"),
        ({"a": "\ud800"}, "a=%3F"),
    ],
)
def test_nested_values_are_spelt_in_brackets(value: Value, text: str) -> None:
    """And what is no map has no pairs."""
    assert encoded(value) == text


@given(values)
def test_whatever_the_value_the_text_can_stand_in_a_url(value: Value) -> None:
    """Only letters, digits and a handful of signs."""
    assert re.fullmatch(r"[A-Za-z0-9_.~%&=-]*", encoded(value))


def test_a_text_far_larger_than_its_value_is_refused_before_it_is_made() -> None:
    """Long names repeated for every leaf below them."""
    value = {"n" * 1_000: ["x"] * 1_000}
    with pytest.raises(BudgetSpent):
        encode_pairs(Meter(Budget(string_length=100_000)), value)
