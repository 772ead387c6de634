"""Answers that are none: in no thread of ours, of somebody else, a second time, too late, to other things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.core.didcomm.messages import Message
from engine.core.protocols import Reaction, State, discover_features, give_up, mediated, picomesh, trust_ping
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V3
from engine.core.protocols.threads import MOST_KEPT, how_closed, is_open
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S, Party, pair, talk

UNTIL_S = NOW_S + mediated.ANSWERED_IN_S


def _event(state: State) -> Reaction:
    return picomesh.send_event(state, "q", {"domain": "d", "type": "t"}, NOW_S, until_s=UNTIL_S)


def _query(state: State) -> Reaction:
    return picomesh.send_query(state, "q", {"rid": "r", "function": "f"}, NOW_S, UNTIL_S)


QUESTIONS: dict[str, tuple[Callable[[State], Reaction], str, dict[str, object]]] = {
    "ping": (lambda state: trust_ping.ping(state, "q", NOW_S, UNTIL_S), trust_ping.RESPONSE, {}),
    "queries": (
        lambda state: discover_features.query(state, "q", [("protocol", "*")], NOW_S, UNTIL_S),
        discover_features.DISCLOSE,
        {"disclosures": []},
    ),
    "mediate-request": (
        lambda state: mediated.request(state, "q", NOW_S, UNTIL_S),
        V3.type("mediate-grant"),
        {"routing_did": [CAROL]},
    ),
    "mediate-request that is denied": (
        lambda state: mediated.request(state, "q", NOW_S, UNTIL_S),
        V3.type("mediate-deny"),
        {},
    ),
    "update": (
        lambda state: mediated.update(state, "q", [(CAROL, "add")], NOW_S),
        V3.type(V3.updated),
        {"updated": []},
    ),
    "list": (
        lambda state: mediated.query(state, "q", NOW_S, until_s=UNTIL_S),
        V3.type(V3.listed),
        {V3.dids: []},
    ),
    "status-request": (
        lambda state: pickup.request_status(state, "q", NOW_S, until_s=UNTIL_S),
        pickup.STATUS,
        {"message_count": 0},
    ),
    "event": (_event, picomesh.ACCEPTED, {"eid": "e"}),
    "query": (_query, picomesh.ANSWER, {"value": 1}),
}
EACH = pytest.mark.parametrize("name", QUESTIONS)


def asked(name: str) -> tuple[Party, Message]:
    """Alice has asked; what Bob would answer."""
    ask, answer, body = QUESTIONS[name]
    alice = Party(ALICE, BOB)
    alice.do(ask(alice.state))
    return alice, Message("a", answer, body, BOB, (ALICE,), thid="q")


@EACH
def test_an_answer_closes_its_thread(name: str) -> None:
    """And what it says is told."""
    alice, answer = asked(name)
    alice.hear(answer)
    assert how_closed(alice.state, "q") == "answered"
    assert "stray" not in alice.names
    assert alice.names


@EACH
def test_a_thread_is_the_same_in_capitals(name: str) -> None:
    """ "MUST be compared case-insensitively"."""
    alice, answer = asked(name)
    alice.hear(replace(answer, thid="Q"))
    assert not is_open(alice.state, "q")


@EACH
def test_an_answer_in_no_thread_of_ours_is_stray(name: str) -> None:
    """The question stays open, and nothing is said to it: whoever answers what was not asked may go on so."""
    alice, answer = asked(name)
    assert not alice.hear(replace(answer, thid="other")).replies
    assert [one["why"] for one in alice.told("stray")] == ["outside of any thread of ours"]
    assert is_open(alice.state, "q")


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name != "queries"])
def test_an_answer_without_a_thread_is_stray(name: str) -> None:
    """Even if its own id is that of the question. Disclosing without having been asked is allowed."""
    alice, answer = asked(name)
    alice.hear(replace(answer, thid=None, id="Q"))
    assert len(alice.told("stray")) == 1
    assert is_open(alice.state, "q")


@EACH
def test_an_answer_of_somebody_else_is_stray(name: str) -> None:
    """Who knows the thread is not for that the one who was asked."""
    alice, answer = asked(name)
    assert not alice.hear(replace(answer, from_=CAROL)).replies
    assert [one["why"] for one in alice.told("stray")] == ["from somebody else"]
    assert is_open(alice.state, "q")


@EACH
def test_an_answer_of_nobody_is_stray(name: str) -> None:
    """What it says it is from is not proven."""
    alice, answer = asked(name)
    alice.hear(answer, sender=None)
    assert [one["why"] for one in alice.told("stray")] == ["nobody is proven to have written it"]
    assert is_open(alice.state, "q")


@EACH
def test_a_second_answer_is_stray(name: str) -> None:
    """The first one holds. The same one again is not even told."""
    alice, answer = asked(name)
    alice.hear(answer)
    first = alice.state["closed"]
    alice.hear(answer)
    assert "stray" not in alice.names
    alice.hear(replace(answer, id="b"))
    assert [one["why"] for one in alice.told("stray")] == ["answered before"]
    assert alice.state["closed"] == first


@EACH
@pytest.mark.parametrize("given_up", [True, False])
def test_a_late_answer_is_stray(name: str, given_up: bool) -> None:
    """Also if nobody has looked at the clock since."""
    alice, answer = asked(name)
    alice.now_s = UNTIL_S
    if given_up:
        alice.do(give_up(alice.state, UNTIL_S))
    alice.hear(answer)
    assert [one["why"] for one in alice.told("stray")] == ["too late"]


@EACH
def test_who_waits_hears_that_it_was_in_vain(name: str) -> None:
    """Once, and not a second before."""
    alice, _ = asked(name)
    assert give_up(alice.state, UNTIL_S - 1) == Reaction(alice.state)
    alice.do(give_up(alice.state, UNTIL_S))
    alice.do(give_up(alice.state, UNTIL_S))
    assert [one["thid"] for one in alice.told("timed_out")] == ["q"]
    assert how_closed(alice.state, "q") == "timed out"


@EACH
def test_an_answer_to_something_else_is_stray(name: str) -> None:
    """The thread is ours, but this is not what answers its question."""
    alice, _ = asked(name)
    other = "query" if name == "event" else "event"
    _, kind, body = QUESTIONS[other]
    alice.hear(Message("a", kind, body, BOB, (ALICE,), thid="q"))
    assert [one["why"] for one in alice.told("stray")] == ["no answer to what was asked"]
    assert is_open(alice.state, "q")


def test_a_question_that_expired_on_its_way_is_refused() -> None:
    """It says itself until when an answer is worth something."""
    alice, bob = pair()
    bob.now_s = UNTIL_S
    alice.do(_event(alice.state))
    talk(alice, bob)
    assert bob.told("refused")[0]["code"] == "e.p.req.time.expired"
    assert how_closed(alice.state, "q") == "refused"


def test_open_questions_are_bounded() -> None:
    """The oldest is forgotten; its answer is stray."""
    alice = Party(ALICE, BOB)
    for number in range(MOST_KEPT + 1):
        alice.do(trust_ping.ping(alice.state, f"q-{number}", NOW_S))
    assert len(alice.state["asked"]) == MOST_KEPT
    assert not is_open(alice.state, "q-0")
    assert is_open(alice.state, f"q-{MOST_KEPT}")
