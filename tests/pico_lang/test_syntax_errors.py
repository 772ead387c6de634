"""Mistakes: every program of programs/bad says in its first lines what is to be said about it.

```
//! K103 4:9 `;` expected an expression, found `;`
//= a guess at the reason
```
is a diagnostic with code, place, blamed text (only as far as its line goes), sentence and hint.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.parser import DIAGNOSTICS_LIMIT, parse
from pico_lang.source import Source

BAD = sorted((Path(__file__).parent / "programs" / "bad").glob("*.krl"))


def refused(text: str) -> RulesetRefused:
    with pytest.raises(RulesetRefused) as caught:
        parse(Source(text))
    return caught.value


def summary(found: Diagnostic, source: Source) -> list[str]:
    """A diagnostic as the programs write it."""
    line, column = source.position(found.span.start)
    blamed = source.text[found.span.start : found.span.end].partition("\n")[0]
    said = f"//! {found.code} {line}:{column} `{blamed}` {found.message}"
    return [said] if found.hint is None else [said, f"//= {found.hint}"]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_programs(path: Path) -> None:
    """All mistakes of a program are found at once, each at its place, and nothing else."""
    text = path.read_text()
    expected = [line for line in text.splitlines() if line.startswith(("//!", "//="))]
    error = refused(text)
    said = [line for found in error.diagnostics for line in summary(found, error.source)]
    assert said == expected


def test_there_are_bad_programs() -> None:
    """The folder is where it is supposed to be."""
    assert len(BAD) > 20


def test_one_mistake_in_each_rule_is_found() -> None:
    """A mistake costs the rest of its rule and nothing more."""
    rules = "".join(f"rule r{n} {{ select when a b always {{ log }} }}\n" for n in range(20))
    assert len(refused(f"ruleset r {{ {rules} }}").diagnostics) == 20


def test_a_hopeless_text_does_not_flood() -> None:
    """The list ends before the reader's patience does."""
    rules = "".join(f"rule r{n} {{ select }}\n" for n in range(500))
    assert len(refused(f"ruleset r {{ {rules} }}").diagnostics) == DIAGNOSTICS_LIMIT


@pytest.mark.parametrize("text", ["", " ", "// nothing", "\ufeff", "}", "rule x {}", "1 + 1", "\x00" * 100])
def test_texts_that_are_no_rulesets(text: str) -> None:
    """Anything at all gets an answer."""
    assert refused(text).diagnostics


def test_an_excerpt_shows_the_place_in_a_long_line() -> None:
    """A line of a machine's making is cut to the part that matters."""
    text = f"ruleset r {{ global {{ a = [{'1, ' * 1_000}] ° [{'1, ' * 1_000}] }} }}"
    shown = str(refused(text)).splitlines()
    assert len(shown[1]) < 200
    assert shown[1][shown[2].index("^")] == "°"
