"""Proofs by DIDs that didkit cannot resolve, did:scid and did:webvh and did:peer among them.

didkit looks every issuer up itself, knows only its own methods, and takes no document handed in. So for
these the two proofs are made and checked here: a JWT signed with EdDSA (RFC 8037), and the W3C's
cryptosuite eddsa-jcs-2022, which is over canonical JSON and needs no JSON-LD.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from engine.adapters.credentials.documents import Document
from engine.adapters.credentials.keys import Documents, Purpose, Signer, check_signature, key_in_document
from engine.adapters.credentials.refusals import NotRelied
from engine.adapters.credentials.tokens import Token
from engine.core.canonical_json import to_canonical_json
from engine.core.multiformats import NotEncoded, from_multibase, to_base64url, to_multibase

SUITE = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"}
_MEMBERS = {"@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}
_SIGNATURE_CHARACTERS = 100
"""More than 64 bytes have in base58, which takes long to read when it is long."""


def write_token(payload: Mapping[str, Any], signer: Signer) -> str:
    header = {"alg": "EdDSA", "kid": signer.key_id}
    signed = ".".join(to_base64url(to_canonical_json(part)) for part in (header, payload))
    return f"{signed}.{to_base64url(signer.sign(signed.encode()))}"


def check_token(token: Token, did: str, purpose: Purpose, documents: Documents) -> None:
    key = key_in_document(did, token.key_id, purpose, documents)
    check_signature(key, token.signed, token.signature)


def add_proof(document: Document, signer: Signer, created: str) -> dict[str, Any]:
    proof: dict[str, Any] = {
        **SUITE,
        "@context": document["@context"],
        "created": created,
        "verificationMethod": signer.key_id,
        "proofPurpose": "assertionMethod",
    }
    value = to_multibase("z", signer.sign(_to_be_signed(document, proof)))
    return {**document, "proof": {**proof, "proofValue": value}}


def check_proof(document: Document, proof: Document, did: str, documents: Documents) -> None:
    """`document` is without the proof, whose purpose and method have been looked at."""
    if not proof.keys() <= _MEMBERS or proof.get("@context", document["@context"]) != document["@context"]:
        raise NotRelied("unsupported", "a proof with more in it than is read here")
    key = key_in_document(did, str(proof["verificationMethod"]), "assertionMethod", documents)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    check_signature(key, _to_be_signed(document, options), _read_value(proof.get("proofValue")))


def _to_be_signed(document: Document, options: Document) -> bytes:
    """Data Integrity EdDSA Cryptosuites 1.0, sections 3.3.3 to 3.3.5."""
    return sha256(to_canonical_json(options)).digest() + sha256(to_canonical_json(document)).digest()


def _read_value(value: object) -> bytes:
    if isinstance(value, str) and len(value) <= _SIGNATURE_CHARACTERS and value.startswith("z"):
        try:
            return from_multibase(value)
        except NotEncoded:
            pass
    raise NotRelied("malformed", "a proof without a signature that can be read")
