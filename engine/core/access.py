"""Who is let in: scopes, and the passes (tokens, sessions) that carry one.

A pass is known by the hash of its secret alone, so that whoever reads the journal cannot act as anybody. The
secret has more chance in it than anybody can try out; one round of SHA-256 is all it needs.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal, get_args

TokenScope = Literal["mcp", "read", "send", "admin"]
SCOPES: tuple[TokenScope, ...] = get_args(TokenScope)
MAY: Mapping[TokenScope, frozenset[TokenScope]] = {
    "mcp": frozenset(("mcp",)),
    "read": frozenset(("read",)),
    "send": frozenset(("read", "send")),
    "admin": frozenset(SCOPES),
}
"""What each may do of what the others do."""

MEANING: Mapping[TokenScope, str] = {
    "mcp": "what was granted to AI assistants (`picomesh mcp grant`), and nothing else",
    "read": "looks at everything, and is told no channel, since whoever knows one can use it",
    "send": "is told channels too, with which one writes to picos and asks them",
    "admin": "everything: rulesets, modules, moves, keys, engines, other tokens",
}

Kind = Literal["owner", "token", "session"]
PREFIX = "pm"
_SECRET = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_([0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class Pass:
    """What somebody shows to be let in, as the engine knows it."""

    id: str
    kind: Kind
    name: str
    scope: TokenScope
    hash: str
    made_ms: int
    until_ms: int | None
    of: str | None = None
    """The token by which a session was begun: it ends with that."""

    def is_over(self, now_ms: int) -> bool:
        return self.until_ms is not None and self.until_ms <= now_ms

    def allows(self, scope: TokenScope) -> bool:
        return scope in MAY[self.scope]

    def fits(self, secret: str) -> bool:
        return hmac.compare_digest(hash_of(secret), self.hash)


def hash_of(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def make_secret(seeds: tuple[str, str, str]) -> tuple[str, str]:
    """An id and a secret that begins with it, of three draws of sixteen random bytes."""
    id = hash_of(seeds[0])[:8]
    return id, f"{PREFIX}_{id}_{hash_of(seeds[1] + seeds[2])}"


def id_in(secret: str) -> str | None:
    """Of which pass this is the secret, if it is one at all."""
    found = _SECRET.fullmatch(secret)
    return None if found is None else found[1]


def read_scope(text: object) -> TokenScope | None:
    return text if text in SCOPES else None


def to_documents(passes: Iterable[Pass]) -> list[dict[str, Any]]:
    """As they are kept."""
    return [asdict(one) for one in passes]


def from_documents(documents: Iterable[Mapping[str, Any]]) -> list[Pass]:
    return [Pass(**one) for one in documents]
