"""Rulesets that others wrote: `KRL_CORPUS` names a folder of them.

They are not part of this repository. What is checked is that each is either accepted or refused with
diagnostics, that nearly all are accepted, and that formatting an accepted one changes its layout only.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pico_lang.diagnostics import RulesetRefused
from pico_lang.formatter import format_ruleset
from pico_lang.nodes import Ruleset
from pico_lang.parser import parse
from pico_lang.source import Source
from tests.pico_lang.shapes import shape

CORPUS = os.environ.get("KRL_CORPUS")

pytestmark = pytest.mark.skipif(not CORPUS, reason="KRL_CORPUS names no folder of rulesets")


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    paths = sorted(Path(CORPUS or "").rglob("*.krl"))
    assert paths, f"no rulesets in {CORPUS}"
    return [Source(path.read_text("utf-8", errors="replace"), str(path)) for path in paths]


def accepted(source: Source) -> Ruleset | None:
    try:
        return parse(source)
    except RulesetRefused:
        return None


def test_nearly_all_are_accepted(sources: list[Source]) -> None:
    """Old dialects of the language and works in progress are among them, so not quite all."""
    refused = [source.name for source in sources if accepted(source) is None]
    assert len(refused) <= len(sources) // 20, "\n".join(refused)


def test_formatting_them_changes_only_the_layout(sources: list[Source]) -> None:
    """The formatted text has the same tree, and formatting it again changes nothing."""
    for source in sources:
        if (tree := accepted(source)) is not None:
            formatted = Source(format_ruleset(source), source.name)
            assert shape(parse(formatted)) == shape(tree), source.name
            assert format_ruleset(formatted) == formatted.text, source.name
