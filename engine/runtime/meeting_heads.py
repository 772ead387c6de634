"""Heads of this engine's picos that turn up somewhere: in its stores, or in what somebody hands over.

Each is held against those that the engine has signed. If it says something else of a turn, somebody else acts
as that pico, or did; both heads are kept as evidence. Nobody is kept from anything by it: what to do about it
is for people.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from engine.core.blocks.errors import BlockError
from engine.core.blocks.heads import KIND, Evidence, read_head
from engine.core.dids import scid_in
from engine.core.model import PicoId
from engine.ports import Journal, StoreFailed
from engine.runtime.kept_heads import KeptHeads
from engine.runtime.lives import Lives
from engine.runtime.many_stores import ManyStores

log = structlog.get_logger("picomesh.heads")


class MeetingHeads:
    def __init__(
        self,
        journal: Journal,
        heads: KeptHeads,
        lives: Lives,
        stores: Callable[[], Awaitable[ManyStores]],
    ) -> None:
        self._journal = journal
        self._heads = heads
        self._lives = lives
        self._stores = stores

    def pico_of(self, block: bytes) -> PicoId | None:
        """Of which pico that has, or had, its log here a block says that it is a head."""
        if KIND.encode() not in block:
            return None  # most blocks are no heads, and it need not be found out in detail
        try:
            says = read_head(block, lambda *_: True, lambda _: True).head
        except BlockError:
            return None
        scid = scid_in(says.pico)
        return None if scid is None else self._lives.holder(scid)

    async def meet(self, block: bytes) -> Evidence | None:
        """A head that somebody has: what it proves, if that is anything. Raises `BlockError` for one that
        nobody is to believe."""
        pico = self.pico_of(block)
        if pico is None or self._heads.is_newest(pico, block):
            return None
        return await self._heads.see(pico, self._heads.check(block, self._lives.kept(pico)))

    async def look_round(self) -> int:
        """Meet all that the stores have pinned. A head that is not to be believed is nothing new: whoever may
        write to a store can put one there. How many contradictions were seen."""
        count = 0
        async for name, blocks in (await self._stores()).pinned():
            for block in blocks.values():
                try:
                    count += await self.meet(block) is not None
                except BlockError as problem:
                    log.info("a head in a store is not to be believed", store=name, why=str(problem))
        return count

    async def look_round_quietly(self) -> None:
        """The same for whoever has nobody to tell when a store fails."""
        try:
            await self.look_round()
        except StoreFailed as problem:
            log.warning("heads in stores were not looked at", why=str(problem))
