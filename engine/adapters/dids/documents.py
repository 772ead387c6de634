"""DID documents in the one shape that the rest of the engine reads (DID Core 1.0, sections 4 and 5).

Plain dicts, in which every id is absolute, every verification method stands in `verificationMethod`, and
relationships are lists of their ids. Members that nobody here knows stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.adapters.dids.limits import KEYS, SERVICES, TEXT
from engine.adapters.dids.refused import DidRefused
from engine.core.dids import show_did

Document = dict[str, Any]
Relationship = Literal[
    "authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation"
]

RELATIONSHIPS: tuple[Relationship, ...] = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)
CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
DIDCOMM = "DIDCommMessaging"
DIDCOMM_V2 = "didcomm/v2"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages for a DID go (DIDComm v2.1, "Service Endpoint"). `uri` may be another DID."""

    uri: str
    accept: tuple[str, ...] = ()
    routing_keys: tuple[str, ...] = ()


def normalise(did: str, document: Mapping[str, Any]) -> Document:
    """A document that says it is of that DID; nothing of the one given is changed."""
    if document.get("id") != did:
        raise DidRefused("wrong-document", f"the document of {show_did(did)} says it is another's")
    methods: dict[str, Mapping[str, Any]] = {}
    for method in _listed(document, "verificationMethod", KEYS):
        _add(methods, did, method)
    normal: Document = {**document, "id": did, "verificationMethod": []}
    for relationship in RELATIONSHIPS:
        if relationship in document:
            entries = _listed(document, relationship, KEYS)
            normal[relationship] = [_refer(methods, did, entry) for entry in entries]
    normal["verificationMethod"] = list(methods.values())
    if "service" in document:
        normal["service"] = [_service(did, one) for one in _listed(document, "service", SERVICES)]
    return normal


def didcomm_endpoints(document: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """Those for DIDComm v2, in the order in which the owner of the document wants them tried."""
    services = document.get("service")
    return tuple(
        endpoint
        for service in (services if isinstance(services, list) else ())
        if isinstance(service, Mapping) and _is_didcomm(service.get("type"))
        for endpoint in _endpoints(service)
        if not endpoint.accept or DIDCOMM_V2 in endpoint.accept
    )


def rename(document: Mapping[str, Any], old: str, new: str) -> Document:
    """The document of the same subject under another of its names, which then knows the old one too.

    As did:webvh 1.0 does it for a parallel did:web: the DID is replaced wherever it stands.
    """
    renamed: Document = _replace(document, old, new)
    known = [name for name in _texts(renamed.get("alsoKnownAs")) if name != new]
    renamed["alsoKnownAs"] = list(dict.fromkeys((*known, old)))
    return renamed


def absolute(did: str, identifier: object) -> str:
    if not isinstance(identifier, str) or not 0 < len(identifier) <= TEXT + len(did):
        raise DidRefused("bad-document", f"an id in the document of {show_did(did)} is no text, or too long")
    return did + identifier if identifier.startswith("#") else identifier


def _add(methods: dict[str, Mapping[str, Any]], did: str, method: object) -> str:
    if not isinstance(method, Mapping):
        raise DidRefused("bad-document", "a verification method is an object")
    key_id = absolute(did, method.get("id"))
    normal = {**method, "id": key_id, "controller": method.get("controller", did)}
    if methods.setdefault(key_id, normal) != normal:
        raise DidRefused("bad-document", f"two verification methods are called {show_did(key_id)}")
    if len(methods) > KEYS:
        raise DidRefused("too-large", f"more than {KEYS} verification methods in one document")
    return key_id


def _refer(methods: dict[str, Mapping[str, Any]], did: str, entry: object) -> str:
    return _add(methods, did, entry) if isinstance(entry, Mapping) else absolute(did, entry)


def _service(did: str, service: object) -> dict[str, Any]:
    if not isinstance(service, Mapping):
        raise DidRefused("bad-document", "a service is an object")
    return {**service, "id": absolute(did, service["id"])} if "id" in service else dict(service)


def _listed(document: Mapping[str, Any], name: str, most: int) -> Sequence[object]:
    """One entry may stand without a list around it: JSON-LD compacts them."""
    listed = document.get(name, [])
    if isinstance(listed, (str, Mapping)):
        return [listed]
    if not isinstance(listed, list):
        raise DidRefused("bad-document", f"{name} is not a list")
    if len(listed) > most:
        raise DidRefused("too-large", f"more than {most} entries in {name}")
    return listed


def _is_didcomm(kind: object) -> bool:
    return kind == DIDCOMM or (isinstance(kind, list) and DIDCOMM in kind)


def _endpoints(service: Mapping[str, Any]) -> Iterator[Endpoint]:
    """`serviceEndpoint` is an object or a list of them; until v2.0 it was a URI with the rest beside it."""
    given = service.get("serviceEndpoint")
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, str):
            yield Endpoint(one, _texts(service.get("accept")), _texts(service.get("routingKeys")))
        elif isinstance(one, Mapping) and isinstance(one.get("uri"), str):
            yield Endpoint(one["uri"], _texts(one.get("accept")), _texts(one.get("routingKeys")))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _replace(value: Any, old: str, new: str) -> Any:
    match value:
        case str():
            return _replace_name(value, old, new)
        case Mapping():
            return {_replace_name(name, old, new): _replace(one, old, new) for name, one in value.items()}
        case list():
            return [_replace(one, old, new) for one in value]
    return value


def _replace_name(text: str, old: str, new: str) -> str:
    """Not where the name only begins another one."""
    if text.startswith(old) and text[len(old) : len(old) + 1] in ("", "#", "?", "/"):
        return new + text[len(old) :]
    return text
