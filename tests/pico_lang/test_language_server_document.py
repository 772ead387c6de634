"""Documents under somebody's hands: diagnostics, edits, layout, and places as editors count them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang import language_server
from pico_lang.diagnostics import RulesetRefused
from pico_lang.formatter import format_ruleset
from pico_lang.language_server import (
    Encoding,
    Position,
    completions_at,
    definitions_at,
    format_document,
    hover_at,
    open_document,
    rename_at,
    to_offset,
    to_position,
)
from pico_lang.language_server.document import carry_over
from pico_lang.program import compile_ruleset
from pico_lang.source import Source
from tests.fakes.recording_host import MODULES

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*/*.krl"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_an_editor_shows_what_the_compiler_says(path: Path) -> None:
    """Every error and warning, in the same order."""
    text = path.read_text("utf-8")
    try:
        said = compile_ruleset(Source(text), MODULES).warnings
    except RulesetRefused as refused:
        said = tuple(refused.diagnostics)
    assert tuple(open_document(text, "test.krl", MODULES).diagnostics) == said


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_no_place_of_any_program_is_too_much(path: Path) -> None:
    """Every question has an answer everywhere, also in texts that are refused."""
    text = path.read_text("utf-8")
    document = open_document(text, "test.krl", MODULES)
    for offset in range(0, len(text) + 1, 7):
        completions_at(document, offset)
        hover_at(document, offset)
        definitions_at(document, offset)
    rename_at(document, 0, "other")


def test_an_edit_makes_a_new_document() -> None:
    """The old one stays; a broken one remembers the last that was not."""
    good = open_document("ruleset a { global { x = 1 } }", "test.krl", MODULES)
    broken = good.edited("ruleset a { global { x = } }")
    mended = broken.edited("ruleset a { global { x = 2 } }")
    assert good.diagnostics == mended.diagnostics == []
    assert [one.code for one in broken.diagnostics] == ["K103"]
    assert (broken.analysis, broken.last_good) == (None, good.analysis)
    assert mended.last_good is mended.analysis is not None


def test_a_file_of_tests_is_no_mistake_and_has_mistakes_of_its_own() -> None:
    """It is laid out like any text, and what is wrong with it is said of it as what it is."""
    sound = open_document('tests for "a.krl" {test "x" {send a:b}}', "a.test.krl", MODULES)
    assert list(sound.diagnostics) == []
    assert format_document(sound) == 'tests for "a.krl" {\n  test "x" {\n    send a:b\n  }\n}\n'
    broken = open_document('tests for "a.krl" { test "x" { sent a:b } }', "a.test.krl", MODULES)
    assert [one.code for one in broken.diagnostics] == ["K103"]
    assert format_document(broken) is None


def test_layout_is_the_formatter_s() -> None:
    """There is one canonical layout; a broken text is left alone."""
    text = "ruleset a{global{x=1}}"
    assert format_document(open_document(text, "a", MODULES)) == format_ruleset(Source(text))
    assert format_document(open_document("ruleset a {", "a", MODULES)) is None


@pytest.mark.parametrize(
    ("text", "former", "place", "was"),
    [
        ("abcdef", "abcdef", 3, 3),
        ("abXcdef", "abcdef", 1, 1),
        ("abXcdef", "abcdef", 3, 2),
        ("abXcdef", "abcdef", 5, 4),
        ("abef", "abcdef", 3, 5),
        ("abXXef", "abcdef", 3, 2),
        ("aaa", "aa", 3, 2),
        ("", "abc", 0, 0),
    ],
)
def test_a_place_is_found_again_in_an_earlier_text(text: str, former: str, place: int, was: int) -> None:
    """In front of a change and behind it; within the change it is where the change begins."""
    assert carry_over(place, text, former) == was


# --- positions -------------------------------------------------------------------------------------------

PLACES: list[tuple[Encoding, Position]] = [
    ("utf-8", Position(1, 7)),
    ("utf-16", Position(1, 4)),
    ("utf-32", Position(1, 3)),
]


@pytest.mark.parametrize(("encoding", "position"), PLACES)
def test_characters_are_counted_as_the_editor_counts_them(encoding: Encoding, position: Position) -> None:
    """A `ä` and a rocket, which are two and four bytes, one and two units of UTF-16."""
    source = Source("first\r\nä\N{ROCKET}x|")
    assert to_position(source, source.text.index("|"), encoding) == position
    assert to_offset(source, position, encoding) == source.text.index("|")


def test_half_a_character_is_none() -> None:
    """An editor that points between the halves of a pair points in front of it."""
    assert to_offset(Source("a\N{ROCKET}b"), Position(0, 2), "utf-16") == 1


def test_what_lies_beyond_an_end_is_at_that_end() -> None:
    """Of the line, or of the text."""
    source = Source("ab\ncd")
    assert to_offset(source, Position(0, 9), "utf-16") == 2
    assert to_offset(source, Position(1, 9), "utf-16") == 5
    assert to_offset(source, Position(7, 0), "utf-16") == 5


@given(st.text("aä\N{ROCKET}\r\n\u2028", max_size=20), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_there_and_back_is_where_it_was(text: str, encoding: Encoding) -> None:
    """For every place of every text, except within a line end, which is no place for an editor."""
    source = Source(text)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":
            assert to_offset(source, to_position(source, offset, encoding), encoding) == offset


def test_the_front_door_is_narrow() -> None:
    """What adapters may use; everything else is the package's own to change."""
    assert sorted(language_server.__all__) == [
        *(
            "CannotRename",
            "Completion",
            "CompletionKind",
            "Document",
            "Edit",
            "Encoding",
            "Hover",
            "Position",
        ),
        *("completions_at", "definitions_at", "format_document", "hover_at", "open_document"),
        *("references_at", "renamable_at", "rename_at", "to_offset", "to_position"),
    ]
