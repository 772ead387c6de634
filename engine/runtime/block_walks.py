"""All that roots lead to, fetched from a store a bounded number of blocks at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from engine.core.block_links import links_of_block
from engine.core.cids import Cid
from engine.ports import BlockStore, MissingBlocks

AT_ONCE = 128
"""Blocks that are fetched, and held, at a time."""


async def walk(store: BlockStore, roots: Iterable[Cid]) -> AsyncIterator[dict[Cid, bytes]]:
    """Each block once, those above before those below. Raises `MissingBlocks`, and what the store raises.

    Of the blocks that it has seen it remembers the names, of those ahead too.
    """
    ahead = list(dict.fromkeys(roots))
    seen = set(ahead)
    while ahead:
        # The last first: going down before going on keeps the list of what is ahead short.
        wanted, ahead = ahead[-AT_ONCE:], ahead[:-AT_ONCE]
        found = await store.get_many(wanted)
        if missing := [cid for cid in wanted if cid not in found]:
            raise MissingBlocks(store.name, f"{len(missing)} of the blocks to be read are missing", missing)
        for cid in wanted:
            new = [link for link in links_of_block(cid, found[cid]) if link not in seen]
            seen.update(new)
            ahead.extend(new)
        yield {cid: found[cid] for cid in wanted}
