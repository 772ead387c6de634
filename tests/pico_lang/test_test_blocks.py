"""Tests as part of a text: how they are read and laid out, and what is said against them."""

from __future__ import annotations

import pytest

from engine.core.domains import MODULES
from pico_lang import nodes as n
from pico_lang.diagnostics import RulesetRefused
from pico_lang.formatter import format_text
from pico_lang.parser import parse, parse_tests, parse_text
from pico_lang.program import compile_ruleset
from pico_lang.source import Source

ALL_STEPS = """\
tests for "shop.krl" {
  // what a step can be
  test "every step" {
    given time "2026-02-01"
    given seed "dice"
    given ruleset "tax.krl"
    given configuration {"currency": "EUR"}
    given ent:stock{["tea", "green"]} := 5
    given http:get for "https://example.org/rate" answers {"content": "2"}
    given http:get answers {"status_code": 404}
    before = ent:stock
    send shop:ordered attributes {"id": 7} // the event
    wait 5 minutes
    expect ent:stock != before
    expect (error == 1)
    expect directive "ordered" with {"id": 7}
    expect directive "ordered" exactly {"id": 7, "count": 1}
    expect no directive
    expect raised shop:packed with {"id": 7}
    expect no sent shop:packed
    expect scheduled shop:reminded
    expect error "R601"
    expect no error
    expect error "R610" from query("nothing")
  }
}
"""


def test_every_step_is_read_and_laid_out() -> None:
    """The text above is in its canonical layout, and has each kind of step."""
    assert format_text(Source(ALL_STEPS)) == ALL_STEPS
    (test,) = parse_tests(Source(ALL_STEPS)).tests
    kinds = {type(step) for step in test.steps}
    assert kinds == {
        *(n.GivenPreset, n.GivenConfiguration, n.GivenEntity, n.GivenAnswer, n.Declaration, n.Send, n.Wait),
        *(n.ExpectValue, n.ExpectDirective, n.ExpectEvent, n.ExpectError, n.ExpectFault),
    }


def test_tests_stand_behind_the_rules() -> None:
    """A ruleset has them in the order of the text; they are no part of its program."""
    text = 'ruleset a { rule b { select when c d } test "one" { send c d } test "two" { expect 1 == 1 } }'
    assert [test.name.value for test in parse(Source(text)).tests] == ["one", "two"]
    plain = text[: text.index("test")].ljust(len(text) - 1) + "}"
    with_tests, without = (compile_ruleset(Source(each), MODULES) for each in (text, plain))
    assert with_tests.compiled.code.co_consts == without.compiled.code.co_consts


@pytest.mark.parametrize(
    "name",
    ["test", "tests", "given", "send", "wait", "expect", "no", "directive", "raised", "answers", "exactly"],
)
def test_the_words_of_tests_stay_names(name: str) -> None:
    """Whatever was a ruleset before tests came is one still, and means the same."""
    text = f"""ruleset {name} {{
      meta {{ shares {name} }}
      global {{ {name} = function({name}) {{ {name} }} }}
      rule {name} {{
        select when {name} {name} {name} re#(.)# setting({name})
        {name}({name})
        always {{ ent:{name} := {name}; raise {name} event "{name}" attributes {{}} }}
      }}
    }}"""
    rule = parse(Source(text)).rules[0]
    assert (rule.name.id, rule.block and rule.block.actions[0].name.id) == (name, name)


def test_a_file_says_with_its_first_word_what_it_holds() -> None:
    assert isinstance(parse_text(Source('/* for */ tests for "a.krl" {}')), n.TestFile)
    assert isinstance(parse_text(Source("ruleset tests {}")), n.Ruleset)


MISTAKES = [
    ("expect counted == 1", "K201", "counted"),
    ("n = 1 n = 2 expect n == 2", "K202", "n"),
    ("expect later == 1 later = 1", "K201", "later"),
    ('given configuration {"a": f()} expect 1 == 1', "K201", "f"),
    ('expect error "R999"', "K602", '"R999"'),
    ('send a b given time "2026" expect no error', "K603", 'given time "2026"'),
    ("given app:x := 1 expect no error", "K310", "given app:x := 1"),
    ("given htp:get answers {} expect no error", "K401", "given htp:get answers {}"),
    ("expect 5.count()", "K201", "count"),
    ("send a b", "K512", '"it"'),
]


@pytest.mark.parametrize(("steps", "code", "blamed"), MISTAKES)
def test_mistakes_in_tests_are_diagnosed(steps: str, code: str, blamed: str) -> None:
    """As early as those of rules, each with its place."""
    text = f'ruleset r {{ global {{ f = function() {{ 1 }} }} test "it" {{ {steps} }} }}'
    try:
        found = compile_ruleset(Source(text), MODULES).warnings
    except RulesetRefused as refused:
        found = tuple(refused.diagnostics)
    assert [(one.code, text[one.span.start : one.span.end]) for one in found] == [(code, blamed)]


def test_two_tests_of_one_name_are_a_mistake() -> None:
    text = 'ruleset r { test "it" { expect 1 == 1 } test "it" { expect 1 == 1 } }'
    with pytest.raises(RulesetRefused) as caught:
        compile_ruleset(Source(text), MODULES)
    assert [one.code for one in caught.value.diagnostics] == ["K601"]


def test_tests_see_what_the_ruleset_declares() -> None:
    """Its functions, what it was configured with, and what every test has: `directives` and `query`."""
    text = """ruleset r {
      meta { configure using limit = 5 }
      global { double = function(x) { x + x } }
      test "it" {
        twice = function(x) { x > limit => x | twice(double(x)) }
        expect twice(1) == 8 && directives.length() == 0 && query("double", {"x": 2}) == 4
      }
    }"""
    assert compile_ruleset(Source(text), MODULES).warnings == ()


def test_a_mistake_in_one_test_does_not_hide_those_in_the_next() -> None:
    """Reading goes on at the next test."""
    text = 'ruleset r { test "a" { expect } test "b" { send x } test "c" { wait 5 } }'
    with pytest.raises(RulesetRefused) as caught:
        parse(Source(text))
    assert len(caught.value.diagnostics) == 3
