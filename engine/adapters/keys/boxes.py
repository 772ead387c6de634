"""Secrets in boxes: one that its own key opens, and one that anybody makes for the holder of a did:key.

NaCl's crypto_secretbox (XSalsa20-Poly1305), and libsodium's sealed box (X25519), for which an Ed25519 key is
turned into its X25519 form. Neither says for whom it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.adapters.keys import shares
from engine.adapters.keys.sealing import Draw
from engine.core.did_keys import DidKey, from_did_key, to_did_key

NONCE_BYTES = 24


class KeyBoxes:
    """`engine.runtime.state_keys.Boxes`."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def wrap(self, secret: bytes, key: bytes) -> bytes:
        nonce = self._draw(NONCE_BYTES)
        return nonce + bytes(sodium.crypto_secretbox(secret, nonce, key))

    def unwrap(self, wrapped: bytes, key: bytes) -> bytes | None:
        try:
            nonce, box = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
            return bytes(sodium.crypto_secretbox_open(box, nonce, key))
        except (CryptoError, ValueError):
            return None

    def name(self, seed: bytes) -> DidKey:
        public, _ = sodium.crypto_sign_seed_keypair(seed)
        return to_did_key(public)

    def box(self, secret: bytes, owner: DidKey) -> bytes:
        public = sodium.crypto_sign_ed25519_pk_to_curve25519(from_did_key(owner))
        return bytes(sodium.crypto_box_seal(secret, public))

    def unbox(self, box: bytes, seed: bytes) -> bytes | None:
        _, signing = sodium.crypto_sign_seed_keypair(seed)
        secret = sodium.crypto_sign_ed25519_sk_to_curve25519(signing)
        try:
            public = sodium.crypto_scalarmult_base(secret)
            return bytes(sodium.crypto_box_seal_open(box, public, secret))
        except (CryptoError, ValueError, TypeError):
            return None

    def split(self, needed: int, count: int) -> tuple[bytes, Mapping[int, bytes]]:
        return shares.split(needed, count, self._draw)

    def join(self, given: Mapping[int, bytes]) -> bytes:
        return shares.join(given)
