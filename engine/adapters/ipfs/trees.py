"""A whole tree out of an IPFS node: all that a root leads to, every block hashed again.

What a node has itself comes as one CAR, many times as quick as block by block. A CAR that lacks a block just
ends there (that it failed stands behind the answer, in a trailer), so what is missing is found by following
links. For a CAR a node would fetch one block after the other from its peers, each with forty milliseconds of
its own; for a list of references it fetches all that a block leads to at a time. So it makes that first, and
what is missing still is asked for by itself, many blocks at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.rpc import NodeRefused, Rpc, TooMuch
from engine.core.blocks.dag_cbor import decode, links_of
from engine.core.blocks.errors import NotDagCbor
from engine.core.cars import AlteredCar, BadCar, CarCut, CarReader
from engine.core.cids import Cid, check_cid, cid_text, codec_of
from engine.ports import MissingBlocks, StoreUnavailable, WrongBytes

GetMany = Callable[[Iterable[Cid]], Awaitable[Mapping[Cid, bytes]]]

AT_ONCE = 256
"""Blocks that are asked for at a time; also so many of which none came say that the others will not come."""


class TreeFetch:
    """One tree on its way. It knows which blocks are linked to and did not come yet."""

    def __init__(self, rpc: Rpc, limits: NodeLimits, get_many: GetMany, root: Cid) -> None:
        self._rpc = rpc
        self._limits = limits
        self._get_many = get_many
        self._root = check_cid(root)
        self._seen: set[Cid] = set()
        self._wanted: dict[Cid, None] = {root: None}
        self._bytes = 0

    async def run(self) -> AsyncIterator[dict[Cid, bytes]]:
        """Each block once, in pieces, those that link before those that are linked to."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self._limits.tree_s
        async for blocks in self._export():
            yield blocks
        if self._wanted:
            had_none = not self._seen
            if await self._have_it_fetched() and had_none:
                async for blocks in self._export():
                    yield blocks
        missing: set[Cid] = set()
        while batch := list(islice((cid for cid in self._wanted if cid not in missing), AT_ONCE)):
            if loop.time() > end_s:
                raise StoreUnavailable(
                    self._rpc.name, f"no whole tree within {self._limits.tree_s:g} seconds"
                )
            found = await self._get_many(batch)
            missing.update(cid for cid in batch if cid not in found)
            if not found:
                break
            yield {cid: data for cid, data in found.items() if self._take(cid, data)}
        if self._wanted:
            raise MissingBlocks(
                self._rpc.name,
                f"blocks below {cid_text(self._root)} are missing, here and with its peers",
                missing,
            )

    async def _export(self) -> AsyncIterator[dict[Cid, bytes]]:
        """What the node has of it, as far as it can follow. One that does not have the root refuses."""
        options = {"arg": cid_text(self._root), "offline": "true"}
        reader = CarReader()
        opened = self._rpc.open("dag/export", options, self._limits.tree_s, stall_s=self._limits.stall_s)
        with suppress(CarCut, NodeRefused):
            async with opened as pieces:
                async for piece in pieces:
                    if new := self._read(reader, piece):
                        yield new
            reader.finish()

    async def _have_it_fetched(self) -> bool:
        """Whether the node says that it has all of it now. It may stall, or know no such command: then it is
        asked for each block, which may help."""
        options = {"arg": cid_text(self._root), "recursive": "true", "unique": "true"}
        patience_s, told = self._limits.ask_again_s, 0
        with suppress(StoreUnavailable):
            async with self._rpc.open("refs", options, self._limits.tree_s, stall_s=patience_s) as pieces:
                async for piece in pieces:
                    told += len(piece)
                    if told > self._limits.answer_bytes:
                        return False
            return True
        return False

    def _read(self, reader: CarReader, piece: bytes) -> dict[Cid, bytes]:
        """The blocks that are new; those that belong to something else are passed over."""
        try:
            sections = reader.feed(piece)
        except AlteredCar as problem:
            raise WrongBytes(self._rpc.name, str(problem), [problem.cid]) from problem
        except BadCar as problem:
            raise StoreUnavailable(self._rpc.name, str(problem)) from problem
        return {cid: data for cid, data, _ in sections if self._take(cid, data)}

    def _take(self, cid: Cid, data: bytes) -> bool:
        if cid not in self._wanted:
            return False
        self._bytes += len(data)
        if self._bytes > self._limits.tree_bytes:
            raise TooMuch(self._rpc.name, f"the tree has more than {self._limits.tree_bytes:,} bytes")
        del self._wanted[cid]
        self._seen.add(cid)
        self._wanted.update((link, None) for link in self._links(cid, data) if link not in self._seen)
        return True

    def _links(self, cid: Cid, data: bytes) -> tuple[Cid, ...]:
        if codec_of(cid) == "raw":
            return ()
        try:
            return links_of(decode(data))
        except NotDagCbor as problem:  # the right bytes for its CID, so whoever made that CID lies
            raise WrongBytes(self._rpc.name, f"{cid_text(cid)} is no DAG-CBOR: {problem}", [cid]) from problem
