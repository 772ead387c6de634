"""Upgrade blocks: which one is for which version, what it may change, and what of global it needs."""

from __future__ import annotations

import pytest

from pico_lang.errors import RuntimeFault
from pico_lang.meter import Budget
from pico_lang.parser import parse
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from pico_lang.values import Value
from tests.fakes.recording_host import MODULES, RecordingHost
from tests.pico_lang.running import ruleset, run_upgrade


def version_2(blocks: str, declared: str = "") -> Program:
    return ruleset("", meta=f'version "2" {blocks}', declared=declared)


def upgraded(program: Program, version: str | None, **variables: Value) -> dict[str, Value]:
    """What the program makes of the entity variables of that version."""
    host = RecordingHost()
    host.entities.update(variables)
    run_upgrade(program, host, version)
    return host.entities


def test_a_block_transforms_the_entity_variables() -> None:
    """Whole variables and paths, guarded or not, in the order of the text."""
    block = """upgrade from "1" {
      doubled = ent:counts.map(function(n) { n * 2 })
      ent:doubled := doubled
      ent:kept{["a", "b"]} := ent:counts{"x"} if ent:counts
      ent:never := 1 if not ent:counts
      clear ent:counts; clear ent:kept{"old"}
    }"""
    found = upgraded(version_2(block), "1", counts={"x": 1.0}, kept={"old": 1.0})
    assert found == {"doubled": {"x": 2.0}, "kept": {"a": {"b": 1.0}}}


@pytest.mark.parametrize(
    ("version", "chosen"),
    [("1.0", "first"), ("1.1", "first"), ("1.2", "second"), ("0.1", "any"), (None, "any"), ("2", None)],
)
def test_each_version_has_its_block(version: str | None, chosen: str | None) -> None:
    """`*` stands for every other one and for texts without a version; its own version needs no block."""
    program = version_2("""
      upgrade from "*" { ent:by := "any" }
      upgrade from "1.0", "1.1" { ent:by := "first" }
      upgrade from "1.2" { ent:by := "second" }
    """)
    assert upgraded(program, version).get("by") == chosen
    assert program.upgrades_from(version) is (chosen is not None)


def test_without_a_block_for_it_a_version_is_left_alone() -> None:
    program = version_2('upgrade from "1" { clear ent:x }')
    assert not program.upgrades_from("1.5")
    assert not program.upgrades_from(None)
    assert upgraded(program, "1.5", x=1.0) == {"x": 1.0}


def test_functions_and_values_of_the_ruleset_can_be_used() -> None:
    """Also those that are declared further down, and what the ruleset is configured with."""
    program = version_2(
        'configure using step = 5 upgrade from "1" { ent:n := more(ent:n) + " " + limit }',
        declared="more = function(n) { add(n, step) } add = function(a, b) { a + b } limit = 10",
    )
    assert upgraded(program, "1", n=1.0) == {"n": "6 10"}


def test_what_a_block_does_not_mention_is_not_computed_for_it() -> None:
    """A global value may need the variables as they will be."""
    declared = 'total = ent:new{"total"}.math:double() wrong = 1 - "x" named = "N"'
    program = version_2('upgrade from "1" { ent:new := {"name": named} }', declared=declared)
    assert upgraded(program, "1") == {"new": {"name": "N"}}


def test_a_fault_tells_its_place() -> None:
    """Line and column of the statement, and that it was in an upgrade."""
    text = """ruleset a.b { meta { version "2"
      upgrade from "1" {
        ent:n := ent:n - 1
      } } }"""
    host = RecordingHost()
    host.entities["n"] = "many"
    with pytest.raises(RuntimeFault) as caught:
        run_upgrade(compile_ruleset(Source(text), MODULES), host, "1")
    (place,) = caught.value.places
    assert (place.rid, place.line, place.column, place.within) == ("a.b", 3, 18, "upgrade")


def test_an_endless_block_is_stopped() -> None:
    program = version_2(
        'upgrade from "1" { ent:n := round(1) }', declared="round = function(n) { round(n + 1) }"
    )
    with pytest.raises(RuntimeFault) as caught:
        run_upgrade(program, RecordingHost(), "1", Budget(steps=500))
    assert caught.value.code == "R701"


def test_guarded_declarations_leave_null() -> None:
    program = version_2('upgrade from "1" { n = 1 if ent:x; ent:y := n.isnull() }')
    assert upgraded(program, "1") == {"y": True}


@pytest.mark.parametrize(
    ("version", "text"),
    [('"1.0"', "1.0"), ("<<#{1 + 1}.0>>", "2.0"), ("1.5", "1.5"), ("null", None)],
)
def test_the_version_is_a_text(version: str, text: str | None) -> None:
    """Rulesets from elsewhere may compute it."""
    assert ruleset("", meta=f"version {version}").version == text


@pytest.mark.parametrize(
    "text",
    [
        "ruleset a { global { upgrade = 1 from = upgrade } }",
        "ruleset a { meta { shares upgrade, from provides upgrade } global { upgrade = 1 from = 2 } }",
        "ruleset a { meta { configure using upgrade = 1 from = upgrade shares from } }",
        "ruleset a { meta { use module upgrade alias from use module upgrade.from } }",
        'ruleset a { meta { use module m with upgrade = 1 and from = 2 upgrade from "1" {} version "2" } }',
        "ruleset a { meta { provides keys, upgrade, from } global { keys = 1 upgrade = 2 from = 3 } }",
        "ruleset upgrade { rule from { select when upgrade from upgrade re#.# foreach [1] setting(from) } }",
        'ruleset a { rule r { select when a b upgrade() fired { from = 1; raise upgrade event "from" } } }',
    ],
)
def test_the_words_are_names_everywhere_else(text: str) -> None:
    """Rulesets that had such names before there were upgrade blocks go on to be read."""
    parse(Source(text))
