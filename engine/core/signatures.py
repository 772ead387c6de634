"""An author's word for the text of a ruleset: a detached signature, so that the text keeps its CID.

It is a small JSON document, kept beside the text (`counter.krl.sig`):

    {"format": 1, "author": "did:key:z6Mk…", "cid": "bafkrei…", "signature": "u…"}

`signature` is Ed25519 over the bytes of `to_be_signed`, in base64url with its multibase prefix. Those begin
with a sentence of their own, so that nothing else that is ever signed with the key can pass for one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.cids import CidText, NotACid, from_cid, to_cid
from engine.core.did_keys import DidKey, NotADidKey, from_did_key, read_did_key
from engine.core.model import RulesetHash
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

FORMAT = 1
SUFFIX = ".sig"
"""What the name of a signature has in addition to that of its text, as a file and as a URL."""
LARGEST = 4096
"""Characters; a signature has some three hundred."""
SIGNATURE_BYTES = 64

Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether, with that Ed25519 public key, of that message, this is the signature."""


class BadSignature(ValueError):
    """A document that is no signature, or not a good one. The message says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What such a document says. Whether it is true, `check` finds out."""

    author: DidKey
    digest: RulesetHash
    """The text."""
    value: bytes


def to_be_signed(author: DidKey, cid: CidText) -> bytes:
    return f"This ruleset is mine (picomesh ruleset signature {FORMAT})\n{author}\n{cid}\n".encode()


def write_signature(signature: Signature) -> str:
    document = {
        "format": FORMAT,
        "author": signature.author,
        "cid": to_cid(signature.digest),
        "signature": to_multibase("u", signature.value),
    }
    return json.dumps(document, indent=2) + "\n"


def read_signature(text: str) -> Signature:
    if len(text) > LARGEST:
        raise BadSignature(f"a signature has no more than {LARGEST:,} characters; this is something else")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadSignature(f"a signature is a JSON document, and this is not: {problem}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadSignature(f'this is not a signature of a ruleset that can be read here ("format": {FORMAT})')
    return _read_members(document)


def _read_members(document: Mapping[str, Any]) -> Signature:
    author, cid, value = (str(document.get(name, "")) for name in ("author", "cid", "signature"))
    try:
        signature = Signature(read_did_key(author), from_cid(cid), from_multibase(value))
    except (NotADidKey, NotACid, NotEncoded) as problem:
        raise BadSignature(f"the signature cannot be read: {problem}") from None
    if len(signature.value) != SIGNATURE_BYTES:
        raise BadSignature(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature.value)}")
    return signature


def check(signature: Signature, digest: RulesetHash, verify: Verify) -> None:
    """Raises `BadSignature` unless its author has signed that text."""
    if signature.digest != digest:
        raise BadSignature(
            f"the signature is for {to_cid(signature.digest)}, not for {to_cid(digest)}: "
            "the text was changed after it was signed; sign it again"
        )
    message = to_be_signed(signature.author, to_cid(digest))
    if not verify(from_did_key(signature.author), message, signature.value):
        raise BadSignature(f"the signature was not made with the key of {signature.author}")
