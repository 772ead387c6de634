"""Queries read the pico as it is and leave no trace."""

from __future__ import annotations

from dataclasses import replace

from engine.core.messages import Answered, Done, Failed, Query
from engine.core.model import Eci
from tests.engine.core.bench import Bench
from tests.engine.core.making import ROOT, make_turn
from tests.engine.core.test_kernel_events import COUNTER

SHARER = """
ruleset sharer {
  meta { shares plain, add, nothing, function_value, wrong, here, loud }
  global {
    plain = {"a": [1]}
    add = function(a, b = 10) { a + b }
    nothing = function() { null }
    function_value = function() { add }
    wrong = function() { "a" - 1 }
    here = function() { [meta:inQuery, meta:inEvent, meta:eci, meta:txnId, event:name] }
    loud = function() { "said".klog("note") }
    secret = function() { 1 }
  }
}
"""


def test_a_shared_function_takes_arguments_by_name_or_place() -> None:
    bench = Bench(SHARER)
    assert bench.query("sharer", "add", {"a": 1.0}) == 11.0
    assert bench.query("sharer", "add", {"b": 2.0, "a": 1.0}) == 3.0
    assert bench.query("sharer", "add", {"0": 1.0, "1": 5.0}) == 6.0


def test_other_shared_values_are_what_they_are() -> None:
    bench = Bench(SHARER)
    assert bench.query("sharer", "plain") == {"a": [1.0]}
    assert bench.query("sharer", "nothing") is None
    assert bench.query("sharer", "function_value") is None


def test_only_what_is_shared_can_be_asked() -> None:
    """With the sentences that users of other engines know."""
    bench = Bench(SHARER)
    unknown, unshared = bench.ask("nobody", "add"), bench.ask("sharer", "secret")
    assert isinstance(unknown, Failed)
    assert isinstance(unshared, Failed)
    assert unknown.fault.message == "Pico doesn't have nobody installed."
    assert unshared.fault.message == 'Ruleset sharer does not have query function "secret"'
    assert {unknown.fault.code, unshared.fault.code} == {"R610"}


def test_a_query_that_fails_changes_nothing() -> None:
    """No version is used up, and nobody is told but the asker."""
    bench = Bench(SHARER)
    failed = bench.ask("sharer", "wrong")
    assert isinstance(failed, Failed)
    assert (failed.pico, failed.effects) == (bench.pico, ())
    assert failed.fault.places[0].within == "function wrong"


def test_a_query_knows_that_it_is_one() -> None:
    assert Bench(SHARER).query("sharer", "here") == [True, False, "root-pico", None, None]


def test_a_query_may_leave_log_lines() -> None:
    outcome = Bench(SHARER).ask("sharer", "loud")
    assert isinstance(outcome, Answered)
    assert [(line.message, line.value) for line in outcome.log] == [("note", "said")]


def test_a_query_behind_an_event_sees_what_the_event_did() -> None:
    """The two are one turn: the answer is part of its outcome."""
    bench = Bench(COUNTER)
    turn = replace(make_turn("counter", "increment"), query=Query(Eci(ROOT), "counter", "count", {}))
    outcome = bench.run_turn(turn)
    assert isinstance(outcome, Done)
    assert (outcome.answer, outcome.pico.seq) == (1.0, 2)


def test_a_failing_query_behind_an_event_fails_the_turn() -> None:
    """Then the event has not happened either."""
    bench = Bench(COUNTER)
    turn = replace(make_turn("counter", "increment"), query=Query(Eci(ROOT), "counter", "nothing", {}))
    outcome = bench.run_turn(turn)
    assert isinstance(outcome, Failed)
    assert outcome.pico.entities == {}
