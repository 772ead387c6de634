"""The stores of an engine, opened when somebody first needs them: most engines need none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from engine.ports import StoreUnavailable
from engine.runtime.many_stores import ManyStores

Close = Callable[[], Awaitable[None]]


class Collected(Protocol):
    """What a collection came to."""

    @property
    def kept(self) -> int: ...

    @property
    def removed(self) -> int: ...

    @property
    def removed_bytes(self) -> int: ...


class Statistics(Protocol):
    """What the local store holds."""

    @property
    def blocks(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    @property
    def roots(self) -> int: ...

    @property
    def file_bytes(self) -> int: ...

    @property
    def free_bytes(self) -> int: ...


class LocalStore(Protocol):
    """See `engine.adapters.blocks.local`."""

    async def collect(self) -> Collected:
        """Remove what no root leads to."""

    async def statistics(self) -> Statistics:
        """How much there is."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stores, replicating; the local one of them; and what is to be closed after them."""

    stores: ManyStores
    local: LocalStore
    close: Close


def _always() -> bool:
    return True


class Vault:
    def __init__(
        self, open_stores: Callable[[], Awaitable[Opened]], is_there: Callable[[], bool] = _always
    ) -> None:
        """`is_there` says whether there are any blocks yet, so that nobody opens stores to find that out."""
        self._open = open_stores
        self.is_there = is_there
        self._opening = asyncio.Lock()
        self._opened: Opened | None = None
        self._is_closed = False

    async def stores(self) -> ManyStores:
        """Always the same ones. Raises `StoreFailed`."""
        return (await self._get()).stores

    async def local(self) -> LocalStore:
        """The one on this machine."""
        return (await self._get()).local

    async def _get(self) -> Opened:
        async with self._opening:
            if self._is_closed:
                raise StoreUnavailable("local", "the engine is stopping")
            if self._opened is None:
                self._opened = await self._open()
            return self._opened

    async def close(self) -> None:
        async with self._opening:
            self._is_closed = True
            if self._opened is not None:
                await self._opened.stores.close()
                await self._opened.close()
