"""What an export has besides a head, as blocks in the open."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.core.blocks.dag_cbor import Node, encode
from engine.core.blocks.enclosures import (
    EarlierState,
    LockedKeys,
    NotAnExport,
    read_contents,
    write_earlier,
    write_locked,
)
from engine.core.blocks.errors import NewerFormat, NotATree
from engine.core.cids import Cid, cid_of

DID = "did:scid:vh:1:Qm"
LOCKED = LockedKeys(DID, {"kdf": "argon2id", "box": "uAAAA", "operations": 3})
ROOT = cid_of(encode({"a": 1}))


def named(node: Node) -> tuple[Cid, bytes]:
    block = encode(node)
    return cid_of(block), block


HEAD = named({"kind": "picomesh head", "and": "more"})


def test_what_is_written_is_read_again() -> None:
    """Whatever else is among the roots: a later version may enclose more."""
    earlier = EarlierState(DID, ROOT)
    other = named({"kind": "picomesh something new", "format": 1})
    found = read_contents(dict([write_earlier(earlier), HEAD, other, write_locked(LOCKED)]))
    assert (found.head, found.locked, found.earlier) == (HEAD[0], LOCKED, earlier)


def test_a_head_alone_is_an_export() -> None:
    """As `ipfs dag export` writes one."""
    found = read_contents(dict([HEAD]))
    assert (found.locked, found.earlier) == (None, None)


def test_there_is_one_head() -> None:
    """Of none or of two nobody knows what is meant."""
    with pytest.raises(NotAnExport, match="no head"):
        read_contents(dict([named({"kind": "x"}), named(["no", "map"]), (cid_of(b"\xff"), b"\xff")]))
    with pytest.raises(NotAnExport, match="2 heads"):
        read_contents(dict([HEAD, named({"kind": "picomesh head"})]))


@pytest.mark.parametrize("kind", ["picomesh locked keys", "picomesh earlier state"])
def test_what_is_not_written_like_that_is_refused(kind: str) -> None:
    """By name; a newer format is told from a damaged one."""
    bad: list[Mapping[str, Node]] = [{}, {"pico": 1}, {"pico": DID, "sealed": [], "root": "no link"}]
    for more in bad:
        with pytest.raises(NotATree, match="not what format 1"):
            read_contents(dict([HEAD, named({"kind": kind, "format": 1, **more})]))
    with pytest.raises(NewerFormat, match="format 2"):
        read_contents(dict([HEAD, named({"kind": kind, "format": 2})]))
