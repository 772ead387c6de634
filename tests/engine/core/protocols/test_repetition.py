"""A message that arrives again is answered as the first time, and nothing is done again; up to a measure."""

from __future__ import annotations

import json

import pytest

from engine.core.protocols import Held, mediating, picomesh, trust_ping
from engine.core.protocols.coordinate_mediation import PROTOCOL_3
from engine.core.protocols.memory import ANSWERS_SIZE, MOST_HEARD, answers_to
from engine.core.protocols.messagepickup import DELIVERY_REQUEST
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair
from tests.engine.core.protocols.test_conversations import ENVELOPE, Queue


@pytest.mark.parametrize("id", ["m-1", "M-1"])
def test_a_repeated_message_gets_the_same_answer(id: str) -> None:
    """The same to the letter, so that it is one message for whoever gets it twice. Ids have no case."""
    bob = Party(BOB, ALICE)
    first = bob.hear(message_of(trust_ping.PING)).replies
    bob.now_s += 5
    assert bob.hear(message_of(trust_ping.PING, id=id)).replies == first
    assert bob.names == ["trust_ping_ping"]


def test_a_message_that_comes_late_does_not_undo_what_came_after() -> None:
    """An `add` from before a `remove` is answered, and has no effect."""
    bob = Party(BOB, ALICE, routing_dids=("did:example:r",))
    bob.hear(message_of(PROTOCOL_3.type("mediate-request"), id="r"))

    def update(id: str, action: str) -> str:
        body = {"updates": [{"recipient_did": ALICE, "action": action}]}
        (answer,) = bob.hear(message_of(PROTOCOL_3.type("recipient-update"), body, id=id)).replies
        return str(answer.body["updated"][0]["result"])

    results = [update("1", "add"), update("2", "remove"), update("1", "add"), update("3", "remove")]
    assert results == ["success", "success", "success", "no_change"]
    assert mediating.serves(bob.state) == ()


def test_what_is_asked_twice_while_it_is_worked_on_is_run_once() -> None:
    """The second gets its answer with the first; a third one gets it again."""
    alice, bob = pair()
    event = picomesh.send_event(alice.state, "e", {"domain": "d", "type": "t"}, NOW_S, wait=True).replies[0]
    assert not bob.hear(event).replies
    assert not bob.hear(event).replies
    outcome = bob.do(picomesh.finished(bob.state, "e", "eid", [], NOW_S, bob.new_id)).replies
    assert bob.hear(event).replies == outcome
    assert len(bob.told("picomesh_event")) == 1
    assert not bob.do(picomesh.finished(bob.state, "e", "eid", [], NOW_S, bob.new_id)).replies


def test_large_answers_are_forgotten_first() -> None:
    """That a message was dealt with is remembered longer than what was said; that is what is said then."""
    alice, bob = pair()
    for id in ("1", "2"):
        query = picomesh.send_query(alice.state, id, {"rid": "r", "function": "f"}, NOW_S).replies[0]
        bob.hear(query)
        value = "x" * (ANSWERS_SIZE * 2 // 3)
        bob.do(picomesh.answered(bob.state, id, value, NOW_S, bob.new_id))
    (again,) = bob.hear(query).replies
    assert again.body == {"value": value}
    query = picomesh.send_query(alice.state, "1", {"rid": "r", "function": "f"}, NOW_S).replies[0]
    (report,) = bob.hear(query).replies
    assert report.body["code"] == "e.p.req.already-handled"
    assert len(bob.told("picomesh_query")) == 2


def test_what_is_asked_anew_each_time_is_not_remembered() -> None:
    """An answer may be all the mail that waits, and would drive out those that have to stay the same."""
    bob = Party(BOB, ALICE, waiting=Queue(*(Held(f"h-{n}", ENVELOPE, NOW_S) for n in range(3))))
    (delivery,) = bob.hear(message_of(DELIVERY_REQUEST, {"limit": 3}, id="d")).replies
    assert len(delivery.attachments) == 3
    assert answers_to(bob.state, "d") == ()


def test_what_is_remembered_of_a_correspondent_is_bounded() -> None:
    """However much is said, and all of it answered."""
    bob = Party(BOB, ALICE)
    for number in range(MOST_HEARD + 50):
        bob.hear(message_of(trust_ping.PING, id=f"{number}-" + "x" * 100))
    assert len(bob.state["heard"]) == MOST_HEARD
    answers = [record["answers"] for record in bob.state["heard"].values()]
    assert len(json.dumps([answer for answer in answers if answer])) <= ANSWERS_SIZE * 1.1
    assert len(bob.kept) < 3 * ANSWERS_SIZE
