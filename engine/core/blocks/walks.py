"""Reading and writing trees of blocks without knowing where the blocks are.

A walk is a generator: it yields the CIDs of blocks it needs, as many as it can use at once, and is sent what
was found. Now and then it yields none, so that whoever drives it may take what was written, or let others
run. What is written goes to a `Writer` and what is read comes from a `Reader`: they know whether blocks are
sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol, TypeVar

from engine.core.block_links import links_of_block
from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Node, decode, encode
from engine.core.blocks.errors import AlteredBlock, BlockTooLarge, MissingBlock
from engine.core.cids import Cid, cid_of, is_named

S = TypeVar("S")
T = TypeVar("T")

Wanted = tuple[Cid, ...]
Walk = Generator[Wanted, Mapping[Cid, Node], T]
"""Asks for nodes; their blocks were found, verified and opened."""
BlockWalk = Generator[Wanted, Mapping[Cid, bytes], T]
"""Asks for blocks, as they are in a store. What is not there is left out of the answer."""

BREATH: Wanted = ()
"""What a walk yields when it needs nothing, and has written something."""
AT_ONCE = 256
"""Blocks that are asked for at a time: many enough to be fetched as one, few enough to be held."""
OPENED_AT_ONCE = 8
"""Blocks that are opened, and nodes that are read, before others may run; some milliseconds."""
TURN = 500
"""Entries that are dealt with before others may run: about a millisecond."""


class Writer(Protocol):
    """Takes nodes and says by which CIDs they are to be linked."""

    def write(self, node: Node) -> Cid:
        """Make a block of it. The same node has the same CID."""


class Reader(Protocol):
    """Makes nodes of blocks."""

    def read(self, cid: Cid, block: bytes) -> Node:
        """The node; the block was verified. Raises `BlockError`."""


class PlainBlocks:
    """Blocks that anybody may read: nodes as they are."""

    def __init__(self) -> None:
        self.new: dict[Cid, bytes] = {}
        """What was written, until somebody takes it."""

    def write(self, node: Node) -> Cid:
        block = checked(encode(node))
        cid = cid_of(block)
        self.new[cid] = block
        return cid

    def read(self, cid: Cid, block: bytes) -> Node:
        return decode(block)


def checked(block: bytes) -> bytes:
    """The block, which has to fit into one."""
    if len(block) > LARGEST_BLOCK:
        raise BlockTooLarge(
            f"a block of {len(block):,} bytes was to be written; the largest has {LARGEST_BLOCK:,}"
        )
    return block


def verify(cid: Cid, block: bytes) -> bytes:
    """The bytes, if they are those that the CID names. To be done before anything is read of them."""
    if len(block) > LARGEST_BLOCK:
        raise BlockTooLarge(f"a block of {len(block):,} bytes; the largest has {LARGEST_BLOCK:,}")
    if not is_named(cid, block):
        raise AlteredBlock(cid, len(block))
    return block


def on_blocks(walk: Walk[T], reader: Reader) -> BlockWalk[T]:
    """The same walk over blocks as they come from a store: each is verified first, then opened."""
    try:
        wanted = next(walk)
        while True:
            found = yield wanted
            wanted = walk.send((yield from _open(wanted, found, reader)))
    except StopIteration as end:
        result: T = end.value
        return result


def from_memory(walk: Walk[T], memory: Mapping[Cid, Node]) -> Walk[T]:
    """The same walk, which asks for no node that is remembered."""
    try:
        wanted = next(walk)
        while True:
            known = {cid: memory[cid] for cid in wanted if cid in memory}
            if wanted and len(known) == len(wanted):
                wanted = walk.send(known)
            else:
                found = yield tuple(cid for cid in wanted if cid not in known)
                wanted = walk.send({**known, **found})
    except StopIteration as end:
        result: T = end.value
        return result


def _open(wanted: Wanted, found: Mapping[Cid, bytes], reader: Reader) -> BlockWalk[dict[Cid, Node]]:
    if missing := [cid for cid in wanted if cid not in found]:
        raise MissingBlock(missing)
    nodes: dict[Cid, Node] = {}
    for batch in in_turns(wanted, OPENED_AT_ONCE):
        nodes.update((cid, reader.read(cid, verify(cid, found[cid]))) for cid in batch)
        if len(nodes) < len(wanted):
            yield BREATH
    return nodes


def in_turns(items: Iterable[S], size: int = TURN) -> Iterator[list[S]]:
    """The items in their order, so many at a time."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def run(walk: Generator[Wanted, Mapping[Cid, bytes], T], get: Callable[[Wanted], Mapping[Cid, bytes]]) -> T:
    """Drive a walk to its end, with blocks that are at hand."""
    try:
        wanted = next(walk)
        while True:
            wanted = walk.send(get(wanted) if wanted else {})
    except StopIteration as end:
        result: T = end.value
        return result


def nothing_else(walk: Walk[T]) -> T:
    """The result of a walk that reads nothing, as when a tree is written for the first time."""
    try:
        while True:
            if wanted := next(walk):
                raise MissingBlock(wanted)
    except StopIteration as end:
        result: T = end.value
        return result


def reach(roots: Iterable[Cid], seen: Callable[[Cid], bool] = lambda _: False) -> BlockWalk[dict[Cid, int]]:
    """Every block that these lead to, themselves among them, with its size. Takes no key: links are readable.

    What `seen` knows is not looked at, nor what it leads to.
    """
    sizes: dict[Cid, int] = {}
    left = [cid for cid in dict.fromkeys(roots) if not seen(cid)]
    queued = set(left)
    while left:
        batch, left = tuple(left[:AT_ONCE]), left[AT_ONCE:]
        found = yield batch
        if missing := [cid for cid in batch if cid not in found]:
            raise MissingBlock(missing)
        for cid in batch:
            sizes[cid] = len(found[cid])
            links = links_of_block(cid, verify(cid, found[cid]))
            new = [link for link in links if link not in queued and not seen(link)]
            queued.update(new)
            left.extend(new)
    return sizes
