"""JCS: one spelling for every value, the same that others have."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.canonical_json import LARGEST_INTEGER, NotCanonical, to_canonical_json
from tests.campaign import examples

NUMBERS = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=examples(300), deadline=None)
@given(VALUES)
def test_the_package_writes_the_same(value: Any) -> None:
    """`rfc8785`, byte for byte."""
    assert to_canonical_json(value) == rfc8785.dumps(value)


@settings(max_examples=examples(500), deadline=None)
@given(st.binary(min_size=8, max_size=8).map(lambda data: struct.unpack(">d", data)[0]).filter(math.isfinite))
def test_every_number_is_written_as_others_do(number: float) -> None:
    """Any of the 2⁶⁴ doubles, not only those that people write."""
    assert to_canonical_json(number) == rfc8785.dumps(number)
    assert float(to_canonical_json(number)) == number


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_the_numbers_of_the_specification(bits: str, text: str) -> None:
    """RFC 8785, appendix B."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert to_canonical_json(number).decode() == text


def test_names_are_sorted_as_utf_16() -> None:
    """RFC 8785, 3.2.3: a smiley comes before a Hebrew letter of the presentation forms."""
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(to_canonical_json(names)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, LARGEST_INTEGER + 1, -(10**400), "\ud800", {"\udfff": 1}, {1: 2}, {1}, b"x"],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """Rather than rounded or replaced."""
    with pytest.raises(NotCanonical):
        to_canonical_json([value])


def test_what_is_nested_too_deeply_is_refused() -> None:
    """And not a crash."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonical, match="deeply"):
        to_canonical_json(value)
