"""Keys by purpose, all of them out of one seed, so that nothing has to be stored for each.

A key is BLAKE2b over the name of its purpose, keyed with the seed (RFC 7693; a keyed hash is a PRF): who has
one learns nothing of the others or of the seed.
"""

from __future__ import annotations

import hashlib

KEY_BYTES = 32
PERSON = b"picomesh keys 1"
"""Which derivation this is: another one would be another engine."""


class SeedKeys:
    """`engine.ports.Keys`."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def derive(self, purpose: str) -> bytes:
        return hashlib.blake2b(
            purpose.encode(), digest_size=KEY_BYTES, key=self._seed, person=PERSON
        ).digest()
