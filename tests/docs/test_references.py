"""What the reference says of the code is of all of it."""

from __future__ import annotations

from engine.core.domains import BUILT_IN, words


def test_every_built_in_member_has_a_sentence() -> None:
    """And nothing has one that is not there."""
    members = {f"{one.name}:{name}" for one in BUILT_IN.domains.values() for name in one.members}
    assert (set(words.MODULES), set(words.MEMBERS)) == (set(BUILT_IN.domains), members)
