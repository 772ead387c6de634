"""The `from_prior` header: a JWT by which the old DID of a correspondent names the new one.

DIDComm v2.1, "DID Rotation" and "Ending a Relationship". Whether this rotation was seen before, or is older
than one that was, is for whoever keeps relationships: `issued_s` is for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.didcomm.jws import Signature, check_header, verify
from engine.adapters.didcomm.keyring import Keyring
from engine.adapters.didcomm.keys import PrivateKey
from engine.adapters.didcomm.signing import alg_of, sign
from engine.adapters.didcomm.unpack import Unpacked
from engine.core.didcomm.base64url import encode, member
from engine.core.didcomm.limits import LARGEST_NUMBER, LIMITS, Limits
from engine.core.didcomm.refused import Refused, malformed, too_big, untrusted
from engine.core.didcomm.rotation import Rotation
from engine.core.didcomm.strict_json import read_object, write_json
from engine.core.dids import did_of, is_did_url, is_kid, same_did

CLOCK_SKEW_S = 300
"""How far in the future a rotation may lie, by our clock."""


def write_from_prior(rotation: Rotation, key: PrivateKey) -> str:
    """The value of the header; `issued_s` is when the DID was rotated, not when this is sent."""
    header = {"typ": "JWT", "alg": alg_of(key.public), "kid": rotation.kid}
    claims = {"iss": rotation.prior, "sub": rotation.new, "iat": rotation.issued_s}
    told = {name: value for name, value in claims.items() if value is not None}
    signed = f"{encode(write_json(header))}.{encode(write_json(told))}"
    return f"{signed}.{encode(sign(key, signed.encode()))}"


def read_rotation(
    unpacked: Unpacked, keyring: Keyring, now_s: int, limits: Limits = LIMITS
) -> Rotation | None:
    """The rotation a message tells of, proven; None if it tells of none.

    Not part of unpacking: the header may be ignored once it was heeded, and heeding it takes the prior
    DID's document (`Needs`).
    """
    token = unpacked.message.from_prior
    if token is None:
        return None
    if unpacked.recipient is None:
        raise untrusted("from_prior comes in encrypted messages only")
    header, claims, signature = _read_token(token, limits)
    rotation = _read_claims(header, claims, now_s)
    _check_new(rotation, unpacked)
    verify(signature, keyring)
    return rotation


def _read_token(token: str, limits: Limits) -> tuple[dict[str, Any], dict[str, Any], Signature]:
    if len(token) > 2 * limits.header_bytes:
        raise too_big("from_prior of that size")
    parts = token.split(".")
    if len(parts) != 3:
        raise malformed("from_prior is a signed JWT")
    named = dict(zip(("header", "claims", "signature"), parts, strict=True))
    header = read_object(member(named, "header"), limits)
    check_header(header)
    claims = read_object(member(named, "claims"), limits)
    kid, alg, typ = header.get("kid"), header.get("alg"), header.get("typ", "JWT")
    if not isinstance(kid, str) or not is_kid(kid) or not isinstance(alg, str):
        raise malformed("from_prior names its key and its algorithm")
    if not isinstance(typ, str) or typ.upper() != "JWT":
        raise malformed("from_prior is a JWT")
    return header, claims, Signature(kid, alg, ".".join(parts[:2]).encode(), member(named, "signature"))


def _read_claims(header: Mapping[str, Any], claims: Mapping[str, Any], now_s: int) -> Rotation:
    prior, new, issued_s = claims.get("iss"), claims.get("sub"), claims.get("iat")
    if not isinstance(prior, str) or not is_did_url(prior):
        raise malformed("from_prior: iss is a DID")
    if "sub" in claims and (not isinstance(new, str) or not is_did_url(new)):
        raise malformed("from_prior: sub is a DID")
    if type(issued_s) is not int or abs(issued_s) > LARGEST_NUMBER:
        raise malformed("from_prior: iat is a whole number of seconds since 1970")
    if not same_did(did_of(header["kid"]), prior):
        raise untrusted("from_prior is signed by somebody else than iss")
    if issued_s > now_s + CLOCK_SKEW_S:
        raise Refused("e.p.req.time", "from_prior: iat lies in the future")
    _check_validity(claims, now_s)
    return Rotation(prior, new, issued_s, header["kid"])


def _check_validity(claims: Mapping[str, Any], now_s: int) -> None:
    """RFC 7519 4.1.4 and 4.1.5, for those who set them."""
    expires_s, begins_s = claims.get("exp", now_s + 1), claims.get("nbf", now_s)
    if not all(type(time) in (int, float) for time in (expires_s, begins_s)):
        raise malformed("from_prior: exp and nbf are numbers")
    if not begins_s - CLOCK_SKEW_S <= now_s < expires_s:
        raise Refused("e.p.req.time", "from_prior is not valid now")


def _check_new(rotation: Rotation, unpacked: Unpacked) -> None:
    """The new DID has to be the one that is proven to speak; nobody speaks where a relationship ends."""
    if rotation.new is None:
        if unpacked.message.from_ is not None:
            raise untrusted("from_prior without sub ends a relationship; from should be missing too")
    elif unpacked.sender is None or not same_did(rotation.new, unpacked.sender):
        raise untrusted("from_prior names another DID than the sender's")
