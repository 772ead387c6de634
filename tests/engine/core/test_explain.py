"""A turn that is run again tells which rules it was shown to, and what each made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.core.differences import Difference
from engine.core.explain import Explanation, Trial, explain
from engine.core.messages import Asks, Done, Failed, SendEvent
from pico_lang.values import Value
from tests.engine.core.bench import Bench

SHOP = """
ruleset shop {
  global { limit = 10 }
  rule big {
    select when order placed amount re#^(\\d+)$# setting(amount) where amount > limit
    send_directive("big", {"amount": amount})
  }
  rule count {
    select when order placed
    pre { n = ent:n.defaultsTo(0) + 1 }
    if event:attrs{"amount"} then noop()
    fired { ent:n := n; raise shop event "counted" attributes {"n": n} }
    else { log info "nothing was ordered" }
  }
  rule each {
    select when order placed
    foreach event:attrs{"lines"}.defaultsTo([]) setting(line)
    event:send({"eci": "elsewhere", "domain": "line", "type": "placed", "attrs": {"line": line}})
    fired { ent:lines{line} := true; last on final }
  }
  rule never { select when order placed send_directive("never") }
  rule other { select when order cancelled or order refunded }
  rule counted { select when shop counted send_directive("counted") }
  rule twice { select when order placed before order paid send_directive("paid") }
}
"""


def told(bench: Bench, event: str, attrs: Mapping[str, Value] | None = None) -> Explanation:
    """Run an event, then have it explained; nothing else may come out the second time."""
    domain, name = event.split(":")
    before = bench.pico
    outcome = bench.run(domain, name, attrs)
    explanation = explain(before, bench.turns[-1], bench.programs, bench.budget)
    assert explanation.outcome == outcome
    return explanation


def trial(explanation: Explanation, rule: str) -> Trial:
    (found,) = [one for one in explanation.trials if one.rule == rule]
    return found


def verdicts(explanation: Explanation) -> dict[str, str]:
    return {one.rule: one.verdict for one in explanation.trials}


def test_every_rule_that_listens_has_a_verdict() -> None:
    """Selected or not, held back by its condition, or never reached because of `last`."""
    explanation = told(Bench(SHOP), "order:placed", {"amount": "7", "lines": ["tea", "milk"]})
    assert verdicts(explanation) == {
        "big": "not selected",
        "count": "fired",
        "each": "fired",
        "never": "not reached",
        "twice": "not reached",
        "counted": "fired",
    }
    assert trial(explanation, "each").times == 2
    assert trial(explanation, "each").ending == "last"
    empty = told(Bench(SHOP), "order:placed")
    assert (trial(empty, "count").verdict, trial(empty, "count").times) == ("held back", 0)
    assert [line.message for line in trial(empty, "count").log] == ["nothing was ordered"]


def test_the_reasons_of_event_expressions_are_told() -> None:
    """With what they captured, and how far a longer one has come."""
    bench = Bench(SHOP)
    explanation = told(bench, "order:placed", {"amount": "70"})
    assert trial(explanation, "big").bindings == {"amount": "70"}
    assert trial(explanation, "big").why == "selected"
    assert trial(explanation, "twice").why == "advanced"
    (half,) = trial(explanation, "twice").differences
    assert (half.part, half.old) == (("pattern", "shop", "twice"), None)
    paid = trial(told(bench, "order:paid"), "twice")
    assert (paid.verdict, paid.differences[0].new) == ("fired", None)


def test_each_rule_has_its_own_differences_messages_and_directives() -> None:
    """Old and new, in the order in which it came about."""
    bench = Bench(SHOP)
    first = told(bench, "order:placed", {"amount": "70", "lines": ["tea"]})
    assert trial(first, "big").directives[0]["options"] == {"amount": "70"}
    assert trial(first, "count").differences == (Difference(("entity", "shop", "n"), None, 1.0),)
    assert trial(first, "each").differences == (Difference(("entity", "shop", "lines", "tea"), None, True),)
    (sent,) = trial(first, "each").effects
    assert isinstance(sent, SendEvent)
    assert sent.attrs == {"line": "tea"}
    second = told(bench, "order:placed", {"amount": "70"})
    assert trial(second, "count").differences == (Difference(("entity", "shop", "n"), 1.0, 2.0),)


def test_raised_events_lead_back_to_the_rule_that_raised_them() -> None:
    explanation = told(Bench(SHOP), "order:placed", {"amount": "7"})
    (number,) = trial(explanation, "count").raised
    raised = explanation.events[number]
    assert (raised.domain, raised.name, raised.attrs) == ("shop", "counted", {"n": 1.0})
    assert trial(explanation, "counted").event == number


def test_the_steps_of_the_rules_add_up_to_no_more_than_those_of_the_turn() -> None:
    explanation = told(Bench(SHOP), "order:placed", {"amount": "7", "lines": ["tea", "milk"]})
    assert isinstance(explanation.outcome, Done)
    steps = [one.steps for one in explanation.trials]
    assert all(step >= 0 for step in steps)
    assert trial(explanation, "each").steps > 0
    assert sum(steps) <= explanation.outcome.steps


def test_rules_that_listen_to_other_events_say_to_which() -> None:
    """So that a mistyped event is found."""
    explanation = told(Bench(SHOP), "order:place")
    assert explanation.trials == ()
    listens = {one.rule: one.listens for one in explanation.bystanders}
    assert listens["other"] == ("order:cancelled", "order:refunded")
    assert set(listens) == {"big", "count", "each", "never", "other", "counted", "twice"}


def test_a_failure_is_pinned_on_its_rule() -> None:
    """What rules before it had done is shown as what was taken back."""
    text = """
    ruleset bad {
      rule first { select when a b fired { ent:n := 1 } }
      rule second { select when a b pre { x = [1].map(1) } send_directive("x", {"x": x}) }
      rule third { select when a b }
    }
    """
    explanation = told(Bench(text), "a:b")
    assert isinstance(explanation.outcome, Failed)
    assert verdicts(explanation) == {"first": "fired", "second": "failed", "third": "not reached"}
    assert trial(explanation, "first").differences == (Difference(("entity", "bad", "n"), None, 1.0),)


def test_a_failing_where_is_pinned_on_its_rule_too() -> None:
    bench = Bench("ruleset bad { rule one { select when a b where [1].map(1) } }")
    explanation = told(bench, "a:b")
    assert isinstance(explanation.outcome, Failed)
    assert verdicts(explanation) == {"one": "failed"}


def test_a_turn_without_its_answers_is_explained_as_far_as_it_comes() -> None:
    """Upkeep shows its event to no rule."""
    bench = Bench()
    url = bench.publish(SHOP)
    before = bench.pico
    bench.install(url)
    whole = explain(before, bench.turns[-1], bench.programs, bench.budget)
    assert isinstance(whole.outcome, Done)
    assert whole.trials == ()
    turn = bench.turns[-1]
    unanswered = replace(turn, inputs=replace(turn.inputs, answers=()))
    assert isinstance(explain(before, unanswered, bench.programs, bench.budget).outcome, Asks)
