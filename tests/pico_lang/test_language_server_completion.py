"""What an editor offers at a cursor: where the text can be read, and where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from pico_lang.builtins import OPERATORS
from pico_lang.language_server import Completion, completions_at, open_document
from pico_lang.language_server.symbols import Variable
from tests.fakes.recording_host import MODULES
from tests.pico_lang.editing import with_cursor

GRAMMAR = Path(__file__).parent / "programs" / "good" / "whole_grammar.krl"

PARTS = {
    "meta": "use module io.other alias other configure using size = 5 shares double provides note",
    "global": """
        double = function(n, factor = 2) { scaled = n * factor; scaled }
        note = defaction(message) { send_directive(message) }
        limit = 10
    """,
    "rule": """
        rule one {
          select when order placed id re#(.*)# setting(id)
          other:tell(id)
          fired { ent:total := id }
        }
    """,
}


def text(**parts: str) -> str:
    """A ruleset of which some parts are others than usual."""
    whole = PARTS | parts
    return f"ruleset test {{ meta {{ {whole['meta']} }} global {{ {whole['global']} }} {whole['rule']} }}"


def offered(source: str) -> dict[str, Completion]:
    return {one.label: one for one in completions_at(*with_cursor(source))}


GLOBALS = {"double", "note", "limit", "size"}

VISIBLE = [
    # the place, the variables of this ruleset that can be read there
    (text(rule="rule r { select when a b pre { x = § } }"), GLOBALS),
    (text(rule="rule r { select when a b x re#(.)# setting(n) where § }"), GLOBALS | {"n"}),
    (text(rule="rule r { select when a b x re#(.)# setting(n) within § minutes }"), GLOBALS),
    (text(rule="rule r { select where § }"), GLOBALS),
    (text(rule="rule r { select when a b foreach § setting(x) }"), GLOBALS),
    (
        text(rule="rule r { select when a b foreach [1] setting(x, k) foreach § setting(y) }"),
        GLOBALS | {"x", "k"},
    ),
    (text(rule="rule r { select when a b pre { x = 1 y = § z = 2 } }"), GLOBALS | {"x"}),
    (
        text(rule="rule r { select when a b pre { x = 1 y = function() { § } z = 2 } }"),
        GLOBALS | {"x", "y", "z"},
    ),
    (text(rule="rule r { select when a b note(1) setting(got) fired { ent:x := § } }"), GLOBALS | {"got"}),
    (text(rule="rule r { select when a b fired { x = 1; y = § } }"), GLOBALS | {"x"}),
    (
        text(rule="rule r { select when a b fired { x = 1 } else { y = 2 } finally { z = § } }"),
        GLOBALS | {"x"},
    ),
    (text(rule="rule r { select when a b fired { x = 1 } else { y = 2; z = § } }"), GLOBALS | {"x", "y"}),
    (text(rule="rule r { select when a b pre { x = 1 } } rule s { select when a b pre { y = § } }"), GLOBALS),
    (text(**{"global": "a = 1 b = § c = 2 f = function(p) { p }"}), {"a", "size"}),
    (text(**{"global": "a = 1 f = function(p, q = §) { l = 1; p }"}), {"a", "f", "p", "size"}),
    (text(**{"global": "a = 1 f = function(p, q) { l = 1; § }"}), {"a", "f", "p", "q", "l", "size"}),
    (text(**{"global": "f = function(p) { function(q) { § } }"}), {"f", "p", "q", "size"}),
    (text(**{"global": "a = 1 b = <<#{§}>> f = function(p) { p }"}), {"a", "size"}),
    (text(**{"global": "act = defaction(p) { l = 1 noop() return § }"}), {"act", "p", "l", "size"}),
    (text(meta="configure using a = 1 b = § c = 2"), {"a"}),
    (text(meta="configure using a = 1 use module m with b = §"), {"a"}),
    (text(meta="configure using a = 1 name §"), set()),
    (text(meta='upgrade from "1" { ent:x := § }'), {"double", "note", "limit"}),
    (
        text(meta='configure using a = 1 upgrade from "1" { b = 1; ent:x := §; c = 1 }'),
        {"a", "b", "double", "note", "limit"},
    ),
]


@pytest.mark.parametrize(("source", "visible"), VISIBLE)
def test_variables_are_those_that_the_place_can_read(source: str, visible: set[str]) -> None:
    """Scopes as the language has them, whether or not the text is broken at the cursor."""
    found = offered(source)
    variables = {label for label, one in found.items() if one.kind in ("variable", "function")}
    assert variables == visible
    assert {"ent", "event", "math", "null", "function"} <= found.keys()


def test_an_inner_name_hides_an_outer_one() -> None:
    """It is offered once, as what it is there."""
    found = completions_at(
        *with_cursor(text(rule="rule r { select when a b pre { limit = double(1) y = § } }"))
    )
    (limit,) = [one for one in found if one.label == "limit"]
    assert limit.documentation == "declared in this block"


def test_operators_come_behind_a_dot() -> None:
    """All standard ones with their docstrings, and functions of the ruleset; no keywords, no variables."""
    found = offered(text(**{"global": 'double = function(n) { n } limit = 1 x = "a".su§ y = 2'}))
    assert found.keys() == {*OPERATORS, "double"}
    assert found["substr"].detail == "value.substr(start, len)"
    assert found["substr"].documentation.startswith("from a position on")


MEMBERS = [
    (text(**{"global": "x = event:§"}), {"attrs", "attr", "name"}),
    (text(**{"global": "x = math:do§"}), {"double", "minus"}),
    (text(**{"global": "x = door:§"}), {"both"}),
    (text(**{"global": "x = 5.math:§"}), {"double", "minus"}),
    (text(rule="rule r { select when a b door:§ }"), {"open", "both"}),
    (text(rule="rule r { select when a b if true then every { noop() door:§ } }"), {"open", "both"}),
    (text(rule="rule r { select when a b fired { ent:first := ent:second; ent:§ } }"), {"first", "second"}),
    (text(rule="rule r { select when a b fired { clear ent:§ } else { ent:one := 1 } }"), {"one"}),
    (text(**{"global": "x = other:told() y = other:§"}), {"told", "tell"}),
    (text(rule="rule r { select when a:b or c:d } rule s { select when a:§ }"), {"b"}),
]


@pytest.mark.parametrize(("source", "names"), MEMBERS)
def test_behind_a_colon_comes_what_the_module_has(source: str, names: set[str]) -> None:
    """Of built-in modules what fits the place; of others and of `ent` what the text itself mentions."""
    assert offered(source).keys() == names


UNITS = {unit + s for unit in ("second", "minute", "hour", "day", "week", "month", "year") for s in ("", "s")}
LEVELS = {"error", "warn", "info", "debug"}
STATEMENTS = {"ent", "clear", "raise", "schedule", "log", "error", "last"}
SELECTED = "rule s { select when c d }"

EXACTLY = [
    ("§", {"ruleset"}),
    ("ruleset a { § }", {"meta", "global", "rule", "test", "version"}),
    (text(rule="rule r { select § }"), {"when", "where"}),
    (text(rule="rule r is §"), {"active", "inactive"}),
    (text(rule="rule §"), set()),
    (text(**{"global": "f = function(§) { 1 }"}), set()),
    (text(rule="rule r { select when a b within 5 § }"), UNITS | {"like", "cmp"}),
    (text(rule="rule r { select when a b fired { log § } }"), LEVELS),
    (text(rule="rule r { select when a b fired { § } }"), STATEMENTS),
    (text(rule="rule r { select when a b fired { last § } }"), STATEMENTS | {"if", "on"}),
    (text(rule="rule r { select when a b fired { clear § } }"), {"ent"}),
    (text(rule="rule r { select when a b fired { raise § } }" + SELECTED), {"a", "c", "event"}),
    (text(rule="rule r { select when a b or c § }" + SELECTED), {"d"}),
    (text(meta="upgrade §"), {"from"}),
    (text(meta="shares §"), {"double", "note", "limit"}),
    (text(meta="shares double, § provides note"), {"double", "note", "limit"}),
]


@pytest.mark.parametrize(("source", "labels"), EXACTLY)
def test_words_are_offered_where_they_fit(source: str, labels: set[str]) -> None:
    """Nothing else is: what the parser would not take there is no help."""
    assert offered(source).keys() == labels


def test_actions_are_offered_where_something_acts() -> None:
    """Standard ones, defactions, names of unknown type, modules with actions; no functions."""
    found = offered(text(rule="rule r { select when a b foreach [1] setting(act) if true then § }"))
    assert found.keys() == {
        *("send_directive", "noop", "note", "size", "act", "door", "other"),
        *("every", "sample", "choose"),
    }


NOWHERE = [
    "ruleset a { // comment §\n}",
    "ruleset a { /* comment § */ }",
    'ruleset a { meta { name "te§xt" } }',
    'ruleset a { meta { name "unclosed §\n } }',
    "ruleset a { meta { name <<te§xt>> } }",
    "ruleset a { meta { name <<§text>> } }",
    "ruleset a { meta { name <<#{1}§ text>> } }",
    "ruleset a { meta { name <<unclosed § } }",
    "ruleset a { global { x = re#a§b# } }",
    "ruleset a { global { x = 12§ } }",
    "ruleset a { /* unclosed § }",
]


@pytest.mark.parametrize("source", NOWHERE)
def test_nothing_is_offered_where_no_code_stands(source: str) -> None:
    """In comments, texts, regular expressions and numbers."""
    assert completions_at(*with_cursor(source)) == []


def test_the_code_in_a_chevron_is_code() -> None:
    """Also when the chevron is not closed yet."""
    assert "limit" in offered(text(**{"global": "limit = 1 x = <<a #{li§} b>>"}))
    assert "null" in offered("ruleset a { global { limit = 1 x = <<a #{li§")


def test_brackets_may_still_be_open() -> None:
    """Whoever writes a call has not closed it yet."""
    assert {"n", "double"} <= offered(text(**{"global": 'double = function(n) { double([{"a": § }'})).keys()


def test_with_a_mistake_elsewhere_names_come_from_the_last_good_text() -> None:
    """The place is found again by what is around it."""
    good = text(rule="rule r { select when a b pre { near = 1 } fired { ent:x := 1 } }")
    document = open_document(good, "test.krl", MODULES)
    assert document.analysis is not None
    broken, offset = broken_twice(good)
    document = document.edited(broken)
    assert document.analysis is None
    assert GLOBALS | {"near"} <= {one.label for one in completions_at(document, offset)}


def broken_twice(good: str) -> tuple[str, int]:
    """A mistake far from the cursor and one at it, and where the cursor is."""
    broken = good.replace("limit = 10", "limit 10").replace("ent:x := 1", "ent:x := ")
    return broken, broken.index("ent:x := ") + len("ent:x := ")


def test_of_a_text_that_never_was_good_only_the_language_is_known() -> None:
    """Keywords and modules, but no names."""
    broken, offset = broken_twice(text(rule="rule r { select when a b fired { ent:x := 1 } }"))
    found = {one.label for one in completions_at(open_document(broken, "test.krl", MODULES), offset)}
    assert {"null", "event", "ent"} <= found
    assert not GLOBALS & found


def test_what_stands_in_a_good_text_would_have_been_offered() -> None:
    """Every name that the whole grammar's example reads, at the place where it reads it."""
    document = open_document(GRAMMAR.read_text("utf-8"), "whole_grammar.krl", MODULES)
    assert document.analysis is not None
    read = [one for one in document.analysis.occurrences if isinstance(one.symbol, Variable)]
    missing = [
        one.symbol.name
        for one in read
        if not one.is_definition
        and one.symbol.name not in {each.label for each in completions_at(document, one.span.start)}
    ]
    # Named arguments are read by the function that is called, not where they stand.
    assert missing == ["n", "offset"]
    assert len(read) > 100


def test_a_text_that_ends_anywhere_does_no_harm() -> None:
    """Nobody should have to close every bracket before typing on: it answers, whatever it knows."""
    whole = text()
    for length in range(0, len(whole), 5):
        completions_at(open_document(whole[:length], "test.krl", MODULES), length)
