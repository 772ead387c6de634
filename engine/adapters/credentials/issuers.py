"""In whose name credentials of a home are issued: the home itself, whose key is its name, or a pico of it.

All keys follow from the engine's seed. So who holds that can sign a status list for whoever is on it, and
nothing but the name and what its key is derived for has to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.adapters.credentials.keys import Signer, key_signer
from engine.ports import Keys

HOME_PURPOSE = "credentials/key-1"
"""Which of the engine's keys a home signs with."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """`did` is empty for the home."""

    did: str
    key_id: str
    purpose: str
    """What the key is derived for."""


HOME = Issuer("", "", HOME_PURPOSE)


def signer_of(issuer: Issuer, keys: Keys) -> Signer:
    seed = keys.derive(issuer.purpose)
    return Signer(issuer.did, issuer.key_id, seed) if issuer.did else key_signer(seed)
