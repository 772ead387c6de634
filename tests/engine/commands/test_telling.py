"""Parts of picos, as people read them."""

from __future__ import annotations

import pytest

from engine.commands.telling import tell_part


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (["entity", "counter", "n"], "counter ent:n"),
        (["entity", "counter", "n", "a", "b c"], 'counter ent:n{"a"}{"b c"}'),
        (["channel", "cabc"], "channel cabc"),
        (["relation", "cabc did:key:z6Mk"], "relation on cabc with did:key:z6Mk"),
        (["asked", "cabc q1"], "question on cabc in thread q1"),
    ],
)
def test_a_part_is_told_in_words(part: list[str], told: str) -> None:
    """Variables as rulesets write them; the others by what they are."""
    assert tell_part(part) == told
