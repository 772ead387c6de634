"""From two parties' keys to the key that wraps a content key: ECDH-ES+A256KW and ECDH-1PU+A256KW.

RFC 7518 4.6 and draft-madden-jose-ecdh-1pu-04. The secret that both parties' lasting keys share is the same
for every message between them; whoever calls may keep it (`agree`).
"""

from __future__ import annotations

import hashlib
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.adapters.didcomm.content_encryption import DoesNotOpen
from engine.adapters.didcomm.keys import BadKey, PrivateKey, PublicKey

Alg = Literal["ECDH-ES+A256KW", "ECDH-1PU+A256KW"]
ANON: Alg = "ECDH-ES+A256KW"
AUTH: Alg = "ECDH-1PU+A256KW"
ALGS: tuple[Alg, ...] = (ANON, AUTH)

_WRAPPING_KEY_BITS = (256).to_bytes(4, "big")
_FIRST_ROUND = (1).to_bytes(4, "big")
"""SHA-256 gives all 256 bits in one round of the KDF."""


def agree(own: PrivateKey, other: PublicKey) -> bytes:
    """The secret that two keys of one curve share."""
    if own.curve != other.curve:
        raise BadKey(f"a key of {own.curve} has nothing in common with one of {other.curve}")
    if own.curve == "X25519":
        try:
            return sodium.crypto_scalarmult(own.secret, other.raw)
        except CryptoError as problem:
            raise BadKey("an X25519 key of low order") from problem
    if own.scalar is None or other.point is None:
        raise BadKey(f"keys of {own.curve} sign, they agree on nothing")
    return own.scalar.exchange(ec.ECDH(), other.point)


def derive(alg: Alg, shared: bytes, apu: bytes, apv: bytes, tag: bytes = b"") -> bytes:
    """Concat KDF. ECDH-1PU with key wrapping takes in the content's tag (its section 2.3)."""
    supplement = _WRAPPING_KEY_BITS + (_counted(tag) if alg == AUTH else b"")
    info = _counted(alg.encode()) + _counted(apu) + _counted(apv) + supplement
    return hashlib.sha256(_FIRST_ROUND + shared + info).digest()


def wrap(wrapping_key: bytes, content_key: bytes) -> bytes:
    """RFC 3394."""
    return aes_key_wrap(wrapping_key, content_key)


def unwrap(wrapping_key: bytes, wrapped: bytes) -> bytes:
    try:
        return aes_key_unwrap(wrapping_key, wrapped)
    except (InvalidUnwrap, ValueError) as problem:
        raise DoesNotOpen from problem


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
