"""A large map is one tree of blocks, whatever its history, and the one that others make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.blocks import hamt
from engine.core.blocks.dag_cbor import Link, Node, decode
from engine.core.blocks.errors import MissingBlock, NotATree
from engine.core.blocks.hamt import OURS, Shape
from engine.core.cids import Cid, cid_of, cid_text
from tests.engine.core.blocks.shelf import Shelf

KEPT = Path(__file__).parent / "kept" / "ipld-hashmap-3.0.4" / "maps.json"
OTHERS = Shape(5, 3)
"""What most others use."""
NARROW = Shape(3, 2)
"""Deep with few entries."""

keys = st.binary(max_size=1)
"""Few, so that what is removed was there."""
contents = st.dictionaries(keys, st.integers(0, 3), max_size=60)


def made(shelf: Shelf, content: Mapping[bytes, Node], shape: Shape = OURS) -> Cid:
    return shelf.run(hamt.update(None, content, (), shelf.blocks, shape))


def updated(shelf: Shelf, root: Cid, puts: Mapping[bytes, Node], removes: tuple[bytes, ...]) -> Cid:
    return shelf.run(hamt.update(root, puts, removes, shelf.blocks))


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(KEPT.read_text())
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['bitWidth']}-{case['size']}")
def test_maps_are_those_of_another_implementation(case: Mapping[str, Any]) -> None:
    """Every block, by its CID, for several shapes."""
    shelf = Shelf()
    content = {f"key-{number}".encode(): number for number in range(case["size"])}
    root = made(shelf, content, Shape(case["bitWidth"], case["bucketSize"]))
    assert cid_text(root) == case["root"]
    assert sorted(map(cid_text, shelf.kept)) == case["blocks"]


@given(contents, contents, st.sets(keys))
def test_the_same_entries_are_the_same_blocks(
    before: dict[bytes, int], puts: dict[bytes, int], gone: set[bytes]
) -> None:
    """Whatever was in the map before, and whether things come one by one or together."""
    removes = gone - puts.keys()
    after = {key: value for key, value in {**before, **puts}.items() if key not in removes}
    for shape in (OURS, OTHERS, NARROW):
        shelf = Shelf()
        root = made(shelf, before, shape)
        together = updated(shelf, root, puts, tuple(removes))
        for key in sorted(removes, reverse=True):
            root = updated(shelf, root, {}, (key,))
        for key, value in reversed(puts.items()):
            root = updated(shelf, root, {key: value}, ())
        assert root == together == made(shelf, after, shape)
        assert shelf.run(hamt.entries(root)) == after


@pytest.mark.parametrize("shape", [OURS, OTHERS, NARROW])
def test_a_map_that_shrinks_is_one_that_was_never_larger(shape: Shape) -> None:
    """Nodes that are no longer needed are buckets again, however deep they were."""
    many = {number.to_bytes(2, "big"): number for number in range(300)}
    few = {key: number for key, number in many.items() if number % 50 == 0}
    gone = tuple(key for key in many if key not in few)
    shelf = Shelf()
    root = large = made(shelf, many, shape)
    for key in gone:
        root = updated(shelf, root, {}, (key,))
    assert root == updated(shelf, large, {}, gone) == made(shelf, few, shape)


@given(contents, keys)
def test_one_entry_is_found_without_the_others(content: dict[bytes, int], key: bytes) -> None:
    """And what is not there is not found."""
    shelf = Shelf()
    root = made(shelf, content, NARROW)
    assert shelf.run(hamt.get(root, key, "absent")) == content.get(key, "absent")


@given(contents, contents)
def test_a_comparison_names_what_differs(one: dict[bytes, int], other: dict[bytes, int]) -> None:
    """With what it was and what it is."""
    shelf = Shelf()
    roots = made(shelf, one, NARROW), made(shelf, other, NARROW)
    expected = {
        key: (one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }
    assert shelf.run(hamt.diff(*roots)) == expected


def test_one_entry_among_many_costs_a_handful_of_blocks() -> None:
    """To read, to write, to remove and to compare."""
    shelf = Shelf()
    root = made(shelf, {f"key-{number}".encode(): number for number in range(20_000)})
    before = set(shelf.kept)
    shelf.asked.clear()
    changed = updated(shelf, root, {b"key-77": "other"}, ())
    assert len(shelf.kept.keys() - before) == sum(map(len, shelf.asked)) <= 5
    shelf.asked.clear()
    assert shelf.run(hamt.diff(root, changed)) == {b"key-77": (77, "other")}
    assert sum(map(len, shelf.asked)) <= 10
    shelf.asked.clear()
    assert shelf.run(hamt.get(changed, b"key-77")) == "other"
    assert sum(map(len, shelf.asked)) <= 5
    assert updated(shelf, changed, {b"key-77": 77}, ()) == root


def test_setting_what_is_there_writes_nothing() -> None:
    """Nor does removing what is not."""
    shelf = Shelf()
    root = made(shelf, {bytes((number,)): number for number in range(200)})
    before = len(shelf.kept)
    assert updated(shelf, root, {b"\x07": 7}, (b"absent",)) == root
    assert len(shelf.kept) == before


def test_a_missing_block_is_named() -> None:
    """The one that would have been needed."""
    shelf = Shelf()
    root = made(shelf, {bytes((number,)): number for number in range(200)})
    gone = next(cid for cid in shelf.kept if cid != root)
    del shelf.kept[gone]
    with pytest.raises(MissingBlock) as refusal:
        shelf.run(hamt.entries(root))
    assert refusal.value.cids == (gone,)


def root_of(**changed: Node) -> Node:
    """A root that holds one entry, with something in it changed."""
    shelf = Shelf()
    return {**decode(shelf.kept[made(shelf, {b"a": 1})]), **changed}


FULL = b"\x01\0\0\0"
FIRST = sorted(
    key for key in (number.to_bytes(2, "big") for number in range(1000)) if sha256(key).digest()[0] < 8
)
"""Keys whose hashes lead to the first element, in their order."""


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (root_of(hashAlg=0x22), "hash function 0x22"),
        (root_of(bucketSize=0), "shape"),
        (root_of(bucketSize=10**6), "shape"),
        (root_of(more=1), "shape"),
        (root_of(hamt=[bytes(4), [[[b"a", 1]]]]), "does not fit its bitmap"),
        (root_of(hamt=[b"\x01\0\0\0", [[[b"a", 1]]]]), "where its hash leads"),
        (root_of(hamt=[b"\x01\0\0\0", [[]]]), "empty"),
        (root_of(hamt=[FULL, [[[key, 1] for key in FIRST[:9]]]]), "holds too much"),
        (root_of(hamt=[FULL, [[[key, 1] for key in reversed(FIRST[:8])]]]), "in no order"),
        (root_of(hamt=[FULL, [[[FIRST[0], 1], [FIRST[0], 1]]]]), "in no order"),
        (root_of(hamt=[b"\x01\0\0\0", [[[b"a", 1, 2]]]]), "no entry"),
        (root_of(hamt=[b"\x01\0\0\0", [[["a", 1]]]]), "no entry"),
        (root_of(hamt=[b"\x01\0\0\0", [7]]), "empty"),
        (root_of(hamt=[b"", []]), "shape"),
        (root_of(hamt=[bytes(3), []]), "not a node"),
        ({}, "not the root"),
        ([], "not the root"),
        (None, "not the root"),
        (Link(cid_of(b"")), "not the root"),
    ],
)
def test_what_is_no_map_is_refused(node: Node, reason: str) -> None:
    """Whatever else it may be; also what another implementation would read in another way."""
    shelf = Shelf()
    root = shelf.blocks.write(node)
    for walk in (hamt.entries(root), hamt.get(root, b"a"), hamt.update(root, {b"a": 2}, (), shelf.blocks)):
        with pytest.raises(NotATree, match=reason):
            shelf.run(walk)


def test_a_node_in_another_place_is_refused() -> None:
    """Branches that were exchanged would hide entries from whoever looks for them."""
    shelf = Shelf()
    root = made(shelf, {bytes((number,)): number for number in range(250)})
    node = decode(shelf.kept[root])
    node["hamt"][1].reverse()
    with pytest.raises(NotATree, match="where its hash leads"):
        shelf.run(hamt.entries(shelf.blocks.write(node)))
