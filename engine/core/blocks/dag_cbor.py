"""DAG-CBOR: the one spelling in bytes that a value has, with links between blocks.

See https://ipld.io/specs/codecs/dag-cbor/spec/ and RFC 8949. Writing and reading are each other's inverse,
and nothing is read that would not be written like that: shortest heads, definite lengths, keys sorted by
length and then by bytes, floats of 64 bits, no tag but 42. So a block that was read has one CID.

It is our own because the fast libraries blur what we need. `libipld` (3.5) makes a link of any bytes that
begin like a CID, and reads links and bytes as the same thing, besides integers and floats in other than
their one spelling, so that nobody can tell afterwards what a block said. `cbrrr` is right, and has to be
compiled.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.blocks.errors import BlockTooLarge, NotDagCbor
from engine.core.cids import CID_BYTES, PREFIXES, Cid, NotACid, check_cid

Node = Any
"""None, bool, int, float, str, bytes, `Link`, and list, tuple and map from str of these. A tuple is read
again as a list."""

LARGEST_BLOCK = 1 << 20
"""Bytes of a block; no node of IPFS has to pass on a larger one."""
DEEPEST = 128
"""How deeply arrays and maps may be nested. Far below what Python's stack takes."""


@dataclass(frozen=True, slots=True)
class Link:
    """A block that this one leads to."""

    cid: Cid


def encode(node: Node) -> bytes:
    """The bytes of a node, of whatever length. Raises `NotDagCbor` for what has none."""
    parts: list[bytes] = []
    try:
        _write(node, parts.append, DEEPEST)
    except UnicodeEncodeError:
        raise NotDagCbor("half a surrogate pair is no character, so no text in DAG-CBOR has it") from None
    return b"".join(parts)


def decode(data: bytes, most: int = LARGEST_BLOCK) -> Node:
    """The node that a block is. Raises `NotDagCbor`, and `BlockTooLarge` beyond so many bytes."""
    if len(data) > most:
        raise BlockTooLarge(f"a block of {len(data):,} bytes; the largest has {most:,}")
    try:
        node, end = _read(data, 0, DEEPEST)
    except IndexError:
        raise NotDagCbor("it ends in the middle of an item") from None
    except UnicodeDecodeError as problem:
        raise NotDagCbor(f"it has a text that is not UTF-8: {problem.reason}") from None
    if end != len(data):
        raise NotDagCbor(f"{len(data) - end:,} bytes follow its only item")
    return node


def links_of(node: Node) -> tuple[Cid, ...]:
    """The blocks that a node leads to, each once, in the order in which they are written."""
    found: dict[Cid, None] = {}
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, Link):
            found[one.cid] = None
        elif isinstance(one, (list, tuple)):
            left.extend(reversed(one))
        elif isinstance(one, Mapping):
            left.extend(one[key] for key in reversed(_sorted_keys(one)))
    return tuple(found)


def links_in(block: bytes, node: Node) -> tuple[Cid, ...]:
    """The same, of a node whose bytes are at hand: most have no link, which is soon seen, by a byte that most
    texts do not have, or by five."""
    return links_of(node) if _LINK[:1] in block and _LINK in block else ()


# --- writing ---------------------------------------------------------------------------------------

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _OTHER = (kind << 5 for kind in range(8))
_FALSE, _TRUE, _NULL, _FLOAT = b"\xf4", b"\xf5", b"\xf6", b"\xfb"
_LINK_TAG = 42
_LINK = bytes((_TAG | 24, _LINK_TAG, _BYTES | 24, 1 + CID_BYTES, 0))
"""What every link begins with: the tag, then bytes of which the first says that the CID is binary."""
_LARGEST_NUMBER = 2**64 - 1
_DOUBLE = struct.Struct(">d")

Put = Callable[[bytes], None]
_SHORT = {kind: [bytes((kind | number,)) for number in range(24)] for kind in range(0, 256, 32)}
"""Heads of a single byte."""


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return _SHORT[kind][number]
    if number < 1 << 8:
        return bytes((kind | 24, number))
    if number < 1 << 16:
        return bytes((kind | 25, number >> 8, number & 255))
    if number < 1 << 32:
        return struct.pack(">BI", kind | 26, number)
    return struct.pack(">BQ", kind | 27, number)


def _write(node: Node, put: Put, deeper: int) -> None:
    writer = _WRITERS.get(node.__class__)
    if writer is None:
        writer = _writer_of_kin(node)
    writer(node, put, deeper)


def _write_int(node: int, put: Put, _: int) -> None:
    number = node if node >= 0 else -1 - node
    if number > _LARGEST_NUMBER:
        raise NotDagCbor(f"an integer of {node.bit_length()} bits; there are 64, and a sign")
    put(_head(_UNSIGNED if node >= 0 else _NEGATIVE, number))


def _write_float(node: float, put: Put, _: int) -> None:
    if not math.isfinite(node):
        raise NotDagCbor(f"{node} is no number that can be written")
    put(_FLOAT + _DOUBLE.pack(node))


def _write_bytes(node: bytes, put: Put, _: int) -> None:
    put(_head(_BYTES, len(node)))
    put(node)


def _write_text(node: str, put: Put, _: int) -> None:
    text = node.encode()
    put(_head(_TEXT, len(text)))
    put(text)


def _write_link(node: Link, put: Put, _: int) -> None:
    try:
        put(_LINK + check_cid(node.cid))
    except NotACid as problem:
        raise NotDagCbor(f"a link has to lead to a block: {problem}") from None


def _write_array(node: list[Node] | tuple[Node, ...], put: Put, deeper: int) -> None:
    if not deeper:
        raise NotDagCbor(f"nested more than {DEEPEST} deep")
    put(_head(_ARRAY, len(node)))
    for item in node:
        _WRITERS.get(item.__class__, _write)(item, put, deeper - 1)


def _write_map(node: Mapping[str, Node], put: Put, deeper: int) -> None:
    if not deeper:
        raise NotDagCbor(f"nested more than {DEEPEST} deep")
    put(_head(_MAP, len(node)))
    for key in _sorted_keys(node):
        _write_text(key, put, deeper)
        _write(node[key], put, deeper - 1)


def _sorted_keys(node: Mapping[str, Node]) -> list[str]:
    if not all(isinstance(key, str) for key in node):
        raise NotDagCbor("keys of a map are texts")
    return sorted(node, key=_by_length)


def _by_length(key: str) -> tuple[int, bytes]:
    text = key.encode()
    return len(text), text


def _writer_of_kin(node: Node) -> Callable[[Any, Put, int], None]:
    """For classes that are one of these in a narrower sense, such as a read-only map."""
    for kin, writer in _KIN:
        if isinstance(node, kin):
            return writer
    raise NotDagCbor(f"DAG-CBOR has no {type(node).__name__}")


_WRITERS: dict[type, Callable[[Any, Put, int], None]] = {
    type(None): lambda _, put, __: put(_NULL),
    bool: lambda node, put, _: put(_TRUE if node else _FALSE),
    int: _write_int,
    float: _write_float,
    bytes: _write_bytes,
    str: _write_text,
    Link: _write_link,
    list: _write_array,
    tuple: _write_array,
    dict: _write_map,
}
_KIN: tuple[tuple[type, Callable[[Any, Put, int], None]], ...] = (
    (str, _write_text),
    (bytes, _write_bytes),
    (tuple, _write_array),
    (Mapping, _write_map),
)

# --- reading ---------------------------------------------------------------------------------------

_LENGTH_OF_NUMBER = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
"""What a number has to be at least, to be written with so many bytes."""
_LINK_BYTES = len(_LINK) + CID_BYTES
_LINKS = frozenset(_LINK + prefix for prefix in PREFIXES.values())
"""All that a link can begin with, up to the hash."""
_BEFORE_HASH = len(_LINK) + len(PREFIXES["raw"])
_SIMPLE: Mapping[int, Node] = {0xF4: False, 0xF5: True, 0xF6: None}


def _read(data: bytes, place: int, deeper: int) -> tuple[Node, int]:
    first = data[place]
    place += 1
    kind, number = first & 0xE0, first & 31
    if kind == _OTHER:
        return _read_other(data, first, place)
    if number > 23:
        number, place = _read_number(data, number, place)
    if kind in (_BYTES, _TEXT):
        end = place + number
        if end > len(data):
            raise NotDagCbor(f"it ends before {number:,} bytes of an item are there")
        return data[place:end] if kind == _BYTES else data[place:end].decode(), end
    if kind == _UNSIGNED:
        return number, place
    if kind == _NEGATIVE:
        return -1 - number, place
    if kind == _TAG:
        return _read_link(data, number, place)
    if not deeper:
        raise NotDagCbor(f"nested more than {DEEPEST} deep")
    # Every item takes a byte at least: a length that is a lie makes nothing large.
    if number > len(data) - place:
        raise NotDagCbor(f"it ends before {number:,} items are there")
    return (_read_array if kind == _ARRAY else _read_map)(data, number, place, deeper - 1)


def _read_number(data: bytes, info: int, place: int) -> tuple[int, int]:
    length = _LENGTH_OF_NUMBER.get(info)
    if length is None:
        raise NotDagCbor("it has an item without a length")
    end = place + length
    if end > len(data):
        raise IndexError
    number = int.from_bytes(data[place:end], "big")
    if number < _LEAST[info]:
        raise NotDagCbor(f"the number {number} is written with more bytes than it takes")
    return number, end


def _read_array(data: bytes, count: int, place: int, deeper: int) -> tuple[list[Node], int]:
    # Large maps are arrays of short arrays of short bytes, and of links. Those that are well-formed are read
    # here: a call for each takes twice as long. `_read` has the last word on all others.
    items: list[Node] = []
    size = len(data)
    for _ in range(count):
        first = data[place]
        item: Node
        if _BYTES <= first < _BYTES + 24 and (end := place + 1 + first - _BYTES) <= size:
            item = data[place + 1 : end]
        elif first == _BYTES | 24 and data[place + 1] > 23 and (end := place + 2 + data[place + 1]) <= size:
            item = data[place + 2 : end]
        elif _ARRAY <= first < _ARRAY + 24 and deeper:
            item, end = _read_array(data, first - _ARRAY, place + 1, deeper - 1)
        elif first == _LINK[0] and data[place : place + _BEFORE_HASH] in _LINKS:
            end = place + _LINK_BYTES
            if end > size:
                raise IndexError
            item = Link(Cid(data[place + len(_LINK) : end]))
        else:
            item, end = _read(data, place, deeper)
        items.append(item)
        place = end
    return items, place


def _read_map(data: bytes, count: int, place: int, deeper: int) -> tuple[dict[str, Node], int]:
    entries: dict[str, Node] = {}
    last = b""
    for _ in range(count):
        key, end = _read(data, place, deeper)
        if not isinstance(key, str):
            raise NotDagCbor("keys of a map are texts")
        # The head has the length: with it the order of bytes is the one by length and then by bytes.
        written = data[place:end]
        if written <= last:
            raise NotDagCbor(f"the key {key[:40]!r} is not in its place, or there twice")
        last = written
        entries[key], place = _read(data, end, deeper)
    return entries, place


def _read_other(data: bytes, first: int, place: int) -> tuple[Node, int]:
    if first in _SIMPLE:
        return _SIMPLE[first], place
    if first != _FLOAT[0]:
        raise NotDagCbor("floats have 64 bits, and of simple values there are only null, true and false")
    if place + 8 > len(data):
        raise IndexError
    (number,) = _DOUBLE.unpack_from(data, place)
    if not math.isfinite(number):
        raise NotDagCbor(f"{number} is no number that may be written")
    return number, place + 8


def _read_link(data: bytes, tag: int, place: int) -> tuple[Link, int]:
    start = place + len(_LINK) - 2  # after the head of the bytes and the zero before the CID
    end = start + CID_BYTES
    if tag != _LINK_TAG:
        raise NotDagCbor(f"it has tag {tag}; there is only that of links, {_LINK_TAG}")
    try:
        if data[place:start] != _LINK[2:]:
            raise NotACid("it has another length, or is not binary")
        return Link(check_cid(data[start:end])), end
    except NotACid as problem:
        raise NotDagCbor(f"it has a link that leads to no block: {problem}") from None
