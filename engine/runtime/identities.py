"""The DIDs of this engine and of its channels, and the keys that belong to them.

Both follow from the engine's seed. A channel gets a DID when somebody asks for one; it is kept in the
journal, because it has to lead back to the channel, and because what the engine is called may change. The
engine's own DID says where the engine is reached, so that no other one has to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.core.didcomm.dids import did_of, fragment_of
from engine.core.dids import Did
from engine.core.model import Eci
from engine.ports import Journal, KeepDid, Keys

MakeDid = Callable[[bytes, bytes, str | None], Did]
"""A DID with these two keys, `#key-1` to sign and `#key-2` to encrypt, and that endpoint."""

CURVES = {"key-1": "Ed25519", "key-2": "X25519"}
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose DID it is. `eci` is None for the engine itself."""

    eci: Eci | None
    purpose: str
    """What its keys are derived for."""


THE_ENGINE = Owner(None, ENGINE)


class Identities:
    def __init__(self, journal: Journal, keys: Keys, make_did: MakeDid) -> None:
        self._journal = journal
        self._keys = keys
        self._make_did = make_did
        self._nameless = self._make(ENGINE, None)
        self.engine = self._nameless
        """The DID of this engine. Without `reached_at` it names no place."""

    def reached_at(self, url: str) -> None:
        """Say from now on that messages are posted there."""
        self.engine = self._make(ENGINE, url)

    async def name(self, eci: Eci) -> Did:
        """The DID of a channel, durable. Whether there is such a channel is for the caller to know."""
        known = self.known(eci)
        if known is not None:
            return known
        did = self._make(_purpose(eci, 0), self.engine)
        await self._journal.commit([KeepDid(did, eci)])
        return did

    def known(self, eci: Eci) -> Did | None:
        """The DID of a channel, if it has one."""
        return next(iter(self._journal.dids_of(eci)), None)

    def find(self, did: str) -> Owner | None:
        """Whose DID this is, if it is of this engine. The engine goes by every place it ever was at: it is
        known by its keys, which stand in front of the place."""
        if did == self._nameless or did.startswith(f"{self._nameless}.S"):
            return THE_ENGINE
        eci = self._journal.find_did(Did(did))
        if eci is None:
            return None
        older = list(reversed(self._journal.dids_of(eci))).index(Did(did))
        return Owner(eci, _purpose(eci, older))

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        """The curve and the secret of a key of ours."""
        fragment = fragment_of(kid)
        owner = self.find(did_of(kid)) if fragment in CURVES else None
        return None if owner is None else (CURVES[fragment], self._derive(owner.purpose, fragment))

    def ids_seed(self) -> str:
        """What ids of answers are derived from: nobody foresees them, and a repeated answer has the same."""
        return self._keys.derive("ids of messages").hex()

    def _make(self, purpose: str, endpoint: str | None) -> Did:
        return self._make_did(self._derive(purpose, "key-1"), self._derive(purpose, "key-2"), endpoint)

    def _derive(self, purpose: str, key: str) -> bytes:
        return self._keys.derive(f"{purpose}/{key}")


def _purpose(eci: Eci, generation: int) -> str:
    return f"channel/{eci}/{generation}"
