"""Public keys as DIDs and documents write them: multikeys, and the older forms read into one.

A key is checked when it is read: its size, and that it is a point of its curve. See Multikey in Controlled
Identifiers 1.0 (section 2.2.2), RFC 7517 and RFC 8037 for JWKs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.adapters.dids.refused import DidRefused
from engine.core.multiformats import (
    NotEncoded,
    from_base58,
    from_base64url,
    from_multibase,
    from_varint,
    to_multibase,
    to_varint,
)

Curve = Literal["Ed25519", "X25519", "P-256", "P-384", "P-521", "secp256k1"]

CODECS: Mapping[Curve, int] = {
    "Ed25519": 0xED,
    "X25519": 0xEC,
    "secp256k1": 0xE7,
    "P-256": 0x1200,
    "P-384": 0x1201,
    "P-521": 0x1202,
}
"""Multicodec numbers of public keys."""
WEIERSTRASS: Mapping[Curve, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
LONGEST = 128
"""Characters of a multikey; that of P-521 has 96."""
REMEMBERED = 4096
"""Keys that were read before: a point takes up to half a millisecond to check."""

_CURVES = {codec: curve for curve, codec in CODECS.items()}
_OF_TYPE: Mapping[str, Curve] = {
    "Ed25519VerificationKey2018": "Ed25519",
    "X25519KeyAgreementKey2019": "X25519",
    "EcdsaSecp256k1VerificationKey2019": "secp256k1",
    "P256Key2021": "P-256",
    "P384Key2021": "P-384",
    "P521Key2021": "P-521",
}
"""Types of verification methods whose `publicKeyBase58` is the bare key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`data` is 32 bytes for Ed25519 and X25519, else a compressed point."""

    curve: Curve
    data: bytes


def to_multikey(key: PublicKey) -> str:
    return to_multibase("z", to_varint(CODECS[key.curve]) + key.data)


@lru_cache(maxsize=REMEMBERED)
def read_multikey(text: str) -> PublicKey:
    if not text.startswith("z") or len(text) > LONGEST:
        raise DidRefused("bad-key", f"{text[:LONGEST]!r} is not a multikey; one looks like z6Mk…")
    try:
        codec, data = from_varint(from_multibase(text))
    except NotEncoded as problem:
        raise DidRefused("bad-key", f"{text} is not a multikey: {problem}") from None
    if codec not in _CURVES:
        raise DidRefused("bad-key", f"{text} is of a kind that is not known here (multicodec {codec:#x})")
    return check_key(PublicKey(_CURVES[codec], data))


def check_key(key: PublicKey) -> PublicKey:
    """Refuses what is no point of the curve, or one that gives a secret away."""
    size = 32 if key.curve not in WEIERSTRASS else (WEIERSTRASS[key.curve].key_size + 7) // 8 + 1
    if len(key.data) != size:
        raise DidRefused("bad-key", f"a key of {key.curve} has {size} bytes, not {len(key.data)}")
    if key.curve in WEIERSTRASS:
        _read_point(key.curve, key.data)
    elif key.curve == "Ed25519" and not sodium.crypto_core_ed25519_is_valid_point(key.data):
        raise DidRefused("bad-key", "not a point of Ed25519's main subgroup")
    elif key.curve == "X25519":
        _check_order(key.data)
    return key


def key_of(method: Mapping[str, Any]) -> PublicKey:
    """The key of a verification method: `publicKeyMultibase`, `publicKeyJwk` or `publicKeyBase58`."""
    if "publicKeyMultibase" in method:
        return _read_multibase(method["publicKeyMultibase"], method.get("type"))
    if "publicKeyJwk" in method:
        return _read_jwk(method["publicKeyJwk"])
    if "publicKeyBase58" in method:
        curve = _OF_TYPE.get(str(method.get("type")))
        if curve is None:
            raise DidRefused("bad-key", "publicKeyBase58 in a method of a type that is not known")
        return check_key(PublicKey(curve, _decode(from_base58, method["publicKeyBase58"])))
    raise DidRefused("bad-key", "a verification method without a public key that can be read")


def agreement_key(key: PublicKey) -> PublicKey:
    """The X25519 key that belongs to an Ed25519 key (did:key, "Encryption Method Creation Algorithm").

    To every one that `check_key` lets pass belongs one.
    """
    return PublicKey("X25519", sodium.crypto_sign_ed25519_pk_to_curve25519(key.data))


def _read_multibase(text: object, kind: object) -> PublicKey:
    """The suites of 2018 and 2019 had bare keys in multibase for a while."""
    bare = _OF_TYPE.get(str(kind))
    data = _decode(from_multibase, text)
    if bare is not None and len(data) in (32, 33):
        return check_key(PublicKey(bare, data))
    return read_multikey(str(text))


def _read_jwk(jwk: object) -> PublicKey:
    if not isinstance(jwk, Mapping):
        raise DidRefused("bad-key", "a JWK is an object")
    curve = jwk.get("crv")
    if jwk.get("kty") == "OKP" and curve in ("Ed25519", "X25519"):
        return check_key(PublicKey(curve, _decode(from_base64url, jwk.get("x"))))
    if jwk.get("kty") == "EC" and curve in ("P-256", "P-384", "P-521", "secp256k1"):
        size = (WEIERSTRASS[curve].key_size + 7) // 8
        x, y = (_decode(from_base64url, jwk.get(name)).rjust(size, b"\0") for name in ("x", "y"))
        return _compress(curve, b"\x04" + x + y)
    raise DidRefused("bad-key", "a JWK of a kind that is not known here")


def _compress(curve: Curve, encoded: bytes) -> PublicKey:
    point = _read_point(curve, encoded)
    return PublicKey(curve, point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def _read_point(curve: Curve, encoded: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(WEIERSTRASS[curve], encoded)
    except ValueError:
        raise DidRefused("bad-key", f"not a point of {curve}") from None


def _check_order(data: bytes) -> None:
    """Of a point of low order every multiple by a clamped scalar is zero: libsodium says so."""
    try:
        sodium.crypto_scalarmult(b"\x01" * 32, data)
    except (CryptoError, RuntimeError):
        raise DidRefused("bad-key", "an X25519 key of low order") from None


def _decode(decode: Callable[[str], bytes], text: object) -> bytes:
    if not isinstance(text, str) or len(text) > LONGEST:
        raise DidRefused("bad-key", f"an encoded key is a text of at most {LONGEST} characters")
    try:
        return decode(text)
    except NotEncoded as problem:
        raise DidRefused("bad-key", str(problem)) from None
