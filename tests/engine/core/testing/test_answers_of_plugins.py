"""Tests of rulesets that use plugins: what a test gives for an answer is what the plugin said."""

from __future__ import annotations

from engine.core.testing.play import play
from engine.plugins.collection import HOST, Plugin, Plugins
from pico_lang.source import Source
from pico_lang.suites import suite_of_ruleset
from tests.fakes.garden import Garden

CATALOGUE = Plugins([Plugin(Garden().module(), HOST)]).catalogue

RULES = """
ruleset gardener {
  meta { shares warmth, seen }
  global {
    warmth = function(place) { garden:read(place) }
    seen = function() { ent:seen }
  }
  rule dry { select when garden dry garden:water(2) }
  rule watered { select when garden water fired { ent:seen := event:attrs{"value"} } }
  rule turn { select when garden turn garden:turn(0.5) setting(done) fired { ent:seen := done } }
"""


def findings(steps: str) -> list[str]:
    """What is wrong with a test of these steps."""
    suite = suite_of_ruleset(Source(f'{RULES} test "it" {{ {steps} }} }}', "g.krl"), CATALOGUE.modules)
    verdict = play(suite, suite.tests[0], "g.krl", lambda url: "there is none", CATALOGUE)
    return [one.message for one in verdict.findings]


def test_an_answer_is_for_any_arguments_or_for_some() -> None:
    """`for` names the first of them."""
    given = 'given garden:read for "pond" answers 9 given garden:read answers 20'
    expected = 'expect query("warmth", {"place": "pond"}) == 9 expect query("warmth", {"place": "bed"}) == 20'
    assert findings(f'given garden:read for "pond" answers 9 {expected.split(" expect")[0]}') == []
    assert findings(f"{given} {expected}") == []


def test_an_effect_is_answered_too() -> None:
    """What comes of it is an event; so is a question that acts."""
    assert findings('given garden:water answers 2 send garden:dry expect query("seen") == 2') == []
    assert (
        findings('given garden:turn answers {"open": 1} send garden:turn expect query("seen"){"open"} == 1')
        == []
    )


def test_a_plugin_is_never_really_asked() -> None:
    """A test that gives no answer is told how to; nothing is granted or refused in a test."""
    assert "garden:turn has no answer here; add: given garden:turn answers …" in findings("send garden:turn")


def test_what_computes_needs_no_answer() -> None:
    """And what is built in cannot be given one, but for what looks outside."""
    found = findings("given math:round answers 3 send garden:nothing")
    assert found == ["error R601: only http, ipfs, engine and plugins can be given an answer, not math:round"]
