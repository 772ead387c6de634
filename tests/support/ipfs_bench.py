"""A real IPFS node as a store under test: opened again, spoiled behind its back."""

from __future__ import annotations

import asyncio
from base64 import b32encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from engine.adapters.ipfs import IpfsBlocks, NodeLimits, Rpc
from engine.core.cids import Cid
from engine.ipfs_choice import read_address
from tests.support.ipfs_node import IpfsNode

IMPATIENT = NodeLimits(get_s=1.0, ask_again_s=0.5)
"""A node on loopback that has not found a block within a second will not find it."""


def blocks_in(node: IpfsNode, limits: NodeLimits = IMPATIENT) -> IpfsBlocks:
    return IpfsBlocks(Rpc(read_address(node.url), limits), limits)


def spoil_block(node: IpfsNode, cid: Cid, data: bytes) -> None:
    """Kubo has a file for each block, called after its hash."""
    name = b32encode(cid[2:]).decode().rstrip("=") + ".data"
    (file,) = (node.folder / "blocks").rglob(name)
    file.chmod(0o600)
    file.write_bytes(data)


class IpfsBench:
    """`tests.engine.contracts.block_stores.Bench`."""

    is_durable = True
    is_writable = True

    def __init__(self, node: IpfsNode) -> None:
        self._node = node
        self._opened: list[IpfsBlocks] = []

    async def open(self) -> IpfsBlocks:
        self._opened.append(blocks_in(self._node))
        return self._opened[-1]

    async def fill(self, blocks: Mapping[Cid, bytes], roots: Iterable[Cid]) -> IpfsBlocks:
        store = await self.open()
        await store.put_many(blocks)
        for root in roots:
            await store.pin(root)
        return store

    async def spoil(self, cid: Cid, data: bytes) -> bool:
        """A test could (`spoil_block`), but Kubo never writes a block again that it has: it cannot be mended
        from here, as this suite wants it to be."""
        return False

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


@asynccontextmanager
async def ipfs_bench(folder: Path) -> AsyncIterator[IpfsBench]:
    node = await asyncio.to_thread(IpfsNode, folder / "node")
    bench = IpfsBench(node)
    try:
        yield bench
    finally:
        await bench.close()
        await asyncio.to_thread(node.stop)
