"""did:peer:4: a document in the DID itself, and a short form that is its hash ("Method 4").

The long form is sent first; whoever has seen it knows what the short form means.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from engine.adapters.dids.documents import RELATIONSHIPS, Document
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_object
from engine.core.dids import LONGEST, Did, show_did
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

PREFIX = "did:peer:4"
JSON = b"\x80\x04"
"""The multicodec of JSON, 0x0200, as a varint."""
SHA2_256 = b"\x12\x20"

_SHORT = re.compile(r"did:peer:4zQm[1-9A-HJ-NP-Za-km-z]{44}", re.ASCII)
_LONG = re.compile(_SHORT.pattern + r":z[1-9A-HJ-NP-Za-km-z]{6,}", re.ASCII)


def make_did_peer_4(document: Mapping[str, Any]) -> Did:
    """The long form, of a document without `id`, whose own ids are relative ("Input Document")."""
    _check_input(document)
    encoded = to_multibase("z", JSON + json.dumps(document, separators=(",", ":")).encode())
    did = f"{PREFIX}{_hash(encoded)}:{encoded}"
    if len(did) > LONGEST:
        raise DidRefused("too-large", f"a DID has at most {LONGEST:,} characters; this one has {len(did):,}")
    return Did(did)


def is_short(did: str) -> bool:
    return _SHORT.fullmatch(did) is not None


def short_form(long: str) -> Did:
    if len(long) > LONGEST or not _LONG.fullmatch(long):
        raise DidRefused("bad-peer-did", f"{show_did(long)!r} is not the long form of a did:peer:4")
    return Did(long.rpartition(":")[0])


def resolve_long_form(long: str) -> Document:
    return _contextualise(long, _decode(long), also=short_form(long))


def resolve_short_form(long: str) -> Document:
    """The document under the short name, from the long one."""
    return _contextualise(short_form(long), _decode(long), also=long)


def _decode(long: str) -> Document:
    short, _, encoded = long.rpartition(":")
    if short_form(long) != PREFIX + _hash(encoded):
        raise DidRefused("bad-peer-did", f"{show_did(short)} is not the hash of what follows it")
    try:
        data = from_multibase(encoded)
    except NotEncoded as problem:  # the pattern leaves none that is known of
        raise DidRefused("bad-peer-did", str(problem)) from None
    if not data.startswith(JSON):
        raise DidRefused("bad-peer-did", "the document of a did:peer:4 is JSON; this is something else")
    document = read_object(data.removeprefix(JSON), "bad-peer-did", "the document of a did:peer:4")
    _check_input(document)
    return document


def _contextualise(did: str, document: Document, also: str) -> Document:
    document["id"] = did
    for name in ("verificationMethod", *RELATIONSHIPS):
        for method in document.get(name, ()):
            if isinstance(method, dict):
                method.setdefault("controller", did)
    document.setdefault("alsoKnownAs", []).append(also)
    return document


def _check_input(document: Mapping[str, Any]) -> None:
    if not document or "id" in document:
        raise DidRefused("bad-peer-did", "the document of a did:peer:4 is not empty and has no id")
    for name in ("verificationMethod", *RELATIONSHIPS, "service", "alsoKnownAs"):
        if not isinstance(document.get(name, []), list):
            raise DidRefused("bad-peer-did", f"{name} is not a list")
    for name in ("verificationMethod", *RELATIONSHIPS, "service"):
        for resource in document.get(name, ()):
            if isinstance(resource, Mapping):
                _check_resource(name, resource)


def _check_resource(name: str, resource: Mapping[str, Any]) -> None:
    """Its own ids are relative: the DID is not known before it is made."""
    identifier = resource.get("id")
    if not isinstance(identifier, str) or not identifier.startswith("#") or "type" not in resource:
        raise DidRefused("bad-peer-did", f"an entry of {name} has a relative id and a type")


def _hash(encoded: str) -> str:
    return to_multibase("z", SHA2_256 + hashlib.sha256(encoded.encode()).digest())
