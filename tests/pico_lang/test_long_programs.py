"""Programs that are long where others are short: they compile, mean the same, and fail in good order."""

from __future__ import annotations

import pytest

from pico_lang.diagnostics import RulesetRefused
from pico_lang.meter import Budget
from pico_lang.program import compile_ruleset
from pico_lang.source import Source
from tests.pico_lang.running import evaluate, fault

LENGTH = 3_000
AMPLE = Budget(steps=10**7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+".join(["1"] * LENGTH), float(LENGTH)),
        ("-".join(["1"] * LENGTH), 2.0 - LENGTH),
        (" + ".join(["1 - 1"] * LENGTH) + ' + "x"', "0x"),
        (" && ".join(["1"] * LENGTH), 1.0),
        (" || ".join(["0"] * LENGTH), 0.0),
        (" == ".join(["1"] * LENGTH), False),
        ("".join(f"{n} == {LENGTH - 1} => {n} | " for n in range(LENGTH)) + "0", LENGTH - 1.0),
        ("[" + ",".join(["1"] * LENGTH) + "].length()", float(LENGTH)),
        ("<<" + "#{1}" * LENGTH + ">>", "1" * LENGTH),
        ("(" * LENGTH + "1" + ")" * LENGTH, 1.0),
        ("[]" + ".append(1)" * 99 + ".length()", 99.0),
        ("[" * 150 + "]" * 150 + ".length()", 1.0),
    ],
)
def test_a_long_expression_has_its_value(text: str, value: object) -> None:
    assert evaluate(text, budget=AMPLE) == value


def test_long_chains_still_do_not_look_at_what_is_decided() -> None:
    """A part of an expression that became a function of its own is not called in vain."""
    assert evaluate("0 && " * 100 + '(1 - "x")') == 0.0
    assert evaluate('false => 1 - "x" | ' * 100 + "7") == 7.0


def test_a_fault_inside_a_long_chain_has_one_place() -> None:
    """The functions that long chains are cut into are nobody's business."""
    found = fault("function(){\n  1 - " + "1 - " * 100 + '"x" - 1\n}()')
    assert [place.within for place in found.places] == ["function", "expression"]
    assert found.places[0].line == 2


@pytest.mark.parametrize("link", [".head()", '{"a"}', "[0]", ".k", "()"])
def test_links_that_hang_on_one_another_without_end_are_refused(link: str) -> None:
    with pytest.raises(RulesetRefused) as refused:
        evaluate("event:attrs" + link * LENGTH)
    assert "K105" in [one.code for one in refused.value.diagnostics]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("function(){", "}"), ("[", "]"), ('{"a":', "}"), ("<<#{", "}>>"), ("- ", ""), ("not ", "")],
)
def test_nesting_as_deep_as_the_parser_allows_compiles(opening: str, closing: str) -> None:
    text = f"ruleset deep {{ global {{ x = {opening * 190}1{closing * 190} }} }}"
    assert compile_ruleset(Source(text), {}).rid == "deep"


@pytest.mark.parametrize(
    ("many", "around"),
    [
        ("rule r{0} {{ select when a b{0} }}", "{}"),
        ("f{0} = function(){{ x{0} = 1 x{0} }}", "global {{ {} }}"),
        ("f{0} = defaction(p{0}){{ noop() }}", "global {{ {} }}"),
    ],
)
def test_rules_and_functions_without_number_are_refused(many: str, around: str) -> None:
    """Their compilation would stop every other thread for seconds."""
    body = around.format("\n".join(many.format(number) for number in range(1_500)))
    with pytest.raises(RulesetRefused) as refused:
        compile_ruleset(Source(f"ruleset long {{ {body} }}"), {})
    assert [found.code for found in refused.value.diagnostics] == ["K107"]


def test_a_thousand_rules_are_possible() -> None:
    rules = "\n".join(f"rule r{number} {{ select when a b{number} }}" for number in range(1_000))
    assert len(compile_ruleset(Source(f"ruleset long {{ {rules} }}"), {}).rules) == 1_000


def test_a_call_of_a_long_body_costs_more_than_one_step() -> None:
    """Else a hundred thousand steps could be the work of hours."""
    body = "; ".join(f"x{n} = {n} + {n}" for n in range(1_000))
    once = f"function(){{ f = function(k){{ {body}; x0 }}; 1.range(10).map(function(k){{ f(k) }}) }}()"
    assert fault(once, Budget(steps=500)).code == "R701"
