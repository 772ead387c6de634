"""What stores look at in blocks: whether the bytes are right, and which other blocks they lead to.

Of DAG-CBOR only as much is read as finding its links takes. The bytes may be anybody's, so that nothing in
them makes this slow, deep or large.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.core.cids import CID_BYTES, PREFIXES, Cid, check_cid, codec_of, is_named
from engine.ports import LARGEST_BLOCK, WrongBytes

_TAG_OF_LINKS = 42
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}
"""Bytes of the number that follows the head of an item, when the head has no room for it."""


class NotABlock(ValueError):
    """Bytes in which no links can be found, because they are not DAG-CBOR. Says why."""


def check_cids(cids: Iterable[Cid]) -> list[Cid]:
    """Each of them once, in their order."""
    found = list(dict.fromkeys(cids))
    for cid in found:
        check_cid(cid)
    return found


def check_blocks(store: str, blocks: Mapping[Cid, bytes]) -> None:
    """Refuses what no store takes, before any of it is stored."""
    for cid, data in blocks.items():
        check_cid(cid)
        if len(data) > LARGEST_BLOCK:
            raise ValueError(f"a block of {len(data)} bytes; the largest has {LARGEST_BLOCK}")
    wrong = [cid for cid, data in blocks.items() if not is_named(cid, data)]
    if wrong:
        raise WrongBytes(store, f"{len(wrong)} blocks to be put are not what their CIDs name", wrong)


def sort_out(store: str, blocks: Mapping[Cid, bytes]) -> dict[Cid, bytes]:
    """What a store has given, if it is all right. Raises `WrongBytes` with what is right of it."""
    found = {cid: data for cid, data in blocks.items() if is_named(cid, data)}
    if len(found) < len(blocks):
        wrong = blocks.keys() - found.keys()
        raise WrongBytes(store, f"{len(wrong)} blocks are not what their CIDs name", wrong, found)
    return found


def links_of(cid: Cid, data: bytes) -> tuple[Cid, ...]:
    """The blocks that a block leads to, each once. Raises `NotABlock`."""
    if codec_of(cid) == "raw":
        return ()
    try:
        return tuple(dict.fromkeys(_find_links(data)))
    except IndexError:
        raise NotABlock("it ends in the middle of an item") from None


def _find_links(data: bytes) -> list[Cid]:
    """Item by item, without descending: an array only makes that many more items to come."""
    links: list[Cid] = []
    place, left = 0, 1
    while left:
        kind, number, place = _read_head(data, place)
        left -= 1
        if kind in (2, 3):
            place += number
        elif kind == 4:
            left += number
        elif kind == 5:
            left += 2 * number
        elif kind == 6:
            link, place = _read_link(data, number, place)
            links.append(link)
        if place + left > len(data):
            raise NotABlock("it ends before all its items are there")
    if place != len(data):
        raise NotABlock(f"{len(data) - place} bytes follow its only item")
    return links


def _read_head(data: bytes, place: int) -> tuple[int, int, int]:
    """The kind of an item, its number, and where it goes on."""
    kind, info = data[place] >> 5, data[place] & 31
    place += 1
    if info < 24:
        return kind, info, place
    size = _SIZES.get(info)
    if size is None:
        raise NotABlock("it has an item without a length")
    if place + size > len(data):
        raise NotABlock("it ends in the middle of a number")
    return kind, int.from_bytes(data[place : place + size], "big"), place + size


def _read_link(data: bytes, tag: int, place: int) -> tuple[Cid, int]:
    if tag != _TAG_OF_LINKS:
        raise NotABlock(f"it has tag {tag}; in DAG-CBOR there is only that of links, 42")
    kind, length, place = _read_head(data, place)
    link = data[place : place + length]
    if kind != 2 or length != CID_BYTES + 1 or link[:1] != b"\0" or link[1:5] not in PREFIXES.values():
        raise NotABlock("it has a link that is no CID of version 1, raw or dag-cbor, with sha2-256")
    return Cid(link[1:]), place + length
