"""Words: keywords only where one makes sense."""

from __future__ import annotations

import re

import pytest

from pico_lang.lexer import lex
from pico_lang.source import Source
from pico_lang.words import RESERVED, readings, special_words


def read(text: str) -> tuple[str, ...]:
    """The readings of a text's first word."""
    return readings(lex(Source(text)).tokens, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("counter", ("ID",)),
        ("rule", ("rule", "ID")),
        ("function", ("function",)),
        ("rule = 1", ("DECLARED", "rule", "ID")),
        ("rule == 1", ("rule", "ID")),
        ("where re#a#", ("ATTRIBUTE", "where", "ID")),
        ("setting re#a#", ("ATTRIBUTE", "setting")),
        ("return = 1", ("return",)),
        ("any 2", ("ANY_OF", "ID")),
        ("any two", ("ID",)),
        ("repeat 2", ("COUNTED", "repeat", "ID")),
        ("or (", ("or", "CALL_FORM", "ID")),
        ("or a", ("or", "ID")),
        ("error x", ("error", "LEVEL", "ID")),
        ("minutes", ("UNIT", "ID")),
        ("keys a", ("keys", "ID")),
        ("keys, a", ("ID",)),
        ("keys shares a", ("ID",)),
    ],
)
def test_readings(text: str, expected: tuple[str, ...]) -> None:
    """The best reading comes first, and what follows the word decides which are possible."""
    assert read(text) == expected


def test_only_eight_words_are_reserved() -> None:
    """Every other keyword of the grammar can also be a name."""
    can_be_names = {text for text, kinds in special_words().items() if kinds[-1] == "ID"}
    assert special_words().keys() - can_be_names == RESERVED
    assert all(re.fullmatch("[a-z]+", text) for text in special_words())
