"""Whoever writes to us is there: what comes from a place where nobody answered is a reason to look again.

An engine that was away may write before the next look at it is due, and what waits for it need not wait on.
"""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.ports import CannotSend, Directory, Envelopes, Letter
from engine.runtime.away import Away


class Hearsay:
    """`engine.ports.Envelopes`, with an ear for where they come from."""

    def __init__(self, envelopes: Envelopes, at_hand: Directory, away: Away) -> None:
        """`at_hand` asks nobody: a stranger must not have us wait."""
        self._envelopes = envelopes
        self._at_hand = at_hand
        self._away = away

    async def open(self, envelope: bytes, now_s: int) -> Letter:
        letter = await self._envelopes.open(envelope, now_s)
        if letter.sender is not None and self._away.is_any():
            await self._heed(letter.sender)
        return letter

    async def close(self, message: Message, to: Did) -> bytes:
        return await self._envelopes.close(message, to)

    async def _heed(self, sender: Did) -> None:
        try:
            route = await self._at_hand.find_route(sender)
        except CannotSend:
            return  # they are reached nowhere, or nobody knows where
        self._away.heard_from(route.url)
