"""did:key for Ed25519: a public key written as a DID, which therefore needs no place to be looked up.

See https://w3c-ccg.github.io/did-key-spec/. Nothing is signed or verified here.
"""

from __future__ import annotations

from typing import NewType

from engine.core.multiformats import NotEncoded, from_multibase, to_multibase, to_varint

DidKey = NewType("DidKey", str)
"""A DID that is an Ed25519 public key."""

PREFIX = "did:key:"
ED25519 = to_varint(0xED)
KEY_BYTES = 32
LENGTH = len(PREFIX) + 48
"""Characters of every such DID."""


class NotADidKey(ValueError):
    """A text that is no Ed25519 key. The message says what one looks like."""


def to_did_key(public_key: bytes) -> DidKey:
    if len(public_key) != KEY_BYTES:
        raise ValueError(f"an Ed25519 public key has {KEY_BYTES} bytes, not {len(public_key)}")
    return DidKey(PREFIX + to_multibase("z", ED25519 + public_key))


def from_did_key(text: str) -> bytes:
    """The public key."""
    # The length first: base58 of a long text takes long to read.
    if text.startswith(PREFIX + "z") and len(text) == LENGTH:
        try:
            data = from_multibase(text.removeprefix(PREFIX))
        except NotEncoded as problem:
            raise NotADidKey(f"{text} is not a DID: {problem}") from None
        if data.startswith(ED25519) and len(data) == len(ED25519) + KEY_BYTES:
            return data[len(ED25519) :]
    raise NotADidKey(
        f"{text[:LENGTH]!r} is not an Ed25519 key; one looks like {PREFIX}z6Mk… ({LENGTH} characters)"
    )


def read_did_key(text: str) -> DidKey:
    """The text itself, when it is one."""
    from_did_key(text)
    return DidKey(text)
