"""Tests in the language: what each step does on its stage, and what is said of one that is not met."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.core.domains import MODULES
from engine.core.testing.findings import Verdict
from engine.core.testing.play import play
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from pico_lang.suites import suite_of_ruleset

RULES = """
  rule add {
    select when tally add
    pre { total = ent:total.defaultsTo(0) + event:attrs{"by"}.defaultsTo(1) }
    send_directive("added", {"total": total, "by": event:attrs{"by"}})
    always {
      ent:total := total
      raise tally event "grown" attributes {"total": total} if total > 10
    }
  }
  rule fail { select when tally fail pre { x = -"x" } }
  rule later {
    select when tally later
    always { schedule tally event "add" at time:add(time:now(), {"minutes": 5}) attributes {"by": 100} }
  }
  rule daily { select when tally daily always { schedule tally event "add" repeat "0 9 * * *" } }
  rule tell { select when tally tell event:send({"eci": meta:picoId, "domain": "tally", "type": "add"}) }
  rule call { select when tally call ctx:event("someone", "tally", "add") }
  rule chance { select when tally chance always { ent:drawn := ent:drawn.append(random:uuid()) } }
  rule fetch {
    select when tally fetch
    pre { answer = http:get("https://example.org/n", parseJSON = true) }
    always { ent:total := answer{"content"}; ent:status := answer{"status_code"} }
  }
  rule endless {
    select when tally endless
    event:send({"eci": meta:picoId, "domain": "tally", "type": "endless"})
  }
  rule child { select when tally child ctx:newPico([]) }
"""
GLOBAL = "total = function() { ent:total.defaultsTo(0) } double = function(x) { x + x }"


def played(steps: str, others: Mapping[str, str] | None = None, meta: str = "shares total") -> Verdict:
    """A test of the ruleset above."""
    text = f'ruleset tally {{ meta {{ {meta} }} global {{ {GLOBAL} }} {RULES} test "it" {{ {steps} }} }}'
    suite = suite_of_ruleset(Source(text, "tally.krl"), MODULES)

    def find(url: str) -> Program | str:
        known = (others or {}).get(url)
        return "there is none" if known is None else compile_ruleset(Source(known, url), MODULES)

    return play(suite, suite.tests[0], "tally.krl", find)


def said(steps: str) -> list[tuple[str, ...]]:
    """Message and details of all findings."""
    return [(finding.message, *finding.details) for finding in played(steps).findings]


HOLDS = [
    'given ent:total := 5 send tally:add expect ent:total == 6 && total() == 6 && query("total") == 6',
    'given ent:m{["a", "b"]} := 1 given ent:m{"c"} := 2 expect ent:m == {"a": {"b": 1}, "c": 2}',
    'send tally:add attributes {"by": 3} expect directive "added" with {"by": 3} expect directive "added"',
    'send tally:add expect directive "added" exactly {"total": 1, "by": null} expect no directive "other"',
    'send tally:add expect no directive "added" with {"total": 2} expect directives.length() == 1',
    "send tally:other expect no directive expect directives == []",
    'send tally:add attributes {"by": 11} expect raised tally:grown with {"total": 11}',
    'send tally:add attributes {"by": 11} expect no raised tally:add expect no sent tally:grown',
    "send tally:add expect no raised tally:grown",
    'send tally:fail expect error "R601" expect error',
    'send tally:fail expect error send tally:add expect no error expect no error "R601"',
    'expect error "R601" from -"x" expect error "R610" from query("nothing")',
    'send tally:later expect scheduled tally:add with {"by": 100} expect no scheduled tally:later',
    "send tally:later wait 4 minutes expect ent:total.isnull() wait 1 minute expect ent:total == 100",
    'send tally:later wait 5 minutes expect directive "added" expect no scheduled tally:add',
    'given time "2026-02-28T08:59Z" send tally:daily wait 1 minute expect total() == 1',
    "send tally:daily wait 2 days expect total() == 2",
    "send tally:tell expect sent tally:add expect total() == 1",
    "send tally:call expect no error expect sent tally:add",
    'given time "2026-02-28" expect time:now() == "2026-02-28T00:00:00.000Z"',
    "before = total() send tally:add expect total() == before + 1",
    "f = function(n) { n > 0 => n + f(n - 1) | 0 } expect f(4) == 10 && double(f(1)) == 2",
    'given configuration {"a": 1} expect meta:rulesetConfig == {"a": 1} && ctx:rid_config{"a"} == 1',
    "send tally:child expect ctx:children.length() == 1",
    "expect (directives) == []",
]


@pytest.mark.parametrize("steps", HOLDS)
def test_what_holds_passes(steps: str) -> None:
    """Nothing is found."""
    assert said(steps) == []


NEGATED = "R601: x cannot be negated: it is not a number"

FAILS = [
    ("send tally:add expect ent:total == 2", "this does not hold", "expected 2, got 1"),
    ("expect total() == 0 && total() > 3", "this does not hold", "`total()` is 0"),
    ("expect total()", "`total()` is 0, not true"),
    ('expect "yes"', '`"yes"` is "yes", not true', "an expectation has to be true, no less"),
    ('expect {"a": [1, 2]} == {"a": [1, 3]}', "this does not hold", '{"a"}[1]: expected 3, got 2'),
    (
        'send tally:add expect directive "added" with {"total": 2}',
        'the directive "added" has other details',
        '{"total"}: expected 2, got 1',
    ),
    (
        'send tally:add expect directive "added" exactly {"total": 1}',
        'the directive "added" has other details',
        '{"by"}: not expected, got null',
    ),
    ('expect directive "added"', 'there is no such directive "added"', "there is none at all"),
    ("send tally:add expect no directive", "there is a directive", 'added {"total":1,"by":null}'),
    ("expect raised tally:grown", "there is no such raised event tally:grown", "there is none at all"),
    ('expect error "R601"', "there is no error R601"),
    ("send tally:fail expect no error", "there is an error", NEGATED),
    ('expect error "R610" from -"x"', "this fails in another way", NEGATED),
    ("expect error from 1", "this does not fail", "its value is 1"),
]


@pytest.mark.parametrize("expected", FAILS, ids=lambda one: str(one[0]))
def test_what_does_not_hold_is_told_with_the_difference(expected: tuple[str, ...]) -> None:
    """One finding, with what was expected and what there was."""
    steps, *finding = expected
    assert said(steps) == [tuple(finding)]


def test_all_failures_are_found() -> None:
    """An expectation that is not met does not hide the next."""
    assert len(said('expect 1 == 2 send tally:add expect 1 == 3 expect directive "x"')) == 3


def test_an_error_that_nobody_expects_fails_the_test() -> None:
    """Also when nothing else is expected, and also in a step before; with its place in the ruleset."""
    (finding,) = played("send tally:fail send tally:add expect total() == 1").findings
    assert finding.message == f"error {NEGATED}"
    assert finding.details[0].startswith("at tally, line 11 column ")
    assert "^" in finding.details[-1]


def test_a_step_that_cannot_be_taken_ends_the_test() -> None:
    """What comes after it would mean nothing."""
    (finding,) = played("send tally:add attributes 5 expect 1 == 2").findings
    assert finding.message.startswith("error R606")
    for steps in (
        'given time "soon" expect 1 == 2',
        'given ctx:picoId answers "x" expect 1 == 2',
        "wait -1 day expect 1 == 2",
        'x = -"x" expect 1 == 2',
    ):
        assert len(said(steps)) == 1


def test_answers_from_outside_are_given() -> None:
    """One after the other, the last for ever; what a test leaves out is as usual."""
    url = '"https://example.org/n"'
    steps = f"""
      given http:get for {url} answers {{"content": {{"a": 1}}}}
      given http:get for {url} answers {{"content": "no", "status_code": 503}}
      send tally:fetch expect ent:total == {{"a": 1}} && ent:status == 200
      send tally:fetch expect ent:total == "no" && ent:status == 503
      send tally:fetch expect ent:status == 503
    """
    assert said(steps) == []
    assert said('given http:get answers {"error": "no net"} send tally:fetch expect error "R608"') == []


def test_a_request_without_an_answer_says_what_to_add() -> None:
    """Whatever the ruleset makes of it: a test must not depend on what is outside."""
    first, second = said("send tally:fetch")
    assert first == (
        "http:get of https://example.org/n has no answer here; "
        'add: given http:get for "https://example.org/n" answers {…}',
    )
    assert second[0].startswith("error R608")


def test_chance_follows_from_the_seed_and_from_nothing_else() -> None:
    """Least of all from how many expectations there are."""
    known = {
        steps: played(f"{steps} expect ent:drawn == null").findings[0].details
        for steps in (
            'given seed "a" send tally:chance send tally:chance',
            'given seed "a" send tally:chance expect random:uuid() != "" send tally:chance',
            'given seed "b" send tally:chance send tally:chance',
        )
    }
    first, same, other = known.values()
    assert first == same != other


def test_other_rulesets_are_installed_first() -> None:
    """Modules, by the names under which they can be found."""
    module = "ruleset tax { meta { provides rate } global { rate = function() { 19 } } }"
    steps = 'given ruleset "tax.krl" expect t:rate() == 19'
    meta = "shares total use module tax alias t"
    assert played(steps, {"tax.krl": module}, meta).passed
    missing = played(steps, {}, meta).findings
    assert [one.message for one in missing] == ["error R608: cannot install tax.krl: there is none"]
    assert "Module not found: tax" in played("expect t:rate() == 19", {}, meta).findings[0].message


def test_what_never_ends_is_stopped() -> None:
    """A pico that keeps sending itself events, and a rule that keeps the processor."""
    assert said("send tally:endless") == [("more than 10,000 events followed each other",)]


def test_playing_leaves_nothing_behind() -> None:
    """Each test has a stage of its own."""
    steps = "expect total() == 0 send tally:add expect total() == 1"
    assert played(steps) == played(steps)
    assert played(steps).passed
