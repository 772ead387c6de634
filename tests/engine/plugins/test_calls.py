"""What rulesets get of a plugin's functions, questions and effects: the pure half, without an engine."""

from __future__ import annotations

import pytest

from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.core.messages import Answered, AskLater, Asks, Done, Failed, SendEvent
from engine.core.model import Eci
from engine.core.reports import report
from engine.plugins.calls import make_domain
from pico_lang.diagnostics import RulesetRefused
from pico_lang.values import Value
from tests.engine.core.bench import Bench
from tests.engine.core.making import ROOT, make_turn
from tests.fakes.garden import ARITHMETIC, Garden

GARDEN = Garden().module()
CATALOGUE = Catalogue(
    [
        *BUILT_IN.domains.values(),
        make_domain("arithmetic", ARITHMETIC.members),
        make_domain("garden", GARDEN.members),
    ]
)


def bench(text: str) -> Bench:
    """A pico that may use the garden, with one ruleset."""
    made = Bench(catalogue=CATALOGUE)
    made.done("$engine", "grant", {"module": "garden"})
    made.install(made.publish(text))
    return made


def ask(expression: str) -> Answered | Asks | Failed:
    """What a query makes of an expression."""
    made = bench(f"ruleset r {{ meta {{ shares f }} global {{ f = function(x) {{ {expression} }} }} }}")
    return made.ask("r", "f", {"x": [1.0]})


def value_of(expression: str) -> Value:
    answered = ask(expression)
    assert isinstance(answered, Answered), answered
    return answered.value


def fault_of(expression: str) -> tuple[str, str]:
    failed = ask(expression)
    assert isinstance(failed, Failed), failed
    return failed.fault.code, failed.fault.message


# --- functions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("arithmetic:celsius(212)", 100.0),
        ("arithmetic:celsius(fahrenheit = 32)", 0.0),
        ("212.arithmetic:celsius()", 100.0),
        ('arithmetic:bed(2){"name"}', "herbs"),
        ('arithmetic:bed(2){"is_whole"}', True),
        ('arithmetic:bed(2, null, [1, 2]){"sizes"}', [1.0, 2.0]),
        ('arithmetic:bed(row = 3, more = {"a": re#x#}){"more"}', {"a": {}}),
        ("arithmetic:sow(3)", [0.0, 1.0, 2.0]),
    ],
)
def test_a_function_gives_a_value(expression: str, value: Value) -> None:
    """Arguments by place and by name, defaults for what is left out or null, numbers as floats."""
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("arithmetic:celsius()", "arithmetic:celsius needs fahrenheit, a Number"),
        ('arithmetic:celsius("hot")', "arithmetic:celsius: fahrenheit is a Number, not String"),
        ("arithmetic:bed(1.5)", "arithmetic:bed: row is a Number without decimals, not Number 1.5"),
        ("arithmetic:bed(1, 2)", "arithmetic:bed: name is a String, not Number 2"),
        ("arithmetic:bed(1, sizes = {})", "arithmetic:bed: sizes is an Array, not Map"),
        ("arithmetic:same(f)", "arithmetic:same: given is a value that can be stored, not Function"),
        ("garden:read([])", "garden:read: place is a String, not Array"),
    ],
)
def test_arguments_are_held_against_the_signature(expression: str, message: str) -> None:
    """A type fault names the member and the parameter; no Python code has seen the value."""
    assert fault_of(expression) == ("R601", message)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("arithmetic:dig(-1)", "arithmetic:dig failed: ValueError: up is the other way"),
        ("arithmetic:dig(1)", "arithmetic:dig gave an object of the class object"),
        ("arithmetic:dig(101)", "arithmetic:dig failed: SystemExit: too deep"),
    ],
)
def test_a_function_that_fails_is_a_fault_of_the_turn(expression: str, message: str) -> None:
    code, told = fault_of(expression)
    assert code == "R612"
    assert told.startswith(message)


def test_a_function_cannot_spoil_what_a_ruleset_holds() -> None:
    """It gets copies, and what it keeps is no part of what it gave."""
    assert value_of("[arithmetic:same(x), x]") == [[1.0, "spoilt"], [1.0]]


def test_what_a_function_does_is_paid_for() -> None:
    """By the size of what goes in and out, by its own charge, and through the meter it asked for."""
    few, many = ask("arithmetic:sow(1)"), ask("arithmetic:sow(1001)")
    assert isinstance(few, Answered)
    assert isinstance(many, Answered)
    assert many.steps - few.steps >= 2_000
    code, _ = fault_of("arithmetic:sow(999999999)")
    assert code == "R703"
    failed = ask("arithmetic:sow(60000)")
    assert isinstance(failed, Failed)
    assert (failed.fault.code, failed.retry_bigger) == ("R701", True)


def test_a_module_of_functions_is_free_and_one_that_reaches_out_is_not() -> None:
    """Nothing said of a pico, it may compute whatever it likes and reach nobody."""
    made = Bench(catalogue=CATALOGUE)
    text = """
    ruleset r {
      meta { shares f, g }
      global { f = function() { arithmetic:celsius(32) } g = function() { garden:celsius(32) } }
    }
    """
    made.install(made.publish(text))
    assert made.query("r", "f") == 0.0
    refused = made.ask("r", "g")
    assert isinstance(refused, Failed)
    assert refused.fault.code == "R611"


# --- questions ---------------------------------------------------------------------------------------


def test_a_question_leaves_the_turn_and_its_answer_is_what_it_gives() -> None:
    """It says whom it asks for what; run again with the answer, the turn goes on."""
    asks = ask("garden:read()")
    assert isinstance(asks, Asks)
    assert asks.question.kind == "module"
    assert asks.question.content == {"module": "garden", "name": "read", "arguments": {"place": "bed"}}
    assert not asks.question.acts
    made = bench(RULES)
    made.outside = lambda question: {"value": {"degrees": 21.0}}
    (directive,) = made.done("garden", "look").directives
    assert directive["options"] == {"value": {"degrees": 21.0}}


def test_a_question_without_an_answer_is_a_fault() -> None:
    made = bench(RULES)
    made.outside = lambda question: {"error": "garden:read: broken", "code": "R608"}
    assert made.failed("garden", "look").fault.message == "garden:read: broken"


def test_a_question_that_acts_has_a_key_that_stays() -> None:
    """The same however often the turn is run; another turn has another."""
    made = bench(RULES)
    first, again = (made.react(make_turn("garden", "turn", None, 9)) for _ in range(2))
    other = made.react(make_turn("garden", "turn", None, 10))
    assert isinstance(first, Asks)
    assert isinstance(other, Asks)
    assert first == again
    assert first.question.acts
    assert first.question.content["key"] != other.question.content["key"]


@pytest.mark.parametrize("member", ["turn(1)", "water(1)"])
def test_what_acts_has_no_place_in_an_expression(member: str) -> None:
    """Queries change nothing, so the compiler lets them reach nothing that does."""
    with pytest.raises(RulesetRefused, match="K305"):
        bench(f"ruleset r {{ meta {{ shares f }} global {{ f = function() {{ garden:{member} }} }} }}")


# --- effects -----------------------------------------------------------------------------------------

RULES = """
ruleset gardener {
  rule look {
    select when garden look
    pre { found = garden:read("bed") }
    send_directive("found", {"value": found})
  }
  rule turn { select when garden turn garden:turn(0.5) setting(done) }
  rule water { select when garden dry garden:water(event:attrs{"litres"}) }
  rule water_and_tell {
    select when garden parched
    garden:water(5, autosend = {"eci": "well", "domain": "well", "name": "used", "attrs": {"by": "me"}})
  }
}
"""


def errand_of(outcome: Done) -> AskLater:
    (errand,) = (one for one in outcome.effects if isinstance(one, AskLater))
    return errand


def test_an_effect_waits_for_the_commit() -> None:
    """The turn ends without it; what comes of it is an event for the pico, named after the member."""
    errand = errand_of(bench(RULES).done("garden", "dry", {"litres": 2.0}))
    assert errand.question.content["arguments"] == {"litres": 2.0}
    assert errand.question.acts
    told = report(errand, {"value": 2.0})
    assert isinstance(told, SendEvent)
    assert told.eci == Eci(ROOT)
    assert (told.domain, told.name, told.attrs) == ("garden", "water", {"value": 2.0})


def test_an_effect_that_fails_is_told_as_an_error() -> None:
    errand = errand_of(bench(RULES).done("garden", "dry", {"litres": 2.0}))
    told = report(errand, {"error": "the well is dry", "code": "R608"})
    assert isinstance(told, SendEvent)
    assert (told.domain, told.name, told.attrs["data"]) == ("system", "error", "the well is dry")


def test_a_rule_says_where_the_outcome_goes() -> None:
    """As with requests to the web, in `autosend`."""
    told = report(errand_of(bench(RULES).done("garden", "parched")), {"value": 5.0})
    assert isinstance(told, SendEvent)
    assert (told.eci, told.domain, told.name) == ("well", "well", "used")
    assert told.attrs == {"by": "me", "value": 5.0}


def test_arguments_of_effects_are_checked_in_the_turn() -> None:
    """A mistake is told to the rule that made it, and nothing of the turn stays."""
    assert bench(RULES).failed("garden", "dry").fault.message == "garden:water needs litres, a Number"
