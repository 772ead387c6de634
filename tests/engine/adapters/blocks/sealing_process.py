"""A process that seals one state after another until it is killed, and says what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.adapters.blocks import Database, LocalBlocks
from tests.engine.making_blocks import Tree, above, grow

SHARED = grow(1, leaves=30)


def state(number: int) -> Tree:
    return above(SHARED, grow(1_000 + number, leaves=6), content=b"state")


async def seal(path: Path) -> None:
    """Each hour of the store's clock a new state; what is superseded goes with the next collection."""
    hour, database = 0, Database(path)
    store = LocalBlocks(database, lambda: hour * 3_600_000)
    while True:
        tree = state(hour)
        await store.put_many(tree.blocks)
        await store.pin(tree.root)
        print(hour, flush=True)
        if hour:
            await store.unpin(state(hour - 1).root)
        await store.collect()
        hour += 1


if __name__ == "__main__":
    asyncio.run(seal(Path(sys.argv[1])))
