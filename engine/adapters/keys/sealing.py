"""A secret under a passphrase: argon2id makes a key of the passphrase, secretbox seals the secret with it.

RFC 9106 and NaCl's crypto_secretbox (XSalsa20-Poly1305). How much work the passphrase takes stands beside the
box, so that later versions may ask for more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

Draw = Callable[[int], bytes]

SALT_BYTES = 16
NONCE_BYTES = 24
OPERATIONS = 3
MEMORY = 64 << 20
"""What RFC 9106 recommends where memory is dear: some 0.1 s."""
MOST_OPERATIONS = 16
MOST_MEMORY = 1 << 30
"""A file that asks for more was not written here, and would only make somebody wait."""


class CannotOpen(ValueError):
    """Another passphrase, or a damaged box; they look the same."""


class NoBox(ValueError):
    """Not what `seal` writes."""


def seal(secret: bytes, passphrase: bytes, draw: Draw) -> dict[str, Any]:
    salt, nonce = draw(SALT_BYTES), draw(NONCE_BYTES)
    box = sodium.crypto_secretbox(secret, nonce, _stretch(passphrase, salt, OPERATIONS, MEMORY))
    return {
        "kdf": "argon2id",
        "operations": OPERATIONS,
        "memory": MEMORY,
        "salt": to_multibase("u", salt),
        "nonce": to_multibase("u", nonce),
        "box": to_multibase("u", box),
    }


def unseal(sealed: Mapping[str, Any], passphrase: bytes) -> bytes:
    try:
        salt, nonce, box = (from_multibase(sealed[name]) for name in ("salt", "nonce", "box"))
        operations, memory = sealed["operations"], sealed["memory"]
        is_ours = sealed["kdf"] == "argon2id" and (len(salt), len(nonce)) == (SALT_BYTES, NONCE_BYTES)
    except (KeyError, TypeError, AttributeError, NotEncoded) as problem:
        raise NoBox(str(problem)) from problem
    if not (
        is_ours and _is_bearable(operations, 1, MOST_OPERATIONS) and _is_bearable(memory, 8192, MOST_MEMORY)
    ):
        raise NoBox("sealed in a way that is not known here")
    try:
        return bytes(sodium.crypto_secretbox_open(box, nonce, _stretch(passphrase, salt, operations, memory)))
    except CryptoError as problem:
        raise CannotOpen("it does not open") from problem


def _is_bearable(figure: object, least: int, most: int) -> bool:
    return type(figure) is int and least <= figure <= most


def _stretch(passphrase: bytes, salt: bytes, operations: int, memory: int) -> bytes:
    return bytes(
        sodium.crypto_pwhash_alg(
            sodium.crypto_secretbox_KEYBYTES,
            passphrase,
            salt,
            operations,
            memory,
            sodium.crypto_pwhash_ALG_ARGON2ID13,
        )
    )
