"""What a trial consists of: answers that are remembered, outcomes held against records, where it begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.core.births import new_pico
from engine.core.messages import Done, Failed, Fault, Question, SendEvent
from engine.core.model import EMPTY, Eci, EventId, Inputs, InstalledRuleset, Pico, Rid, RulesetHash
from engine.core.records import Record
from engine.core.trials import Contrast, Known, Memory, contrasts, first_with, stay_at, unlike
from tests.engine.core.making import ROOT, make_turn

TEXT = {"rid": "shop", "hash": "2", "url": "file:///new.krl"}


def http(url: str, key: str | None = None, **rest: Any) -> Question:
    content = {"method": "GET", "url": url, **rest}
    if key is not None:
        content |= {"key": key, "headers": {"idempotency-key": key, "accept": "text/plain"}}
    return Question("http", content)


# --- answers ---------------------------------------------------------------------------------------


def test_a_question_is_answered_as_it_was_whenever_it_is_asked() -> None:
    """In another order, too."""
    memory = Memory([Known(http("a"), {"content": 1}), Known(http("b"), {"content": 2})], TEXT)
    assert [memory.answer(http(url)) for url in ("b", "a")] == [{"content": 2}, {"content": 1}]


def test_each_answer_serves_once() -> None:
    """Whoever asked twice got two answers, the first of them first."""
    memory = Memory([Known(http("a"), {"content": 1}), Known(http("a"), {"content": 2})], TEXT)
    assert [memory.answer(http("a")) for _ in range(3)] == [{"content": 1}, {"content": 2}, None]


def test_what_was_not_asked_has_no_answer() -> None:
    memory = Memory([Known(http("a"), {"content": 1})], TEXT)
    assert memory.answer(http("a", body="x")) is None
    assert memory.answer(Question("query", {"method": "GET", "url": "a"})) is None


def test_keys_only_say_where_in_a_turn_something_is_asked() -> None:
    """They differ when a text asks or sends something else before; other headers matter."""
    memory = Memory([Known(http("a", key="k1"), {"content": 1})], TEXT)
    other = http("a", key="k2")
    headers = {**other.content["headers"], "accept": "text/html"}
    assert memory.answer(Question("http", {**other.content, "headers": headers})) is None
    assert memory.answer(other) == {"content": 1}


def test_the_text_on_trial_takes_the_place_of_others_of_its_name() -> None:
    """A ruleset that was installed again meanwhile stays what it is in the trial."""
    installs = [Question("ruleset", {"url": url}) for url in ("old", "other")]
    then = [{"rid": "shop", "hash": "1", "url": "old"}, {"rid": "bank", "hash": "7", "url": "other"}]
    memory = Memory([Known(*pair) for pair in zip(installs, then, strict=True)], TEXT)
    assert [memory.answer(question) for question in installs] == [TEXT, then[1]]


# --- outcomes --------------------------------------------------------------------------------------

PICO = new_pico(ROOT)
TURN = make_turn("d", "t", {}, 1)
SENT = SendEvent(Eci("c"), "d", "t", EMPTY, EventId("e"))


def done(**rest: Any) -> Done:
    return replace(Done(PICO, (), ()), **rest)


def failed(code: str, message: str = "wrong", effects: tuple[SendEvent, ...] = ()) -> Failed:
    return Failed(PICO, Fault(code, message), effects=effects)


def test_what_comes_out_the_same_has_no_contrast() -> None:
    """Whatever it cost, wrote or kept."""
    record = Record(1, "", TURN, directives=({"name": "a"},), steps=5)
    assert contrasts(record, done(directives=({"name": "a"},), steps=50)) == ()


@pytest.mark.parametrize(
    ("record", "outcome", "part"),
    [
        ({}, done(directives=({"name": "a"},)), "directives"),
        ({}, done(effects=(SENT,)), "messages"),
        ({"effects": (SENT,)}, done(effects=(replace(SENT, eid=EventId("f")),)), "messages"),
        ({"answer": 1.0}, done(answer=True), "answer"),
        ({"fault": Fault("R601", "wrong")}, done(), "outcome"),
        ({}, failed("R601"), "outcome"),
        ({"fault": Fault("R601", "wrong")}, failed("R602"), "outcome"),
    ],
)
def test_what_is_told_to_the_outside_is_held_against_the_record(
    record: dict[str, Any], outcome: Done | Failed, part: str
) -> None:
    (found,) = contrasts(Record(1, "", TURN, **record), outcome)
    assert found.part == part


def test_a_failure_that_is_only_put_in_other_words_is_the_same() -> None:
    """Its event quotes the words, and the place in the text."""
    record = Record(1, "", TURN, effects=(SENT,), fault=Fault("R601", "a wrong"))
    other = replace(SENT, attrs={"data": "b wrong"})
    assert contrasts(record, failed("R601", "b wrong", (other,))) == ()


def test_both_sides_of_a_contrast_are_shown() -> None:
    record = Record(1, "", TURN, fault=Fault("R601", "wrong"))
    assert contrasts(record, done()) == (Contrast("outcome", "failed with R601: wrong", "done"),)


# --- states ----------------------------------------------------------------------------------------


def with_text(*hashes: str, rid: str = "shop", at_ms: int = 0) -> Pico:
    held = (
        InstalledRuleset(Rid(rid), "url", RulesetHash(digest), EMPTY, Inputs(at_ms, "")) for digest in hashes
    )
    return replace(PICO, rulesets=tuple(held))


@pytest.mark.parametrize(
    ("hashes", "begin"),
    [(["1"], 0), (["1", "1", "1"], 0), (["0", "1", "1"], 1), (["1", "0", "1"], 2), ([None, "1"], 1)],
)
def test_a_trial_begins_where_the_present_text_came(hashes: list[str | None], begin: int) -> None:
    """At the latest; with the first state if that has it already."""
    states = [PICO if digest is None else with_text(digest) for digest in hashes]
    assert first_with(states, "shop") == begin


def test_the_text_itself_is_no_difference() -> None:
    """Nor is when others were opened because of it. Other texts of them are."""
    assert unlike(with_text("1"), with_text("2"), "shop") == ()
    assert unlike(with_text("1", at_ms=1), with_text("1", at_ms=2), "other") == ()
    (found,) = unlike(with_text("1"), with_text("2"), "other")
    assert found.part == ("ruleset", "shop")


def test_putting_a_text_in_force_takes_no_number() -> None:
    """Ids and keys of the turns that follow come from their numbers."""
    assert stay_at(4, replace(PICO, seq=5)) == replace(PICO, seq=4)
