"""A store that forgets everything with its process: for tests, and for what is put together before it goes
elsewhere. Nothing is collected unless somebody asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.adapters.blocks.checking import check_blocks, check_cids, sort_out
from engine.core.block_links import links_of_block
from engine.core.cids import Cid, check_cid
from engine.ports import MissingBlocks, StoreFull, StoreUnavailable


class MemoryBlocks:
    """`engine.ports.BlockStore`."""

    def __init__(self, name: str = "memory", most_bytes: int | None = None) -> None:
        self.name = name
        self.blocks: dict[Cid, bytes] = {}
        self._links: dict[Cid, tuple[Cid, ...]] = {}
        self._roots: set[Cid] = set()
        self._whole: set[Cid] = set()
        """Blocks below which nothing is missing."""
        self._most_bytes = most_bytes
        self._is_closed = False

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        self._check_open()
        check_blocks(self.name, blocks)
        links = {cid: links_of_block(cid, data) for cid, data in blocks.items()}
        new = {cid: bytes(data) for cid, data in blocks.items() if self.blocks.get(cid) != data}
        if self._most_bytes is not None:
            room = self._most_bytes - sum(map(len, self.blocks.values()))
            if sum(map(len, new.values())) > room:
                raise StoreFull(self.name, f"there is room for {max(room, 0)} bytes")
        self.blocks.update(new)
        self._links.update(links)

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        self._check_open()
        return sort_out(self.name, {cid: self.blocks[cid] for cid in check_cids(cids) if cid in self.blocks})

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        self._check_open()
        return self.blocks.keys() & set(check_cids(cids))

    async def pin(self, root: Cid) -> None:
        self._check_open()
        check_cid(root)
        reached = self._reachable([root], self._whole)
        missing = reached - self.blocks.keys()
        if missing:
            raise MissingBlocks(self.name, f"{len(missing)} blocks below a root are missing", missing)
        self._whole |= reached
        self._roots.add(root)

    async def unpin(self, root: Cid) -> None:
        self._check_open()
        self._roots.discard(root)

    async def roots(self) -> frozenset[Cid]:
        self._check_open()
        return frozenset(self._roots)

    async def collect(self) -> int:
        """Removes at once what no root leads to; says how many."""
        self._check_open()
        gone = self.blocks.keys() - self._reachable(self._roots)
        for cid in gone:
            del self.blocks[cid], self._links[cid]
        self._whole -= gone
        return len(gone)

    async def close(self) -> None:
        self._is_closed = True

    def _reachable(self, roots: Iterable[Cid], known: Collection[Cid] = ()) -> set[Cid]:
        """With those of them that are not here, and without what only known ones lead to."""
        found = set(roots)
        ahead = [cid for cid in found if cid not in known]
        while ahead:
            new = [link for link in self._links.get(ahead.pop(), ()) if link not in found]
            found.update(new)
            ahead.extend(link for link in new if link not in known)
        return found

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(self.name, "it is closed")
