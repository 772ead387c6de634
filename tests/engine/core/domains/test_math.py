"""What the functions of `math` give."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.domains.math import ALGORITHMS, FUNCTIONS
from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import Budget, Meter
from pico_lang.values import RegExp, Value
from tests.engine.core.bench import Bench


def give(name: str, *arguments: Value) -> Value:
    """The value of `math:name(…)`."""
    return FUNCTIONS[name](Meter(Budget()), *arguments)


# --- rounding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "precision", "result"),
    [
        ("ceiling", 0.46, None, 1.0),
        ("ceiling", -0.46, None, 0.0),
        ("ceiling", 6.004, 2.0, 6.01),
        ("floor", 0.46, None, 0.0),
        ("floor", -0.46, None, -1.0),
        ("floor", 4060.0, -2.0, 4000.0),
        ("round", 0.46, None, 0.0),
        ("round", 0.5, None, 1.0),
        ("round", -0.5, None, 0.0),
        ("round", -1.5, None, -1.0),
        ("round", 0.49999999999999994, None, 0.0),
        ("round", 4503599627370497.0, None, 4503599627370497.0),
        ("round", -0.46, 1.0, -0.5),
        ("round", 1.005, 2.0, 1.01),
        ("round", 4066.0, -1.0, 4070.0),
        ("round", 4066.0, -2.0, 4100.0),
        ("round", 4066.0, -3.0, 4000.0),
        ("round", 4066.0, -4.0, 0.0),
        ("round", 1e300, 292.0, 1e300),
        ("round", 1.25, 1e9, 1.25),
        ("round", "1.5", "0", 2.0),
        ("round", 1.5, "wat", 2.0),
    ],
)
def test_rounding(name: str, number: Value, precision: Value, result: float) -> None:
    """To whole numbers, or to so many decimals as they are printed; halves go up."""
    found = give(name, number, precision)
    assert (found, math.copysign(1, found)) == (result, math.copysign(1, result))


@pytest.mark.parametrize(("number", "result"), [(10.46, 10.0), (-10.46, -10.0), ("7.9", 7.0), (None, 0.0)])
def test_int_cuts_off_decimals(number: Value, result: float) -> None:
    """Towards zero."""
    assert give("int", number) == result


@pytest.mark.parametrize(("number", "result"), [(-0.46, 0.46), (3.0, 3.0), ("-2", 2.0), (True, 1.0)])
def test_abs(number: Value, result: float) -> None:
    """Of what counts as a number."""
    assert give("abs", number) == result


@pytest.mark.parametrize("value", ["wat", [1.0], {}, RegExp("a")])
def test_what_is_no_number_gives_null(value: Value) -> None:
    """Rounding garbage is no fault."""
    assert [give(name, value, None) for name in ("ceiling", "floor", "round")] == [None] * 3
    assert [give(name, value) for name in ("abs", "int")] == [None] * 2


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-300, 300).map(float))
def test_rounding_never_fails_and_moves_the_right_way(number: float, precision: float) -> None:
    """Whatever the number and the precision."""
    assert give("floor", number, precision) <= number <= give("ceiling", number, precision)
    assert give("round", number, precision) in (
        give("floor", number, precision),
        give("ceiling", number, precision),
    )


# --- base64 ----------------------------------------------------------------------------------------


def test_base64_is_of_utf_8() -> None:
    """And of the string form of anything else."""
    assert give("base64encode", "}{") == "fXs="
    assert give("base64encode", "π") == "z4A="
    assert give("base64encode", None) == base64.b64encode(b"null").decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_encoded_is_decoded(text: str) -> None:
    """With or without padding, in either alphabet."""
    encoded = give("base64encode", text)
    url_safe = encoded.rstrip("=").replace("+", "-").replace("/", "_")
    assert give("base64decode", encoded) == give("base64decode", url_safe) == text


@pytest.mark.parametrize(
    ("text", "result"), [("fX\n s=", "}{"), ("f", ""), ("", ""), ("/w==", "\ufffd"), ("fXs=fXs=", "}{")]
)
def test_decoding_makes_the_best_of_anything(text: str, result: str) -> None:
    """Other characters are passed over, padding is the end, bytes that are no text are replaced."""
    assert give("base64decode", text) == result


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate, which a string may hold, has no bytes in UTF-8."""
    assert give("base64decode", give("base64encode", "a\ud800b")) == "a\ufffdb"


# --- hashes ----------------------------------------------------------------------------------------


def test_hashes_are_hex_unless_base64_is_asked_for() -> None:
    """Of the string form of what is given."""
    hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert give("hash", "sha256", "hello", None) == give("hash", "sha256", "hello", "hex") == hello
    assert give("hash", "sha256", "hello", "base64") == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    assert give("hash", "sha256", [1.0], None) == give("hash", "sha256", "[Array]", None)


def test_hmac() -> None:
    """The key comes before the message."""
    expected = "86de43245b44531ac38b6a6a691996287d932a8dea03bc69b193b90caf48ff53"
    assert give("hmac", "sha256", "a secret", "some message", None) == expected


def test_every_algorithm_that_is_listed_works() -> None:
    """For hash and for hmac."""
    for name, library_name in ALGORITHMS.items():
        assert give("hash", name, "text", None) == hashlib.new(library_name, b"text").hexdigest()
        assert give("hmac", name, "k", "text", None) == hmac.new(b"k", b"text", library_name).hexdigest()
    assert give("hashAlgorithms") == give("hashFunctions") == list(ALGORITHMS)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("hash", ("sha257", "a", None), "sha257 is no hash algorithm; .* md5, sha1"),
        ("hash", (0.0, "a", None), "0 is no hash algorithm"),
        ("hash", ("sha256", "a", "hax"), '"hex" or "base64", not hax'),
        ("hash", ("sha256", "a", ["hex"]), r"not \[Array\]"),
        ("hmac", ("sha256", None, "a", None), "needs a key that is a string, not null"),
        ("hmac", ("wat", "k", "a", None), "wat is no hash algorithm"),
    ],
)
def test_a_mistake_in_the_ruleset_is_a_fault(name: str, arguments: tuple[Value, ...], said: str) -> None:
    """That says what is right."""
    with pytest.raises(TypeFault, match=said):
        give(name, *arguments)


@pytest.mark.parametrize(
    "call", [("base64encode",), ("base64decode",), ("hash", "md5"), ("hmac", "md5", "k")]
)
def test_large_strings_are_paid_for(call: tuple[str, ...]) -> None:
    """A step per 64 characters, before the work is done."""
    name, *front = call
    rest = [None] if name in ("hash", "hmac") else []
    with pytest.raises(BudgetSpent):
        FUNCTIONS[name](Meter(Budget(steps=100)), *front, "x" * 10_000, *rest)


def test_a_ruleset_can_call_it() -> None:
    """By position and by name; `hashAlgorithms` is a property."""
    bench = Bench(
        """
        ruleset r {
          meta { shares f }
          global {
            f = function() {
              [math:round(number = 1.25, precision = 1), math:hashAlgorithms.length(), -3.abs()]
            }
            abs = function(x) { math:abs(x) }
          }
        }
        """
    )
    assert bench.query("r", "f") == [1.3, float(len(ALGORITHMS)), -3.0]
