"""Alice, Bob and Eve: DIDs with keys of every kind, their documents, and what each of them has at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from engine.adapters.didcomm import Keyring, Message, PrivateKey, new_key, to_jwk
from engine.adapters.didcomm.keys import Curve

NOW_S = 1_700_000_000

AGREEING: Mapping[str, Curve] = {"x25519": "X25519", "p256": "P-256", "p384": "P-384", "p521": "P-521"}
SIGNING: Mapping[str, Curve] = {"ed25519": "Ed25519", "es256": "P-256", "es256k": "secp256k1"}


class Dice:
    """Random bytes that are the same each time."""

    def __init__(self, seed: str) -> None:
        self._seed, self._drawn = seed, 0

    def __call__(self, size: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}/{self._drawn}".encode()).digest(size)


class Person:
    """A DID with its private keys and the document that lists their public halves."""

    def __init__(self, did: str, keys: Mapping[str, PrivateKey]) -> None:
        self.did = did
        self.keys = {f"{did}#{name}": key for name, key in keys.items()}
        self.document = document(did, keys)

    def kid(self, name: str) -> str:
        return f"{self.did}#{name}"


def person(did: str, names: Iterable[str] = (*AGREEING, *SIGNING)) -> Person:
    """Names end with which of several keys of a kind they are: `x25519`, `x25519-2`."""
    return Person(did, {name: new_key(_curve(name), Dice(f"{did}#{name}")) for name in names})


def document(did: str, keys: Mapping[str, PrivateKey]) -> dict[str, Any]:
    """In the form that the specification's examples have."""

    def methods(kinds: Mapping[str, Curve]) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{did}#{name}",
                "type": "JsonWebKey2020",
                "controller": did,
                "publicKeyJwk": to_jwk(key.public),
            }
            for name, key in keys.items()
            if name.partition("-")[0] in kinds
        ]

    return {"id": did, "keyAgreement": methods(AGREEING), "authentication": methods(SIGNING)}


def _curve(name: str) -> Curve:
    return {**AGREEING, **SIGNING}[name.partition("-")[0]]


ALICE = person("did:example:alice")
BOB = person("did:example:bob", (*AGREEING, "x25519-2", "p256-2", *SIGNING))
EVE = person("did:example:eve")
DOCUMENTS: dict[str, dict[str, Any]] = {one.did: one.document for one in (ALICE, BOB, EVE)}


def keyring(owner: Person, documents: Mapping[str, Mapping[str, Any]] = DOCUMENTS) -> Keyring:
    """What somebody has who knows everybody's document and their own secrets."""
    return Keyring(documents.get, owner.keys.get)


def message(**changes: Any) -> Message:
    """From Alice to Bob, unless changed."""
    given: dict[str, Any] = {
        "id": "4f1c1e9a-0000-4000-8000-000000000001",
        "type": "https://example.org/lunch/1.0/proposal",
        "from_": ALICE.did,
        "to": (BOB.did,),
        "created_time": NOW_S,
        "body": {"where": "Zürich", "when": [12, 30]},
    }
    return Message(**(given | changes))
