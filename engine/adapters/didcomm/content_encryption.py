"""The content encryption algorithms: XC20P, A256GCM and A256CBC-HS512, each with its key, nonce and tag.

DIDComm v2.1, "Curves and Content Encryption Algorithms"; RFC 7518 5.2.5 and 5.3;
draft-amringer-jose-chacha-02. Whatever is wrong with a ciphertext is told as one thing: it does not open.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

Enc = Literal["XC20P", "A256GCM", "A256CBC-HS512"]

_AES_BLOCK = 16


class DoesNotOpen(ValueError):
    """Not encrypted with this key, or changed since."""


@dataclass(frozen=True)
class Cipherment:
    """One algorithm; `seal` answers the ciphertext and its tag, `open` takes them one after the other."""

    key_bytes: int
    iv_bytes: int
    tag_bytes: int
    seal: Callable[[bytes, bytes, bytes, bytes], bytes]
    open: Callable[[bytes, bytes, bytes, bytes], bytes]


def seal(enc: Enc, key: bytes, iv: bytes, text: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Ciphertext and tag."""
    how = ENCRYPTIONS[enc]
    sealed = how.seal(key, iv, text, aad)
    return sealed[: -how.tag_bytes], sealed[-how.tag_bytes :]


def unseal(enc: Enc, key: bytes, iv: bytes, ciphertext: bytes, tag: bytes, aad: bytes) -> bytes:
    how = ENCRYPTIONS[enc]
    if (len(key), len(iv), len(tag)) != (how.key_bytes, how.iv_bytes, how.tag_bytes):
        raise DoesNotOpen(f"key, iv or tag have not the size that {enc} wants")
    return how.open(key, iv, ciphertext + tag, aad)


# --- XC20P -----------------------------------------------------------------------------------------


def _seal_xc20p(key: bytes, iv: bytes, text: bytes, aad: bytes) -> bytes:
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, aad, iv, key)


def _open_xc20p(key: bytes, iv: bytes, sealed: bytes, aad: bytes) -> bytes:
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, aad, iv, key)
    except CryptoError as problem:
        raise DoesNotOpen from problem


# --- A256GCM ---------------------------------------------------------------------------------------


def _seal_gcm(key: bytes, iv: bytes, text: bytes, aad: bytes) -> bytes:
    return AESGCM(key).encrypt(iv, text, aad)


def _open_gcm(key: bytes, iv: bytes, sealed: bytes, aad: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(iv, sealed, aad)
    except InvalidTag as problem:
        raise DoesNotOpen from problem


# --- A256CBC-HS512 ---------------------------------------------------------------------------------


def _seal_cbc(key: bytes, iv: bytes, text: bytes, aad: bytes) -> bytes:
    """RFC 7518 5.2.2.1: the first half of the key authenticates, the second encrypts."""
    padding = _AES_BLOCK - len(text) % _AES_BLOCK
    encryptor = Cipher(algorithms.AES(key[32:]), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(text + bytes([padding]) * padding)
    return ciphertext + _tag_cbc(key, iv, ciphertext, aad)


def _open_cbc(key: bytes, iv: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The tag is checked before anything is decrypted, so that padding tells nobody anything."""
    ciphertext, tag = sealed[:-32], sealed[-32:]
    if not hmac.compare_digest(tag, _tag_cbc(key, iv, ciphertext, aad)):
        raise DoesNotOpen
    if not ciphertext or len(ciphertext) % _AES_BLOCK:
        raise DoesNotOpen
    decryptor = Cipher(algorithms.AES(key[32:]), modes.CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext)
    padding = padded[-1]
    if not 1 <= padding <= _AES_BLOCK or padded[-padding:] != bytes([padding]) * padding:
        raise DoesNotOpen
    return padded[:-padding]


def _tag_cbc(key: bytes, iv: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    aad_bits = (8 * len(aad)).to_bytes(8, "big")
    return hmac.digest(key[:32], aad + iv + ciphertext + aad_bits, "sha512")[:32]


ENCRYPTIONS: Mapping[Enc, Cipherment] = {
    "XC20P": Cipherment(32, 24, 16, _seal_xc20p, _open_xc20p),
    "A256GCM": Cipherment(32, 12, 16, _seal_gcm, _open_gcm),
    "A256CBC-HS512": Cipherment(64, 16, 32, _seal_cbc, _open_cbc),
}
