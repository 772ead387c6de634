"""Blocks in an IPFS node: put in bulk, pinned under a label, fetched one by one, and every one hashed again.

The node may be anybody's, and may be slow, full, dead or lying; whatever it does is one of `StoreFailed`.
What it does not have it looks for among its peers, for as long as the limits say. Pins of others are left
alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.rpc import GRACE_S, NodeRefused, Rpc, TooMuch, shown
from engine.adapters.ipfs.status import NodeStatus, ask_status
from engine.adapters.ipfs.trees import TreeFetch
from engine.core.blocks.dag_cbor import decode
from engine.core.cars import car_header, car_section
from engine.core.cids import Cid, NotACid, check_cid, cid_text, codec_of, is_named, read_cid
from engine.ports import LARGEST_BLOCK, MissingBlocks, StoreUnavailable, WrongBytes

T = TypeVar("T")

LABEL = "picomesh"
"""What our pins are called in a node."""

BREATH_BYTES = 1 << 20
"""That are hashed in one go: a millisecond or two."""
PIECE_BYTES = 1 << 17
"""That are sent in one go."""
BLOCK_COSTS = 4_000
"""As many bytes, about, is what looking at a block costs beside hashing it."""

_NOT_FOUND = re.compile(r"not found|could not find|no link named", re.IGNORECASE)
_TOO_LATE = re.compile(r"deadline exceeded|context canceled|timed? ?out|channel was closed", re.IGNORECASE)
_NOT_PINNED = re.compile(r"not pinned", re.IGNORECASE)
_A_CID = re.compile(r"\bb[a-z2-7]{58}\b")


class IpfsBlocks:
    """`engine.ports.BlockStore`."""

    def __init__(self, rpc: Rpc, limits: NodeLimits, label: str = LABEL) -> None:
        self.name = rpc.name
        self._rpc = rpc
        self._limits = limits
        self._label = label

    # --- blocks ------------------------------------------------------------------------------------

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        await _check_blocks(self.name, blocks)
        await _each(self._import, self._in_batches(blocks), self._limits.puts_at_once)

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        good: dict[Cid, bytes] = {}
        wrong: set[Cid] = set()

        async def take(cid: Cid) -> None:
            data = await self._fetch(cid)
            if data is not None and is_named(cid, data):
                good[cid] = data
            elif data is not None:
                wrong.add(cid)

        wanted = _named_once(cids)
        await _each(take, wanted, min(len(wanted), self._limits.at_once))
        if wrong:
            raise WrongBytes(self.name, f"{len(wrong)} blocks are not what their CIDs name", wrong, good)
        return good

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        found: set[Cid] = set()

        async def look(cid: Cid) -> None:
            if await self._has(cid):
                found.add(cid)

        wanted = _named_once(cids)
        await _each(look, wanted, min(len(wanted), self._limits.at_once))
        return found

    def get_tree(self, root: Cid) -> AsyncIterator[dict[Cid, bytes]]:
        """All that a root leads to, itself included, in pieces: many times as quick as block by block. Raises
        `MissingBlocks` in the end, `WrongBytes` and `StoreUnavailable`; what came before is good."""
        return TreeFetch(self._rpc, self._limits, self.get_many, root).run()

    # --- pins --------------------------------------------------------------------------------------

    async def pin(self, root: Cid) -> None:
        await self._check_whole(root)
        named = {"arg": cid_text(check_cid(root)), "name": self._label}
        answer = await self._rpc.ask_json("pin/add", named, self._limits.pin_s)
        pins = answer.get("Pins")
        if not isinstance(pins, list) or named["arg"] not in pins:
            raise StoreUnavailable(
                self.name, f"{named['arg']} was to be pinned, and the node does not say that it is"
            )

    async def unpin(self, root: Cid) -> None:
        if not await self._is_ours(root):
            return
        try:
            await self._rpc.ask("pin/rm", {"arg": cid_text(root)}, self._limits.answer_s)
        except NodeRefused as refusal:
            if not refusal.says(_NOT_PINNED):  # somebody else was quicker
                raise

    async def roots(self) -> frozenset[Cid]:
        options = {"type": "recursive", "stream": "true", "names": "true", "name": self._label}
        answer = await self._rpc.ask("pin/ls", options, self._limits.answer_s)
        pins = self._rpc.read_entries("pin/ls", answer)
        ours = (str(pin.get("Cid")) for pin in pins if pin.get("Name") == self._label)
        return frozenset(cid for cid in map(_cid_or_none, ours) if cid is not None)

    async def status(self) -> NodeStatus:
        """What the node says of itself. Raises `StoreUnavailable`."""
        return await ask_status(self._rpc, self._limits)

    async def close(self) -> None:
        await self._rpc.close()

    # --- requests ----------------------------------------------------------------------------------

    def _in_batches(self, blocks: Mapping[Cid, bytes]) -> Iterator[dict[Cid, bytes]]:
        batch: dict[Cid, bytes] = {}
        size = 0
        for cid, data in blocks.items():
            if batch and (size + len(data) > self._limits.put_bytes or len(batch) >= self._limits.put_blocks):
                yield batch
                batch, size = {}, 0
            batch[cid] = data
            size += len(data)
        if batch:
            yield batch

    async def _import(self, batch: Mapping[Cid, bytes]) -> None:
        """Roots are pinned later and by themselves: with a CAR, a node waits for ever for what is missing."""
        options = {"pin-roots": "false", "stats": "true"}
        answer = await self._rpc.ask("dag/import", options, self._limits.put_s, body=_car(batch))
        told = [entry.get("Stats") for entry in self._rpc.read_entries("dag/import", answer)]
        counts = [stats.get("BlockCount") for stats in told if isinstance(stats, dict)]
        if counts != [len(batch)]:
            count = shown(str(counts[0])) if counts else "none"
            raise StoreUnavailable(self.name, f"of {len(batch)} blocks it says that it took {count}")

    async def _fetch(self, cid: Cid) -> bytes | None:
        """Whatever the node gives for it; None if it gave nothing, however often it was asked."""
        patience_s = min(self._limits.ask_again_s, self._limits.get_s)
        options = {"arg": cid_text(cid), "timeout": f"{patience_s:g}s"}
        for _ in range(self._limits.asks):
            try:
                return await self._rpc.ask("block/get", options, patience_s + GRACE_S, most=LARGEST_BLOCK)
            except TooMuch:
                return b""  # the right bytes of one block only, for which they are as good
            except NodeRefused as refusal:
                if refusal.says(_TOO_LATE):
                    continue
                if refusal.says(_NOT_FOUND):  # it asks no others
                    return None
                raise
        return None

    async def _has(self, cid: Cid) -> bool:
        options = {"arg": cid_text(cid), "offline": "true"}
        try:
            await self._rpc.ask("block/stat", options, self._limits.answer_s)
        except NodeRefused as refusal:
            if refusal.says(_NOT_FOUND):
                return False
            raise
        return True

    async def _check_whole(self, root: Cid) -> None:
        """A node that was to pin a tree with a hole would wait until somebody brings what is missing."""
        options = {"arg": cid_text(check_cid(root)), "offline": "true", "progress": "false"}
        try:
            await self._rpc.ask("dag/stat", options, self._limits.pin_s)
        except NodeRefused as refusal:
            if not refusal.says(_NOT_FOUND):
                raise
            missing = _cid_or_none(found[0]) if (found := _A_CID.search(refusal.said)) else None
            raise MissingBlocks(self.name, refusal.said, [missing or root]) from refusal

    async def _is_ours(self, root: Cid) -> bool:
        options = {"arg": cid_text(check_cid(root)), "type": "recursive", "names": "true"}
        try:
            answer = await self._rpc.ask_json("pin/ls", options, self._limits.answer_s)
        except NodeRefused as refusal:
            if refusal.says(_NOT_PINNED):
                return False
            raise
        pins = answer.get("Keys")
        found = pins.get(options["arg"]) if isinstance(pins, dict) else None
        return isinstance(found, dict) and found.get("Name") == self._label


async def _each(do: Callable[[T], Awaitable[None]], things: Iterable[T], at_once: int) -> None:
    """With all of them, so many at a time; when one fails, no other goes on."""
    left = iter(things)

    async def work() -> None:
        for thing in left:
            await do(thing)

    workers = [asyncio.create_task(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _car(blocks: Mapping[Cid, bytes]) -> AsyncIterator[bytes]:
    """In pieces; others get their turn in between. A CAR names a root, though none is pinned."""
    held, size = [car_header([next(iter(blocks))])], 0
    for cid, data in blocks.items():
        held.append(car_section(cid, data))
        size += len(data)
        if size > PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
            await asyncio.sleep(0)
    if held:
        yield b"".join(held)


def _named_once(cids: Iterable[Cid]) -> list[Cid]:
    return [check_cid(cid) for cid in dict.fromkeys(cids)]


def _cid_or_none(text: str) -> Cid | None:
    try:
        return read_cid(text)
    except NotACid:
        return None


async def _check_blocks(store: str, blocks: Mapping[Cid, bytes]) -> None:
    """Refuses what no store takes, before any of it is sent. Others get their turn in between."""
    wrong = []
    since_breath = 0
    for cid, data in blocks.items():
        if len(data) > LARGEST_BLOCK:
            raise ValueError(f"a block of {len(data)} bytes; the largest has {LARGEST_BLOCK}")
        if not is_named(check_cid(cid), data):
            wrong.append(cid)
        elif codec_of(cid) == "dag-cbor":
            decode(data)
        since_breath += len(data) + BLOCK_COSTS
        if since_breath > BREATH_BYTES:
            since_breath = 0
            await asyncio.sleep(0)
    if wrong:
        raise WrongBytes(store, f"{len(wrong)} blocks to be put are not what their CIDs name", wrong)
