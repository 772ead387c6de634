"""Signed messages: a JWS in the general JSON form, and the flattened one when reading.

DIDComm v2.1, "Message Signing"; RFC 7515 7.2. The specification's own examples have `kid` outside of what
is signed; that is harmless, since the key it names must be one of the DID in the signed `from`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.didcomm.keyring import Keyring
from engine.adapters.didcomm.keys import PrivateKey
from engine.adapters.didcomm.signing import alg_of, is_signed, sign
from engine.core.didcomm.base64url import decode, encode, member
from engine.core.didcomm.limits import Limits
from engine.core.didcomm.media_types import SIGNED, check_typ
from engine.core.didcomm.refused import malformed, too_big, unproven, untrusted
from engine.core.didcomm.strict_json import read_object, write_json
from engine.core.dids import did_of, is_kid, same_did


@dataclass(frozen=True)
class Signature:
    """One signature as it stands in the envelope."""

    kid: str
    alg: str
    signed: bytes
    """The bytes it is a signature of."""
    signature: bytes


def write_jws(payload: bytes, kid: str, key: PrivateKey) -> bytes:
    """`kid` is protected, and repeated outside for readers that look only there."""
    protected = encode(write_json({"typ": SIGNED, "kid": kid, "alg": alg_of(key.public)}))
    encoded = encode(payload)
    signature = encode(sign(key, f"{protected}.{encoded}".encode()))
    one = {"protected": protected, "signature": signature, "header": {"kid": kid}}
    return write_json({"payload": encoded, "signatures": [one]})


def open_jws(envelope: Mapping[str, Any], keyring: Keyring, limits: Limits) -> tuple[bytes, tuple[str, ...]]:
    """The payload and the ids of the keys that signed it: every signature there is has to be right."""
    payload = member(envelope, "payload")
    signatures = tuple(_read(one, envelope["payload"], limits) for one in _listed(envelope, limits))
    if len({one.kid for one in signatures}) != len(signatures):
        raise malformed("a key signed twice")
    # Before anybody's document is asked for: a message has one sender.
    if not all(same_did(did_of(one.kid), did_of(signatures[0].kid)) for one in signatures):
        raise untrusted("signed by several DIDs")
    for one in signatures:
        verify(one, keyring)
    return payload, tuple(one.kid for one in signatures)


def verify(one: Signature, keyring: Keyring) -> None:
    """The key must be listed for authentication by its DID, and decides on the algorithm."""
    key = keyring.find("authentication", one.kid)
    if key is None:
        raise untrusted(f"{one.kid} is no authentication key of its DID")
    if one.alg != alg_of(key):
        raise unproven(f"{one.kid} does not sign with {one.alg}")
    if not is_signed(key, one.signed, one.signature):
        raise unproven("a signature is wrong")


def check_header(header: Mapping[str, Any]) -> None:
    """What no reader may ignore and this one does not understand (RFC 7515 4.1.11, RFC 7797)."""
    for name in ("crit", "b64", "zip"):
        if name in header:
            raise malformed(f"the header {name} is not understood")


def _listed(envelope: Mapping[str, Any], limits: Limits) -> list[Mapping[str, Any]]:
    listed = envelope.get("signatures")
    if ("signature" in envelope) == (listed is not None):
        raise malformed("a JWS is either flattened or general")
    if listed is None:
        return [envelope]
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed) or not listed:
        raise malformed("signatures are a list of objects")
    if len(listed) > limits.signatures:
        raise too_big("too many signatures")
    return listed


def _read(one: Mapping[str, Any], payload: str, limits: Limits) -> Signature:
    encoded = one.get("protected")
    header = _protected(encoded, limits)
    check_header(header)
    check_typ(header.get("typ"), SIGNED, also="JWM")
    kid = _kid(header, one.get("header", {}))
    if not isinstance(header.get("alg"), str):
        raise malformed("alg is protected")
    return Signature(kid, header["alg"], f"{encoded}.{payload}".encode(), member(one, "signature"))


def _protected(encoded: object, limits: Limits) -> dict[str, Any]:
    data = decode(encoded, "protected")
    if len(data) > limits.header_bytes:
        raise too_big("a header of that size")
    return read_object(data, limits)


def _kid(protected: Mapping[str, Any], header: object) -> str:
    """Outside of what is signed nothing but `kid` may stand, and it may not contradict."""
    if not isinstance(header, Mapping) or not header.keys() <= {"kid"}:
        raise malformed("only kid may stand in a header that is not protected")
    kids = [part["kid"] for part in (protected, header) if "kid" in part]
    if not kids or any(kid != kids[0] for kid in kids):
        raise malformed("a signature names its key, and one key")
    if not isinstance(kids[0], str) or not is_kid(kids[0]):
        raise malformed("kid is a DID with the name of a key")
    return kids[0]
