"""Where names are declared and mentioned, and what renaming them changes or refuses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pico_lang.language_server import (
    CannotRename,
    Edit,
    definitions_at,
    open_document,
    references_at,
    renamable_at,
    rename_at,
)
from pico_lang.language_server.symbols import Variable
from pico_lang.source import Span
from tests.fakes.recording_host import MODULES
from tests.pico_lang.editing import CURSOR, edited, marked, with_cursor
from tests.pico_lang.test_language_server_completion import GRAMMAR

# A definition is in «», every other mention in ‹›. From each of them all of them are found.
MENTIONS = [
    "ruleset a { meta { shares ‹f›, g provides ‹f› } global { «f» = function() { ‹f›() } g = 1 } }",
    "ruleset a { global { f = function(m, «n» = 2) { ‹n› + m } g = f(1, ‹n› = 1) n = 1.f(‹n› = 2) } }",
    "ruleset a { global { «n» = 1 f = function(n) { k = n; k } g = f(n = ‹n›) } }",
    "ruleset a { global { f = function(x) { «y» = x; ‹y› } y = 1 } }",
    """ruleset a { rule r { select when a b x re#(.)# setting(«s») where ‹s› or c d y re#(.)# setting(«s»)
        pre { t = ‹s› } } }""",
    "ruleset a { rule r { select when repeat 2 (a b x re#(.)#) max(«m») pre { t = ‹m› } } }",
    """ruleset a { rule r { select when a b foreach [1] setting(«v», k) foreach ‹v› setting(w)
        pre { x = k + ‹v› } } }""",
    "ruleset a { rule r { select when a b pre { «n» = 1 } noop() fired { ent:n := ‹n› } } }",
    "ruleset a { global { «n» = 1 } rule r { select when a b pre { n = ‹n› } if n then noop() } }",
    "ruleset a { rule r { select when a b door:open() setting(«got») fired { ent:x := ‹got› } } }",
    "ruleset a { rule r { select when a b fired { «t» = 1; ent:x := ‹t› } finally { ent:y := ‹t› } } }",
    """ruleset a { rule r { select when a b
        fired { schedule a event "b" at 1 setting(«t»); ent:x := ‹t› } } }""",
    "ruleset a { global { «act» = defaction(p) { noop() } } rule r { select when a b ‹act›(p = 1) } }",
    """ruleset a { global { act = defaction(«p») { send_directive(‹p›) } }
        rule r { select when a b act(‹p› = 1) } }""",
    """ruleset a { global { x = ent:‹v› }
        rule r { select when a b fired { ent:«v»{"k"} := 1; clear ent:‹v› } } }""",
    """ruleset a { meta { use module io.b alias «m» } global { x = ‹m›:f() + 1.‹m›:f() m = 1 }
        rule r { select when a b ‹m› : g() } }""",
    "ruleset a { meta { configure using «size» = 1 use module io.b alias b with size = ‹size› } }",
    """ruleset a { meta { version "2" upgrade from "1" { «n» = ent:old; ent:x := f(‹n›) } }
        global { f = function(n) { n } } }""",
    "ruleset a { global { «b» = 1 a = <<x #{<<#{‹b›}>>} b>> } }",
    "ruleset a { rule «r» { select when a b } rule s { select when r r } }",
]


def cursors(text: str) -> list[str]:
    """The text with a cursor at each mark in turn, and without the marks."""
    plain = [text[:at] + CURSOR + text[at + 1 :] for at, char in enumerate(text) if char in "«‹"]
    return ["".join(char for char in one if char not in "«»‹›") for one in plain]


@pytest.mark.parametrize("text", MENTIONS)
def test_every_mention_leads_to_every_other_and_to_the_definition(text: str) -> None:
    """A use, a declaration, an export, a named argument: all are mentions of the one thing."""
    for source in cursors(text):
        document, offset = with_cursor(source)
        assert document.analysis is not None
        assert marked(document, references_at(document, offset)) == text.replace("‹", "«").replace("›", "»")
        uses = text.replace("‹", "").replace("›", "")
        assert marked(document, definitions_at(document, offset)) == uses


def test_a_name_is_found_from_either_end_of_it() -> None:
    """And from the middle; not from the space beside it."""
    document, offset = with_cursor("ruleset a { global { §name = 1 } }")
    assert [bool(references_at(document, offset + shift)) for shift in (-1, 0, 2, 4, 5)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_broken_text_has_no_definitions() -> None:
    """There is no tree to find them in."""
    document, offset = with_cursor("ruleset a { global { x = 1 y = §x z = } }")
    assert (definitions_at(document, offset), references_at(document, offset)) == ([], [])


# --- renaming --------------------------------------------------------------------------------------------


def rename(source: str, name: str) -> str:
    """The text after a renaming at its cursor, or why there is none."""
    document, offset = with_cursor(source)
    result = rename_at(document, offset, name)
    return result.reason if isinstance(result, CannotRename) else edited(document, list(result))


@pytest.mark.parametrize("text", MENTIONS)
def test_renaming_changes_every_mention(text: str) -> None:
    """Wherever it is asked for, and nothing else."""
    for source in cursors(text):
        parts = text.replace("‹", "«").replace("›", "»").split("«")
        changed = parts[0] + "".join("renamed" + part.split("»")[1] for part in parts[1:])
        assert rename(source, "renamed") == changed


REFUSED = [
    ("ruleset a { global { §x = 1 y = 2 } }", "y", "y is declared twice in this block"),
    ("ruleset a { global { §x = 1 y = x } }", "y", "y is declared twice in this block"),
    ("ruleset a { global { §x = 1 y = 2 z = x + y } }", "y", "would mean something else"),
    (
        "ruleset a { global { x = 1 f = function(§p) { p + x } } }",
        "x",
        "x in line 1 would mean something else",
    ),
    (
        "ruleset a { global { §x = 1 f = function(p) { p + x } } }",
        "p",
        "x in line 1 would mean something else",
    ),
    ("ruleset a { global { §f = function(p) { p } g = [1].map(f) } }", "map", "would mean something else"),
    ("ruleset a { global { §x = 1 y = undeclared } }", "undeclared", "undeclared name"),
    ("ruleset a { global { f = function(§p, q) { 1 } } }", "q", "the parameter q stands here twice"),
    ("ruleset a { global { f = function(§p) { p } g = f(q = 1) } }", "q", "undeclared name"),
    ("ruleset a { rule r { select when a b fired { ent:§x := ent:y } } }", "y", "would mean something else"),
    (
        "ruleset a { rule §r { select when a b } rule s { select when a b } }",
        "s",
        "would mean something else",
    ),
    (
        "ruleset a { meta { use module io.b alias §m } global { x = m:f(math:double(1)) } }",
        "math",
        "would mean something else",
    ),
    (
        "ruleset a { meta { use module io.b alias §m use module io.c alias n } }",
        "n",
        "would mean something else",
    ),
    (
        "ruleset a { global { §x = defaction() { noop() } } rule r { select when a b x() } }",
        "every",
        "the text could not be read any more",
    ),
    ("ruleset a { global { §x = 1 } }", "function", "function is a reserved word"),
    ("ruleset a { global { §x = 1 } }", "1st", "'1st' is no name"),
    ("ruleset a { global { §x = 1 } }", "ä", "'ä' is no name"),
    ("ruleset a { global { §x = 1 } }", "", "'' is no name"),
    ("ruleset a { global { x = 1.§as() } }", "y", "as is not named by this ruleset"),
    ("ruleset a { global { x = math:§double(1) } }", "y", "double is not named by this ruleset"),
    ("ruleset a { global { x = ma§th:double(1) } }", "y", "math is not named by this ruleset"),
    (
        "ruleset a { meta { use module §other } global { x = other:f() } }",
        "y",
        "other is not named by this ruleset",
    ),
    ("ruleset a { meta { shares §__testing } }", "y", "__testing is not named by this ruleset"),
    ("ruleset a { global { x = §1 } }", "y", "there is no name here"),
    ("ruleset a { global { §x = } }", "y", "the text cannot be read yet"),
]


@pytest.mark.parametrize(("source", "name", "reason"), REFUSED)
def test_a_renaming_that_would_change_the_meaning_is_refused(source: str, name: str, reason: str) -> None:
    """With a sentence that says what is in the way."""
    document, offset = with_cursor(source)
    result = rename_at(document, offset, name)
    assert isinstance(result, CannotRename), result
    assert reason in result.reason


def test_what_can_be_renamed_is_known_beforehand() -> None:
    """So that an editor need not ask for a name in vain."""
    document, offset = with_cursor("ruleset a { global { name = 1 x = na§me.as() } }")
    assert renamable_at(document, offset) == Span(offset - 2, offset + 2)
    assert isinstance(renamable_at(document, offset + 4), CannotRename)


def test_nothing_hides_behind_an_inner_scope() -> None:
    """A name may be used again where the other one cannot be seen."""
    source = "ruleset a { global { f = function(§p) { p } g = function(q) { q } } }"
    assert rename(source, "q") == "ruleset a { global { f = function(q) { q } g = function(q) { q } } }"


def test_renaming_there_and_back_leaves_the_text_as_it_was() -> None:
    """For every variable of the whole grammar's example."""
    text = GRAMMAR.read_text("utf-8")
    document = open_document(text, "whole_grammar.krl", MODULES)
    assert document.analysis is not None
    declared = [
        one.span.start
        for one in document.analysis.occurrences
        if one.is_definition and isinstance(one.symbol, Variable)
    ]
    for offset in declared:
        edits = there(rename_at(document, offset, "a_name_of_its_own"))
        changed = open_document(edited(document, edits), "changed.krl", MODULES)
        place = edited(document, [edit for edit in edits if edit.span.start < offset])
        former = next(edit.span for edit in edits if edit.span.start == offset)
        back = rename_at(changed, offset + len(place) - len(text), text[former.start : former.end])
        assert edited(changed, there(back)) == text
    assert len(declared) > 40


def there(result: Sequence[Edit] | CannotRename) -> list[Edit]:
    assert not isinstance(result, CannotRename), result.reason
    return list(result)
