"""Data Integrity proofs of the suite `eddsa-jcs-2022`: Ed25519 over the hashes of two canonical JSON texts.

See Data Integrity EdDSA Cryptosuites 1.0 (section 3.3). Logs of did:webvh 1.0 have no other kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.adapters.dids.did_key import DID_KEY
from engine.adapters.dids.log_times import read_time, write_time
from engine.adapters.dids.multikeys import PublicKey, read_multikey, to_multikey
from engine.adapters.dids.refused import DidRefused
from engine.core.canonical_json import NotCanonical, to_canonical_json
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

TYPE = "DataIntegrityProof"
SUITE = "eddsa-jcs-2022"
PURPOSE = "assertionMethod"
SIGNATURE_BYTES = 64
_LONGEST_VALUE = 90
"""Characters of 64 bytes in base58, with the letter of their base."""


class Signer(Protocol):
    """A key that signs entries, or approves them. Where its private half is kept is not said."""

    @property
    def multikey(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


class SeedSigner:
    """`Signer` by an Ed25519 seed that lies in memory."""

    def __init__(self, seed: bytes) -> None:
        public, self._secret = sodium.crypto_sign_seed_keypair(seed)
        self.multikey = to_multikey(PublicKey("Ed25519", public))

    def sign(self, message: bytes) -> bytes:
        return sodium.crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


def did_of_key(multikey: str) -> str:
    return DID_KEY + multikey


def prove(value: Mapping[str, Any], signer: Signer, now_s: float) -> dict[str, Any]:
    """The proof, not yet in its place."""
    options = {
        "type": TYPE,
        "cryptosuite": SUITE,
        "verificationMethod": f"{did_of_key(signer.multikey)}#{signer.multikey}",
        "created": write_time(now_s),
        "proofPurpose": PURPOSE,
    }
    signature = signer.sign(_to_be_signed(value, options))
    return {**options, "proofValue": to_multibase("z", signature)}


def verify(value: Mapping[str, Any], proof: Mapping[str, Any]) -> str:
    """The multikey that signed. Which keys may, is for the caller to say."""
    multikey = signing_key(proof)
    signature = _signature(proof)
    options = {name: one for name, one in proof.items() if name != "proofValue"}
    if "@context" in options and options["@context"] != value.get("@context"):
        raise DidRefused("bad-proof", "the proof has another context than what it is for")
    try:
        message = _to_be_signed(value, options)
    except NotCanonical as problem:
        raise DidRefused("bad-proof", f"the proof has no canonical form: {problem}") from None
    try:
        sodium.crypto_sign_open(signature + message, _ed25519(multikey).data)
    except (CryptoError, ValueError):
        raise DidRefused("bad-proof", f"the signature was not made with {multikey}") from None
    return multikey


def signing_key(proof: Mapping[str, Any]) -> str:
    """The multikey a proof says it is by, once all but its signature has been checked."""
    expected = {"type": TYPE, "cryptosuite": SUITE, "proofPurpose": PURPOSE}
    for name, value in expected.items():
        if proof.get(name) != value:
            raise DidRefused("bad-proof", f"{name} of a proof is {value}, not {str(proof.get(name))[:40]!r}")
    if "created" in proof:
        read_time(proof["created"], "created")
    method = proof.get("verificationMethod")
    did, _, fragment = method.partition("#") if isinstance(method, str) else ("", "", "")
    multikey = did.removeprefix(DID_KEY)
    if not did.startswith(DID_KEY) or multikey != fragment:
        raise DidRefused("bad-proof", "verificationMethod is not did:key:KEY#KEY with the same key twice")
    _ed25519(multikey)
    return multikey


@lru_cache(maxsize=1024)
def _ed25519(multikey: str) -> PublicKey:
    key = read_multikey(multikey)
    if key.curve != "Ed25519":
        raise DidRefused("bad-key", f"{SUITE} has keys of Ed25519, not of {key.curve}")
    return key


def check_ed25519(multikey: str) -> str:
    """The text itself, when it is a key that proofs can be made with."""
    _ed25519(multikey)
    return multikey


def _signature(proof: Mapping[str, Any]) -> bytes:
    value = proof.get("proofValue")
    try:
        if not isinstance(value, str) or not value.startswith("z") or len(value) > _LONGEST_VALUE:
            raise NotEncoded("it is not base58 after a z")
        signature = from_multibase(value)
    except NotEncoded as problem:
        raise DidRefused("bad-proof", f"proofValue is not a signature: {problem}") from None
    if len(signature) != SIGNATURE_BYTES:
        raise DidRefused("bad-proof", f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    return signature


def _to_be_signed(value: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    bare = {name: one for name, one in value.items() if name != "proof"}
    return b"".join(hashlib.sha256(to_canonical_json(one)).digest() for one in (options, bare))
