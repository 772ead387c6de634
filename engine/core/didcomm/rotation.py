"""What a `from_prior` header says, once it is proven; `engine.adapters.didcomm` reads and writes the header.

DIDComm v2.1, "DID Rotation" and "Ending a Relationship".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.core.multiformats import from_base64url


@dataclass(frozen=True)
class Rotation:
    """Who was `prior` is `new` from now on; without `new` the relationship is over."""

    prior: str
    new: str | None
    issued_s: int
    kid: str
    """The key of the prior DID that says so."""


def read_own(from_prior: str) -> dict[str, Any]:
    """What a header of our own says, as in events. It was signed here, so nobody proves it again."""
    claims = json.loads(from_base64url(from_prior.split(".")[1]))
    return {"prior": claims["iss"], "new": claims.get("sub"), "iat": claims["iat"]}
