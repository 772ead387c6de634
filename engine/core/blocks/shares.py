"""What each guardian of a pico has of the key to its state: a share, in a box of its own beside the tree.

So many shares, whichever, make a key; what that opens lies beside them, and has the pico's state keys. A
share alone says nothing. In the box is DAG-CBOR of `pico` (its DID), `needs` (how many), `number` (which
of them this is, from 1) and `share` (16 bytes).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.blocks.dag_cbor import Node, decode, encode
from engine.core.blocks.errors import NotDagCbor

SHARE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Share:
    pico: str
    """The DID of the pico."""
    needed: int
    number: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Share({self.number} of {self.pico}, {self.needed} needed)"


def pack_share(share: Share) -> bytes:
    """What is to be boxed."""
    given = {"needs": share.needed, "number": share.number, "share": share.secret}
    return encode({"pico": share.pico, **given})


def unpack_share(data: bytes) -> Share | None:
    """None of what is no share."""
    try:
        node: Node = decode(data)
    except NotDagCbor:
        return None
    match node:
        case {"pico": str(pico), "needs": int(needed), "number": int(number), "share": bytes(secret)} if (
            len(node) == 4
        ):
            is_one = needed > 0 and number > 0 and len(secret) == SHARE_BYTES
            return Share(pico, needed, number, secret) if is_one else None
    return None
