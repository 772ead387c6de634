"""`engine.ports.CredentialCheck` for texts that say in plain JSON what is shown: no keys, no proofs.

It refuses what the real one refuses, in the same order of questions: whose it is, what it is bound to, and of
each credential by whom, about whom, from when to when, and whether it was revoked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.core.dids import same_did
from engine.core.vouching import Doubt, Shown
from engine.ports import Presentation


@dataclass(frozen=True)
class Card:
    """A credential. `place` is its place in a status list, if it can be revoked."""

    issuer: str
    subject: str
    types: tuple[str, ...] = ("Supplier",)
    claims: Mapping[str, Any] = field(default_factory=dict)
    valid_from_s: int = 0
    valid_until_s: int | None = None
    list: str = ""
    place: int | None = None


def show(*cards: Card, holder: str, challenge: str, audience: str) -> str:
    """A presentation."""
    shown = [asdict(card) for card in cards]
    return json.dumps({"holder": holder, "challenge": challenge, "audience": audience, "shown": shown})


def status_list(name: str, issuer: str, revoked: Collection[int]) -> str:
    return json.dumps({"list": name, "issuer": issuer, "revoked": sorted(revoked)})


class FakeCredentialCheck:
    def __init__(self, own: Mapping[str, Collection[int]] | None = None) -> None:
        """`own` are the places that are revoked in the lists of the engine itself."""
        self._own = own or {}
        self._is_over = False
        self.gate = asyncio.Event()
        """Closed by who wants it to take long."""
        self.gate.set()
        self.asked: list[Presentation] = []

    async def check(
        self, presentation: Presentation, now_s: int
    ) -> tuple[tuple[Shown, int | None], ...] | Doubt:
        self.asked.append(presentation)
        await self.gate.wait()
        if self._is_over:
            return Doubt("unavailable", "the engine is ending")
        try:
            said = json.loads(presentation.text)
            cards = [Card(**one) for one in said["shown"]]
        except (ValueError, KeyError, TypeError):
            return Doubt("malformed", "no presentation")
        doubts = [
            self._doubt_of(said, presentation),
            *(self._doubt(card, presentation, now_s) for card in cards),
        ]
        code = next((one for one in doubts if one is not None), None)
        if code is not None:
            return Doubt(code, "as said")
        return tuple((_to_shown(card), card.valid_until_s) for card in cards)

    def stop(self) -> None:
        self._is_over = True

    def _doubt_of(self, said: Mapping[str, Any], asked: Presentation) -> str | None:
        if not same_did(said["holder"], asked.holder):
            return "wrong-subject"
        if said["challenge"] != asked.challenge:
            return "wrong-challenge"
        return None if said["audience"] == asked.audience else "wrong-domain"

    def _doubt(self, card: Card, asked: Presentation, now_s: int) -> str | None:
        if card.issuer not in asked.issuers:
            return "wrong-issuer"
        if not same_did(card.subject, asked.holder):
            return "wrong-subject"
        if now_s < card.valid_from_s:
            return "not-yet-valid"
        if card.valid_until_s is not None and card.valid_until_s <= now_s:
            return "expired"
        return None if card.place is None else self._doubt_status(card, card.place, asked)

    def _doubt_status(self, card: Card, place: int, asked: Presentation) -> str | None:
        revoked = self._own.get(card.list)
        for text in asked.lists if revoked is None else ():
            brought = json.loads(text)
            if (brought["list"], brought["issuer"]) == (card.list, card.issuer):
                revoked = brought["revoked"]
        if revoked is None:
            return "status-unknown"
        return "revoked" if place in revoked else None


def _to_shown(card: Card) -> Shown:
    return Shown(tuple(card.types), card.issuer, card.claims)
