"""Envelopes inside messages: what is to be forwarded, and what a mediator delivers. They stay unread here."""

from __future__ import annotations

import base64

from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.base64url import encode
from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.strict_json import read_object, write_json

_TO_URL = bytes.maketrans(b"+/", b"-_")


class NoPayload(ValueError):
    """Says why an attachment has no envelope that could be passed on."""


def as_json(envelope: bytes) -> Attachment:
    """As other stacks look for it in what is forwarded to them. Raises `Refused` if it is none."""
    return Attachment(AttachmentData(json=Embedded(read_object(envelope, LIMITS))))


def as_base64(envelope: bytes, id: str) -> Attachment:
    return Attachment(AttachmentData(base64=encode(envelope)), id=id)


def payloads(message: Message) -> tuple[bytes, ...]:
    """All, or `NoPayload`."""
    if not message.attachments:
        raise NoPayload("there are none")
    return tuple(payload(one) for one in message.attachments)


def payload(attachment: Attachment) -> bytes:
    data = attachment.data
    if data.base64 is not None:
        return _checked(decoded(data.base64))
    if data.json is not None and isinstance(data.json.value, dict):
        return _checked(write_json(data.json.value))
    raise NoPayload("what is attached by link is not fetched" if data.links else "one is not an object")


def decoded(text: str) -> bytes:
    """Both alphabets, padded or not: the text of the specification and its examples differ."""
    try:
        plain = text.rstrip("=").encode("ascii").translate(_TO_URL)
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except ValueError as problem:
        raise NoPayload("one is not base64") from problem


def _checked(envelope: bytes) -> bytes:
    """The outermost layer tells whether it is encrypted; what is not is nothing to carry about."""
    if len(envelope) > LIMITS.envelope_bytes:
        raise NoPayload("one is larger than an envelope may be")
    try:
        outside = read_object(envelope, LIMITS)
    except Refused as problem:
        raise NoPayload("one is not an envelope") from problem
    if "ciphertext" not in outside:
        raise NoPayload("one is not encrypted")
    return envelope
