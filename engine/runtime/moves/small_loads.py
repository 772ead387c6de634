"""The state of a small pico on its way: all of its blocks go in one message, and are kept beside the seat.

They become durable by the very commit in which the seat names their root, on both sides, and go with the
commit in which it does so no more. So a small pico moves without a store of blocks, which has a disk to wait
for of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.core.blocks.dag_cbor import decode, encode
from engine.core.blocks.errors import BlockError
from engine.core.cids import Cid, cid_of, cid_text
from engine.core.migration import Seat
from engine.core.migration.messages import Finished, Staged
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase
from engine.ports import Journal, SetFact, Write
from engine.runtime.moves.cases import Case
from engine.runtime.moves.loads import Blocks

MOST_BYTES = 128 << 10
"""Of a state that is small. The journal has it twice for a moment, and a message four thirds of it."""
REMEMBERED = 64


class NotSmall(Exception):
    """A state that is to go by the store."""


class Hold:
    """What a walk writes of a small state."""

    def __init__(self) -> None:
        self.size = 0
        self.blocks: dict[Cid, bytes] = {}

    async def put_many(self, blocks: Blocks) -> None:
        """Raises `NotSmall`."""
        self.size += sum(map(len, blocks.values()))
        if self.size > MOST_BYTES:
            raise NotSmall
        self.blocks.update(blocks)

    async def get_many(self, cids: Sequence[Cid]) -> Blocks:
        raise AssertionError("nothing is read where a state is written")


class InMemory:
    """What a walk reads, all of it."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    async def put_many(self, blocks: Blocks) -> None:
        raise AssertionError("nothing is written where a state is read")

    async def get_many(self, cids: Sequence[Cid]) -> Blocks:
        return {cid: self._blocks[cid] for cid in cids if cid in self._blocks}


def all_of_it(root: str, brought: Iterable[bytes]) -> Blocks | None:
    """Blocks that came in a message, if they may be all of a small state."""
    blocks = {cid_of(block): block for block in brought}
    is_small = sum(map(len, blocks.values())) <= MOST_BYTES
    return blocks if is_small and any(cid_text(cid) == root for cid in blocks) else None


class SmallLoads:
    """Those of one engine's journal, by pico and root."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lately: OrderedDict[str, Blocks] = OrderedDict()

    def changes(self, did: str, message: object, case: Case, blocks: Blocks) -> tuple[Case, list[Write]]:
        """A case as it is to be kept, and by what the blocks are there that its seat names, and no others."""
        writes: list[Write] = []
        held = set(case.held)
        if blocks and isinstance(message, Finished | Staged):
            writes.append(self._kept(did, message.head.cid, blocks))
            held.add(message.head.cid)
        needed = roots_in(case.seat)
        writes += [self._dropped(did, root) for root in sorted(held - needed)]
        return replace(case, held=tuple(sorted(held & needed))), writes

    def all_dropped(self, did: str, case: Case) -> list[Write]:
        """For a case that is to be kept no more."""
        return [self._dropped(did, root) for root in case.held]

    def _kept(self, did: str, root: str, blocks: Blocks) -> SetFact:
        name = _fact(did, root)
        self._lately[name] = blocks
        if len(self._lately) > REMEMBERED:
            self._lately.popitem(last=False)
        return SetFact(name, to_multibase("u", encode(list(blocks.values()))))

    def _dropped(self, did: str, root: str) -> SetFact:
        self._lately.pop(_fact(did, root), None)
        return SetFact(_fact(did, root), "")

    def find(self, did: str, root: str) -> Blocks | None:
        found = self._lately.get(_fact(did, root))
        return found if found is not None else _read(self._journal.fact(_fact(did, root)))


def roots_in(seat: Seat) -> set[str]:
    """The states that it names: what left from here, and what is to live here."""
    heads = (None if seat.source is None else seat.source.head, seat.target.head)
    return {head.cid for head in heads if head is not None}


def _read(text: str | None) -> Blocks | None:
    if not text:
        return None
    try:
        node = decode(from_multibase(text))
    except (NotEncoded, BlockError):
        return None
    blocks = node if isinstance(node, list) else []
    return {cid_of(block): block for block in blocks if isinstance(block, bytes)}


def _fact(did: str, root: str) -> str:
    return f"load {root} of {did}"
