"""DIDs that are made of this engine's own keys: did:peer:2 with a key to sign, one to encrypt, an endpoint.

Key ids follow from the order: `#key-1` signs, `#key-2` agrees.
"""

from __future__ import annotations

from nacl import bindings as sodium

from engine.adapters.dids.did_peer_2 import make_did_peer_2
from engine.adapters.dids.documents import DIDCOMM, DIDCOMM_V2
from engine.adapters.dids.multikeys import PublicKey, to_multikey
from engine.core.dids import Did


def make_own_did(signing: bytes, agreeing: bytes, endpoint: str | None) -> Did:
    """From an Ed25519 seed and an X25519 key. `endpoint` is a URL, or the DID of who passes messages on."""
    verifying, agreed = own_multikeys(signing, agreeing)
    services = () if endpoint is None else (_service(endpoint),)
    return make_did_peer_2((("authentication", verifying), ("keyAgreement", agreed)), services)


def own_multikeys(signing: bytes, agreeing: bytes) -> tuple[str, str]:
    """The public halves of the same two."""
    verifying, _ = sodium.crypto_sign_seed_keypair(signing)
    agreed = sodium.crypto_scalarmult_base(agreeing)
    return to_multikey(PublicKey("Ed25519", verifying)), to_multikey(PublicKey("X25519", agreed))


def _service(endpoint: str) -> dict[str, object]:
    return {"type": DIDCOMM, "serviceEndpoint": {"uri": endpoint, "accept": [DIDCOMM_V2]}}
