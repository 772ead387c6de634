"""Adverts on their way from engine to engine: what was told to whom, and what comes of what is told.

What another engine has heard of is remembered in memory; after a restart some of it is told again.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from engine.core.mesh.acquaintances import Acquaintance
from engine.core.mesh.adverts import Advert, BadAdvert, short_name
from engine.core.mesh.gossip import Told, news_for
from engine.runtime.mesh.acquaintances import Acquaintances
from engine.runtime.mesh.own_advert import OwnAdvert

logger = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Engines of which it is known what they were told."""

Moved = Callable[[Advert], Awaitable[None]]
"""Told of an advert that is new: where its engine is now."""


class Gossip:
    def __init__(
        self,
        acquaintances: Acquaintances,
        own: OwnAdvert,
        now_ms: Callable[[], int],
        moved: Moved,
    ) -> None:
        self._acquaintances = acquaintances
        self._own = own
        self._now_ms = now_ms
        self._moved = moved
        self._told: OrderedDict[str, Told] = OrderedDict()

    async def tell(self, peer: str) -> tuple[Sequence[str], Told]:
        """The own advert and what is news to that engine; and what it has been told when that has arrived."""
        news = news_for(peer, self._acquaintances.all(), self._told.get(peer, {}), self._now_ms() // 1000)
        return [await self._own.current(), *news.adverts], news.told

    async def answer(self, peer: str) -> Sequence[str]:
        """The same as an answer; if it is lost, the other hears of it when it has changed."""
        adverts, told = await self.tell(peer)
        self.has_heard(peer, told)
        return adverts

    def has_heard(self, peer: str, told: Told) -> None:
        self._told[peer] = told
        self._told.move_to_end(peer)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def forget(self, peer: str) -> None:
        self._told.pop(peer, None)

    async def take(self, by: str, adverts: Sequence[str]) -> BadAdvert | None:
        """What an engine tells of itself, and then of others. What is wrong with its own advert, if anything
        is; of others a bad one is left out."""
        own: BadAdvert | None = None
        for place, jws in enumerate(adverts):
            try:
                await self._note(by, self._acquaintances.hear(jws, by, place == 0))
            except BadAdvert as problem:
                if place == 0:
                    own = problem
                told = short_name(by), problem.code, problem
                logger.info("an advert that the engine %s tells is refused, as %s: %s", *told)
        return own

    async def _note(self, by: str, heard: Acquaintance | None) -> None:
        """Who tells of something has heard of it."""
        if heard is None or heard.advert is None:
            return
        self.has_heard(by, {**self._told.get(by, {}), heard.engine: heard.advert.sequence})
        await self._moved(heard.advert)
