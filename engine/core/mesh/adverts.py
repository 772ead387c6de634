"""An advert: what an engine says of itself, signed with the key in its own DID; anybody may pass it on.

It is a JSON Web Signature (RFC 7515) in the compact form: three parts in base64url, joined by dots.

    header   {"typ": "picomesh-advert", "alg": "EdDSA", "kid": "did:peer:2.V….E….S…#key-1"}
    claims   {"iss": "did:peer:2.V….E….S…", "sequence": 1700000000, "iat": 1700000000, "exp": 1700003600,
              "name": "attic", "endpoints": ["https://attic.example/didcomm"], "features": ["ipfs"],
              "price": 0, "free": {"picos": 10, "bytes": 1000000}, "software": "picomesh/0.1.0",
              "formats": {"record": 1}, "fault_domain": "home", "spreads": true, "load": 10}

The key is found in the DID itself, so nothing has to be fetched to check one. An engine is who has the keys
in front of the places in its DID (`keys_in`): it stays the same when it moves. Of two adverts of an engine
the one with the higher `sequence` counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.did_keys import PREFIX, NotADidKey, from_did_key
from engine.core.didcomm.base64url import encode, member
from engine.core.didcomm.limits import LARGEST_NUMBER, Limits
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.strict_json import read_object, write_json
from engine.core.dids import LONGEST, Did, is_did, keys_in
from engine.core.protocols.bodies import (
    Shape,
    boolean,
    did,
    list_of,
    may,
    need,
    object_with,
    problem_in,
    text,
    whole,
)
from engine.core.protocols.engines import LARGEST_ADVERT
from engine.core.signatures import SIGNATURE_BYTES, Verify

TYPE = "picomesh-advert"
ALG = "EdDSA"
KEY = "key-1"
LONGEST_LIFE_S = 24 * 3600
SKEW_S = 300
"""How far clocks may be apart."""
MOST_FEATURES = 256
LONGEST_NAME = 64
LONGEST_FEATURE = 64

_ENGINE = re.compile(r"did:peer:2\.V(z6Mk[1-9A-HJ-NP-Za-km-z]{44})\.Ez6LS[1-9A-HJ-NP-Za-km-z]{44}", re.ASCII)
_NAME = re.compile(r"\w(?:[\w .-]{0,62}[\w.-])?")
_LIMITS = Limits(envelope_bytes=LARGEST_ADVERT, json_depth=4, json_containers=16)

Sign = Callable[[bytes], bytes]
"""With the key of the engine's DID (Ed25519)."""


class BadAdvert(ValueError):
    """An advert that is refused. `code` names why, for programs; the text says it to people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Room:
    """What there is left for picos that come from elsewhere."""

    picos: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Advert:
    did: Did
    sequence: int
    issued_s: int
    expires_s: int
    name: str
    endpoints: tuple[str, ...] = ()
    """Where messages for it are posted: URLs, or the DID of who takes them in."""
    features: tuple[str, ...] = ()
    """What rulesets may find there, such as modules of plugins (`module:weather`)."""
    price: int = 0
    """Whole units for a pico and a day; what a unit is worth is for those who deal in them."""
    free: Room = Room()
    software: str = ""
    formats: Mapping[str, int] = field(default_factory=dict)
    """The newest versions of stored things that it reads."""
    fault_domain: str = ""
    """What fails together has the same one: a house, a provider."""
    spreads: bool = True
    """Whether others may pass it on."""
    load: int | None = None
    """Of the machine, in per cent, when this was signed; None if nobody measured it."""

    @property
    def engine(self) -> str:
        """Who it is, wherever it is."""
        return engine_of(self.did) or ""


def engine_of(did: str) -> str | None:
    """Who an engine is by its DID; None if that is no DID of an engine."""
    keys = keys_in(did)
    return keys if keys is not None and _ENGINE.fullmatch(keys) else None


def short_name(engine: str) -> str:
    """Eight characters of its key, by which people may call it."""
    found = _ENGINE.match(engine)
    return found.group(1)[-8:] if found else engine[-8:]


def is_name(name: str) -> bool:
    """Whether an engine may be called so, by itself and by others: in a line of a table, and in a command."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None and not name.startswith("did:")


# --- writing one ----------------------------------------------------------------------------------


def write_advert(advert: Advert, sign: Sign) -> str:
    header = {"typ": TYPE, "alg": ALG, "kid": f"{advert.did}#{KEY}"}
    signed = f"{encode(write_json(header))}.{encode(write_json(_claims(advert)))}"
    return f"{signed}.{encode(sign(signed.encode()))}"


def _claims(advert: Advert) -> dict[str, Any]:
    return {
        "iss": advert.did,
        "sequence": advert.sequence,
        "iat": advert.issued_s,
        "exp": advert.expires_s,
        "name": advert.name,
        "endpoints": list(advert.endpoints),
        "features": list(advert.features),
        "price": advert.price,
        "free": {"picos": advert.free.picos, "bytes": advert.free.bytes},
        "software": advert.software,
        "formats": dict(advert.formats),
        "fault_domain": advert.fault_domain,
        "spreads": advert.spreads,
        **({} if advert.load is None else {"load": advert.load}),
    }


# --- reading one ----------------------------------------------------------------------------------


def _formats(value: object, path: str) -> str | None:
    if not isinstance(value, Mapping) or len(value) > 64:
        return f"{path} is not an object of at most 64 members"
    return next((wrong for name in value if (wrong := whole()(value[name], f"a member of {path}"))), None)


_SHAPE: Shape = {
    "iss": need(did),
    "sequence": need(whole()),
    "iat": need(whole()),
    "exp": need(whole()),
    "name": need(text(LONGEST_NAME, empty=False)),
    "endpoints": may(list_of(text(LONGEST), most=16)),
    "features": may(list_of(text(LONGEST_FEATURE), most=MOST_FEATURES)),
    "price": may(whole()),
    "free": may(object_with({"picos": need(whole()), "bytes": need(whole())})),
    "software": may(text(128)),
    "formats": may(_formats),
    "fault_domain": may(text(128)),
    "spreads": may(boolean),
    "load": may(whole(0, 100)),
}


def read_advert(jws: str, verify: Verify, now_s: int) -> Advert:
    """What its engine has signed, if it holds now. Raises `BadAdvert`."""
    advert = read_kept(jws, verify)
    if advert.issued_s > now_s + SKEW_S:
        ahead = advert.issued_s - now_s
        raise BadAdvert("early", f"it is dated {ahead:,} seconds ahead: a clock is wrong, there or here")
    if advert.expires_s <= now_s:
        raise BadAdvert("expired", f"it was good until {now_s - advert.expires_s:,} seconds ago")
    return advert


def read_kept(jws: str, verify: Verify) -> Advert:
    """The same whatever time it is."""
    if len(jws) > LARGEST_ADVERT:
        raise BadAdvert("too-large", f"an advert has at most {LARGEST_ADVERT:,} characters, not {len(jws):,}")
    parts = jws.split(".")
    if len(parts) != 3:
        raise BadAdvert("malformed", "an advert has three parts, joined by dots")
    named = dict(zip(("header", "claims", "signature"), parts, strict=True))
    try:
        header = read_object(member(named, "header"), _LIMITS)
        claims = read_object(member(named, "claims"), _LIMITS)
        signature = member(named, "signature")
    except Refused as problem:
        raise BadAdvert("malformed", f"the advert cannot be read: {problem.reason}") from None
    wrong = problem_in(claims, _SHAPE)
    if wrong is not None:
        raise BadAdvert("malformed", wrong)
    key = _key_of(header, claims)
    if len(signature) != SIGNATURE_BYTES or not verify(key, ".".join(parts[:2]).encode(), signature):
        raise BadAdvert("forged", "it is not signed with the key of the engine that it is about")
    return _advert(claims)


def _key_of(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    """That of the engine it is about: nobody else's counts, whatever the header says."""
    if (header.get("typ"), header.get("alg")) != (TYPE, ALG) or "crit" in header:
        raise BadAdvert("malformed", f'the header says other things than "typ": "{TYPE}", "alg": "{ALG}"')
    found = _ENGINE.match(claims["iss"])
    if found is None or engine_of(claims["iss"]) is None or not is_did(claims["iss"]):
        raise BadAdvert("malformed", "iss is not the DID of an engine (did:peer:2.Vz6Mk….Ez6LS….S…)")
    if header.get("kid") != f"{claims['iss']}#{KEY}":
        raise BadAdvert("forged", "it is signed by somebody else than the engine that it is about")
    try:
        return from_did_key(f"{PREFIX}{found.group(1)}")
    except NotADidKey as problem:
        raise BadAdvert("malformed", str(problem)) from None


def _advert(claims: Mapping[str, Any]) -> Advert:
    if not claims["iat"] < claims["exp"] <= claims["iat"] + LONGEST_LIFE_S:
        raise BadAdvert(
            "malformed", f"an advert is good for {LONGEST_LIFE_S:,} seconds at most, and for some"
        )
    if not is_name(claims["name"]):
        raise BadAdvert("malformed", "name is letters, digits, spaces, '.', '-' and '_'")
    free = claims.get("free", {"picos": 0, "bytes": 0})
    return Advert(
        Did(claims["iss"]),
        claims["sequence"],
        claims["iat"],
        claims["exp"],
        claims["name"],
        tuple(claims.get("endpoints", ())),
        tuple(claims.get("features", ())),
        claims.get("price", 0),
        Room(free["picos"], free["bytes"]),
        claims.get("software", ""),
        claims.get("formats", {}),
        claims.get("fault_domain", ""),
        claims.get("spreads", True),
        claims.get("load"),
    )


def check_newer(known: Advert | None, advert: Advert) -> None:
    """Raises `BadAdvert` for one that says nothing new of its engine."""
    if known is not None and advert.sequence <= known.sequence:
        raise BadAdvert(
            "older", f"number {advert.sequence} is not newer than {known.sequence}, which is known already"
        )


def next_sequence(last: int, now_s: int) -> int:
    """Of the next own advert: also higher than those of a life that a backup knows nothing of."""
    return min(max(last + 1, now_s), LARGEST_NUMBER)
