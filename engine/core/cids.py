"""The name of a ruleset's text at the faces of the engine: its CID, the content id that IPFS gives it.

Inside, a text is named by the hex of its SHA-256 (`RulesetHash`). The CID says the same: version 1,
one raw block, sha2-256, in base32. `ipfs add --cid-version 1 --raw-leaves` prints it for a file that
fits into one block (256 KiB unless told otherwise).
"""

from __future__ import annotations

import re
from typing import NewType

from engine.core.model import RulesetHash
from engine.core.multiformats import NotEncoded, from_multibase, from_varint, to_multibase

Cid = NewType("Cid", str)
"""A CID as text, in the one spelling that is written here."""

RAW = bytes((0x01, 0x55, 0x12, 0x20))
"""CID version 1, codec "raw", hash function sha2-256, of 32 bytes."""
CODEC_OF_FILES = 0x70
"""dag-pb: what IPFS makes of files by itself."""

SCHEME = "ipfs"
LONGEST = 128
"""Characters. No CID with a hash in common use has more."""

_BARE = re.compile(r"(b[a-z2-7]{30,}|[uz][A-Za-z0-9_-]{30,}|Qm[1-9A-HJ-NP-Za-km-z]{44})", re.ASCII)


class NotACid(ValueError):
    """A text that names no ruleset. The message says why, and what would."""


def to_cid(digest: RulesetHash) -> Cid:
    return Cid(to_multibase("b", RAW + bytes.fromhex(digest)))


def from_cid(text: str) -> RulesetHash:
    """Other bases than the one we write name the same text, so they are read."""
    if text.startswith("Qm") and len(text) == 46:
        raise NotACid(f"{text} names a file of IPFS in blocks; {_OURS}")
    try:
        data = from_multibase(text) if len(text) <= LONGEST else b""
        version, rest = from_varint(data)
        codec, _ = from_varint(rest)
    except NotEncoded as problem:
        raise NotACid(f"{text[:LONGEST]!r} is not a CID: {problem}") from None
    if version == 1 and codec == CODEC_OF_FILES:
        raise NotACid(f"{text} names a file of IPFS in blocks; {_OURS}")
    if not data.startswith(RAW) or len(data) != len(RAW) + 32:
        raise NotACid(f"{text} is not the CID of a ruleset; {_OURS}")
    return RulesetHash(data[len(RAW) :].hex())


_OURS = "a ruleset's is that of one raw block (bafkrei…), as `picomesh rulesets` shows it"


def to_url(digest: RulesetHash) -> str:
    """The URL of a text that is named by nothing but its content."""
    return f"{SCHEME}://{to_cid(digest)}"


def named_text(url: str) -> RulesetHash | None:
    """The text that `ipfs://CID`, `ipfs:CID` or a bare CID names; None if it is a URL of another kind.

    Raises `NotACid` when it is meant as one and is none.
    """
    scheme, colon, rest = url.partition(":")
    if colon and scheme.lower() == SCHEME:
        return from_cid(rest.removeprefix("//"))
    return from_cid(url) if _BARE.fullmatch(url) else None
