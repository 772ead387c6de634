"""What a run asks of other picos: the questions it leaves with, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.core.messages import Asks, Done, Query, Question, SendEvent
from engine.core.model import Eci, PicoId
from engine.core.neighbours import LOG_MS, STEPS_OF_A_QUESTION
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.core.making import NOW_MS, ROOT, make_turn
from tests.engine.core.test_domains import act, result_of
from tests.engine.core.test_kernel_events import tell

QUERY = 'ctx:query("door", "lamp", "is_on", {"room": 3})'
EVENT_QUERY = 'ctx:eventQuery("door", "lamp", "switch", {"to": 1}, "lamp", "is_on", {"room": 3})'
TOLD = f'select when d t send_directive("told", {{"x": {QUERY}}})'


def answered(text: str, answer: Mapping[str, Any]) -> tuple[Bench, list[Question]]:
    """A bench that gives this answer to whatever is asked, and the questions that were."""
    asked: list[Question] = []
    bench = Bench(text)

    def note(question: Question) -> Mapping[str, Any]:
        asked.append(question)
        return answer

    bench.outside = note
    return bench, asked


def test_a_query_of_another_pico_is_a_question() -> None:
    """It says who asks, and the answer is the value."""
    bench, asked = answered(tell("r", TOLD), {"value": [1.0]})
    assert bench.done("d", "t").directives[0]["options"] == {"x": [1.0]}
    content = {"eci": "door", "rid": "lamp", "name": "is_on", "args": {"room": 3.0}, "via": [ROOT]}
    assert asked == [Question("query", content)]
    assert not asked[0].acts


def test_the_answer_is_in_the_inputs() -> None:
    """The same turn, run again, asks nobody."""
    bench, asked = answered(tell("r", TOLD), {"value": 5.0})
    before = bench.pico
    done = bench.done("d", "t")
    bench.pico = before
    assert bench.run_turn(bench.turns[-1]) == done
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "Denied by channel policy"}, "R607"),
        ({"error": "no such function", "code": "R610"}, "R610"),
    ],
)
def test_a_query_that_is_refused_fails_with_the_reason(answer: Mapping[str, Any], code: str) -> None:
    bench, _ = answered(tell("r", TOLD), answer)
    fault = bench.failed("d", "t").fault
    assert (fault.code, fault.message) == (code, answer["error"])


@pytest.mark.parametrize("action", [QUERY, EVENT_QUERY])
def test_a_pico_does_not_wait_for_itself(action: str) -> None:
    """By none of its channels, and nobody is asked."""
    text = tell(
        "r", f'select when d t every {{ ctx:newChannel(["x"]) setting(c) {_by_own_channel(action)} }}'
    )
    fault = Bench(text).failed("d", "t").fault
    assert fault.code == "R607"
    assert "cannot wait for itself" in fault.message


def _by_own_channel(action: str) -> str:
    mine = action.replace('"door"', 'c{"id"}')
    return mine if "eventQuery" in mine else f'send_directive("told", {{"x": {mine}}})'


def test_an_event_query_has_a_key_of_its_own() -> None:
    """It stays the same when the turn is run again, and two in one turn have two."""
    text = tell("r", f"select when d t every {{ {EVENT_QUERY} {EVENT_QUERY} }}")
    bench, asked = answered(text, {"value": None})
    before = bench.pico
    bench.done("d", "t")
    keys = [question.content["key"] for question in asked]
    assert len(set(keys)) == 2
    assert all(question.acts for question in asked)
    bench.pico = before
    bench.run("d", "t")
    assert [question.content["key"] for question in asked] == keys * 2


def test_an_event_query_gives_the_value() -> None:
    bench, asked = answered(act(EVENT_QUERY), {"value": "on"})
    assert result_of(bench) == "on"
    content = {
        "eci": "door",
        "domain": "lamp",
        "name": "switch",
        "attrs": {"to": 1.0},
        "rid": "lamp",
        "query": "is_on",
        "args": {"room": 3.0},
        "key": asked[0].content["key"],
        "via": [ROOT],
    }
    assert asked == [Question("event_query", content)]


@pytest.mark.parametrize(
    "call",
    [
        'ctx:query(5, "r", "f")',
        'ctx:query("c", "", "f")',
        'ctx:query("c", "r", null)',
        'ctx:query("c", "r", "f", [1])',
    ],
)
def test_a_query_has_to_be_well_formed(call: str) -> None:
    """A mistake is a fault, and nobody is asked."""
    assert Bench(tell("r", f'select when d t send_directive("x", {call})')).failed("d", "t")


def test_whoever_waits_is_named_to_the_next() -> None:
    """A query that was asked by way of others, and an event that was, ask on in all their names."""
    text = (
        f"ruleset r {{ meta {{ shares f }} global {{ f = function() {{ {QUERY} }} }} rule t {{ {TOLD} }} }}"
    )
    bench = Bench(text)
    query = Query(Eci(ROOT), "r", "f", {}, (PicoId("first"), PicoId("second")))
    for outcome in (bench.answer(query), bench.react(replace(make_turn("d", "t"), query=query))):
        assert isinstance(outcome, Asks)
        assert outcome.question.content["via"] == ["first", "second", ROOT]


def test_an_event_to_a_stranger_is_asked_about() -> None:
    """A turn whose event nobody would take fails; otherwise it is sent after the commit."""
    text = tell("r", 'select when d t ctx:event("door", "a", "b")')
    bench, asked = answered(text, {})
    assert [type(effect) for effect in bench.done("d", "t").effects] == [SendEvent]
    assert asked == [Question("recipient", {"eci": "door", "domain": "a", "name": "b", "via": [ROOT]})]
    bench, _ = answered(text, {"error": "there is no channel door here"})
    assert bench.failed("d", "t").fault.message == "there is no channel door here"


def test_an_event_to_a_relative_is_not_asked_about() -> None:
    """A child made by the same turn is there already, and so is the pico itself."""
    bench = Bench(
        tell(
            "r",
            """select when d t every {
              ctx:newPico([]) setting(child)
              ctx:event(child, "a", "b")
              ctx:event(ctx:picoId, "a", "b")
            }""",
        )
    )
    assert len(bench.done("d", "t").effects) == 3


def test_a_channel_of_ones_own_has_its_policy() -> None:
    """It is not asked about: the one of this very turn counts."""
    nothing = '{"allow": [], "deny": []}'
    made = f'ctx:newChannel(["x"], {nothing}) setting(c)'
    text = tell("r", f'select when d t every {{ {made} ctx:event(c{{"id"}}, "a", "b") }}')
    assert Bench(text).failed("d", "t").fault.message == "Not allowed by channel policy"


def test_a_log_is_asked_for_by_time() -> None:
    bench, asked = answered(tell("r", 'select when d t send_directive("x", ctx:logs())'), {"events": []})
    assert bench.done("d", "t").directives[0]["options"] == []
    assert asked == [Question("log", {"since": NOW_MS - LOG_MS, "via": [ROOT]})]


def test_questions_are_paid_for() -> None:
    """Every answer has the turn run again, so there cannot be many."""
    text = tell("r", f"select when d t foreach 1.range(6) setting(i) pre {{ x = {QUERY} }}")
    bench, asked = answered(text, {"value": None})
    bench.budget = Budget(steps=5 * STEPS_OF_A_QUESTION)
    assert bench.failed("d", "t").fault.code == "R701"
    assert len(asked) == 4


def test_a_new_channel_without_policies_has_those_of_the_engine() -> None:
    """What is not said is denied where the turn learned so; what is said stays."""
    text = tell(
        "r",
        'select when d t ctx:newChannel(["x"], {"allow": [{"domain": "*", "name": "*"}], "deny": []})',
    )
    for default, allowed in (("allow", 1), ("deny", 0)):
        bench = Bench(text)
        turn = make_turn("d", "t", None, bench.pico.seq + 1)
        done = bench.run_turn(replace(turn, inputs=replace(turn.inputs, default_policy=default)))  # type: ignore[arg-type]
        assert isinstance(done, Done)
        (made,) = (one for one in done.pico.channels.values() if one.family is None)
        assert len(made.event_policy.allow) == 1
        assert len(made.query_policy.allow) == allowed
