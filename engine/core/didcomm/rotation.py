"""What a `from_prior` header says, once it is proven; `engine.adapters.didcomm` reads and writes the header.

DIDComm v2.1, "DID Rotation" and "Ending a Relationship".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rotation:
    """Who was `prior` is `new` from now on; without `new` the relationship is over."""

    prior: str
    new: str | None
    issued_s: int
    kid: str
    """The key of the prior DID that says so."""
