"""What two engines hand each other beside the messages of `migration`: blocks of a state, and events.

Each is a question that is answered over the same connection, and all are of the same protocol. Whether
whoever asks may have that is for the runtime to know. Blocks come as a CAR, where the connection takes one:
they are sealed and name themselves, so that no envelope is needed. Else they come in one attachment, as many
as fit, DAG-CBOR of a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.blocks.dag_cbor import decode, encode
from engine.core.blocks.errors import NotDagCbor
from engine.core.cids import Cid, NotACid, cid_text, read_cid
from engine.core.didcomm import base64url
from engine.core.didcomm.attachments import Attachment, AttachmentData
from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import (
    LONGEST_CONTENT,
    Shape,
    boolean,
    did,
    list_of,
    may,
    need,
    object_with,
    problem_in,
    text,
    whole,
)
from engine.core.protocols.message_types import plain, read_protocol, read_type
from engine.core.protocols.migration import LARGEST_BOX, LARGEST_LOG, LONGEST_NAME, PIURI, NotAMove
from engine.core.protocols.payloads import NoPayload, decoded

AHEAD, HELD = "ahead", "held"
WANT, BLOCKS, FORWARDED, RECEIVED, SENT = "want", "blocks", "forwarded", "received", "sent"
MOST_BLOCKS = 2_000
MOST_BYTES = 384 << 10
"""Of blocks or events in one message: twice in base64 they are still less than an envelope may have."""
MOST_EVENTS = 500
LARGEST_EVENT = 512 << 10
"""Bytes of one that still goes into a message."""

_NAME = need(text(LONGEST_NAME, empty=False))
_MOVE: Shape = {"did": need(did), "epoch": need(whole(1)), "attempt": need(whole(1))}
_EVENT_ID = text(LONGEST_CONTENT, empty=False)
"""Whoever sends an event chooses its id, as long as they like."""
_EVENT = object_with({"id": need(_EVENT_ID), "body": need(text(2 * LARGEST_EVENT))})
_REFUSED = object_with({"id": need(_EVENT_ID), "code": need(text()), "reason": need(text())})

BODIES: Mapping[str, Shape] = {
    WANT: {**_MOVE, "cids": need(list_of(text(LONGEST_NAME, empty=False), most=MOST_BLOCKS))},
    BLOCKS: {"did": need(did)},
    AHEAD: {**_MOVE, "cid": _NAME, "keys": need(text(LARGEST_BOX))},
    HELD: {"did": need(did), "cid": may(text(LONGEST_NAME)), "waits": may(boolean)},
    FORWARDED: {"did": need(did), "epoch": need(whole(1)), "events": need(list_of(_EVENT, most=MOST_EVENTS))},
    SENT: {
        "did": need(did),
        "epoch": need(whole(1)),
        "events": need(list_of(_EVENT, most=MOST_EVENTS)),
        "log": may(text(LARGEST_LOG)),
        "approvals": may(text(LARGEST_LOG)),
    },
    RECEIVED: {
        "did": need(did),
        "epoch": need(whole(1)),
        "ids": need(list_of(_EVENT_ID, most=MOST_EVENTS)),
        "refused": may(list_of(_REFUSED, most=MOST_EVENTS)),
    },
}


@dataclass(frozen=True, slots=True)
class Carried:
    """An event that was accepted for a pico that is elsewhere, as bytes."""

    id: str
    body: bytes


def kind_of(type: str) -> str | None:
    found = read_type(type)
    if found is None or (found.doc, found.protocol, found.major) != read_protocol(PIURI):
        return None
    return next((kind for kind in BODIES if plain(kind) == found.message), None)


def body_of(message: Message, kind: str) -> Mapping[str, Any]:
    """Raises `NotAMove`."""
    problem = problem_in(message.body, BODIES[kind])
    if problem is not None:
        raise NotAMove(problem)
    return message.body


def type_of(kind: str) -> str:
    return f"{PIURI}/{kind}"


# --- blocks -----------------------------------------------------------------------------------------


def as_attachment(blocks: Iterable[bytes]) -> Attachment:
    return Attachment(AttachmentData(base64=base64url.encode(encode(list(blocks)))), id="blocks")


def blocks_in(message: Message) -> list[bytes]:
    """Raises `NotAMove`."""
    found: list[bytes] = []
    for attachment in message.attachments:
        try:
            node = decode(decoded(attachment.data.base64 or ""))
        except (NoPayload, NotDagCbor) as problem:
            raise NotAMove("what is attached are no blocks") from problem
        if not isinstance(node, list):
            raise NotAMove("what is attached are no blocks")
        found += [block for block in node if isinstance(block, bytes)]
    return found


def write_cids(cids: Iterable[Cid]) -> list[str]:
    return [cid_text(cid) for cid in cids]


def read_cids(texts: Sequence[str]) -> list[Cid]:
    """Raises `NotAMove`."""
    try:
        return [read_cid(text) for text in texts]
    except NotACid as problem:
        raise NotAMove("one is no CID") from problem


# --- events -----------------------------------------------------------------------------------------


def write_events(events: Iterable[Carried]) -> list[dict[str, str]]:
    return [{"id": one.id, "body": base64url.encode(one.body)} for one in events]


def read_events(body: Mapping[str, Any]) -> list[Carried]:
    """Raises `NotAMove`."""
    try:
        return [Carried(one["id"], decoded(one["body"])) for one in body["events"]]
    except NoPayload as problem:
        raise NotAMove("an event is not in base64") from problem
