"""What picos have put for everybody to fetch: each for its own account, kept as long as the pico wants it.

A deposit is a root in the stores that a keeper of its own keeps, whose name says whose it is and how much it
counts: so the ledger of the stores is the only book, and what a crash leaves open is ended as for any keeper.
A deposit counts with all that it leads to, whoever has put that, and so much more for its place in the book.
The sealed state of a pico leads to its deposits, so they are wherever that is, and come back with it.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.core.block_links import links_of_block
from engine.core.blocks.deposited import Deposited
from engine.core.cids import Cid, cid_of, cid_text, read_cid
from engine.core.model import PicoId
from engine.core.replicas import Replication
from engine.ports import StoreFailed
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.many_stores import ManyStores

logger = logging.getLogger(__name__)

KEEPER = "deposit"
PLACE_BYTES = 4_096
"""What a deposit counts beside its blocks: about what it takes on a disk. So a pico cannot have a million."""


class NoRoom(Exception):
    """A deposit that is more than a pico may have; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """One of them, as its keeper is called."""

    pico: PicoId
    cid: str
    size: int
    """Bytes that it counts."""

    @property
    def keeper(self) -> str:
        return f"{_keepers_of(self.pico)}{self.size} {self.cid}"


class Deposits:
    """Those of one engine."""

    def __init__(
        self,
        stores: Callable[[], Awaitable[ManyStores]],
        replication: Callable[[PicoId], Replication],
        most: int,
        is_there: Callable[[PicoId], bool],
    ) -> None:
        """What a pico has is replicated like its state, and may be `most` bytes; `is_there` says whether
        there is a pico at all."""
        self._stores = stores
        self._replication = replication
        self._most = most
        self._is_there = is_there
        self._locks = KeyedLocks()
        self._gone: deque[PicoId] = deque()
        self._is_to_look = False
        self._task: Task[None] | None = None

    async def put(self, pico: PicoId, block: bytes) -> Deposit:
        """Keep a block for a pico, and all that it leads to. When it returns, that is durable here.

        Raises `NoRoom`, `MissingBlocks` for what it leads to and is not here, and another `StoreFailed`.
        """
        cid = cid_of(block)
        async with self._locks.holding(pico):
            had = {one.cid: one async for one in self._of(pico)}
            if (known := had.get(cid_text(cid))) is not None:
                return known
            deposit = Deposit(pico, cid_text(cid), PLACE_BYTES + await self._weigh(cid, block))
            self._check_room(deposit, sum(one.size for one in had.values()))
            stores = await self._stores()
            await stores.put_many({cid: block})
            if self._is_there(pico):
                await stores.keep(deposit.keeper, cid, self._replication(pico))
            return deposit

    async def drop(self, pico: PicoId, cid: Cid) -> bool:
        """Keep it no more for that pico; whether it was kept."""
        async with self._locks.holding(pico):
            found = [one async for one in self._of(pico) if one.cid == cid_text(cid)]
            await self._release(found)
            return bool(found)

    async def of(self, pico: PicoId) -> list[Deposit]:
        """What a pico has."""
        return [one async for one in self._of(pico)]

    # --- picos that are no more ---

    def start(self) -> None:
        """End what a crash has left undone."""
        self._is_to_look = True
        self._go_on()

    def note_gone(self, pico: PicoId) -> None:
        """It was deleted: what it had is kept for nobody."""
        self._gone.append(pico)
        self._go_on()

    async def wait_rested(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Leave the rest to the next start."""
        self._gone.clear()
        await self.wait_rested()

    def _go_on(self) -> None:
        if (self._gone or self._is_to_look) and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            if self._is_to_look:
                await self._look_round()
            while self._gone:
                await self._release_all(self._gone.popleft())
        except StoreFailed as problem:
            logger.warning("what picos had put that were deleted is released at the next start: %s", problem)
        finally:
            self._task = None

    async def _look_round(self) -> None:
        self._is_to_look = False
        async for one in self._all(f"{KEEPER} "):
            if one.pico not in self._gone and not self._is_there(one.pico):
                self._gone.append(one.pico)

    async def _release_all(self, pico: PicoId) -> None:
        async with self._locks.holding(pico):
            await self._release(await self.of(pico))

    async def _release(self, deposits: Iterable[Deposit]) -> None:
        stores = await self._stores()
        for one in deposits:
            await stores.release(one.keeper)

    # --- the book ---

    async def _of(self, pico: PicoId) -> AsyncIterator[Deposit]:
        async for one in self._all(_keepers_of(pico)):
            yield one

    async def _all(self, beginning: str) -> AsyncIterator[Deposit]:
        async for one in _booked(await self._stores(), beginning):
            yield one

    async def _weigh(self, cid: Cid, block: bytes) -> int:
        """Bytes of the block and of all below it, as far as that is less than a pico may have."""
        size = len(block)
        stores = await self._stores()
        async for found in stores.walk_here(links_of_block(cid, block)):
            size += sum(map(len, found.values()))
            if size > self._most:
                break
        return size

    def _check_room(self, deposit: Deposit, used: int) -> None:
        if deposit.size + used > self._most:
            raise NoRoom(
                f"{deposit.cid} counts {deposit.size:,} bytes or more, and what this pico has put counts "
                f"{used:,} already; it may be {self._most:,} in all (ipfs_pico_bytes). ipfs:drop makes room, "
                "ipfs:kept() says what there is"
            )


def _keepers_of(pico: PicoId) -> str:
    return f"{KEEPER} {pico} "


async def _booked(stores: ManyStores, beginning: str) -> AsyncIterator[Deposit]:
    async for kept in stores.keepers(beginning):
        pico, size, cid = kept.keeper.removeprefix(f"{KEEPER} ").rsplit(" ", 2)
        yield Deposit(PicoId(pico), cid, int(size))


# --- along with the state of their pico --------------------------------------------------------------


async def deposits_in(stores: ManyStores, pico: PicoId) -> tuple[Deposited, ...]:
    """What a pico has, as its sealed state leads to it."""
    found = [one async for one in _booked(stores, _keepers_of(pico))]
    return tuple(Deposited(read_cid(one.cid), one.size) for one in found)


async def bring_back(
    stores: ManyStores, pico: PicoId, deposits: Sequence[Deposited], replication: Replication
) -> None:
    """Keep for a pico that comes back what it had; the blocks are here."""
    for one in deposits:
        await stores.keep(Deposit(pico, cid_text(one.cid), one.size).keeper, one.cid, replication)
