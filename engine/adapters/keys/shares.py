"""A key that so many of several people have together, by Shamir's scheme, and no fewer know anything of.

The scheme is PyCryptodome's, over GF(2^128); the key is BLAKE2b of the 16 bytes that it shares out. That a
share is wrong shows when the key opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from Crypto.Protocol.SecretSharing import Shamir

from engine.adapters.keys.sealing import Draw
from engine.core.blocks.shares import SHARE_BYTES

PERSON = b"picomesh shares"


def split(needed: int, count: int, draw: Draw) -> tuple[bytes, dict[int, bytes]]:
    """A new key, and the shares of it by their numbers."""
    secret = draw(SHARE_BYTES)
    return _key(secret), {number: bytes(share) for number, share in Shamir.split(needed, count, secret)}


def join(shares: Mapping[int, bytes]) -> bytes:
    """The key again, or some other one, if they are too few or not of one key."""
    return _key(bytes(Shamir.combine(list(shares.items()))))


def _key(secret: bytes) -> bytes:
    return blake2b(secret, digest_size=32, person=PERSON).digest()
