"""did:peer:2: keys and services in the DID itself (Peer DID specification, "Method 2").

The specification was made precise late. Older software, like the Python package `peerdid`, writes the same
kind of DID and calls its keys by their beginning (`#6LSbysY2`) instead of `#key-1`; what it might have
written is given both kinds of ids, so that its messages are understood.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.adapters.dids.documents import CONTEXT, Document, Relationship
from engine.adapters.dids.limits import KEYS, SERVICES
from engine.adapters.dids.multikeys import read_multikey
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_json
from engine.core.dids import LONGEST, Did, show_did
from engine.core.multiformats import NotEncoded, from_base64url, to_base64url, to_multibase

PREFIX = "did:peer:2"
SHA2_256 = b"\x12\x20"

PURPOSES: Mapping[Relationship, str] = {
    "assertionMethod": "A",
    "keyAgreement": "E",
    "authentication": "V",
    "capabilityInvocation": "I",
    "capabilityDelegation": "D",
}
"""The letter of each relationship ("Purpose Codes")."""
ABBREVIATIONS: Mapping[str, str] = {
    "type": "t",
    "DIDCommMessaging": "dm",
    "serviceEndpoint": "s",
    "routingKeys": "r",
    "accept": "a",
}
OLD_ID = 8
"""Characters of a key's id in what `peerdid` 0.5 writes; versions before had all of them."""

_RELATIONSHIPS = {letter: relationship for relationship, letter in PURPOSES.items()}
_EXPANSIONS = {short: long for long, short in ABBREVIATIONS.items()}
_DID = re.compile(r"did:peer:2(?:\.[AEVID]z[1-9A-HJ-NP-Za-km-z]+|\.S[A-Za-z0-9_-]+)+", re.ASCII)
_MAYBE_OLD = re.compile(r"E*V*S?", re.ASCII)
"""The order in which `peerdid` writes: encryption, authentication, and services in one."""


# --- making ----------------------------------------------------------------------------------------


def make_did_peer_2(
    keys: Sequence[tuple[Relationship, str]], services: Sequence[Mapping[str, Any]] = ()
) -> Did:
    """`keys` are multikeys; the first is `#key-1`.

    With one for authentication first, nobody takes the DID for one of the old form.
    """
    for _, multikey in keys:
        read_multikey(multikey)
    if not keys and not services:
        raise DidRefused("bad-peer-did", "a did:peer:2 has at least one key or service")
    elements = [f".{PURPOSES[relationship]}{multikey}" for relationship, multikey in keys]
    did = PREFIX + "".join(elements) + "".join(f".S{_encode_service(one)}" for one in services)
    if len(did) > LONGEST or len(keys) > KEYS or len(services) > SERVICES:
        raise DidRefused("too-large", f"a DID has at most {LONGEST:,} characters; this one has {len(did):,}")
    return Did(did)


def _encode_service(service: Mapping[str, Any]) -> str:
    """Refuses what would be read as something else: a member that is called like an abbreviation."""
    short = _translate(service, ABBREVIATIONS, "t")
    if _translate(short, _EXPANSIONS, "type") != service:
        raise DidRefused(
            "bad-peer-did", "a service whose names are abbreviations cannot stand in a did:peer:2"
        )
    return to_base64url(json.dumps(short, separators=(",", ":")).encode())


# --- reading ---------------------------------------------------------------------------------------


def resolve_did_peer_2(did: str) -> Document:
    """The document, to the letter of the specification."""
    document: Document = {"@context": list(CONTEXT), "id": did}
    anonymous = 0
    for letter, value in _elements(did):
        if letter == "S":
            for service in _decode_services(value):
                if "id" not in service:
                    service["id"] = f"#service-{anonymous}" if anonymous else "#service"
                    anonymous += 1
                document.setdefault("service", []).append(service)
        else:
            _add_key(document, letter, value)
    document["alsoKnownAs"] = [did_peer_3(did)]
    return document


def with_old_ids(document: Document) -> Document:
    """The same, with the ids that older software gives the keys, if it could have made this DID."""
    did = document["id"]
    if not _MAYBE_OLD.fullmatch("".join(letter for letter, _ in _elements(did))):
        return document
    methods = list(document.get("verificationMethod", []))
    both: Document = {**document, "verificationMethod": methods}
    for method in document.get("verificationMethod", []):
        multikey = method["publicKeyMultibase"]
        for old in dict.fromkeys((multikey[1 : 1 + OLD_ID], multikey[1:])):
            methods.append({**method, "id": f"#{old}"})
            for relationship in _RELATIONSHIPS.values():
                if method["id"] in document.get(relationship, ()):
                    both[relationship] = [*both[relationship], f"#{old}"]
    return both


def did_peer_3(did: str) -> str:
    """The short form of "Method 3", which only its sender can be asked about."""
    digest = hashlib.sha256(did.removeprefix(PREFIX).encode()).digest()
    return "did:peer:3" + to_multibase("z", SHA2_256 + digest)


def _elements(did: str) -> Iterator[tuple[str, str]]:
    if len(did) > LONGEST or not _DID.fullmatch(did):
        raise DidRefused("bad-peer-did", f"{show_did(did)!r} is not a did:peer:2")
    for element in did.split(".")[1:]:
        yield element[0], element[1:]


def _add_key(document: Document, letter: str, multikey: str) -> None:
    read_multikey(multikey)
    methods = document.setdefault("verificationMethod", [])
    key_id = f"#key-{len(methods) + 1}"
    methods.append(
        {"type": "Multikey", "id": key_id, "controller": document["id"], "publicKeyMultibase": multikey}
    )
    document.setdefault(_RELATIONSHIPS[letter], []).append(key_id)


def _decode_services(encoded: str) -> Iterator[dict[str, Any]]:
    """One; `peerdid` writes several as one list."""
    try:
        value = read_json(from_base64url(encoded), "bad-peer-did", "a service")
    except NotEncoded as problem:
        raise DidRefused("bad-peer-did", f"a service that cannot be read: {problem}") from None
    for service in value if isinstance(value, list) else [value]:
        if not isinstance(service, dict):
            raise DidRefused("bad-peer-did", "a service is an object")
        yield _translate(service, _EXPANSIONS, "type")


def _translate(value: Any, words: Mapping[str, str], kind: str) -> Any:
    """Names of members at every depth, and the value of `type` ("Common String Abbreviations")."""
    if not isinstance(value, Mapping):
        return value
    translated = {words.get(name, name): _translate_member(one, words, kind) for name, one in value.items()}
    if len(translated) != len(value):
        raise DidRefused("bad-peer-did", "a member of a service stands there twice, once abbreviated")
    if isinstance(translated.get(kind), str):
        translated[kind] = words.get(translated[kind], translated[kind])
    return translated


def _translate_member(value: Any, words: Mapping[str, str], kind: str) -> Any:
    if isinstance(value, list):
        return [_translate(one, words, kind) for one in value]
    return _translate(value, words, kind)
