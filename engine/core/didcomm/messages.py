"""Plaintext messages: what a rule sends and gets, without any envelope.

DIDComm v2.1, "Plaintext Message Structure" and "Message Headers". What the specification requires of a
message is required here, in both directions; headers it does not know are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.didcomm.attachments import Attachment, read_attachment, write_attachment
from engine.core.didcomm.limits import LARGEST_NUMBER, LIMITS, Limits
from engine.core.didcomm.media_types import PLAIN, check_typ
from engine.core.didcomm.refused import malformed, too_big
from engine.core.dids import is_did_url

_ID = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)
_TYPE = re.compile(r"[!-~]*[A-Za-z0-9._-]/\d[!-.0-~]*/[A-Za-z0-9._-]+", re.ASCII)
"""Message type URIs: documentation, protocol, version, name of the message."""

LONGEST_ID = 128
"""The specification says 32 bytes and recommends UUIDs, which have 36; some stacks use more."""


class BadMessage(ValueError):
    """Nobody would accept this message; says why."""


@dataclass(frozen=True)
class Message:
    """`from_` is what the message says; who it is from is `Unpacked.sender`. Times are seconds since 1970."""

    id: str
    type: str
    body: Mapping[str, Any] = field(default_factory=dict)
    from_: str | None = None
    to: tuple[str, ...] | None = None
    thid: str | None = None
    pthid: str | None = None
    created_time: int | None = None
    expires_time: int | None = None
    from_prior: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)
    """Those that have no field here: `return_route`, `please_ack`, `lang`, and whatever people add."""

    @property
    def thread(self) -> str:
        """A message that names no thread begins one of its own name."""
        return self.thid if self.thid is not None else self.id


_TEXTS = ("id", "type", "from", "thid", "pthid", "from_prior")
_TIMES = ("created_time", "expires_time")
RESERVED = frozenset((*_TEXTS, *_TIMES, "typ", "to", "body", "attachments"))
"""Names that `Message.headers` cannot have."""


def read_message(value: Mapping[str, Any], limits: Limits = LIMITS) -> Message:
    check_typ(value.get("typ"), PLAIN)
    texts: dict[str, Any] = {_field(name): _text(value, name) for name in _TEXTS if name in value}
    times: dict[str, Any] = {name: _time(value, name) for name in _TIMES if name in value}
    for name in ("id", "type"):
        if name not in texts:
            raise malformed(f"a message has {name}")
    message = Message(
        **texts,
        **times,
        to=_recipients(value["to"], limits) if "to" in value else None,
        body=_body(value.get("body", {})),
        attachments=_attachments(value.get("attachments", []), limits),
        headers={name: value[name] for name in value if name not in RESERVED},
    )
    problem = next(_problems(message, limits), None)
    if problem:
        raise malformed(problem)
    return message


def write_message(message: Message, limits: Limits = LIMITS) -> dict[str, Any]:
    """Reading it back gives an equal message. Raises `BadMessage` where readers would refuse it."""
    for problem in _problems(message, limits):
        raise BadMessage(problem)
    if taken := RESERVED & message.headers.keys():
        raise BadMessage(f"{', '.join(sorted(taken))}: not a header to add, but part of every message")
    texts = {name: getattr(message, _field(name)) for name in _TEXTS}
    times = {name: getattr(message, name) for name in _TIMES}
    written = {
        "typ": PLAIN,
        **texts,
        "to": None if message.to is None else list(message.to),
        **times,
        "body": message.body,
        "attachments": [write_attachment(one) for one in message.attachments] or None,
    }
    return {name: value for name, value in written.items() if value is not None} | dict(message.headers)


def _problems(message: Message, limits: Limits) -> Iterator[str]:
    """Whatever `Message`'s types do not say."""
    names = (message.id, message.thid, message.pthid)
    if not all(is_message_id(name) for name in names if name is not None):
        yield f"id, thid and pthid are up to {LONGEST_ID} letters, digits and -._~"
    if len(message.type) > limits.text or not _TYPE.fullmatch(message.type):
        yield "type is a URI that ends with protocol, version and name: https://didcomm.org/trust-ping/2.0/ping"
    dids = (*(message.to or ()), *(() if message.from_ is None else (message.from_,)))
    if not all(is_did_url(did) for did in dids):
        yield "from and to are DIDs, without the name of a key"


def is_message_id(name: str) -> bool:
    """Also a thread's."""
    return len(name) <= LONGEST_ID and _ID.fullmatch(name) is not None


def same_id(one: str | None, other: str) -> bool:
    """Of messages and threads: "MUST be compared case-insensitively"."""
    return one is not None and one.lower() == other.lower()


def _field(name: str) -> str:
    return "from_" if name == "from" else name


def _text(value: Mapping[str, Any], name: str) -> str:
    if not isinstance(value[name], str):
        raise malformed(f"{name} is a text")
    return str(value[name])


def _time(value: Mapping[str, Any], name: str) -> int:
    """Seconds as an integer; a truth value is no number, though Python has it otherwise."""
    if type(value[name]) is not int or abs(value[name]) > LARGEST_NUMBER:
        raise malformed(f"{name} is a whole number of seconds since 1970")
    return int(value[name])


def _recipients(value: object, limits: Limits) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(did, str) for did in value):
        raise malformed("to is a list of DIDs")
    if len(value) > limits.recipients:
        raise too_big("a message to too many")
    return tuple(value)


def _body(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise malformed("body is an object")
    return value


def _attachments(value: object, limits: Limits) -> tuple[Attachment, ...]:
    if not isinstance(value, list):
        raise malformed("attachments are a list")
    if len(value) > limits.attachments:
        raise too_big("too many attachments")
    return tuple(read_attachment(one, limits) for one in value)
