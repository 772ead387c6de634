"""Picking up mail: what a mediator says of a queue and delivers of it, and live mode."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.core.didcomm.attachments import Attachment, AttachmentData
from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.messages import write_message
from engine.core.protocols import Held, Reaction
from engine.core.protocols.messagepickup import (
    DELIVERY,
    DELIVERY_REQUEST,
    LARGEST_DELIVERY,
    LARGEST_DELIVERY_BYTES,
    LIVE_CHANGE,
    RECEIVED,
    STATUS,
    STATUS_REQUEST,
    deliver_live,
    go_live,
    is_live,
    lose_connection,
    request_delivery,
)
from engine.core.protocols.payloads import as_base64, payloads
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair, talk
from tests.engine.core.protocols.test_conversations import ENVELOPE, Queue

LARGEST = LIMITS.envelope_bytes * 3 // 4 - 2000
"""Of what reaches a mediator, in an envelope of its own."""
HELD = [Held(f"h-{number}", ENVELOPE, NOW_S - 10 * number) for number in range(3)]


def asked(kind: str, body: dict[str, Any], *held: Held) -> Any:
    bob = Party(BOB, ALICE, waiting=Queue(*held))
    (answer,) = bob.hear(message_of(kind, body)).replies
    assert answer.thid == "m-1"
    return answer


def test_a_status_says_what_waits_and_since_when() -> None:
    """For the DID that it was asked of, which it names."""
    answer = asked(STATUS_REQUEST, {"recipient_did": ALICE}, *HELD)
    assert answer.type == STATUS
    assert answer.body == {
        "recipient_did": ALICE,
        "message_count": 3,
        "total_bytes": 3 * len(ENVELOPE),
        "longest_waited_seconds": 20,
        "oldest_received_time": NOW_S - 20,
        "newest_received_time": NOW_S,
        "live_delivery": False,
    }


def test_a_status_of_nothing_has_no_times() -> None:
    """There is nothing that they could be of."""
    assert asked(STATUS_REQUEST, {}).body == {"message_count": 0, "total_bytes": 0, "live_delivery": False}


def test_the_oldest_are_delivered_first() -> None:
    """As many as were asked for; who named a DID gets it named."""
    answer = asked(DELIVERY_REQUEST, {"limit": 2, "recipient_did": ALICE}, *HELD)
    assert answer.type == DELIVERY
    assert answer.body == {"recipient_did": ALICE}
    assert answer.attachments == tuple(as_base64(ENVELOPE, id) for id in ("h-2", "h-1"))


def test_nothing_is_delivered_as_a_status() -> None:
    """ "If no messages are available to be sent, a `status` message MUST be sent immediately"."""
    assert asked(DELIVERY_REQUEST, {"limit": 2}).type == STATUS


@pytest.mark.parametrize(
    ("size", "expected"),
    [(20, LARGEST_DELIVERY), (LARGEST_DELIVERY_BYTES // 4, 4), (LARGEST_DELIVERY_BYTES + 1, 1), (LARGEST, 1)],
)
def test_a_delivery_fits_into_an_envelope(size: int, expected: int) -> None:
    """However many are asked for. One that is large is delivered alone, not never."""
    envelope = json.dumps({"ciphertext": "x" * (size - 18)}).encode()
    held = [Held(f"h-{number}", envelope, NOW_S) for number in range(LARGEST_DELIVERY + 1)]
    answer = asked(DELIVERY_REQUEST, {"limit": 10**6}, *held)
    assert [one.id for one in answer.attachments] == sorted(one.id for one in held)[:expected]
    assert {json.loads(one)["ciphertext"] for one in payloads(answer)} == {"x" * (size - 18)}
    assert len(json.dumps(write_message(answer))) * 4 / 3 < LIMITS.envelope_bytes - 2000


def test_what_is_acknowledged_is_not_counted_any_more() -> None:
    """The status is that of afterwards; ids that are not in the queue do no harm."""
    answer = asked(RECEIVED, {"message_id_list": ["h-1", "never"]}, *HELD)
    assert answer.body["message_count"] == 2
    assert answer.body["oldest_received_time"] == NOW_S - 20


def test_a_message_that_is_delivered_twice_is_told_once() -> None:
    """And acknowledged both times, since the first one may not have arrived."""
    alice, bob = pair(waiting=Queue(HELD[0]))
    for id in ("d-1", "d-2"):
        alice.do(request_delivery(alice.state, id, NOW_S))
        talk(alice, bob)
    told = [note["messages"] for note in alice.told("messagepickup_delivery")]
    assert told == [[{"id": "h-0", "envelope": ENVELOPE.decode()}], []]
    assert [note["ids"] for note in bob.told("messagepickup_messages_received")] == [["h-0"], ["h-0"]]


@pytest.mark.parametrize(
    "attachment",
    [
        as_base64(ENVELOPE, "a b"),
        Attachment(AttachmentData(base64="e30"), id="1"),
        Attachment(AttachmentData(base64="eyJjaXBoZXJ0ZXh0IjoieCJ9")),
    ],
    ids=["bad id", "not encrypted", "no id"],
)
def test_a_bad_delivery_is_not_acknowledged(attachment: Attachment) -> None:
    """It stays in the queue; the question stays open."""
    alice = Party(ALICE, BOB)
    alice.do(request_delivery(alice.state, "d", NOW_S))
    bad = message_of(DELIVERY, from_=BOB, to=(ALICE,), thid="d", attachments=(attachment,))
    assert [reply.body["code"] for reply in alice.hear(bad).replies] == ["e.p.msg.bad-attachment"]
    assert alice.names == ["refused"]


@pytest.mark.parametrize("thid", [None, "other"])
def test_mail_that_nobody_asked_for_is_stray(thid: str | None) -> None:
    """Unless in live mode, and then outside of any thread."""
    alice = Party(ALICE, BOB)
    sent = message_of(DELIVERY, from_=BOB, to=(ALICE,), thid=thid, attachments=(as_base64(ENVELOPE, "h"),))
    assert not alice.hear(sent).replies
    assert alice.names == ["stray"]


def test_live_mode_sends_what_comes() -> None:
    """It is acknowledged like all that is delivered, so it is not lost with the connection."""
    alice, bob = pair(can_go_live=True)
    alice.do(go_live(alice.state, "l", NOW_S))
    talk(alice, bob)
    assert is_live(alice.state)
    bob.do(deliver_live(bob.state, "d", HELD[0], NOW_S))
    talk(alice, bob)
    assert alice.told("messagepickup_delivery")[0]["messages"][0]["id"] == "h-0"
    assert bob.told("messagepickup_messages_received")[0]["ids"] == ["h-0"]


def test_live_mode_ends_with_the_connection() -> None:
    """ "A new inbound connection starts with Live Mode disabled", for both."""
    alice, bob = pair(can_go_live=True)
    alice.do(go_live(alice.state, "l", NOW_S))
    talk(alice, bob)
    assert not is_live(lose_connection(alice.state))
    assert not deliver_live(lose_connection(bob.state), "d", HELD[0], NOW_S).replies


def test_a_request_of_an_earlier_connection_does_not_go_live_again() -> None:
    """It may come late."""
    bob = Party(BOB, ALICE, can_go_live=True)
    change = message_of(LIVE_CHANGE, {"live_delivery": True})
    bob.hear(change)
    bob.do(Reaction(lose_connection(bob.state)))
    bob.hear(change)
    assert not deliver_live(bob.state, "d", HELD[0], NOW_S).replies


def test_a_connection_that_is_not_open_cannot_go_live() -> None:
    """With the code and the words of the protocol; turning it off is always possible."""
    alice, bob = pair()
    alice.do(go_live(alice.state, "l", NOW_S))
    talk(alice, bob)
    (told,) = alice.told("report_problem_problem_report")
    assert (told["code"], told["text"]) == (
        "e.m.live-mode-not-supported",
        "Connection does not support Live Delivery",
    )
    assert not is_live(alice.state)
    assert bob.hear(message_of(LIVE_CHANGE, {"live_delivery": False})).replies[0].type == STATUS
