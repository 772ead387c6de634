"""did:key, and did:peer:0, which is the same under another prefix: a DID that is a public key.

See https://w3c-ccg.github.io/did-key-spec/ and "Method 0" of the Peer DID specification. The document follows
from the key: whoever has it may do everything, and an Ed25519 key has an X25519 key beside it for messages.
"""

from __future__ import annotations

from engine.adapters.dids.documents import CONTEXT, RELATIONSHIPS, Document
from engine.adapters.dids.multikeys import PublicKey, agreement_key, check_key, read_multikey, to_multikey
from engine.adapters.dids.refused import DidRefused
from engine.core.dids import Did

DID_KEY = "did:key:"
PEER_0 = "did:peer:0"


def make_did_key(key: PublicKey) -> Did:
    return Did(DID_KEY + to_multikey(check_key(key)))


def key_of_did(did: str) -> PublicKey:
    prefix = DID_KEY if did.startswith(DID_KEY) else PEER_0
    if not did.startswith(prefix):
        raise DidRefused("not-a-did", f"{did[:60]!r} is not a did:key")
    return read_multikey(did.removeprefix(prefix))


def resolve_did_key(did: str) -> Document:
    """Of a did:key or a did:peer:0."""
    key = key_of_did(did)
    agreeing = agreement_key(key) if key.curve == "Ed25519" else key
    document: Document = {"@context": list(CONTEXT), "id": did, "verificationMethod": []}
    for one in dict.fromkeys((key, agreeing)):
        document["verificationMethod"].append(_method(did, one))
    for relationship in RELATIONSHIPS:
        if relationship == "keyAgreement":
            document[relationship] = [_key_id(did, agreeing)]
        elif key.curve != "X25519":
            document[relationship] = [_key_id(did, key)]
    return document


def _method(did: str, key: PublicKey) -> dict[str, str]:
    return {
        "id": _key_id(did, key),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": to_multikey(key),
    }


def _key_id(did: str, key: PublicKey) -> str:
    return f"{did}#{to_multikey(key)}"
