"""What follows from a seed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.chance import Chance
from engine.core.word_list import WORDS

SEEDS = st.integers(0, 2**256 - 1).map("{:064x}".format)


@given(SEEDS)
def test_one_seed_gives_one_sequence(seed: str) -> None:
    """Whatever is drawn, and in whatever mixture."""

    def draw(chance: Chance) -> list[object]:
        return [chance.id(), chance.number(), chance.below(7), chance.word(), chance.integer(-3, 3)]

    assert draw(Chance(seed)) == draw(Chance(seed))


def test_the_sequence_of_a_seed_never_changes() -> None:
    """Recorded turns must come out the same in every release: these values are part of the format."""
    chance = Chance("00ff")
    drawn = [chance.number(), chance.below(10**40), chance.integer(-5, 5), chance.id(), chance.word()]
    assert drawn == [
        0.3581418306410197,
        3551263416063020217137433428675791842878,
        5,
        "cf0y9h8qabnay1qswz97nrtq9",
        "panda",
    ]


def test_draws_differ_from_each_other_and_between_seeds() -> None:
    """Ten thousand ids of two seeds, and no two alike."""
    first, second = Chance("a"), Chance("b")
    ids = {chance.id() for chance in (first, second) for _ in range(5_000)}
    assert len(ids) == 10_000


@given(SEEDS)
def test_an_id_looks_as_ids_of_picos_always_did(seed: str) -> None:
    """25 characters, the first a letter; the prefix can be another."""
    assert re.fullmatch(r"c[0-9a-z]{24}", Chance(seed).id())
    assert re.fullmatch(r"did:[0-9a-z]{24}", Chance(seed).id("did:"))


@given(SEEDS, st.integers(1, 10**30))
def test_below_stays_below(seed: str, count: int) -> None:
    """Zero is possible, the count is not."""
    assert 0 <= Chance(seed).below(count) < count


@given(SEEDS, st.integers(-(10**20), 10**20), st.integers(0, 10**20))
def test_an_integer_lies_between_its_bounds(seed: str, low: int, more: int) -> None:
    """Both included, and negative ones too."""
    assert low <= Chance(seed).integer(low, low + more) <= low + more


def test_below_reaches_every_number_about_equally_often() -> None:
    """Six thousand throws of a die: each face comes up a thousand times, give or take a tenth."""
    chance = Chance("die")
    throws = [chance.below(6) for _ in range(6_000)]
    assert all(900 < throws.count(face) < 1_100 for face in range(6))


def test_below_refuses_an_empty_range() -> None:
    """There is nothing to draw from."""
    with pytest.raises(ValueError, match="below 0"):
        Chance("a").below(0)


@given(SEEDS)
def test_a_number_lies_between_zero_and_one(seed: str) -> None:
    """One is never drawn."""
    chance = Chance(seed)
    assert all(0 <= chance.number() < 1 for _ in range(20))


def test_numbers_are_spread_evenly() -> None:
    """A tenth of them in each tenth."""
    chance = Chance("spread")
    tenths = [int(chance.number() * 10) for _ in range(10_000)]
    assert all(900 < tenths.count(tenth) < 1_100 for tenth in range(10))


def test_there_are_enough_words_and_all_are_plain() -> None:
    """Lower-case letters only, and each word once."""
    assert len(WORDS) >= 512
    assert len(set(WORDS)) == len(WORDS)
    assert all(re.fullmatch("[a-z]{3,12}", word) for word in WORDS)


def test_words_are_drawn_from_the_whole_list() -> None:
    """Nearly every one of them comes up in ten draws per word."""
    chance = Chance("words")
    assert len({chance.word() for _ in range(10 * len(WORDS))}) > 0.99 * len(WORDS)
