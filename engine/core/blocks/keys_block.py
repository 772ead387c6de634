"""The block beside a tree that says who may open it: a pico's state keys, boxed to each of them.

In the open is DAG-CBOR of a map with `kind`, `format`, `boxes` (what only somebody's key opens; whose, nobody
can see, so that two picos of one owner are not seen to be that), `log` and `approvals` (links of texts, or
null): the pico's log, by which anybody believes its heads. In a box is DAG-CBOR of `pico` (its DID) and
`keys` (state keys by epoch). How boxes are made is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.blocks.dag_cbor import Link, Node, decode, encode
from engine.core.blocks.errors import NewerFormat, NotATree, NotDagCbor, WrongKey
from engine.core.blocks.planting import Planter
from engine.core.blocks.sealing import KEY_BYTES
from engine.core.blocks.values import ValueReader, utf8
from engine.core.blocks.walks import PlainBlocks, Walk, nothing_else
from engine.core.cids import Cid

KIND = "picomesh keys"
FORMAT = 1
MOST_BOXES = 128
LONGEST_LOG = 16 << 20
"""Bytes of a log and its approvals that are read."""


@dataclass(frozen=True, slots=True)
class KeysBlock:
    """What is said beside a tree."""

    boxes: tuple[bytes, ...]
    log: str = ""
    approvals: str = ""


def write_keys(says: KeysBlock, blocks: PlainBlocks) -> Cid:
    """Its CID; the block, and those of the texts, are in `blocks.new`."""
    planter = Planter(blocks)

    def written(text: str) -> Node:
        return nothing_else(planter.write_text(utf8(text))) if text else None

    log, approvals = written(says.log), written(says.approvals)
    boxes = list(says.boxes)
    return blocks.write({"kind": KIND, "format": FORMAT, "boxes": boxes, "log": log, "approvals": approvals})


def read_keys(cid: Cid) -> Walk[KeysBlock]:
    """What it says, to be walked on plain blocks. Raises `BlockError`."""
    found = yield (cid,)
    node: Node = found[cid]
    if not isinstance(node, dict) or node.get("kind") != KIND:
        raise NotATree("a block that does not say who may open a state")
    if (version := node.get("format")) != FORMAT or isinstance(version, bool):
        raise NewerFormat("the keys of a state", version, [FORMAT])
    match node:
        case {"boxes": list(boxes), "log": log, "approvals": approvals} if len(node) == 5:
            if len(boxes) <= MOST_BOXES and all(isinstance(box, bytes) for box in boxes):
                reader = ValueReader(LONGEST_LOG)
                return KeysBlock(
                    tuple(box for box in boxes if isinstance(box, bytes)),
                    (yield from _read_text(log, reader)),
                    (yield from _read_text(approvals, reader)),
                )
    raise NotATree(f"the keys of a state that are not what format {FORMAT} looks like")


def _read_text(slot: Node, reader: ValueReader) -> Walk[str]:
    if slot is None:
        return ""
    text = (yield from reader.read(slot)) if isinstance(slot, Link) else None
    if not isinstance(text, str):
        raise NotATree("a log beside a state that is no text")
    return text


# --- in a box --------------------------------------------------------------------------------------


def pack_keys(pico: str, keys: Mapping[int, bytes]) -> bytes:
    """What is to be boxed."""
    return encode({"pico": pico, "keys": {str(epoch): key for epoch, key in keys.items()}})


def unpack_keys(pico: str, data: bytes) -> dict[int, bytes]:
    """The keys of that pico, by epoch. Raises `WrongKey` for anything else that was in a box."""
    try:
        node: Node = decode(data)
    except NotDagCbor:
        node = None
    match node:
        case {"pico": str(name), "keys": dict(keys)} if len(node) == 2 and keys:
            found = {int(epoch): key for epoch, key in keys.items() if epoch.isdecimal()}
            if name != pico:
                raise WrongKey(f"the keys beside this state are those of {name}, and it is that of {pico}")
            if len(found) == len(keys) and all(_is_key(key) for key in found.values()):
                return {epoch: key for epoch, key in found.items() if isinstance(key, bytes)}
    raise WrongKey(f"what was boxed beside the state of {pico} are no state keys")


def _is_key(given: Node) -> bool:
    return isinstance(given, bytes) and len(given) == KEY_BYTES
