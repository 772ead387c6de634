"""Strings are counted in UTF-16 code units without being stored in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pico_lang import utf16

# Surrogates are allowed, but in a string of ours no two of them form a pair.
texts = st.text(st.characters(), max_size=20).map(utf16.whole)


def code_units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


@given(texts)
def test_units_are_those_of_utf_16(text: str) -> None:
    """As many characters as code units, and the way back leads to the same text."""
    assert len(utf16.units(text)) * 2 == len(code_units(text))
    assert utf16.whole(utf16.units(text)) == text


@given(texts, texts)
def test_halves_that_meet_become_one_character(left: str, right: str) -> None:
    """Joining two texts is joining their code units."""
    assert utf16.concat(left, right) == utf16.whole(left + right)


@given(texts, texts)
def test_order_is_that_of_code_units(left: str, right: str) -> None:
    """An astral character comes before U+FFFD, although its code point is larger."""
    a, b = code_units(left), code_units(right)
    assert utf16.compare(left, right) == (a > b) - (a < b)
    assert (utf16.order_key(left) < utf16.order_key(right)) == (a < b)


def test_an_astral_character_comes_before_the_last_of_the_plane() -> None:
    """The case in which Python's own order is another one."""
    assert utf16.compare("😀", "\ufffd") == -1
    assert "😀" > "\ufffd"
