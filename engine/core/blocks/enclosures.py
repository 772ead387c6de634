"""What an export holds besides a head and all that it leads to: further roots of its CAR, blocks in the open.

*Locked keys* are the state keys of the pico under a passphrase: `kind`, `format`, `pico` (its DID) and
`sealed` (how, which is not known here). An *earlier state* is where the records sealed beside the newest one
begin, so that their turns can be run again: `kind`, `format`, `pico` and `root`, the link of a sealed tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.blocks import heads
from engine.core.blocks.dag_cbor import Link, Node, decode, encode
from engine.core.blocks.errors import BlockError, NewerFormat, NotATree, NotDagCbor
from engine.core.cids import Cid, cid_of

LOCKED = "picomesh locked keys"
EARLIER = "picomesh earlier state"
FORMAT = 1


class NotAnExport(BlockError):
    """Blocks among whose roots is no head of a pico, or more than one."""


@dataclass(frozen=True, slots=True)
class LockedKeys:
    """The keys of a pico, which a passphrase opens."""

    pico: str
    sealed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EarlierState:
    pico: str
    root: Cid


@dataclass(frozen=True, slots=True)
class Contents:
    """What the roots of an export are."""

    head: Cid
    locked: LockedKeys | None = None
    earlier: EarlierState | None = None


def write_locked(keys: LockedKeys) -> tuple[Cid, bytes]:
    return _named({"kind": LOCKED, "format": FORMAT, "pico": keys.pico, "sealed": {**keys.sealed}})


def write_earlier(state: EarlierState) -> tuple[Cid, bytes]:
    return _named({"kind": EARLIER, "format": FORMAT, "pico": state.pico, "root": Link(state.root)})


def _named(node: Node) -> tuple[Cid, bytes]:
    block = encode(node)
    return cid_of(block), block


def read_contents(roots: Mapping[Cid, bytes]) -> Contents:
    """What is among these blocks, which were verified. Raises `NotAnExport`, `NewerFormat` and `NotATree`."""
    found: list[tuple[Cid, Mapping[str, Node]]] = [(cid, _read(block)) for cid, block in roots.items()]
    of_heads = [cid for cid, node in found if node.get("kind") == heads.KIND]
    if len(of_heads) != 1:
        count = "no head" if not of_heads else f"{len(of_heads)} heads"
        raise NotAnExport(f"{count} of a pico is among its roots, so it is no export of one")
    locked = [_locked(node) for _, node in found if node.get("kind") == LOCKED]
    earlier = [_earlier(node) for _, node in found if node.get("kind") == EARLIER]
    return Contents(of_heads[0], _only(locked), _only(earlier))


def _only(found: Iterable[Any]) -> Any:
    return next(iter(found), None)


def _read(block: bytes) -> Mapping[str, Node]:
    try:
        node = decode(block)
    except NotDagCbor:
        return {}
    return node if isinstance(node, dict) else {}


def _check_format(node: Mapping[str, Node]) -> None:
    if (version := node.get("format")) != FORMAT or isinstance(version, bool):
        raise NewerFormat(str(node["kind"]), version, [FORMAT])


def _locked(node: Mapping[str, Node]) -> LockedKeys:
    _check_format(node)
    match node:
        case {"pico": str(pico), "sealed": dict(sealed)} if len(node) == 4:
            return LockedKeys(pico, sealed)
    raise NotATree(f"locked keys that are not what format {FORMAT} looks like")


def _earlier(node: Mapping[str, Node]) -> EarlierState:
    _check_format(node)
    match node:
        case {"pico": str(pico), "root": Link() as link} if len(node) == 4:
            return EarlierState(pico, link.cid)
    raise NotATree(f"an earlier state that is not what format {FORMAT} looks like")
