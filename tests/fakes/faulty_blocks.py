"""A store of blocks that is somebody else's, with everything that can be wrong with it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cids import Cid
from engine.ports import StoreFull, StoreUnavailable

Mood = Literal["well", "slow", "hanging", "dead", "full", "lying", "forgetful", "broken"]
MOODS: tuple[Mood, ...] = ("well", "slow", "hanging", "dead", "full", "lying", "forgetful", "broken")


class FaultyBlocks:
    """`engine.ports.BlockStore`; what it does is `mood`'s affair, and a test changes that."""

    def __init__(
        self, name: str, chance: random.Random, mood: Mood = "well", latency_s: float = 0.01
    ) -> None:
        self.name = name
        self.mood = mood
        self.inner = MemoryBlocks(name)
        self.latency_s = latency_s
        self.calls = 0
        self.under_way = 0
        self.most_under_way = 0
        self.largest_put = 0
        self.order: list[str] = []
        """What was done, in order: put, pin and unpin with the hex of the CIDs."""
        self._chance = chance

    def lose_everything(self) -> None:
        """It got a new disk."""
        self.inner = MemoryBlocks(self.name)

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        async with self._answering():
            self.largest_put = max(self.largest_put, sum(map(len, blocks.values())))
            if self.mood == "full":
                raise StoreFull(self.name, "no room")
            if self.mood == "forgetful":
                blocks = {cid: data for cid, data in blocks.items() if self._chance.random() < 0.7}
            await self.inner.put_many(blocks)
            self.order.extend(f"put {cid.hex()}" for cid in blocks)

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        async with self._answering():
            found = await self.inner.get_many(cids)
            if self.mood == "lying":
                return {cid: data[:-1] + b"?" if data else b"?" for cid, data in found.items()}
            return found

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        async with self._answering():
            return await self.inner.has_many(cids)

    async def pin(self, root: Cid) -> None:
        async with self._answering():
            if self.mood == "full":
                raise StoreFull(self.name, "no room")
            await self.inner.pin(root)
            self.order.append(f"pin {root.hex()}")

    async def unpin(self, root: Cid) -> None:
        async with self._answering():
            await self.inner.unpin(root)
            await self.inner.collect()
            self.order.append(f"unpin {root.hex()}")

    async def roots(self) -> frozenset[Cid]:
        async with self._answering():
            return await self.inner.roots()

    async def close(self) -> None:
        await self.inner.close()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """What is asked is done in the middle of the time that it takes, so that an answer may get lost."""
        self.calls += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._wait()
            yield
            await self._wait()
        finally:
            self.under_way -= 1

    async def _wait(self) -> None:
        match self.mood:
            case "hanging":
                await asyncio.get_running_loop().create_future()
            case "dead":
                raise StoreUnavailable(self.name, "connection refused")
            case "broken":
                raise KeyError("a bug in an adapter")
            case "slow":
                await asyncio.sleep(self._chance.uniform(1, 90))
            case _:
                await asyncio.sleep(self.latency_s * self._chance.uniform(0.5, 1.5))
