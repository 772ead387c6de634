"""Large maps as hash array mapped tries, in the form of the IPLD HashMap specification.

See https://ipld.io/specs/advanced-data-layouts/hamt/spec/. Keys are bytes, values any node. The hash is
sha2-256, which the specification allows, and not murmur3: it comes with Python, and nobody can choose keys
that all lie in one branch. The same entries make the same blocks, whatever was set and removed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import NamedTuple, Protocol

from engine.core.blocks.dag_cbor import Link, Node
from engine.core.blocks.errors import NotATree
from engine.core.blocks.walks import AT_ONCE, BREATH, OPENED_AT_ONCE, Walk, Writer, in_turns
from engine.core.cids import Cid

SHA2_256 = 0x12
"""The multicodec of the hash, as `hashAlg` of a root says it."""
HASH_BITS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide a map branches and how much a bucket holds. Stands in its root."""

    bit_width: int = 5
    """Bits of the hash that choose an element of a node: 32 elements, so that a changed entry among 100,000
    rewrites three nodes, the last with a hundred entries."""
    bucket_size: int = 8
    """Entries that need no node of their own. With the 3 that others use there are ten times as many blocks,
    most of them with four entries."""


OURS = Shape()
NARROWEST, WIDEST, LARGEST_BUCKET = 3, 8, 16
"""What the root of somebody else's map may say: bits from and to, and entries of a bucket."""

Bucket = list[tuple[bytes, Node]]
Elements = dict[int, "Link | Bucket"]
"""What is in a node, by index: a node further down, or a few entries sorted by key."""

_ABSENT = object()
_Item = tuple[int, bytes, Node]
"""A hash, its key, and the value or `_ABSENT` when the entry is to go."""


def update(
    root: Cid | None,
    puts: Mapping[bytes, Node],
    removes: Collection[bytes],
    writer: Writer,
    shape: Shape = OURS,
) -> Walk[Cid]:
    """The map with entries set and others removed; without a root, a new one. Writes nodes that changed,
    reads those on the way to them."""
    elements: Elements = {}
    if root is not None:
        found = yield (root,)
        shape, elements = _read_root(found[root])
    items: list[_Item] = []
    for batch in in_turns(chain(puts.items(), ((key, _ABSENT) for key in removes))):
        items += [(_hash(key), key, value) for key, value in batch]
        yield BREATH
    changed = yield from _Update(shape, writer).change(elements, items, 0)
    if root is not None and changed == elements:
        return root
    return writer.write(_write_root(shape, changed))


def get(root: Cid, key: bytes, default: Node = None) -> Walk[Node]:
    """The value of a key. Reads only what lies on the way."""
    found = yield (root,)
    shape, elements = _read_root(found[root])
    hashed, depth = _hash(key), 0
    while isinstance(element := elements.get(_index(hashed, depth, shape)), Link):
        depth += 1
        found = yield (element.cid,)
        elements = _read_node(found[element.cid], shape, _prefix(hashed, depth, shape), depth)
    return dict(element or ()).get(key, default)


def entries(root: Cid) -> Walk[dict[bytes, Node]]:
    """All of them, in the order of their hashes."""
    found = yield (root,)
    shape, elements = _read_root(found[root])
    return (yield from _collect(shape, [(0, 0, elements)]))


LEAST_VISITED, VISITED_BYTES = 8, 1 << 20
"""Nodes that are asked for at a time by whoever does not keep them, and about how many bytes: any may be half
a megabyte, and most are small. It is at most doubled, because nodes of links lead to large ones."""


class Place(NamedTuple):
    """A node of a map where it was found: what is in order there need not be so elsewhere."""

    cid: Cid
    prefix: int
    depth: int


class Visitor(Protocol):
    """Who looks at all entries of a map, node by node."""

    def take(self, place: Place, entries: Iterable[tuple[bytes, Node]], below: Sequence[Place]) -> Walk[None]:
        """What stands in a node itself, and the nodes below it, which follow."""

    def recall(self, place: Place) -> Sequence[Place] | None:
        """Of a node that need not be read, since what stands in it is known: those below it."""


def visit(root: Cid, visitor: Visitor) -> Walk[None]:
    """All entries of a map, in no order that means anything. Few nodes are held at a time."""
    left, at_once = [Place(root, 0, 0)], LEAST_VISITED
    shape = OURS
    while left:
        ahead, left = left[-at_once:], left[:-at_once]
        unread = []
        for place in ahead:
            below = visitor.recall(place)
            if below is None:
                unread.append(place)
            else:
                left += below
        found = (yield tuple({place.cid: None for place in unread})) if unread else {}
        held = sum(_about(found[place.cid]) for place in unread)
        at_once = max(LEAST_VISITED, min(2 * at_once, AT_ONCE, VISITED_BYTES * len(unread) // max(held, 1)))
        for place in unread:
            if place.depth:
                elements = _read_node(found[place.cid], shape, place.prefix, place.depth)
            else:
                shape, elements = _read_root(found[place.cid])
            below = [
                Place(element.cid, place.prefix << shape.bit_width | index, place.depth + 1)
                for index, element in elements.items()
                if isinstance(element, Link)
            ]
            left += below
            entries = chain.from_iterable(one for one in elements.values() if not isinstance(one, Link))
            yield from visitor.take(place, entries, below)


def _about(node: Node) -> int:
    """Bytes of the entries in it."""
    buckets = node[-1] if isinstance(node, list) and node else ()
    return sum(
        len(value)
        for bucket in (buckets if isinstance(buckets, list) else ())
        if isinstance(bucket, list)
        for entry in bucket
        if isinstance(entry, list) and isinstance(value := entry[-1], bytes)
    )


Change = tuple[Node, Node]
"""What a value was and is; None where there is no entry."""


def diff(before: Cid, after: Cid) -> Walk[dict[bytes, Change]]:
    """The entries that are not the same in two maps. Reads nothing of branches that are."""
    found = yield tuple({before: None, after: None})
    (shape, old), (other, new) = _read_root(found[before]), _read_root(found[after])
    if shape != other:
        raise NotATree(f"maps of two shapes cannot be compared branch by branch: {shape} and {other}")
    changes: dict[bytes, Change] = {}
    left = [(0, 0, old, new)]
    while left:
        prefix, depth, old, new = left.pop()
        for index in sorted(old.keys() | new.keys()):
            one, two = old.get(index), new.get(index)
            place = prefix << shape.bit_width | index
            if one == two:
                continue
            if isinstance(one, Link) and isinstance(two, Link):
                found = yield (one.cid, two.cid)
                below, beside = (_read_node(found[link.cid], shape, place, depth + 1) for link in (one, two))
                left.append((place, depth + 1, below, beside))
            else:
                sides = []
                for side in (one, two):
                    alone: Elements = {} if side is None else {index: side}
                    sides.append((yield from _collect(shape, [(prefix, depth, alone)])))
                changes.update(_compare(*sides))
    return changes


def _compare(old: Mapping[bytes, Node], new: Mapping[bytes, Node]) -> Iterator[tuple[bytes, Change]]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key, _ABSENT) != new.get(key, _ABSENT):
            yield key, (old.get(key), new.get(key))


def _collect(shape: Shape, nodes: list[tuple[int, int, Elements]]) -> Walk[dict[bytes, Node]]:
    """The entries of these nodes and all below, each given with the bits that lead to it and its depth."""
    collected: dict[bytes, Node] = {}
    links: list[tuple[int, int, Cid]] = []
    while nodes or links:
        for prefix, depth, elements in nodes:
            for index, element in elements.items():
                if isinstance(element, Link):
                    links.append((prefix << shape.bit_width | index, depth + 1, element.cid))
                else:
                    collected.update(element)
        ahead, links, nodes = links[:AT_ONCE], links[AT_ONCE:], []
        found = (yield tuple({cid: None for _, _, cid in ahead})) if ahead else {}
        for batch in in_turns(ahead, OPENED_AT_ONCE):
            nodes += [
                (prefix, depth, _read_node(found[cid], shape, prefix, depth)) for prefix, depth, cid in batch
            ]
            yield BREATH
    return collected


# --- changing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Update:
    shape: Shape
    writer: Writer

    def change(self, elements: Elements, items: Iterable[_Item], depth: int) -> Walk[Elements]:
        """A node with some of its entries changed. An element is a bucket as long as what is below it fits
        into one, and a node otherwise: that is what makes the form canonical."""
        groups: dict[int, list[_Item]] = {}
        for batch in in_turns(items):
            for item in batch:
                groups.setdefault(_index(item[0], depth, self.shape), []).append(item)
            yield BREATH
        links = {index: link for index in groups if isinstance(link := elements.get(index), Link)}
        found = (yield tuple({link.cid: None for link in links.values()})) if links else {}
        changed = dict(elements)
        for index, group in groups.items():
            link = links.get(index)
            if link is not None:
                prefix = _prefix(group[0][0], depth + 1, self.shape)
                below = _read_node(found[link.cid], self.shape, prefix, depth + 1)
                after = yield from self.change(below, group, depth + 1)
                element = link if after == below else (yield from self.settle(after))
            else:
                element = yield from self.fill(elements.get(index), group, depth)
            if element:
                changed[index] = element
            else:
                changed.pop(index, None)
        return changed

    def settle(self, elements: Elements) -> Walk[Link | Bucket]:
        """What a node becomes in the one above it."""
        if not any(isinstance(element, Link) for element in elements.values()):
            held = [entry for bucket in elements.values() if isinstance(bucket, list) for entry in bucket]
            if len(held) <= self.shape.bucket_size:
                return sorted(held, key=_key_of)
        written = Link(self.writer.write(_write_node(self.shape, elements)))
        yield BREATH
        return written

    def fill(self, bucket: Link | Bucket | None, group: list[_Item], depth: int) -> Walk[Link | Bucket]:
        """A bucket with entries changed, or the node that it has to become."""
        assert not isinstance(bucket, Link)
        held = dict(bucket or ())
        for _, key, value in group:
            if value is _ABSENT:
                held.pop(key, None)
            else:
                held[key] = value
        if len(held) <= self.shape.bucket_size:
            return sorted(held.items(), key=_key_of)
        known = {key: hashed for hashed, key, _ in group}
        items = [(known.get(key) or _hash(key), key, value) for key, value in held.items()]
        if (depth + 2) * self.shape.bit_width > HASH_BITS:
            raise NotATree("more keys with one hash than a bucket holds")
        return (yield from self.settle((yield from self.change({}, items, depth + 1))))


def _key_of(entry: tuple[bytes, Node]) -> bytes:
    return entry[0]


def _hash(key: bytes) -> int:
    return int.from_bytes(sha256(key).digest(), "big")


def _index(hashed: int, depth: int, shape: Shape) -> int:
    """The next bits of the hash, the highest first."""
    return hashed >> (HASH_BITS - (depth + 1) * shape.bit_width) & ((1 << shape.bit_width) - 1)


def _prefix(hashed: int, depth: int, shape: Shape) -> int:
    """All bits that lead to a node of that depth."""
    return hashed >> (HASH_BITS - depth * shape.bit_width)


# --- nodes -----------------------------------------------------------------------------------------


_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]
"""Which bits are set in a byte."""


def _write_root(shape: Shape, elements: Elements) -> Node:
    return {
        "hashAlg": SHA2_256,
        "bucketSize": shape.bucket_size,
        "hamt": _write_node(shape, elements),
    }


def _write_node(shape: Shape, elements: Elements) -> Node:
    # Bit 0 of the bitmap is the lowest of its first byte, as other implementations have it.
    bitmap = sum(1 << index for index in elements)
    return [
        bitmap.to_bytes((1 << shape.bit_width) // 8, "little"),
        [elements[index] for index in sorted(elements)],
    ]


def _read_root(node: Node) -> tuple[Shape, Elements]:
    match node:
        case {"hashAlg": int(hash_alg), "bucketSize": int(size), "hamt": [bytes(bitmap), list()] as inner}:
            if hash_alg != SHA2_256:
                raise NotATree(f"a map with hash function {hash_alg:#x}; here it is sha2-256, {SHA2_256:#x}")
            width = (len(bitmap) * 8).bit_length() - 1
            if not (NARROWEST <= width <= WIDEST and 1 <= size <= LARGEST_BUCKET and len(node) == 3):
                raise NotATree("a map of a shape that nobody uses")
            shape = Shape(width, size)
            return shape, _read_node(inner, shape, 0, 0)
    raise NotATree("a block that is not the root of a map")


def _read_node(node: Node, shape: Shape, prefix: int, depth: int) -> Elements:
    """The elements of a node to which these bits of the hash led. Everything in it has to be in its place."""
    match node:
        case [bytes(bitmap), list(data)] if len(bitmap) == (1 << shape.bit_width) // 8:
            indices = [8 * number + bit for number, byte in enumerate(bitmap) for bit in _BITS[byte]]
        case _:
            raise NotATree("a block that is not a node of a map")
    if len(indices) != len(data) or depth * shape.bit_width >= HASH_BITS:
        raise NotATree("a node of a map that does not fit its bitmap, or lies too deep")
    above = prefix << shape.bit_width
    return {
        index: element if isinstance(element, Link) else _read_bucket(element, shape, above | index, depth)
        for index, element in zip(indices, data, strict=True)
    }


def _read_bucket(element: Node, shape: Shape, place: int, depth: int) -> Bucket:
    if not isinstance(element, list) or not 0 < len(element) <= shape.bucket_size:
        raise NotATree("a bucket of a map that is empty, or holds too much")
    spare = HASH_BITS - (depth + 1) * shape.bit_width
    bucket: Bucket = []
    last: bytes | None = None
    for entry in element:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(key := entry[0], bytes):
            raise NotATree("a bucket of a map with what is no entry")
        if last is not None and key <= last:
            raise NotATree("a bucket of a map in which entries are in no order")
        if _hash(key) >> spare != place:
            raise NotATree("an entry of a map that is not where its hash leads")
        bucket.append((key, entry[1]))
        last = key
    return bucket
