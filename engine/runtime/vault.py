"""The stores of an engine, opened when somebody first needs them: most engines need none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.ports import StoreUnavailable
from engine.runtime.many_stores import ManyStores

Close = Callable[[], Awaitable[None]]
Open = Callable[[], Awaitable[tuple[ManyStores, Close]]]
"""The stores, replicating, and what is to be closed after them."""


class Vault:
    def __init__(self, open_stores: Open) -> None:
        self._open = open_stores
        self._opening = asyncio.Lock()
        self._stores: ManyStores | None = None
        self._close_rest: Close | None = None
        self._is_closed = False

    async def stores(self) -> ManyStores:
        """Always the same ones. Raises `StoreFailed`."""
        async with self._opening:
            if self._is_closed:
                raise StoreUnavailable("local", "the engine is stopping")
            if self._stores is None:
                self._stores, self._close_rest = await self._open()
            return self._stores

    async def close(self) -> None:
        async with self._opening:
            self._is_closed = True
            if self._stores is not None:
                await self._stores.close()
            if self._close_rest is not None:
                await self._close_rest()
