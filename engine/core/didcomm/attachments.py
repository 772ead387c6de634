"""Attachments of a plaintext message: kept as they came, checked for shape, nothing fetched or verified.

DIDComm v2.1, "Attachments".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.didcomm.limits import LARGEST_NUMBER, LIMITS, Limits
from engine.core.didcomm.refused import malformed

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9_+/-]*={0,2}", re.ASCII)
"""Base64url, says the text of the specification; its example is padded."""
_COMPACT_DETACHED = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class Embedded:
    """A JSON value, which may be null."""

    value: Any


@dataclass(frozen=True)
class AttachmentData:
    """At least one of `base64`, `json` and `links`; `hash` with `links`, a multihash of what lies there."""

    base64: str | None = None
    json: Embedded | None = None
    links: tuple[str, ...] = ()
    hash: str | None = None
    jws: Mapping[str, Any] | str | None = None
    """A signature over the content, detached from it; by whomever its `kid` says."""


@dataclass(frozen=True)
class Attachment:
    data: AttachmentData
    id: str | None = None
    description: str | None = None
    filename: str | None = None
    media_type: str | None = None
    format: str | None = None
    lastmod_time: int | None = None
    byte_count: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Members that the specification does not know."""


_TEXTS = ("id", "description", "filename", "media_type", "format")
_NUMBERS = ("lastmod_time", "byte_count")
_DATA = ("base64", "json", "links", "hash", "jws")


def read_attachment(value: object, limits: Limits = LIMITS) -> Attachment:
    if not isinstance(value, Mapping):
        raise malformed("an attachment is an object")
    known: dict[str, Any] = {name: _text(value, name) for name in _TEXTS if name in value}
    known |= {name: _number(value, name) for name in _NUMBERS if name in value}
    if "id" in known and (len(known["id"]) > limits.text or not _UNRESERVED.fullmatch(known["id"])):
        raise malformed("an attachment's id consists of letters, digits and -._~")
    extra = {name: value[name] for name in value if name not in known and name != "data"}
    return Attachment(_read_data(value.get("data")), **known, extra=extra)


def write_attachment(attachment: Attachment) -> dict[str, Any]:
    """Reading it back gives an equal attachment."""
    named = {name: getattr(attachment, name) for name in (*_TEXTS, *_NUMBERS)}
    data = attachment.data
    written = {"base64": data.base64, "links": list(data.links) or None, "hash": data.hash, "jws": data.jws}
    embedded = {"json": data.json.value} if data.json else {}
    return {
        **{name: value for name, value in named.items() if value is not None},
        **attachment.extra,
        "data": {name: value for name, value in written.items() if value is not None} | embedded,
    }


def _read_data(value: object) -> AttachmentData:
    if not isinstance(value, Mapping):
        raise malformed("an attachment's data is an object")
    data = AttachmentData(
        base64=_text(value, "base64") if "base64" in value else None,
        json=Embedded(value["json"]) if "json" in value else None,
        links=_links(value["links"]) if "links" in value else (),
        hash=_text(value, "hash") if "hash" in value else None,
        jws=_detached(value["jws"]) if "jws" in value else None,
    )
    if data.base64 is None and data.json is None and not data.links:
        raise malformed("an attachment has its data as base64, json or links")
    if data.base64 is not None and not _BASE64.fullmatch(data.base64):
        raise malformed("an attachment's base64 is none")
    if data.links and data.hash is None:
        raise malformed("an attachment by link has the hash of what lies there")
    return data


def _links(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(link, str) for link in value):
        raise malformed("an attachment's links are a list of texts")
    return tuple(value)


def _detached(value: object) -> Mapping[str, Any] | str:
    """RFC 7515, appendix F: everything of a JWS but its payload."""
    if isinstance(value, str) and _COMPACT_DETACHED.fullmatch(value):
        return value
    if isinstance(value, Mapping) and "payload" not in value:
        if isinstance(value.get("signature"), str):
            return value
        if isinstance(value.get("signatures"), list) and value["signatures"]:
            return value
    raise malformed("an attachment's jws is a signature without its payload")


def _text(value: Mapping[str, Any], name: str) -> str:
    if not isinstance(value[name], str):
        raise malformed(f"{name} of an attachment is a text")
    return str(value[name])


def _number(value: Mapping[str, Any], name: str) -> int:
    number = value[name]
    if type(number) is not int or not 0 <= number <= LARGEST_NUMBER:
        raise malformed(f"{name} of an attachment is a whole number")
    return number
