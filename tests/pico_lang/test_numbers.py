"""Numbers are printed and read as JavaScript does it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang.numbers import number_to_string, parse_number, to_int32

PRINTED = [
    (0.0, "0"),
    (-0.0, "0"),
    (1.5, "1.5"),
    (-42.0, "-42"),
    (100.0, "100"),
    (0.1 + 0.2, "0.30000000000000004"),
    (2.0**53 + 2, "9007199254740994"),
    (123456789012345680000.0, "123456789012345680000"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (-1.5e300, "-1.5e+300"),
    (0.000001, "0.000001"),
    (0.0000001, "1e-7"),
    (1.25e-9, "1.25e-9"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (math.inf, "Infinity"),
    (-math.inf, "-Infinity"),
]


@pytest.mark.parametrize(("number", "printed"), PRINTED)
def test_numbers_print_as_in_javascript(number: float, printed: str) -> None:
    """Integers have no point, exponents begin at 1e21 and below 1e-6, -0 is 0."""
    assert number_to_string(number) == printed


READ = [
    ("", 0.0),
    ("  \u00a0\ufeff\n", 0.0),
    (" 123 ", 123.0),
    ("+.5", 0.5),
    ("5.", 5.0),
    ("-1.23e-2", -0.0123),
    ("0xAf", 175.0),
    ("0O17", 15.0),
    ("0b101", 5.0),
    ("-0x10", None),
    ("0x", None),
    ("0b2", None),
    ("1_000", None),
    ("1,5", None),
    (".", None),
    ("1 2", None),
    ("٣", None),
    ("Infinity", None),
    ("nan", None),
    ("1e999", None),
    ("0x" + "f" * 400, None),
]


@pytest.mark.parametrize(("text", "number"), READ)
def test_strings_are_numbers_when_javascript_says_so(text: str, number: float | None) -> None:
    """White space around a number is ignored, Python's own liberties are not taken."""
    assert parse_number(text) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_reads_back_as_the_same_number(number: float) -> None:
    """Printing loses nothing but the sign of zero."""
    assert parse_number(number_to_string(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_32_bit_integers_wrap_around(number: float) -> None:
    """The result is congruent to the truncated number, and fits."""
    wrapped = to_int32(number)
    assert -(2**31) <= wrapped < 2**31
    assert (wrapped - math.trunc(number)) % 2**32 == 0
