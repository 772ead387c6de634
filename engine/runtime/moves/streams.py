"""Blocks as a stream between two engines: a CAR that is made while it goes out, and read while it comes.

Neither side ever holds more than some pieces of it, however large the state is. What comes is hashed before
anybody sees it, and of what nobody asked for nothing is taken.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence

from engine.core.cars import CarReader, car_header, car_section
from engine.core.cids import Cid
from engine.ports import BlockStore

READ_AT_ONCE = 8
"""Blocks that are read for one piece of the stream."""
TAKEN_AT_ONCE = 256 << 10
"""Bytes of blocks, or one block, that are put into a store together where they come to."""


class NotAskedFor(ValueError):
    """A block in the stream that is none of those that were wanted."""


async def car_of_store(store: BlockStore, cids: Sequence[Cid]) -> AsyncGenerator[bytes, None]:
    """Those of these that are there. Raises `StoreFailed` in the middle, where the stream then is cut."""
    yield car_header(cids[:1])
    for begin in range(0, len(cids), READ_AT_ONCE):
        found = await store.get_many(cids[begin : begin + READ_AT_ONCE])
        if found:
            yield b"".join(car_section(cid, block) for cid, block in found.items())


async def blocks_of_car(
    pieces: AsyncIterator[bytes], wanted: Collection[Cid]
) -> AsyncGenerator[dict[Cid, bytes], None]:
    """What is in it, some at a time. Raises `BadCar`, `NotAskedFor`, and what the pieces raise; what came
    before that is good, and is given before."""
    reader, held, size = CarReader(), dict[Cid, bytes](), 0
    try:
        async for piece in pieces:
            for cid, block, _ in reader.feed(piece):
                if cid not in wanted:
                    raise NotAskedFor("a block came along that nobody has asked for")
                held[cid], size = block, size + len(block)
            if size >= TAKEN_AT_ONCE:
                yield held
                held, size = {}, 0
        reader.finish()
    except Exception:
        if held:
            yield held
        raise
    if held:
        yield held
