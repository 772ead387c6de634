"""The module `engine`: what a rule asks about engines, what is no question, and how it has its pico go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.core.domains.engine import MEMBERS
from engine.core.kernel import Opened, react
from engine.core.mesh.offers import FILTERS
from engine.core.messages import AskLater, Done, Failed, Question, SendEvent
from engine.core.reports import report
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import tell

README = Path(__file__).resolve().parents[4] / "engine" / "README.md"
LAPTOP = {"name": "laptop", "did": "did:peer:2.laptop"}


class Mesh:
    """Gives one answer to everything, and remembers what was asked."""

    def __init__(self, value: Any = None) -> None:
        self.answer: Mapping[str, Any] = {"value": value}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, question: Question) -> Mapping[str, Any]:
        assert (question.kind, question.content["module"]) == ("module", "engine")
        self.asked.append((question.content["name"], question.content["arguments"]))
        return self.answer


def on_the_bench(rule: str, mesh: Mesh | None = None) -> Bench:
    """A pico that may use the module, with one rule on d:t."""
    bench = Bench(tell("r", f"select when d t {rule}"))
    bench.done("$engine", "grant", {"module": "engine"})
    bench.outside = mesh or Mesh()
    return bench


def result_of(expression: str, mesh: Mesh) -> Any:
    rule = f'pre {{ x = {expression} }} send_directive("told", {{"x": x}})'
    (directive,) = on_the_bench(rule, mesh).done("d", "t").directives
    return directive["options"]["x"]


def errands_of(rule: str) -> list[AskLater]:
    outcome = on_the_bench(rule).done("d", "t")
    return [effect for effect in outcome.effects if isinstance(effect, AskLater)]


@pytest.mark.parametrize("rule", ["pre { x = engine:here() }", 'engine:migrate("laptop", "why not")'])
def test_a_pico_has_to_be_granted_it(rule: str) -> None:
    """Else it is told so, and who can mend it."""
    fault = Bench(tell("r", f"select when d t {rule}")).failed("d", "t").fault
    assert fault.code == "R611"
    assert "picomesh grant" in fault.message


def test_where_it_is_and_where_else_it_could_be_are_questions_of_the_turn() -> None:
    """A turn that is run again, wherever that is, has the same answer and asks nobody."""
    mesh = Mesh(LAPTOP)
    bench = on_the_bench('pre { x = engine:here() } send_directive("told", x)', mesh)
    before = bench.pico
    first = bench.done("d", "t")
    assert first.directives[0]["options"] == LAPTOP
    assert bench.turns[-1].inputs.answers == ({"value": LAPTOP},)
    again = react(before, bench.turns[-1], bench.programs, Budget(), Opened())
    assert isinstance(again, Done)
    assert again.directives == first.directives
    assert mesh.asked == [("here", {})]


def test_what_is_wanted_of_an_offer_goes_along_with_the_question() -> None:
    """But for what is null: a setting that nobody has made is no wish."""
    mesh = Mesh([LAPTOP])
    wishes = '{"price_at_most": 5, "features": ["ipfs"], "trust": null}'
    assert result_of(f"engine:offers({wishes})", mesh) == [LAPTOP]
    assert result_of("engine:offers()", mesh) == [LAPTOP]
    assert mesh.asked == [
        ("offers", {"filter": {"price_at_most": 5.0, "features": ["ipfs"]}}),
        ("offers", {"filter": {}}),
    ]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('pre { x = engine:offers("cheap") }', "engine:offers takes a map of wishes, not cheap"),
        (
            'pre { x = engine:offers({"colour": 1}) }',
            "engine:offers: engines are not filtered by colour; there are",
        ),
        ('pre { x = engine:offers({"trust": "blocked"}) }', "trust is one of"),
        ('pre { x = engine:offers({"trust": ["known"]}) }', "trust is one of"),
        ('pre { x = engine:offers({"features": "ipfs"}) }', "features of a filter is an array of strings"),
        ('pre { x = engine:offers({"price_at_most": "5"}) }', "price_at_most of a filter is a number"),
        ("engine:migrate()", "engine:migrate needs an engine, by its DID or by the name"),
        ('engine:migrate("  ", "x")', "engine:migrate needs an engine"),
        ('engine:migrate({"did": "x"})', "engine:migrate needs an engine"),
        ('engine:migrate("x", "y", 1.5)', "a price is a whole number of units a day, not 1.5"),
        ('engine:migrate("x", "y", "5")', "a price is a whole number of units a day, not 5"),
        ('engine:migrate("x", "y", 0 - 5)', "a price is a whole number of units a day, not -5"),
    ],
)
def test_what_is_not_as_it_has_to_be_is_told_at_once(rule: str, why: str) -> None:
    """Before anybody is asked anything."""
    mesh = Mesh()
    outcome = on_the_bench(rule, mesh).failed("d", "t")
    assert outcome.fault.code == "R601"
    assert why in outcome.fault.message
    assert mesh.asked == []


def test_what_cannot_be_answered_is_a_fault_of_the_turn() -> None:
    mesh = Mesh()
    mesh.answer = {"error": "this engine knows no others", "code": "R608"}
    outcome = on_the_bench("pre { x = engine:offers() }", mesh).run("d", "t")
    assert isinstance(outcome, Failed)
    assert (outcome.fault.code, outcome.fault.message) == ("R608", "this engine knows no others")


def test_going_elsewhere_begins_after_the_commit() -> None:
    """As an effect under a key; if nobody takes it the pico hears of that as of any other effect."""
    (errand,) = errands_of('engine:migrate(" laptop ", "cheaper by half", 5)')
    assert errand.question.content == {
        "module": "engine",
        "name": "migrate",
        "arguments": {"to": "laptop", "reason": "cheaper by half", "price": 5.0},
        "key": errand.question.content["key"],
    }
    assert report(errand, {"value": {"attempt": "a1"}}) is None
    told = report(errand, {"error": "no answer", "code": "R608"})
    assert isinstance(told, SendEvent)
    assert (told.domain, told.name, told.attrs["data"]) == ("system", "error", "no answer")


def test_a_reason_may_be_missing_and_is_cut_where_it_is_a_novel() -> None:
    (without,) = errands_of('engine:migrate("laptop")')
    assert without.question.content["arguments"]["reason"] == ""
    (novel,) = errands_of(f'engine:migrate("laptop", "{"x" * 1_000}")')
    assert novel.question.content["arguments"]["reason"] == "x" * 500


def test_a_query_moves_nobody() -> None:
    """It cannot even be written: an action has no place in a function."""
    with pytest.raises(Exception, match="engine:migrate is an action"):
        Bench('ruleset q { meta { shares f } global { f = function() { engine:migrate("laptop") } } }')


def section() -> str:
    (found,) = re.findall(
        r"^## Rulesets that know where they live\n(.*?)^## ", README.read_text(), re.DOTALL | re.MULTILINE
    )
    return str(found)


def test_the_documentation_lists_the_members() -> None:
    """With their parameters, in the section about rulesets that know where they live."""
    listed = {
        name: tuple(filter(None, parameters.split(", ")))
        for name, parameters in re.findall(r"^\| `(\w+)\((.*?)\)` \|", section(), re.MULTILINE)
    }
    assert listed == {name: member.parameters for name, member in MEMBERS.items()}


def test_the_documentation_lists_what_engines_are_filtered_by() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section(), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == {"trust", *FILTERS}
