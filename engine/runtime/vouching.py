"""Picos that vouch for somebody: credentials in their names for life, with the keys that this engine holds.

The name is made if the pico has none yet. What a credential is and where it is kept is known behind
`engine.ports.Vouching`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import CannotVouch, OwnKey, Statement, Vouching
from engine.runtime.identities import SIGNING, in_stay, life_purpose
from engine.runtime.lives import Document, Lives

Fetch = Callable[[str], Coroutine[Any, Any, Mapping[str, Any] | None]]
"""The document of a DID as others see it."""
HINT = "`picomesh credential issue --help` has examples; `picomesh did log ECI` shows the pico's log"


class PicosVouching:
    def __init__(self, lives: Lives, fetch: Fetch, vouching: Vouching, now_ms: Callable[[], int]) -> None:
        self._lives = lives
        self._fetch = fetch
        self._vouching = vouching
        self._now_ms = now_ms

    async def issue(self, eci: Eci, said: Statement) -> Document | Refusal:
        """A credential by the pico with that channel, and where others find who that is."""
        told = await self._lives.begin(eci, None)
        if isinstance(told, Refusal):
            return told
        pico = PicoId(told["pico"])
        key = life_key(Did(told["did"]), pico, self._lives.stay(pico))
        document, now_s = await self._fetch(key.did), self._now_ms() // 1000
        try:
            text = await asyncio.to_thread(self._vouching.issue, key, document, said, now_s)
        except CannotVouch as problem:
            return Refusal("malformed", str(problem), HINT)
        return {"pico": told["pico"], "did": key.did, "address": told["address"], "credential": text}


def life_key(did: Did, pico: str, stay: str = "") -> OwnKey:
    """The key with which a pico signs what it says to anybody."""
    return OwnKey(did, f"{did}#{in_stay(SIGNING, stay)}", f"{life_purpose(pico, stay)}/{SIGNING}")
