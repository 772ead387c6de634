"""Where a block leads to, as anybody can see it who has no key."""

from __future__ import annotations

from engine.core.blocks.dag_cbor import decode, links_of
from engine.core.blocks.errors import NotDagCbor
from engine.core.cids import Cid, cid_text, codec_of


def links_of_block(cid: Cid, block: bytes) -> tuple[Cid, ...]:
    """Each of them once; the block was verified. Raises `NotDagCbor` if its CID says that it is that."""
    if codec_of(cid) == "raw":
        return ()
    try:
        return links_of(decode(block))
    except NotDagCbor as problem:
        raise NotDagCbor(f"the block {cid_text(cid)} is not what its CID says: {problem}") from None
