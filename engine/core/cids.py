"""CIDs, the names that IPFS gives to bytes: those of blocks, and those of rulesets' texts.

A block is named by a CID in its binary form: version 1, codec raw or dag-cbor, sha2-256
(https://github.com/multiformats/cid). The text of a ruleset is named inside by the hex of its SHA-256
(`RulesetHash`), and at the faces of the engine by the CID of one raw block with that text, in base32.
`ipfs add --cid-version 1 --raw-leaves` prints it for a file that fits into one block (256 KiB unless told
otherwise).
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Literal, NewType

from engine.core.model import RulesetHash
from engine.core.multiformats import NotEncoded, from_multibase, from_varint, to_multibase

Cid = NewType("Cid", bytes)
"""The binary CID of a block. Those that are made or read here are of version 1, raw or dag-cbor, sha2-256."""
CidText = NewType("CidText", str)
"""A CID as text, in the one spelling that is written here: base32."""

Codec = Literal["raw", "dag-cbor"]
"""How the bytes of a block are to be read."""
PREFIXES: dict[Codec, bytes] = {"raw": b"\x01\x55\x12\x20", "dag-cbor": b"\x01\x71\x12\x20"}
"""What CIDs begin with: version 1, the codec, sha2-256, of 32 bytes."""
CID_BYTES = 36
"""How long such a CID is."""

RAW = PREFIXES["raw"]
CODEC_OF_FILES = 0x70
"""dag-pb: what IPFS makes of files by itself."""

SCHEME = "ipfs"
LONGEST = 128
"""Characters. No CID with a hash in common use has more."""

_BARE = re.compile(r"(b[a-z2-7]{30,}|[uz][A-Za-z0-9_-]{30,}|Qm[1-9A-HJ-NP-Za-km-z]{44})", re.ASCII)


class NotACid(ValueError):
    """What names no block, or no ruleset. The message says why, and what would."""


# --- blocks ----------------------------------------------------------------------------------------


def cid_of(data: bytes, codec: Codec = "dag-cbor") -> Cid:
    """The CID of these bytes."""
    return Cid(PREFIXES[codec] + sha256(data).digest())


def check_cid(data: bytes) -> Cid:
    """The bytes themselves, when they are a CID of a kind that is used here."""
    if len(data) == CID_BYTES and data[:4] in PREFIXES.values():
        return Cid(data)
    raise NotACid(f"{data[:LONGEST].hex()} is no CID of version 1, raw or dag-cbor, with sha2-256")


def codec_of(cid: Cid) -> Codec:
    """How the block is to be read that it names."""
    return "dag-cbor" if cid[1] == PREFIXES["dag-cbor"][1] else "raw"


def is_named(cid: Cid, data: bytes) -> bool:
    """Whether these are the bytes that the CID names."""
    return cid[4:] == sha256(data).digest()


def cid_text(cid: Cid) -> CidText:
    """The CID as people and other programs read it: bafy… or bafk…"""
    return CidText(to_multibase("b", cid))


def read_cid(text: str) -> Cid:
    """The CID that a text is, in any base that is read here."""
    try:
        return check_cid(from_multibase(text) if len(text) <= LONGEST else b"")
    except NotEncoded as problem:
        raise NotACid(f"{text[:LONGEST]!r} is not a CID: {problem}") from None
    except NotACid:
        raise NotACid(
            f"{text[:LONGEST]!r} names no block that is used here; those are of CID version 1, raw or "
            "dag-cbor, with sha2-256 (bafkrei… or bafyrei…)"
        ) from None


# --- texts of rulesets -----------------------------------------------------------------------------


def to_cid(digest: RulesetHash) -> CidText:
    return CidText(to_multibase("b", RAW + bytes.fromhex(digest)))


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
