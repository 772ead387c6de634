"""A store of blocks in memory, as small as it can be, which counts what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from engine.adapters.keys import BlockCipher
from engine.core.blocks.sealing import Keyring, SealedBlocks
from engine.core.blocks.walks import BlockWalk, PlainBlocks, Walk, Wanted, on_blocks, run
from engine.core.cids import Cid

T = TypeVar("T")

KEY = bytes(range(32))
"""A state key."""


def sealed_blocks(**keys: bytes) -> SealedBlocks:
    """Blocks under the keys of these epochs (`e0`, `e1`…), or else under one key."""
    state_keys = {int(name[1:]): key for name, key in keys.items()} or {0: KEY}
    return SealedBlocks(Keyring(state_keys), BlockCipher())


class Shelf:
    """Holds what walks on it have written."""

    def __init__(self, blocks: PlainBlocks | SealedBlocks | None = None) -> None:
        self.blocks = blocks or PlainBlocks()
        self.kept = self.blocks.new
        self.asked: list[Wanted] = []
        self.breaths = 0

    def run(self, walk: Walk[T]) -> T:
        return self.run_on_blocks(on_blocks(walk, self.blocks))

    def run_on_blocks(self, walk: BlockWalk[T]) -> T:
        return run(self._counted(walk), self.get)

    def _counted(self, walk: BlockWalk[T]) -> BlockWalk[T]:
        found: Mapping[Cid, bytes] | None = None
        while True:
            try:
                wanted = next(walk) if found is None else walk.send(found)
            except StopIteration as end:
                result: T = end.value
                return result
            self.breaths += not wanted
            found = yield wanted

    def get(self, wanted: Wanted) -> Mapping[Cid, bytes]:
        self.asked.append(wanted)
        return {cid: self.kept[cid] for cid in wanted if cid in self.kept}

    def written(self, walk: Walk[T]) -> tuple[T, int]:
        """What a walk comes to, and how many new blocks it has written."""
        before = len(self.kept)
        return self.run(walk), len(self.kept) - before
