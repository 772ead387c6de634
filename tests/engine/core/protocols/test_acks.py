"""Acknowledgements: asked for, given once, in order, and never of one another."""

from __future__ import annotations

from engine.core.protocols import Reaction, basicmessage, trust_ping
from engine.core.protocols.acks import please
from engine.core.protocols.relationships import EMPTY
from engine.core.protocols.report_problem import REPORT
from engine.core.protocols.routing import FORWARD
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair, talk

PLEASE = {"please_ack": [""]}


def test_what_is_answered_is_acknowledged_by_the_answer() -> None:
    """ "The next natural message in the protocol, with an `ack` header added"."""
    bob = Party(BOB, ALICE)
    (response,) = bob.hear(message_of(trust_ping.PING, headers=PLEASE)).replies
    assert response.type == trust_ping.RESPONSE
    assert response.headers["ack"] == ["m-1"]


def test_what_is_not_answered_is_acknowledged_by_nothing_else() -> None:
    """By an empty message in its thread."""
    bob = Party(BOB, ALICE)
    (ack,) = bob.hear(message_of(basicmessage.MESSAGE, {"content": ""}, headers=PLEASE, thid="t")).replies
    assert (ack.type, ack.thid, ack.headers) == (EMPTY, "t", {"ack": ["m-1"]})


def test_a_message_for_rulesets_is_acknowledged_too() -> None:
    """That it arrived is not for them to say."""
    bob = Party(BOB, ALICE)
    (ack,) = bob.hear(message_of("https://example.com/chess/1.0/move", headers=PLEASE)).replies
    assert ack.headers == {"ack": ["m-1"]}


def test_earlier_messages_are_acknowledged_in_the_order_they_came() -> None:
    """What never came is not among them; the one that asks is the last."""
    bob = Party(BOB, ALICE)
    for id in ("c", "a", "b"):
        bob.hear(message_of(basicmessage.MESSAGE, {"content": ""}, id=id))
    wanted = {"please_ack": ["b", "A", "never", "c"]}
    (ack,) = bob.hear(message_of(basicmessage.MESSAGE, {"content": ""}, id="now", headers=wanted)).replies
    assert ack.headers["ack"] == ["c", "a", "b", "now"]


def test_a_report_is_an_acknowledgement_already() -> None:
    """Of the message that it reports."""
    bob = Party(BOB, ALICE)
    bad = message_of(trust_ping.PING, {"response_requested": 1}, headers=PLEASE)
    (report,) = bob.hear(bad).replies
    assert report.type == REPORT
    assert report.headers == {"ack": ["m-1"]}


def test_a_mediator_does_not_acknowledge_what_it_forwards() -> None:
    """ "MUST NOT be honored by mediators"."""
    bob = Party(BOB, ALICE)
    assert not bob.hear(message_of(FORWARD, {"next": ALICE}, headers=PLEASE)).replies[1:]
    bob = Party(BOB, None)
    assert not bob.hear(message_of(FORWARD, {"next": ALICE}, from_=None, headers=PLEASE)).replies


def test_acknowledgements_are_not_acknowledged() -> None:
    """Else there would be no end of them."""
    bob = Party(BOB, ALICE)
    assert not bob.hear(message_of(EMPTY, headers={**PLEASE, "ack": ["x"]})).replies


def test_two_who_always_ask_come_to_an_end() -> None:
    """One acknowledgement each."""
    alice, bob = pair()
    for party in (alice, bob):
        told = basicmessage.tell(party.state, f"from-{party.state['me'][-1]}", "hi", NOW_S)
        state, message = please(told.state, told.replies[0])
        party.do(Reaction(state, (message,)))
    talk(alice, bob)
    assert alice.told("acknowledged")[0]["ids"] == ["from-e"]
    assert bob.told("acknowledged")[0]["ids"] == ["from-b"]
    assert [len(party.sent) for party in (alice, bob)] == [2, 2]


def test_an_acknowledgement_of_what_was_not_sent_is_no_news() -> None:
    """Nor one of what was acknowledged before."""
    alice = Party(ALICE, BOB)
    state, message = please(alice.state, basicmessage.tell(alice.state, "a", "hi", NOW_S).replies[0])
    alice.do(Reaction(state, (message,)))
    for id in ("1", "2"):
        alice.hear(message_of(EMPTY, id=id, from_=BOB, to=(ALICE,), headers={"ack": ["never", "A"]}))
    assert [one["ids"] for one in alice.told("acknowledged")] == [["A"]]
