"""What a linked-data proof can hold without leaving anything open.

Such a proof is over the RDF graph that a JSON-LD processor makes of the document, and the context, which
says how, is not part of it. So a stranger can rename a claim by another context, add what RDF drops (nulls,
empty lists, whatever hangs on a relative id) or turn a value into a list, and the proof stays good. Here the
contexts are fixed and claims are of kinds that have one graph each; what needs more takes a JWT, which is
over the text itself. The same fixed contexts are why nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.adapters.credentials.documents import CONTEXTS, CREDENTIALS_V1, Document
from engine.adapters.credentials.refusals import NotRelied
from engine.core.canonical_json import LARGEST_INTEGER

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
TERMS = frozenset({"id", "type", "proof", "VerifiableCredential", "VerifiablePresentation"}) | frozenset(
    {"Ed25519Signature2018", "EcdsaSecp256k1Signature2019", "EcdsaSecp256r1Signature2019", "RsaSignature2018"}
)
"""Names that the context itself gives a meaning, wherever they stand."""
MOST_OBJECTS = 64
"""What canonicalizing a graph takes grows with the nodes that look alike: without a bound, exponentially."""


def check_linked_data(document: Document) -> None:
    """Everything but the proof. The fixed members are checked by `documents`."""
    if document.get("@context") not in ([CREDENTIALS_V1], list(CONTEXTS)):
        raise NotRelied(
            "unknown-context",
            f"a linked-data proof is read with these contexts only: {CREDENTIALS_V1}, and the vocabulary "
            f"{CONTEXTS[1]}; with others ask for a JWT",
        )
    subject = document.get("credentialSubject")
    if isinstance(subject, Mapping):
        claims = {name: value for name, value in subject.items() if name != "id"}
        if sum(1 for _ in _objects(claims, "the claims")) > MOST_OBJECTS:
            raise NotRelied("too-large", f"more than {MOST_OBJECTS} objects in the claims; a JWT takes them")


def _objects(claims: Mapping[str, object], where: str) -> Iterator[str]:
    """Walks through the claims and refuses what is not of one kind."""
    yield where
    for name, value in claims.items():
        if not _NAME.fullmatch(name) or name in TERMS:
            raise _ambiguous(f"the name {name[:64]!r} in {where}")
        if isinstance(value, Mapping) and value:
            yield from _objects(value, name)
        elif not _is_plain(value):
            raise _ambiguous(f"{name} in {where} is {_kind(value)}")


def _is_plain(value: object) -> bool:
    match value:
        case str() | bool():
            return True
        case int():
            return abs(value) <= LARGEST_INTEGER
    return False


def _kind(value: object) -> str:
    kinds = {list: "a list", dict: "empty", type(None): "null", float: "a fraction", int: "a large number"}
    return kinds.get(type(value), "of an unknown kind")


def _ambiguous(what: str) -> NotRelied:
    return NotRelied(
        "unsupported",
        f"a linked-data proof holds texts, whole numbers, true, false and objects of them, and {what}; "
        "a JWT holds everything",
    )
