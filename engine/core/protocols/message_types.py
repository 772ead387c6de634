"""Message type URIs taken apart: which protocol, which version of it, which message.

DIDComm v2.1, "Message Type URI" and "Semver Rules": names are compared without regard to case and
punctuation, and parties of one major version understand each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MTURI = re.compile(
    r"(?P<doc>[!-~]*?)(?P<name>[A-Za-z0-9._-]+)/(?P<major>\d{1,9})(?P<minor>(?:\.[!-.0-~]*)?)/(?P<message>[A-Za-z0-9._-]+)",
    re.ASCII,
)
_PIURI = re.compile(
    r"(?P<doc>[!-~]*?)(?P<name>[A-Za-z0-9._-]+)/(?P<major>\d{1,9})(?P<minor>(?:\.[!-.0-~]*)?)/?", re.ASCII
)
_PUNCTUATION = re.compile(r"[._-]")


@dataclass(frozen=True)
class MessageType:
    """In the form in which two are the same when they are equal; `major` of all that is in a version."""

    doc: str
    protocol: str
    major: int
    message: str


def read_type(uri: str) -> MessageType | None:
    """None if it has no version, which is nobody's protocol."""
    parts = _MTURI.fullmatch(uri)
    if parts is None:
        return None
    return MessageType(parts["doc"], plain(parts["name"]), int(parts["major"]), plain(parts["message"]))


def read_protocol(piuri: str) -> tuple[str, str, int] | None:
    """What the types of all its messages begin with."""
    parts = _PIURI.fullmatch(piuri)
    return None if parts is None else (parts["doc"], plain(parts["name"]), int(parts["major"]))


def plain(name: str) -> str:
    """What remains to compare."""
    return _PUNCTUATION.sub("", name).lower()


def event_name(protocol: str, message: str) -> str:
    """The name rules select by, in domain `didcomm`: `trust_ping_ping`."""
    return _PUNCTUATION.sub("_", f"{protocol}_{message}").lower()
