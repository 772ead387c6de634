"""Message type URIs taken apart: which protocol, which version of it, which message.

DIDComm v2.1, "Message Type URI" and "Semver Rules": names are compared without regard to case and
punctuation, and parties of one major version understand each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_DOC = re.compile(r"[!-~]*", re.ASCII)
_VERSION = re.compile(r"(?P<major>\d{1,9})(?:\.[!-.0-~]*)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_IN_A_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
_PUNCTUATION = re.compile(r"[._-]")
REMEMBERED = 1024
"""Types that were taken apart lately: a few are in nearly all messages."""


@dataclass(frozen=True)
class MessageType:
    """In the form in which two are the same when they are equal; `major` of all that is in a version."""

    doc: str
    protocol: str
    major: int
    message: str


class Written(NamedTuple):
    """The parts as they were written."""

    doc: str
    protocol: str
    major: int


@lru_cache(REMEMBERED)
def read_type(uri: str) -> MessageType | None:
    """None if it has no version, which is nobody's protocol."""
    piuri, slash, message = uri.rpartition("/")
    found = _read_piuri(piuri)
    if not slash or found is None or not _NAME.fullmatch(message):
        return None
    return MessageType(found.doc, plain(found.protocol), found.major, plain(message))


def read_protocol(piuri: str) -> tuple[str, str, int] | None:
    """What the types of all its messages begin with."""
    found = _read_piuri(piuri.removesuffix("/"))
    return None if found is None else (found.doc, plain(found.protocol), found.major)


def _read_piuri(piuri: str) -> Written | None:
    """From its end: one expression for all of it would try every place where the name might begin, and take
    as long as a stranger likes."""
    front, slash, version = piuri.rpartition("/")
    doc = front.rstrip(_IN_A_NAME)
    parsed = _VERSION.fullmatch(version)
    if not slash or parsed is None or doc == front or not _DOC.fullmatch(doc):
        return None
    return Written(doc, front[len(doc) :], int(parsed["major"]))


def same_type(one: str, other: str) -> bool:
    """Whether whoever understands one of them understands the other."""
    found = read_type(one)
    return one == other if found is None else found == read_type(other)


def plain(name: str) -> str:
    """What remains to compare."""
    return _PUNCTUATION.sub("", name).lower()


def event_name(protocol: str, message: str) -> str:
    """The name rules select by, in domain `didcomm`: `trust_ping_ping`."""
    return _PUNCTUATION.sub("_", f"{protocol}_{message}").lower()


def written_name(uri: str) -> str:
    """The same of a type, as its sender has written it."""
    piuri, _, message = uri.rpartition("/")
    found = _read_piuri(piuri)
    return "unknown" if found is None else event_name(found.protocol, message)
