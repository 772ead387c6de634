"""A value has one spelling in bytes, which is that of other implementations, and nothing else is read."""

from __future__ import annotations

from typing import Any

import dag_cbor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID

from engine.core.blocks.dag_cbor import DEEPEST, LARGEST_BLOCK, Link, Node, decode, encode, links_of
from engine.core.blocks.errors import BlockError, BlockTooLarge, NotDagCbor
from engine.core.cids import Cid, cid_of
from tests.engine.core.blocks.strategies import cids, nodes


def to_theirs(node: Node) -> Any:
    """The same node, as the other implementation has it."""
    match node:
        case Link(cid):
            return CID.decode(cid)
        case list():
            return [to_theirs(item) for item in node]
        case dict():
            return {key: to_theirs(item) for key, item in node.items()}
    return node


def spelled(node: Node) -> str:
    """Tells 1 from 1.0, and true from both."""
    return repr(node)


@given(nodes)
def test_the_bytes_are_those_of_another_implementation(node: Node) -> None:
    """Written here and there alike, and read back the same."""
    assert encode(node) == dag_cbor.encode(to_theirs(node))


@given(nodes)
def test_what_was_written_is_read_again(node: Node) -> None:
    """In the order of the keys that bytes have; otherwise nothing is lost."""
    found = decode(encode(node))
    assert encode(found) == encode(node)
    assert found == node


@given(st.binary(max_size=60))
def test_what_is_read_at_all_has_no_other_spelling(data: bytes) -> None:
    """Whatever the bytes are: they are refused by name, or written in just that way."""
    try:
        node = decode(data)
    except BlockError:
        return
    assert encode(node) == data
    assert dag_cbor.decode(data) == to_theirs(node)


@given(nodes, st.data())
def test_bytes_that_were_tampered_with_are_refused_or_canonical(node: Node, data: st.DataObject) -> None:
    """No flipped bit, missing end or added byte leads to anything but a named error or another value."""
    block = bytearray(encode(node))
    place = data.draw(st.integers(0, len(block) - 1))
    block[place] ^= 1 << data.draw(st.integers(0, 7))
    for changed in (bytes(block), bytes(block[:place]), bytes(block) + b"\0"):
        try:
            assert encode(decode(changed)) == changed
        except BlockError:
            continue


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("1800", "more bytes than it takes"),
        ("190018", "more bytes than it takes"),
        ("1a00000100", "more bytes than it takes"),
        ("1b0000000000000001", "more bytes than it takes"),
        ("780161", "more bytes than it takes"),
        ("580161", "more bytes than it takes"),
        ("81580161", "more bytes than it takes"),
        ("8181580161", "more bytes than it takes"),
        ("989101", "ends before"),
        ("81980101", "more bytes than it takes"),
        ("a2616201616101", "not in its place"),
        ("a262616101616201", "not in its place"),
        ("a2616101616102", "there twice"),
        ("a10101", "keys of a map are texts"),
        ("f93c00", "64 bits"),
        ("fa3f800000", "64 bits"),
        ("fb7ff8000000000000", "no number"),
        ("fb7ff0000000000000", "no number"),
        ("fbfff0000000000000", "no number"),
        ("f7", "null, true and false"),
        ("e0", "null, true and false"),
        ("f820", "null, true and false"),
        ("ff", "null, true and false"),
        ("c100", "tag 1"),
        ("d82b00", "tag 43"),
        ("9fff", "without a length"),
        ("5f4161ff", "without a length"),
        ("1c", "without a length"),
        ("0000", "follow its only item"),
        ("", "middle"),
        ("61", "ends before"),
        ("1901", "middle"),
        ("fb00", "middle"),
        ("9b7fffffffffffffff", "ends before"),
        ("bb7fffffffffffffff", "ends before"),
        ("5b7fffffffffffffff", "ends before"),
        ("61ff", "not UTF-8"),
        ("63eda080", "not UTF-8"),
        ("d82a4100", "leads to no block"),
        ("d82a00", "leads to no block"),
        ("d82a5824" + "01711220" + "00" * 32, "leads to no block"),
        ("d82a582501711220" + "00" * 33, "leads to no block"),
        ("d82a58230012200" + "0" * 65, "leads to no block"),
        ("d82a5825000171132000" + "00" * 32, "leads to no block"),
        ("d82a582500017112" + "20" + "00" * 20, "leads to no block"),
    ],
)
def test_another_spelling_is_refused(data: str, reason: str) -> None:
    """Each rule of the specification, by name."""
    with pytest.raises(NotDagCbor, match=reason):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (2**64, "64"),
        (-(2**64) - 1, "64"),
        (float("nan"), "no number"),
        (float("inf"), "no number"),
        ("half \ud83d", "surrogate"),
        ({"half \ud83d": 1}, "surrogate"),
        ({1: 2}, "texts"),
        ({1, 2}, "no set"),
        (object(), "no object"),
        (Link(Cid(b"\x01\x71\x00\x00")), "lead to a block"),
    ],
)
def test_what_has_no_bytes_is_refused(node: Node, reason: str) -> None:
    """Rather than written as something else."""
    with pytest.raises(NotDagCbor, match=reason):
        encode(node)


@pytest.mark.parametrize("kind", ["array", "map"])
def test_depth_is_bounded_both_ways(kind: str) -> None:
    """One level less than too many is well; a million levels are refused like one too many."""
    node: Node = 0
    for _ in range(DEEPEST):
        node = [node] if kind == "array" else {"a": node}
    assert decode(encode(node)) == node
    with pytest.raises(NotDagCbor, match="deep"):
        encode([node])
    begin = b"\x81" if kind == "array" else b"\xa1\x61a"
    for levels in (DEEPEST + 1, LARGEST_BLOCK // len(begin) - 1):
        with pytest.raises(NotDagCbor, match="deep"):
            decode(begin * levels + b"\0")


def test_a_block_is_bounded() -> None:
    """Nothing is read of more than a mebibyte."""
    block = encode(bytes(LARGEST_BLOCK - 5))
    assert len(block) == LARGEST_BLOCK
    assert decode(block) == bytes(LARGEST_BLOCK - 5)
    with pytest.raises(BlockTooLarge):
        decode(encode(bytes(LARGEST_BLOCK - 4)))


@given(cids)
def test_bytes_that_look_like_a_cid_are_bytes(cid: Cid) -> None:
    """And a link is a link: neither is ever read as the other."""
    for node in (bytes(cid), b"\0" + cid, Link(cid)):
        found = decode(encode(node))
        assert type(found) is type(node)
        assert found == node


def test_links_are_found_in_the_order_of_the_bytes() -> None:
    """Each once."""
    one, two, three = (cid_of(bytes((number,))) for number in range(3))
    node = {"bb": [Link(two), 1], "a": {"x": (Link(three),)}, "ccc": [Link(three), Link(one)]}
    assert links_of(node) == (three, two, one)
    assert links_of(decode(encode(node))) == links_of(node)
