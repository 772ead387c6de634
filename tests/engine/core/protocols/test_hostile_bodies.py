"""Messages that are not what their protocol says: each is told so, once, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.limits import LARGEST_NUMBER, LIMITS
from engine.core.didcomm.strict_json import write_json
from engine.core.protocols import PROTOCOLS, begin, picomesh
from engine.core.protocols.payloads import as_base64
from engine.core.protocols.report_problem import REPORT
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of

ORG = "https://didcomm.org/"
PING = f"{ORG}trust-ping/2.0/ping"
TEXT = f"{ORG}basicmessage/2.0/message"
QUERIES = f"{ORG}discover-features/2.0/queries"
DISCLOSE = f"{ORG}discover-features/2.0/disclose"
INVITATION = f"{ORG}out-of-band/2.0/invitation"
FORWARD = f"{ORG}routing/2.0/forward"
MEDIATION_2, MEDIATION_3 = (f"{ORG}coordinate-mediation/{version}.0/" for version in (2, 3))
PICKUP = f"{ORG}messagepickup/3.0/"
DID = "did:example:x"
ADD = {"recipient_did": DID, "action": "add"}

BODIES: list[tuple[str, Any]] = [
    (PING, {"response_requested": "yes"}),
    (PING, {"response_requested": 1}),
    (PING, {"response_requested": None}),
    (TEXT, {}),
    (TEXT, {"content": None}),
    (TEXT, {"content": ["a"]}),
    (TEXT, {"content": "a" * (2**18 + 1)}),
    (QUERIES, {}),
    (QUERIES, {"queries": {}}),
    (QUERIES, {"queries": ["protocol"]}),
    (QUERIES, {"queries": [{"feature-type": "protocol"}]}),
    (QUERIES, {"queries": [{"match": "*"}]}),
    (QUERIES, {"queries": [{"feature-type": 1, "match": "*"}]}),
    (QUERIES, {"queries": [{"feature-type": "protocol", "match": "*" * 513}]}),
    (QUERIES, {"queries": [{"feature-type": "protocol", "match": "*"}] * 65}),
    (DISCLOSE, {"disclosures": None}),
    (DISCLOSE, {"disclosures": [{"feature-type": "protocol"}]}),
    (DISCLOSE, {"disclosures": [{"feature-type": "protocol", "id": "x", "roles": "all"}]}),
    (DISCLOSE, {"disclosures": [{"feature-type": "protocol", "id": "x"}] * 1025}),
    (INVITATION, {"goal": 1}),
    (INVITATION, {"accept": "didcomm/v2"}),
    (INVITATION, {"accept": [None]}),
    (FORWARD, {}),
    (FORWARD, {"next": ""}),
    (FORWARD, {"next": "https://example.com"}),
    (FORWARD, {"next": [DID]}),
    (FORWARD, {"next": DID}),
    (f"{MEDIATION_2}keylist-update", {}),
    (f"{MEDIATION_2}keylist-update", {"updates": [DID]}),
    (f"{MEDIATION_2}keylist-update", {"updates": [{"recipient_did": DID}]}),
    (f"{MEDIATION_2}keylist-query", {"paginate": {"limit": 1}}),
    (f"{MEDIATION_3}recipient-update", {"updates": [{**ADD, "action": "Add"}]}),
    (f"{MEDIATION_3}recipient-update", {"updates": [{**ADD, "action": ["add"]}]}),
    (f"{MEDIATION_3}recipient-update", {"updates": [{**ADD, "recipient_did": "x"}]}),
    (f"{MEDIATION_3}recipient-update", {"updates": [{**ADD, "recipient_did": "did:example:x#k"}]}),
    (f"{MEDIATION_3}recipient-update", {"updates": [ADD] * 1025}),
    (f"{MEDIATION_3}recipient-query", {"paginate": None}),
    (f"{MEDIATION_3}recipient-query", {"paginate": {"limit": 0, "offset": 0}}),
    (f"{MEDIATION_3}recipient-query", {"paginate": {"limit": 1, "offset": -1}}),
    (f"{MEDIATION_3}recipient-query", {"paginate": {"limit": 1.0, "offset": 0}}),
    (f"{MEDIATION_3}recipient-query", {"paginate": {"limit": True, "offset": 0}}),
    (f"{MEDIATION_3}recipient-query", {"paginate": {"limit": LARGEST_NUMBER + 1, "offset": 0}}),
    (f"{PICKUP}status-request", {"recipient_did": 1}),
    (f"{PICKUP}delivery-request", {}),
    (f"{PICKUP}delivery-request", {"limit": 0}),
    (f"{PICKUP}delivery-request", {"limit": "10"}),
    (f"{PICKUP}delivery-request", {"limit": 1, "recipient_did": "bob"}),
    (f"{PICKUP}messages-received", {}),
    (f"{PICKUP}messages-received", {"message_id_list": "1"}),
    (f"{PICKUP}messages-received", {"message_id_list": ["a b"]}),
    (f"{PICKUP}messages-received", {"message_id_list": [1]}),
    (f"{PICKUP}live-delivery-change", {}),
    (f"{PICKUP}live-delivery-change", {"live_delivery": "true"}),
    (picomesh.EVENT, {}),
    (picomesh.EVENT, {"domain": "d"}),
    (picomesh.EVENT, {"domain": "", "type": "t"}),
    (picomesh.EVENT, {"domain": "d" * 257, "type": "t"}),
    (picomesh.EVENT, {"domain": "d", "type": "t", "attributes": []}),
    (picomesh.EVENT, {"domain": "d", "type": "t", "wait": "yes"}),
    (picomesh.QUERY, {"rid": "r"}),
    (picomesh.QUERY, {"rid": "r", "function": None}),
    (picomesh.QUERY, {"rid": "r", "function": "f", "args": "x"}),
]


@pytest.mark.parametrize(("kind", "body"), BODIES)
def test_a_bad_body_is_reported_and_nothing_else(kind: str, body: Any) -> None:
    """In a thread below its own; not a word of what the stranger wrote comes back."""
    bob = Party(BOB, ALICE, routing_dids=("did:example:route",), can_go_live=True)
    reaction = bob.hear(message_of(kind, body))
    (report,) = reaction.replies
    assert report.type == REPORT
    assert report.pthid == "m-1"
    assert report.thid is None
    assert report.headers["ack"] == ["m-1"]
    assert report.body["code"] in ("e.p.msg.bad-body", "e.p.msg.bad-attachment")
    assert bob.names == ["refused"]
    assert {name for name, kept in bob.state.items() if kept} == {"me", "peer", "heard", "problems"}


GOOD = Attachment(AttachmentData(json=Embedded({"ciphertext": "x"})))
ATTACHMENTS: list[tuple[Attachment, ...]] = [
    (),
    (Attachment(AttachmentData(links=("https://a.example",), hash="zQm")),),
    (Attachment(AttachmentData(json=Embedded("text"))),),
    (Attachment(AttachmentData(json=Embedded({"plain": 1}))),),
    (Attachment(AttachmentData(base64="!!")),),
    (Attachment(AttachmentData(base64="e30")),),
    (Attachment(AttachmentData(base64="AAAA")),),
    (as_base64(write_json({"ciphertext": "x" * LIMITS.envelope_bytes}), "p"),),
    (
        Attachment(AttachmentData(json=Embedded({"ciphertext": "x"}))),
        Attachment(AttachmentData(base64="e30")),
    ),
]


@pytest.mark.parametrize("attachments", ATTACHMENTS)
def test_what_is_not_an_encrypted_message_is_not_forwarded(attachments: tuple[Attachment, ...]) -> None:
    """Not even the part of it that is one."""
    bob = Party(BOB, ALICE)
    bob.hear(message_of(FORWARD, {"next": DID}, attachments=attachments))
    assert bob.names == ["refused"]
    assert bob.told("refused")[0]["code"] == "e.p.msg.bad-attachment"


@pytest.mark.parametrize(
    "headers",
    [
        {"please_ack": "yes"},
        {"please_ack": [1]},
        {"please_ack": ["a b"]},
        {"please_ack": [""] * 65},
        {"ack": [""]},
        {"ack": {}},
        {"ack": ["x" * 129]},
    ],
)
def test_a_bad_header_is_reported(headers: dict[str, Any]) -> None:
    """A message with it is not heard."""
    bob = Party(BOB, ALICE)
    (report,) = bob.hear(message_of(PING, headers=headers)).replies
    assert report.body["code"] == "e.p.msg.bad-header"
    assert bob.names == ["refused"]


def test_a_bad_message_within_a_thread_leaves_the_thread() -> None:
    """Its scope is the message."""
    bob = Party(BOB, ALICE)
    (report,) = bob.hear(message_of(TEXT, {}, thid="other")).replies
    assert report.body["code"] == "e.m.msg.bad-body"
    assert report.pthid == "other"


def test_a_message_that_the_protocol_does_not_have_is_reported() -> None:
    """For the name is in no table; a ruleset cannot add to our protocols."""
    bob = Party(BOB, ALICE)
    (report,) = bob.hear(message_of(f"{ORG}trust-ping/2.0/pong")).replies
    assert report.body["code"] == "e.p.msg.unknown-kind"


def test_a_protocol_that_is_not_ours_is_for_rulesets() -> None:
    """They hear of it, and nothing is answered in their place."""
    bob = Party(BOB, ALICE)
    assert not bob.hear(message_of("https://example.com/chess/1.0/move", {"x": 1})).replies
    assert [note.name for note in bob.notes] == ["message"]
    assert bob.told("message")[0]["body"] == {"x": 1}


def test_an_expired_message_is_reported_and_not_heard() -> None:
    """At its very second."""
    bob = Party(BOB, ALICE)
    assert bob.hear(message_of(PING, expires_time=NOW_S + 1)).replies[0].type.endswith("ping-response")
    (report,) = bob.hear(message_of(PING, id="m-2", expires_time=NOW_S)).replies
    assert report.body["code"] == "e.p.req.time.expired"


@pytest.mark.parametrize(
    "kind",
    [
        protocol.type(name)
        for protocol in PROTOCOLS
        for name, kind in protocol.kinds.items()
        if not kind.anonymous
    ],
)
def test_what_needs_a_sender_is_not_heard_of_nobody(kind: str) -> None:
    """And nobody is told."""
    bob = Party(BOB, None)
    assert not bob.hear(message_of(kind, from_=None)).replies
    assert bob.names in (["refused"], ["stray"])
    assert bob.state.keys() <= {*begin(BOB, None), "heard"}


def test_nobody_is_answered() -> None:
    """Whom nothing proves may say something; there is nobody to reply to."""
    bob = Party(BOB, None)
    assert not bob.hear(message_of(PING, from_=None, headers={"please_ack": [""]})).replies
    assert bob.names == ["trust_ping_ping"]
