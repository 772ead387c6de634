"""XChaCha20-Poly1305 of libsodium, for blocks that leave the engine (`engine.core.blocks.sealing.Aead`)."""

from __future__ import annotations

from nacl import bindings as sodium
from nacl.exceptions import CryptoError


class BlockCipher:
    """Keeps nothing, and may be used from several threads at a time."""

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes, key: bytes) -> bytes:
        return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, nonce, key)

    def decrypt(self, sealed: bytes, associated: bytes, nonce: bytes, key: bytes) -> bytes | None:
        if len(sealed) < sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES:
            return None  # the binding would take the length for a negative one
        try:
            return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
        except CryptoError:
            return None
