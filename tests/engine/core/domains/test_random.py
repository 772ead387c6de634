"""What the functions of `random` draw."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.chance import Chance
from engine.core.domains.random import FUNCTIONS
from engine.core.word_list import WORDS
from pico_lang.errors import TypeFault
from pico_lang.values import Value
from tests.engine.core.bench import Bench

BOUNDS = st.floats(-1e300, 1e300)


def draw(name: str, *arguments: Value, seed: str = "5eed", times: int = 1) -> list[Value]:
    """The first values of `random:name(…)`."""
    chance = Chance(seed)
    return [FUNCTIONS[name](chance, *arguments) for _ in range(times)]


def test_a_uuid_is_an_id() -> None:
    """Of 25 characters, and new each time."""
    ids = draw("uuid", times=50)
    assert all(re.fullmatch("c[a-z0-9]{24}", one) for one in ids)
    assert len(set(ids)) == 50


def test_a_word_is_a_word() -> None:
    """One of a fixed list."""
    assert set(draw("word", times=50)) <= set(WORDS)


@pytest.mark.parametrize(
    ("upper", "lower", "found"),
    [
        (None, None, {0.0, 1.0}),
        (3.0, None, {0.0, 1.0, 2.0, 3.0}),
        (3.0, 2.0, {2.0, 3.0}),
        (2.0, 3.0, {2.0, 3.0}),
        (None, 2.0, {0.0, 1.0, 2.0}),
        (-2.0, None, {-2.0, -1.0, 0.0}),
        ("1", "wat", {0.0, 1.0}),
        (1.4, 0.6, {1.0}),
        (7.0, 7.0, {7.0}),
    ],
)
def test_integers_reach_every_number_between_their_bounds(
    upper: Value, lower: Value, found: set[float]
) -> None:
    """Both included, in either order, rounded; 0 and 1 when not given."""
    drawn = draw("integer", upper, lower, times=200)
    assert set(drawn) == found
    assert all(type(one) is float for one in drawn)


@given(BOUNDS, BOUNDS, st.text("0123456789abcdef", min_size=1))
def test_numbers_lie_between_their_bounds(upper: float, lower: float, seed: str) -> None:
    """Also when the distance between them is too large for a double."""
    (drawn,) = draw("number", upper, lower, seed=seed)
    assert min(upper, lower) <= drawn <= max(upper, lower)


def test_numbers_are_between_0_and_1_unless_told_otherwise() -> None:
    """And not all the same."""
    drawn = draw("number", None, None, times=100)
    assert all(0 <= one <= 1 for one in drawn)
    assert len(set(drawn)) == 100


@pytest.mark.parametrize("name", ["integer", "number"])
def test_bounds_are_finite(name: str) -> None:
    """There is no random number up to infinity."""
    with pytest.raises(TypeFault, match="no bound Infinity"):
        draw(name, float("inf"), None)


def test_a_turn_that_is_run_again_draws_the_same() -> None:
    """Chance comes from the recorded seed; within a turn every draw is another."""
    text = """
        ruleset r {
          meta { shares f }
          global { f = function() { [random:uuid(), random:uuid(), random:number(), random:word()] } }
        }
    """
    first, again = Bench(text).query("r", "f"), Bench(text).query("r", "f")
    assert first == again
    assert first[0] != first[1]
