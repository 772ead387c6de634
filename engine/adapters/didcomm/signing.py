"""The three signature algorithms: EdDSA with Ed25519, ES256 and ES256K. Which one follows from the key.

DIDComm v2.1, "Message Signing", "Algorithms"; RFC 7518 3.4, RFC 8037, RFC 8812.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.adapters.didcomm.keys import BadKey, PrivateKey, PublicKey

SignatureAlg = Literal["EdDSA", "ES256", "ES256K"]

ALGORITHMS: Mapping[str, SignatureAlg] = {"Ed25519": "EdDSA", "P-256": "ES256", "secp256k1": "ES256K"}
"""By curve: a key has one algorithm, whatever a header says."""

_ECDSA = ec.ECDSA(hashes.SHA256())
_HALF = 32

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def alg_of(key: PublicKey) -> SignatureAlg:
    if key.curve not in ALGORITHMS:
        raise BadKey(f"keys of {key.curve} do not sign messages")
    return ALGORITHMS[key.curve]


def sign(key: PrivateKey, data: bytes) -> bytes:
    """64 bytes. EdDSA's are the same each time; those of the others are not."""
    if alg_of(key.public) == "EdDSA":
        return sodium.crypto_sign(data, key.secret + key.public.raw)[:64]
    if key.scalar is None:
        raise BadKey(f"a key of {key.curve} without its scalar")
    r, s = decode_dss_signature(key.scalar.sign(data, _ECDSA))
    if key.curve == "secp256k1":
        # Of the two signatures that are right, libraries with a past in Bitcoin take the lower one only.
        s = min(s, SECP256K1_ORDER - s)
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def is_signed(key: PublicKey, data: bytes, signature: bytes) -> bool:
    if len(signature) != 2 * _HALF:
        return False
    if alg_of(key) == "EdDSA":
        return _is_signed_eddsa(key.raw, data, signature)
    if key.point is None:
        return False
    r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
    try:
        key.point.verify(encode_dss_signature(r, s), data, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _is_signed_eddsa(raw: bytes, data: bytes, signature: bytes) -> bool:
    try:
        sodium.crypto_sign_open(signature + data, raw)
    except CryptoError:
        return False
    return True
