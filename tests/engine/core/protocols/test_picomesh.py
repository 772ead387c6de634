"""Our own protocol: events with and without waiting, queries, and what they are refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.protocols import Reaction, picomesh
from engine.core.protocols.picomesh import (
    ACCEPTED,
    ANSWER,
    EVENT,
    LARGEST_ANSWER,
    MOST_SERVED,
    OUTCOME,
    REFUSALS,
    accepted,
    answered,
    failed,
    finished,
    refused,
    send_event,
    send_query,
    serving,
)
from engine.core.protocols.threads import how_closed, is_open
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair, talk

HI = {"domain": "echo", "type": "hello", "attributes": {"name": "Ann"}}
ASK = {"rid": "io.example", "function": "hello", "args": {"name": "Ann"}}


def asked(wait: bool = False, query: bool = False) -> tuple[Party, Party]:
    alice, bob = pair()
    if query:
        alice.do(send_query(alice.state, "q", ASK, NOW_S))
    else:
        alice.do(send_event(alice.state, "q", HI, NOW_S, wait))
    talk(alice, bob)
    return alice, bob


def test_an_event_that_nobody_waits_for_is_over_when_it_is_accepted() -> None:
    """Acknowledged means that it is kept; what its rules say is not told."""
    alice, bob = asked()
    (told,) = bob.told("picomesh_event")
    assert (told["body"], told["wait"], told["from"]) == (HI, False, ALICE)
    bob.do(accepted(bob.state, "q", "eid", NOW_S, bob.new_id))
    assert not bob.do(finished(bob.state, "q", "eid", [{"name": "d"}], NOW_S, bob.new_id)).replies
    talk(alice, bob)
    assert alice.told("picomesh_event_accepted")[0]["body"] == {"eid": "eid"}
    assert how_closed(alice.state, "q") == "answered"
    assert serving(bob.state) == ()


def test_who_waits_hears_of_both() -> None:
    """Of the acceptance, which is not the end of it, and of the directives."""
    alice, bob = asked(wait=True)
    bob.do(accepted(bob.state, "q", "eid", NOW_S, bob.new_id))
    talk(alice, bob)
    assert is_open(alice.state, "q")
    bob.do(finished(bob.state, "q", "eid", [{"name": "d"}], NOW_S, bob.new_id))
    talk(alice, bob)
    (told,) = alice.told("picomesh_event_outcome")
    assert told["body"] == {"eid": "eid", "directives": [{"name": "d"}]}
    assert how_closed(alice.state, "q") == "answered"


def test_an_event_may_fail() -> None:
    """The fault is its outcome."""
    alice, bob = asked(wait=True)
    bob.do(failed(bob.state, "q", "eid", {"code": "R101", "message": "no"}, NOW_S, bob.new_id))
    talk(alice, bob)
    assert alice.told("picomesh_event_outcome")[0]["body"]["fault"] == {"code": "R101", "message": "no"}


@pytest.mark.parametrize("value", [None, 1, "x", [1, {"a": None}], {}])
def test_a_query_is_answered_with_any_value(value: Any) -> None:
    """Also with null, which is a value."""
    alice, bob = asked(query=True)
    assert bob.told("picomesh_query")[0]["body"] == ASK
    bob.do(answered(bob.state, "q", value, NOW_S, bob.new_id))
    talk(alice, bob)
    assert alice.told("picomesh_query_answer")[0]["body"] == {"value": value}


@pytest.mark.parametrize("query", [True, False])
@pytest.mark.parametrize("why", REFUSALS)
def test_whatever_is_refused_ends_with_a_report(why: str, query: bool) -> None:
    """In a thread below that of the question, which is closed by it."""
    alice, bob = asked(wait=True, query=query)
    (report,) = bob.do(refused(bob.state, "q", why, NOW_S, bob.new_id)).replies
    assert (report.pthid, report.thid, report.headers) == ("q", None, {"ack": ["q"]})
    talk(alice, bob)
    (told,) = alice.told("report_problem_problem_report")
    assert (told["code"], told["ended"]) == (REFUSALS[why], True)
    assert how_closed(alice.state, "q") == "refused"
    assert serving(bob.state) == ()


Answers = Callable[[Party], Reaction]
LARGE: list[Answers] = [
    lambda bob: answered(bob.state, "q", "x" * LARGEST_ANSWER, NOW_S, bob.new_id),
    lambda bob: finished(bob.state, "q", "e", [{"x": "x" * LARGEST_ANSWER}], NOW_S, bob.new_id),
]


@pytest.mark.parametrize("answer", LARGE)
def test_an_answer_that_does_not_fit_is_a_report(answer: Answers) -> None:
    """Rather than an envelope that the other side refuses unread."""
    _, bob = asked(wait=True)
    (report,) = bob.do(answer(bob)).replies
    assert report.body["code"] == "e.p.me.res.storage.too-large"


@pytest.mark.parametrize(
    "body", [{"eid": "e"}, {"eid": "e", "directives": [], "fault": {"code": "c", "message": "m"}}]
)
def test_an_outcome_is_one_thing_or_the_other(body: dict[str, Any]) -> None:
    """What says both, or nothing, is no answer."""
    alice, _ = asked(wait=True)
    bad = message_of(OUTCOME, body, from_=BOB, to=(ALICE,), thid="q")
    assert [reply.body["code"] for reply in alice.hear(bad).replies] == ["e.m.msg.bad-body"]
    assert is_open(alice.state, "q")


@pytest.mark.parametrize("kind", [ACCEPTED, OUTCOME, ANSWER])
def test_an_answer_that_nobody_asked_for_is_stray(kind: str) -> None:
    """Well formed or not: it is not worth a report."""
    alice = Party(ALICE, BOB)
    assert not alice.hear(message_of(kind, {}, from_=BOB, to=(ALICE,), thid="q")).replies
    assert alice.names == ["stray"]


def test_what_was_not_asked_is_not_answered() -> None:
    """Whatever an engine believes."""
    bob = Party(BOB, ALICE)
    for reaction in (
        accepted(bob.state, "q", "e", NOW_S, bob.new_id),
        answered(bob.state, "q", 1, NOW_S, bob.new_id),
        refused(bob.state, "q", "busy", NOW_S, bob.new_id),
    ):
        assert reaction == Reaction(bob.state)


def test_an_event_of_nobody_is_run_and_not_answered() -> None:
    """Where policy lets it: there is nobody to tell."""
    bob = Party(BOB, None)
    bob.hear(message_of(EVENT, {**HI, "wait": True}, from_=None))
    assert bob.names == ["picomesh_event"]
    assert serving(bob.state) == ()


def test_too_much_at_once_is_told_to_come_back() -> None:
    """The rest of the work goes on."""
    bob = Party(BOB, ALICE)
    for number in range(MOST_SERVED):
        bob.hear(message_of(EVENT, HI, id=f"e-{number}"))
    (report,) = bob.hear(message_of(EVENT, HI, id="more")).replies
    assert report.body["code"] == "e.p.me.busy"
    bob.do(accepted(bob.state, "e-0", "eid", NOW_S, bob.new_id))
    assert not bob.hear(message_of(EVENT, HI, id="more")).replies
    assert len(serving(bob.state)) == MOST_SERVED


def test_the_name_of_the_protocol_stands_in_one_place() -> None:
    """All its messages begin with it."""
    kinds = [picomesh.PROTOCOL.type(kind) for kind in picomesh.PROTOCOL.kinds]
    between_engines = [picomesh.LOG_QUERY, picomesh.LOG]
    assert kinds == [EVENT, ACCEPTED, OUTCOME, picomesh.QUERY, ANSWER, *between_engines]
