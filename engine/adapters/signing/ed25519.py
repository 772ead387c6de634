"""Ed25519, as libsodium does it. What is signed, and how it is written down, is none of its business."""

from __future__ import annotations

from nacl.bindings import crypto_sign_SEEDBYTES
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

SEED_BYTES: int = crypto_sign_SEEDBYTES


def public_key(seed: bytes) -> bytes:
    return bytes(SigningKey(seed).verify_key)


def sign(seed: bytes, message: bytes) -> bytes:
    return bytes(SigningKey(seed).sign(message).signature)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """`engine.core.signatures.Verify`."""
    try:
        VerifyKey(key).verify(message, signature)
    except (CryptoError, ValueError):
        return False
    return True
