"""Every mistake the checker knows, each pinned by code, message and the text it blames.

The programs stand in `programs/refused`, one file per mistake; the first lines of a file say what
must be found: `// K201 incremnt: undefined name incremnt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pico_lang.builtins import OPERATORS
from pico_lang.checks import check
from pico_lang.diagnostics import Diagnostic
from pico_lang.names import resolve
from pico_lang.parser import parse
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS
from tests.fakes.recording_host import MODULES

PROGRAMS = sorted((Path(__file__).parent / "programs" / "refused").glob("*.krl"))


def found_in(text: str) -> list[Diagnostic]:
    source = Source(text, "program")
    tree = parse(source)
    return check(tree, resolve(tree, [*OPERATORS, *ACTIONS]), MODULES)


def expected_in(text: str) -> Iterator[tuple[str, str, str]]:
    """Code, blamed text and message of each expected diagnostic."""
    for line in text.splitlines():
        if line.startswith("// K"):
            head, _, message = line.removeprefix("// ").partition(": ")
            code, _, blamed = head.partition(" ")
            yield code, blamed, message


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program_is_blamed_for_exactly_its_mistakes(program: Path) -> None:
    """All of them, in the order of the text, and nothing else."""
    text = program.read_text(encoding="utf-8")
    assert [(one.code, text[one.span.start : one.span.end], one.message) for one in found_in(text)] == list(
        expected_in(text)
    )


def test_programs_cover_every_code_of_the_checker() -> None:
    """A new code comes with a program that earns it."""
    pinned = {code for program in PROGRAMS for code, _, _ in expected_in(program.read_text(encoding="utf-8"))}
    from_parser = {"K101", "K102", "K103", "K104"}
    assert pinned | from_parser >= set(CHECKED)


CHECKED = (
    [f"K20{n}" for n in range(1, 8)]
    + ["K106", "K301", "K302", "K303", "K304", "K305", "K306", "K307", "K308", "K309", "K310", "K311", "K312"]
    + ["K314", "K315", "K316"]
    + ["K401", "K402", "K403", "K404"]
    + ["K501", "K502", "K503", "K504", "K505", "K506", "K507", "K508", "K509", "K510", "K511"]
)
"""Codes that `pico_lang.names` and `pico_lang.checks` give."""


def test_a_hint_guesses_the_misspelt_name() -> None:
    (found,) = found_in("ruleset a { global { count = 1 other = coutn } }")
    assert found.hint == "did you mean count?"


def test_good_programs_have_nothing_said_against_them() -> None:
    text = """ruleset a {
      meta { shares n configure using step = 1 }
      global { n = function(){ ent:n.defaultsTo(0) + step } }
      rule r { select when test tick by re#(.+)# setting(by) fired { ent:n := n() + by.as("Number") } }
    }"""
    assert found_in(text) == []
