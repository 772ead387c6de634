"""Plaintext messages: what is required, what is kept, and what nobody would take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.adapters.didcomm import (
    Attachment,
    AttachmentData,
    BadMessage,
    Embedded,
    Message,
    pack_plain,
    unpack,
)
from tests.engine.adapters.didcomm.forging import forge_plain
from tests.engine.adapters.didcomm.people import BOB, NOW_S, keyring, message


def read(plain: bytes) -> Message:
    return unpack(plain, keyring(BOB), NOW_S).message


ATTACHMENTS = [
    Attachment(AttachmentData(base64="eA")),
    Attachment(AttachmentData(base64="eA==", hash="zQm"), id="a-1._~", filename="x.txt", lastmod_time=0),
    Attachment(AttachmentData(json=Embedded(None)), description="null", format="f", media_type="m/t"),
    Attachment(AttachmentData(json=Embedded({"ciphertext": "x"}), jws={"signature": "x"})),
    Attachment(AttachmentData(base64="eA", jws={"signatures": [{}]}), byte_count=1),
    Attachment(AttachmentData(base64="eA", jws="eyJ9..eA")),
    Attachment(AttachmentData(links=("https://a.example/1", "ipfs://x"), hash="zQm"), extra={"my": [1]}),
]


@pytest.mark.parametrize("attachment", ATTACHMENTS)
def test_an_attachment_comes_back_equal(attachment: Attachment) -> None:
    """In all forms, with signature, and with members that are nobody's business here."""
    sent = message(attachments=(attachment,))
    assert read(pack_plain(sent)) == sent


def test_headers_that_are_not_known_are_kept() -> None:
    """ "MUST NOT fail because of their inclusion"."""
    assert read(forge_plain(please_ack=[""], my_header={"a": 1})).headers == {
        "please_ack": [""],
        "my_header": {"a": 1},
    }


def test_a_message_needs_no_more_than_id_and_type() -> None:
    """A body is optional since version 2.1; one is always written."""
    least = {"id": "1", "type": "https://didcomm.org/empty/1.0/empty"}
    read_back = read(json.dumps(least).encode())
    assert read_back == Message("1", "https://didcomm.org/empty/1.0/empty")
    assert json.loads(pack_plain(read_back))["body"] == {}


@pytest.mark.parametrize("typ", ["application/didcomm-plain+json", "didcomm-plain+json", ...])
def test_typ_may_be_short_or_missing(typ: object) -> None:
    """ "IANA types for DIDComm messages MAY omit the `application/` prefix"."""
    assert read(forge_plain(typ=typ)) == message()


def test_a_message_that_names_no_thread_begins_one() -> None:
    """Of its own name."""
    assert message(id="a").thread == "a"
    assert message(id="a", thid="b").thread == "b"


def test_a_message_expires_at_its_second() -> None:
    """A second before it is still good."""
    sent = message(expires_time=NOW_S + 1)
    assert read(pack_plain(sent)) == sent


@pytest.mark.parametrize(
    "kind",
    [
        "https://didcomm.org/trust-ping/2.0/ping",
        "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/trust_ping/1.0/ping",
        "https://picomesh.example/?p=picomesh/1.0/event",
        "x/1.0.3-rc1/y",
    ],
)
def test_types_are_uris_of_several_forms(kind: str) -> None:
    """Each ends with protocol, version and name."""
    assert read(pack_plain(message(type=kind))).type == kind


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "a/b"},
        {"thid": "ä"},
        {"type": "ping"},
        {"from_": "alice"},
        {"to": ("did:example:bob#key",)},
        {"headers": {"body": {}}},
        {"headers": {"typ": "x"}},
    ],
)
def test_what_would_be_refused_is_not_written(changes: dict[str, Any]) -> None:
    """The one who can mend it hears of it, not the one who gets it."""
    with pytest.raises(BadMessage):
        pack_plain(message(**changes))


@pytest.mark.parametrize("body", [{"a": {1}}, {"a": float("nan")}, {"a": "\ud800"}])
def test_what_json_cannot_hold_is_not_written(body: dict[str, Any]) -> None:
    """Rather than something else in its place."""
    with pytest.raises(BadMessage, match="what JSON cannot"):
        pack_plain(message(body=body))


def test_did_urls_without_a_key_name_people_too() -> None:
    """ "a valid DID or DID URL (without the fragment component)"."""
    sent = message(to=("did:example:bob/inbox?x=1", BOB.did))
    assert read(pack_plain(sent)).to == sent.to
