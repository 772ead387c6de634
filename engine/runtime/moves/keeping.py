"""What both sides of a move do with a state that is in their stores."""

from __future__ import annotations

from engine.core.cids import Cid, read_cid
from engine.core.replicas import NOWHERE
from engine.ports import BlockStore
from engine.runtime.many_stores import ManyStores

EPOCH = 1
"""Of the key that blocks are sealed with on their way: there is one for all moves of a pico."""


async def keep(store: BlockStore, did: str, root: Cid) -> None:
    """Until there is another of that pico."""
    if isinstance(store, ManyStores):
        await store.keep(f"move {did}", root, NOWHERE)
    else:
        await store.pin(root)


async def release(store: BlockStore, did: str, root: str) -> None:
    """Nothing is kept of that pico any more."""
    if isinstance(store, ManyStores):
        await store.release(f"move {did}")
    elif root:
        await store.unpin(read_cid(root))
