"""What this engine says of itself to others, signed: anew when something changes, or half its time is over.

Its number is durable before anybody sees it, so that no two adverts of one engine have the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from engine.core.mesh.adverts import Advert, Sign, next_sequence, write_advert
from engine.ports import Journal, SetFact

FACT = "advert sequence"


class OwnAdvert:
    def __init__(
        self,
        journal: Journal,
        draft: Callable[[], Advert],
        sign: Sign,
        now_ms: Callable[[], int],
        life_s: Callable[[], int],
    ) -> None:
        """`draft` is what there is to say, with any times and number."""
        self._journal = journal
        self._draft = draft
        self._sign = sign
        self._now_ms = now_ms
        self._life_s = life_s
        self._lock = asyncio.Lock()
        self._said: tuple[Advert, str] | None = None

    def draft(self) -> Advert:
        """What it would say now."""
        return self._draft()

    async def current(self) -> str:
        async with self._lock:
            draft, now_s = self._draft(), self._now_ms() // 1000
            if self._said is None or self._is_stale(self._said[0], draft, now_s):
                self._said = await self._renew(draft, now_s)
            return self._said[1]

    def _is_stale(self, said: Advert, draft: Advert, now_s: int) -> bool:
        """How busy the machine is alone is not worth a new one."""
        same = replace(
            draft,
            sequence=said.sequence,
            issued_s=said.issued_s,
            expires_s=said.expires_s,
            load=said.load,
        )
        return same != said or not said.issued_s <= now_s < (said.issued_s + said.expires_s) // 2

    async def _renew(self, draft: Advert, now_s: int) -> tuple[Advert, str]:
        sequence = next_sequence(int(self._journal.fact(FACT) or 0), now_s)
        await self._journal.commit([SetFact(FACT, str(sequence))])
        advert = replace(draft, sequence=sequence, issued_s=now_s, expires_s=now_s + self._life_s())
        return advert, write_advert(advert, self._sign)
