"""The reference is what the code says, today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.domains import BUILT_IN, words
from tests.docs.references import DOCUMENTS, REFERENCE


@pytest.mark.parametrize(("name", "make"), DOCUMENTS.items())
def test_a_document_is_what_the_code_says(name: str, make: Callable[[], str]) -> None:
    """`python -m tests.docs.references` writes them anew."""
    assert (REFERENCE / name).read_text("utf-8") == make()


def test_every_built_in_member_has_a_sentence() -> None:
    """And nothing has one that is not there."""
    members = {f"{one.name}:{name}" for one in BUILT_IN.domains.values() for name in one.members}
    assert (set(words.MODULES), set(words.MEMBERS)) == (set(BUILT_IN.domains), members)
