"""Public and private keys of the curves that DIDComm uses, read from the forms that documents have.

Every public key is checked when it is read: right size, on its curve (DIDComm v2.1, "Curves and Content
Encryption Algorithms"). Read once, used often: the objects of the cryptography library are made here and
kept. That an X25519 point is not one whose shared secret anybody knows shows when it is used (`agree`);
keys of documents, which are used for long, are tried out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.core.multiformats import (
    NotEncoded,
    from_base58,
    from_base64url,
    from_multibase,
    from_varint,
    to_base64url,
)

Curve = Literal["X25519", "Ed25519", "P-256", "P-384", "P-521", "secp256k1"]
Draw = Callable[[int], bytes]
"""So many random bytes; `os.urandom`, or a test's own."""

WEIERSTRASS: Mapping[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
AGREEING: frozenset[str] = frozenset(("X25519", "P-256", "P-384", "P-521"))
SIGNING: frozenset[str] = frozenset(("Ed25519", "P-256", "secp256k1"))

_OF_CODEC: Mapping[int, Curve] = {
    0xEC: "X25519",
    0xED: "Ed25519",
    0xE7: "secp256k1",
    0x1200: "P-256",
    0x1201: "P-384",
    0x1202: "P-521",
}
"""Multicodec numbers of public keys."""

_OF_TYPE: Mapping[str, Curve] = {
    "X25519KeyAgreementKey2019": "X25519",
    "Ed25519VerificationKey2018": "Ed25519",
    "EcdsaSecp256k1VerificationKey2019": "secp256k1",
}
"""Types of verification methods whose `publicKeyBase58` is the bare key."""

_LONGEST_TEXT = 256
"""Characters of an encoded key; base58 takes time quadratic in it."""


class BadKey(ValueError):
    """No key of a curve we know, or one that is unsafe to use."""


@dataclass(frozen=True)
class PublicKey:
    """`raw` is the 32 bytes of an X25519 or Ed25519 key, else both coordinates one after the other."""

    curve: Curve
    raw: bytes
    point: ec.EllipticCurvePublicKey | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class PrivateKey:
    """`secret` is the seed, the scalar, big-endian, or X25519's 32 bytes."""

    public: PublicKey
    secret: bytes = field(repr=False)
    scalar: ec.EllipticCurvePrivateKey | None = field(default=None, compare=False, repr=False)

    @property
    def curve(self) -> Curve:
        return self.public.curve


# --- public keys -----------------------------------------------------------------------------------


def public_key(curve: str, raw: bytes) -> PublicKey:
    """From bytes as `PublicKey.raw` has them."""
    match curve:
        case "X25519":
            return PublicKey(curve, _sized(raw, 32))
        case "Ed25519":
            return PublicKey(curve, _check_ed25519(_sized(raw, 32)))
        case "P-256" | "P-384" | "P-521" | "secp256k1":
            return _on_curve(curve, b"\x04" + _sized(raw, 2 * coordinate_bytes(curve)))
    raise BadKey(f"{curve!r} is no curve of DIDComm")


def public_from_jwk(jwk: object) -> PublicKey:
    """RFC 7517 and RFC 8037.

    Coordinates have their curve's length, says RFC 7518 6.2.1.2; some stacks leave out zeros in front, one
    key in 128 on most curves. The number is the same, so it is read.
    """
    if not isinstance(jwk, Mapping):
        raise BadKey("a JWK is an object")
    curve = jwk.get("crv")
    if not isinstance(curve, str):
        raise BadKey("a JWK names its curve")
    if jwk.get("kty") == "OKP" and curve in ("X25519", "Ed25519"):
        return public_key(curve, _octets(jwk, "x"))
    if jwk.get("kty") == "EC" and curve in WEIERSTRASS:
        size = coordinate_bytes(curve)
        return public_key(curve, _octets(jwk, "x").rjust(size, b"\0") + _octets(jwk, "y").rjust(size, b"\0"))
    raise BadKey(f"{curve!r} is no curve of DIDComm")


def public_from_method(method: Mapping[str, Any]) -> PublicKey:
    """A verification method of a DID document, in today's forms and those of older suites."""
    key = _from_method(method)
    if key.curve == "X25519":
        _check_order(key.raw)
    return key


def _from_method(method: Mapping[str, Any]) -> PublicKey:
    if "publicKeyJwk" in method:
        return public_from_jwk(method["publicKeyJwk"])
    if "publicKeyMultibase" in method:
        return _from_multikey(_text(method["publicKeyMultibase"]), method.get("type"))
    if "publicKeyBase58" in method:
        curve = _OF_TYPE.get(str(method.get("type")))
        if curve is None:
            raise BadKey("publicKeyBase58 in a method of a type that is not known")
        return _compressed(curve, _decoded(from_base58, _text(method["publicKeyBase58"])))
    raise BadKey("a verification method without a public key")


def to_jwk(key: PublicKey) -> dict[str, str]:
    if key.curve in WEIERSTRASS:
        half = len(key.raw) // 2
        x, y = to_base64url(key.raw[:half]), to_base64url(key.raw[half:])
        return {"kty": "EC", "crv": key.curve, "x": x, "y": y}
    return {"kty": "OKP", "crv": key.curve, "x": to_base64url(key.raw)}


def coordinate_bytes(curve: str) -> int:
    return (WEIERSTRASS[curve].key_size + 7) // 8


def _from_multikey(text: str, kind: object) -> PublicKey:
    data = _decoded(from_multibase, text)
    if kind in _OF_TYPE and len(data) == 32:
        return public_key(_OF_TYPE[str(kind)], data)
    try:
        codec, raw = from_varint(data)
    except NotEncoded as problem:
        raise BadKey(str(problem)) from problem
    if codec not in _OF_CODEC:
        raise BadKey(f"multicodec {codec:#x} is no public key of a curve of DIDComm")
    return _compressed(_OF_CODEC[codec], raw)


def _compressed(curve: Curve, raw: bytes) -> PublicKey:
    """Multikeys have points of the NIST curves as one coordinate and a sign."""
    return _on_curve(curve, raw) if curve in WEIERSTRASS else public_key(curve, raw)


def _on_curve(curve: Curve, encoded: bytes) -> PublicKey:
    """The library refuses what is no point of the curve, and the point at infinity."""
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(WEIERSTRASS[curve], encoded)
    except ValueError as problem:
        raise BadKey(f"not a point on {curve}") from problem
    numbers, size = point.public_numbers(), coordinate_bytes(curve)
    return PublicKey(curve, numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big"), point)


def _check_order(raw: bytes) -> None:
    """Of a point of low order every multiple by a clamped scalar is zero: libsodium says so."""
    try:
        sodium.crypto_scalarmult(b"\x01" * 32, raw)
    except CryptoError as problem:
        raise BadKey("an X25519 key of low order") from problem


def _check_ed25519(raw: bytes) -> bytes:
    if not sodium.crypto_core_ed25519_is_valid_point(raw):
        raise BadKey("not a point of Ed25519's main subgroup")
    return raw


# --- private keys ----------------------------------------------------------------------------------


def private_key(curve: str, secret: bytes) -> PrivateKey:
    """From bytes as `PrivateKey.secret` has them; the public key follows from them."""
    match curve:
        case "X25519":
            raw = sodium.crypto_scalarmult_base(_sized(secret, 32))
            return PrivateKey(PublicKey(curve, raw), secret)
        case "Ed25519":
            raw, _ = sodium.crypto_sign_seed_keypair(_sized(secret, 32))
            return PrivateKey(PublicKey(curve, raw), secret)
        case "P-256" | "P-384" | "P-521" | "secp256k1":
            return _from_scalar(curve, int.from_bytes(_sized(secret, coordinate_bytes(curve)), "big"))
    raise BadKey(f"{curve!r} is no curve of DIDComm")


def private_from_jwk(jwk: Mapping[str, Any]) -> PrivateKey:
    """A key pair whose halves do not belong together would sign what nobody can verify."""
    public = public_from_jwk(jwk)
    secret = _octets(jwk, "d")
    if public.curve in WEIERSTRASS:
        secret = secret.rjust(coordinate_bytes(public.curve), b"\0")
    key = private_key(public.curve, secret)
    if key.public != public:
        raise BadKey("the private half of this JWK does not belong to its public half")
    return key


def new_key(curve: Curve, draw: Draw) -> PrivateKey:
    """Drawn again where bytes are no scalar, so that no scalar is likelier than another."""
    if curve not in WEIERSTRASS:
        return private_key(curve, draw(32))
    spare_bits = -WEIERSTRASS[curve].key_size % 8
    while True:
        try:
            return _from_scalar(curve, int.from_bytes(draw(coordinate_bytes(curve)), "big") >> spare_bits)
        except BadKey:
            continue


def _from_scalar(curve: Curve, number: int) -> PrivateKey:
    try:
        scalar = ec.derive_private_key(number, WEIERSTRASS[curve])
    except ValueError as problem:
        raise BadKey(f"no scalar of {curve}") from problem
    numbers, size = scalar.public_key().public_numbers(), coordinate_bytes(curve)
    raw = numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    return PrivateKey(PublicKey(curve, raw, scalar.public_key()), number.to_bytes(size, "big"), scalar)


# --- reading ---------------------------------------------------------------------------------------


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    return _decoded(from_base64url, _text(jwk.get(name)))


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise BadKey("an encoded key is a text of some dozen characters")
    return value


def _decoded(decode: Callable[[str], bytes], text: str) -> bytes:
    try:
        return decode(text)
    except NotEncoded as problem:
        raise BadKey(str(problem)) from problem


def _sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise BadKey(f"{len(data)} bytes where {size} are needed")
    return data
