"""What stores look at in blocks: whether the bytes are right, and which other blocks they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.core.cids import Cid, check_cid, cid_text, is_named
from engine.ports import LARGEST_BLOCK, WrongBytes


def check_cids(cids: Iterable[Cid]) -> list[Cid]:
    """Each of them once, in their order."""
    return [check_cid(cid) for cid in dict.fromkeys(cids)]


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
        raise wrong_bytes(store, blocks.keys() - found.keys(), found)
    return found


def wrong_bytes(store: str, wrong: Collection[Cid], found: Mapping[Cid, bytes]) -> WrongBytes:
    """Of blocks that were read."""
    some = next(iter(wrong))
    reason = f"{cid_text(some)} is not what its CID names any more, one of {len(wrong)} such blocks"
    return WrongBytes(store, reason, wrong, found)
