"""Who may use an engine besides those who know a channel: its owner, logins and tokens.

Tokens and sessions are one fact in the journal, with hashes for secrets. The owner's own token and the codes
of links are of this run of the engine alone: what a file in the home says is worth nothing once the engine
stops.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from engine.core.access import (
    Kind,
    Pass,
    TokenScope,
    from_documents,
    hash_of,
    id_in,
    make_secret,
    to_documents,
)
from engine.ports import Entropy, Journal, SetFact
from engine.runtime.genesis import ROOT_PICO

FACT = "access"
MOST_TOKENS = 1_000
MOST_SESSIONS = 100
"""Of more, the oldest end."""
MOST_LINKS = 100


@dataclass(frozen=True, slots=True)
class Lasting:
    """For how long one is let in."""

    session_ms: int = 7 * 86_400_000
    link_ms: int = 3_600_000


class TooManyTokens(Exception):
    """There are as many as there may be."""


class Access:
    """The passes of one engine."""

    def __init__(
        self, journal: Journal, now_ms: Callable[[], int], entropy: Entropy, lasting: Lasting | None = None
    ) -> None:
        self._journal = journal
        self.now_ms = now_ms
        self._entropy = entropy
        self.lasting = lasting or Lasting()
        self._owner: Pass | None = None
        self._links: dict[str, Pass] = {}
        self._kept: dict[str, Pass] | None = None
        self._used_ms: dict[str, int] = {}

    def mark(self) -> str:
        """What tells this engine from others on the same machine: cookies do not know ports."""
        return sha256((self._journal.fact(ROOT_PICO) or "").encode()).hexdigest()[:8]

    def admit_owner(self) -> str:
        """A fresh token for whoever can read the home, in the place of the one before."""
        self._owner, secret = self._draw("owner", "owner of the home", "admin", None)
        return secret

    def identify(self, secret: str) -> Pass | None:
        """Whose secret that is; None if it is nobody's, or too old."""
        id = id_in(secret)
        if id is None:
            return None
        found = self._owner if self._owner is not None and self._owner.id == id else self._passes().get(id)
        if found is None or not found.fits(secret) or found.is_over(self.now_ms()):
            return None
        self._used_ms[found.id] = self.now_ms()
        return found

    # --- logging in ---

    def make_link(self, scope: TokenScope = "admin") -> str:
        """A code that lets somebody log in once."""
        now_ms = self.now_ms()
        self._links = {code: one for code, one in self._links.items() if not one.is_over(now_ms)}
        while len(self._links) >= MOST_LINKS:
            del self._links[next(iter(self._links))]
        link, secret = self._draw("session", "link", scope, now_ms + self.lasting.link_ms)
        self._links[link.hash] = link
        return secret

    async def log_in(self, secret: str) -> tuple[str, Pass] | None:
        """A session for a code, which is spent by that, or for a token. None if it is neither."""
        link = self._links.pop(hash_of(secret), None)
        if link is not None and link.is_over(self.now_ms()):
            link = None
        shown = link or self.identify(secret)
        if shown is None or (link is None and shown.kind == "session"):
            return None
        until_ms = self.now_ms() + self.lasting.session_ms
        if link is None and shown.until_ms is not None:
            until_ms = min(until_ms, shown.until_ms)
        of = shown.id if shown.kind == "token" else None
        session, fresh = self._draw("session", shown.name, shown.scope, until_ms, of)
        await self._keep([*self._without_oldest_session(), session])
        return fresh, session

    async def log_out(self, session: Pass) -> None:
        await self._keep(one for one in self._passes().values() if one.id != session.id)

    def _without_oldest_session(self) -> list[Pass]:
        passes = list(self._passes().values())
        sessions = [one for one in passes if one.kind == "session"]
        if len(sessions) >= MOST_SESSIONS:
            passes.remove(min(sessions, key=lambda one: one.made_ms))
        return passes

    # --- tokens ---

    async def create_token(self, name: str, scope: TokenScope, until_ms: int | None) -> tuple[str, Pass]:
        """Its secret, which is nowhere to be had again. Raises `TooManyTokens`."""
        if len(self.tokens()) >= MOST_TOKENS:
            raise TooManyTokens
        token, secret = self._draw("token", name, scope, until_ms)
        await self._keep([*self._passes().values(), token])
        return secret, token

    def tokens(self) -> list[Pass]:
        """Those that are good, the oldest first."""
        return self._of_kind("token")

    def sessions(self) -> list[Pass]:
        return self._of_kind("session")

    def used_ms(self, one: Pass) -> int | None:
        """When it was last shown since the engine started."""
        return self._used_ms.get(one.id)

    async def revoke(self, id: str) -> Pass | None:
        """End a token, with the sessions that were begun by it, or a session. None if there is no such."""
        found = self._passes().get(id)
        if found is not None:
            await self._keep(one for one in self._passes().values() if id not in (one.id, one.of))
        return found

    def _of_kind(self, kind: Kind) -> list[Pass]:
        now_ms = self.now_ms()
        return [one for one in self._passes().values() if one.kind == kind and not one.is_over(now_ms)]

    # --- what is kept ---

    def _draw(
        self, kind: Kind, name: str, scope: TokenScope, until_ms: int | None, of: str | None = None
    ) -> tuple[Pass, str]:
        seed = self._entropy.seed
        id, secret = make_secret((seed(), seed(), seed()))
        return Pass(id, kind, name, scope, hash_of(secret), self.now_ms(), until_ms, of), secret

    def _passes(self) -> dict[str, Pass]:
        if self._kept is None:
            documents = json.loads(self._journal.fact(FACT) or "[]")
            self._kept = {one.id: one for one in from_documents(documents)}
        return self._kept

    async def _keep(self, passes: Iterable[Pass]) -> None:
        """In force at once, and durable when this returns."""
        now_ms = self.now_ms()
        self._kept = {one.id: one for one in passes if not one.is_over(now_ms)}
        await self._journal.commit([SetFact(FACT, json.dumps(to_documents(self._kept.values())))])
