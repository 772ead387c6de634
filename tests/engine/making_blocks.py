"""Blocks for tests, encoded by hand, so that no encoder is tested against itself."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from engine.core.cids import Cid


def raw_cid(data: bytes) -> Cid:
    return Cid(b"\x01\x55\x12\x20" + sha256(data).digest())


def node_cid(data: bytes) -> Cid:
    return Cid(b"\x01\x71\x12\x20" + sha256(data).digest())


def head(kind: int, number: int) -> bytes:
    """How an item of CBOR begins, as short as can be."""
    if number < 24:
        return bytes((kind << 5 | number,))
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes((kind << 5 | 24 + (1, 2, 4, 8).index(size),)) + number.to_bytes(size, "big")


def link(cid: Cid) -> bytes:
    return head(6, 42) + head(2, 37) + b"\0" + cid


def node(links: Sequence[Cid], content: bytes = b"") -> bytes:
    """A DAG-CBOR block as an envelope has it: an array of links, then opaque bytes."""
    return head(4, 2) + head(4, len(links)) + b"".join(map(link, links)) + head(2, len(content)) + content


@dataclass(frozen=True)
class Tree:
    """A root, and all blocks that it leads to, itself included."""

    root: Cid
    blocks: Mapping[Cid, bytes]


def leaf(content: bytes) -> Tree:
    return Tree(raw_cid(content), {raw_cid(content): content})


def above(*trees: Tree, content: bytes = b"") -> Tree:
    """One more block, which leads to all of these."""
    data = node([tree.root for tree in trees], content)
    blocks = {cid: body for tree in trees for cid, body in tree.blocks.items()}
    return Tree(node_cid(data), {**blocks, node_cid(data): data})


def grow(seed: int, leaves: int = 8, width: int = 3, size: int = 40) -> Tree:
    """A tree whose leaves have so many random bytes."""
    chance = random.Random(seed)
    trees = [leaf(chance.randbytes(size)) for _ in range(leaves)]
    while len(trees) > 1:
        trees = [
            above(*trees[place : place + width], content=chance.randbytes(size))
            for place in range(0, len(trees), width)
        ]
    return trees[0] if trees[0].root[1] == 0x71 else above(trees[0])
