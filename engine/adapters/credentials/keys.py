"""Whose key signs: signers of ours, and the keys that a DID document has for a purpose.

Ed25519 only. Documents are found by the caller: where they come from, and whether one is good, is not
known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from engine.adapters.credentials.documents import Document
from engine.adapters.credentials.refusals import NotRelied
from engine.core.did_keys import PREFIX, NotADidKey, from_did_key, to_did_key
from engine.core.multiformats import NotEncoded, from_base64url, to_base64url

Purpose = Literal["assertionMethod", "authentication"]
"""To state something, or to prove that one is who one says."""
Documents = Callable[[str], Document | None]
"""The verified document of exactly this DID as it is now, or None."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who can sign: a DID, and one of its keys. The seed is never shown."""

    did: str
    key_id: str
    seed: bytes = field(repr=False)

    @property
    def jwk(self) -> dict[str, str]:
        """The private key as didkit takes it."""
        public = to_base64url(bytes(SigningKey(self.seed).verify_key))
        return {"kty": "OKP", "crv": "Ed25519", "x": public, "d": to_base64url(self.seed)}

    def sign(self, message: bytes) -> bytes:
        return bytes(SigningKey(self.seed).sign(message).signature)


def key_signer(seed: bytes) -> Signer:
    """Whose name is the key: did:key."""
    did = to_did_key(bytes(SigningKey(seed).verify_key))
    return Signer(did, key_id_of(did), seed)


def key_id_of(did_key: str) -> str:
    return f"{did_key}#{did_key.removeprefix(PREFIX)}"


def document_of_key(did_key: str) -> Document:
    """As much of it as is needed here."""
    method = {"id": key_id_of(did_key), "publicKeyMultibase": did_key.removeprefix(PREFIX)}
    return {"id": did_key, "assertionMethod": [method], "authentication": [method]}


def is_did_key(did: str) -> bool:
    return did.startswith(PREFIX)


def check_signature(key: bytes, message: bytes, signature: bytes) -> None:
    try:
        VerifyKey(key).verify(message, signature)
    except (CryptoError, ValueError):
        raise NotRelied(
            "bad-proof", "the signature is not good: the text was changed, or another key signed"
        ) from None


def key_in_document(did: str, key_id: str, purpose: Purpose, documents: Documents) -> bytes:
    """The public key that signs for a DID, if its document has it for that purpose."""
    document = documents(did)
    if document is None or document.get("id") != did:
        raise NotRelied("unknown-issuer", f"{did[:100]} cannot be resolved here")
    for method in _methods_for(document, purpose):
        if _absolute(method.get("id"), did) == key_id:
            return _public_key(method)
    raise NotRelied("wrong-key", f"{key_id[:200]} is no key that {did[:100]} has for {purpose}")


def _methods_for(document: Document, purpose: Purpose) -> Iterator[Mapping[str, Any]]:
    """Embedded in the list of the purpose, or named there."""
    did = document["id"]
    methods = [one for one in _list(document, "verificationMethod") if isinstance(one, Mapping)]
    for entry in _list(document, purpose):
        if isinstance(entry, Mapping):
            yield entry
        else:
            yield from (one for one in methods if _absolute(one.get("id"), did) == _absolute(entry, did))


def _list(document: Document, name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _absolute(key_id: object, did: str) -> str:
    return f"{did}{key_id}" if str(key_id).startswith("#") else str(key_id)


def _public_key(method: Mapping[str, Any]) -> bytes:
    jwk = method.get("publicKeyJwk")
    try:
        if isinstance(jwk, Mapping):
            key = from_base64url(str(jwk.get("x"))) if jwk.get("crv") == "Ed25519" else b""
        else:
            key = from_did_key(PREFIX + str(method.get("publicKeyMultibase")))
    except (NotEncoded, NotADidKey):
        key = b""
    if len(key) != 32:
        raise NotRelied("unsupported", "a key of another kind than Ed25519")
    return key
