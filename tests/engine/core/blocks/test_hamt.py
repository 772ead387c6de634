"""A large map is one tree of blocks, whatever its history, and the one that others make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.blocks import hamt
from engine.core.blocks.dag_cbor import Link, Node, decode
from engine.core.blocks.errors import MissingBlock, NotATree
from engine.core.blocks.hamt import OURS, Shape
from engine.core.blocks.walks import PlainBlocks, Walk, Wanted, on_blocks, run
from engine.core.cids import Cid, cid_of, cid_text

KEPT = Path(__file__).parent / "kept" / "ipld-hashmap-3.0.4" / "maps.json"
NARROW = Shape(3, 2)
"""Deep with few entries."""

keys = st.binary(max_size=2)
contents = st.dictionaries(keys, st.integers(0, 3), max_size=60)


class Shelf:
    """Blocks in memory; counts what is asked of it."""

    def __init__(self) -> None:
        self.plain = PlainBlocks()
        self.asked: list[Wanted] = []

    def run(self, walk: Walk[Any]) -> Any:
        return run(on_blocks(walk, self.plain), self.get)

    def get(self, wanted: Wanted) -> Mapping[Cid, bytes]:
        self.asked.append(wanted)
        return {cid: self.plain.new[cid] for cid in wanted if cid in self.plain.new}

    def make(self, content: Mapping[bytes, Node], shape: Shape = OURS) -> Cid:
        root: Cid = self.run(hamt.update(None, content, (), self.plain, shape))
        return root

    def update(
        self, root: Cid, puts: Mapping[bytes, Node], removes: Iterator[bytes] | tuple[bytes, ...]
    ) -> Cid:
        changed: Cid = self.run(hamt.update(root, puts, tuple(removes), self.plain))
        return changed


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(KEPT.read_text())
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['bitWidth']}-{case['size']}")
def test_maps_are_those_of_another_implementation(case: Mapping[str, Any]) -> None:
    """Every block, by its CID, for several shapes."""
    shelf = Shelf()
    content = {f"key-{number}".encode(): number for number in range(case["size"])}
    root = shelf.make(content, Shape(case["bitWidth"], case["bucketSize"]))
    assert cid_text(root) == case["root"]
    assert sorted(map(cid_text, shelf.plain.new)) == case["blocks"]


@given(contents, contents, st.sets(keys))
def test_the_same_entries_are_the_same_blocks(
    before: dict[bytes, int], puts: dict[bytes, int], gone: set[bytes]
) -> None:
    """Whatever was in the map before, and whether things come one by one or together."""
    removes = gone - puts.keys()
    after = {key: value for key, value in {**before, **puts}.items() if key not in removes}
    for shape in (OURS, NARROW):
        shelf = Shelf()
        root = shelf.make(before, shape)
        together = shelf.update(root, puts, tuple(removes))
        for key in sorted(removes, reverse=True):
            root = shelf.update(root, {}, (key,))
        for key, value in reversed(puts.items()):
            root = shelf.update(root, {key: value}, ())
        assert root == together == shelf.make(after, shape)
        assert shelf.run(hamt.entries(root)) == after


@given(contents, keys)
def test_one_entry_is_found_without_the_others(content: dict[bytes, int], key: bytes) -> None:
    """And what is not there is not found."""
    shelf = Shelf()
    root = shelf.make(content, NARROW)
    assert shelf.run(hamt.get(root, key, "absent")) == content.get(key, "absent")


@given(contents, contents)
def test_a_comparison_names_what_differs(one: dict[bytes, int], other: dict[bytes, int]) -> None:
    """With what it was and what it is."""
    shelf = Shelf()
    roots = shelf.make(one, NARROW), shelf.make(other, NARROW)
    expected = {
        key: (one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }
    assert shelf.run(hamt.diff(*roots)) == expected


def test_one_entry_among_many_costs_a_handful_of_blocks() -> None:
    """To read, to write, to remove and to compare."""
    shelf = Shelf()
    root = shelf.make({f"key-{number}".encode(): number for number in range(20_000)})
    before = set(shelf.plain.new)
    shelf.asked.clear()
    changed = shelf.update(root, {b"key-77": "other"}, ())
    assert len(shelf.plain.new.keys() - before) == sum(map(len, shelf.asked)) <= 5
    shelf.asked.clear()
    assert shelf.run(hamt.diff(root, changed)) == {b"key-77": (77, "other")}
    assert sum(map(len, shelf.asked)) <= 10
    shelf.asked.clear()
    assert shelf.run(hamt.get(changed, b"key-77")) == "other"
    assert sum(map(len, shelf.asked)) <= 5
    assert shelf.update(changed, {b"key-77": 77}, ()) == root


def test_setting_what_is_there_writes_nothing() -> None:
    """Nor does removing what is not."""
    shelf = Shelf()
    root = shelf.make({bytes((number,)): number for number in range(200)})
    before = len(shelf.plain.new)
    assert shelf.update(root, {b"\x07": 7}, (b"absent",)) == root
    assert len(shelf.plain.new) == before


def test_a_missing_block_is_named() -> None:
    """The one that would have been needed."""
    shelf = Shelf()
    root = shelf.make({bytes((number,)): number for number in range(200)})
    gone = next(cid for cid in shelf.plain.new if cid != root)
    del shelf.plain.new[gone]
    with pytest.raises(MissingBlock) as refusal:
        shelf.run(hamt.entries(root))
    assert refusal.value.cids == (gone,)


def root_of(**changed: Node) -> Node:
    """A root that holds one entry, with something in it changed."""
    shelf = Shelf()
    return {**decode(shelf.plain.new[shelf.make({b"a": 1})]), **changed}


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
    root = shelf.plain.write(node)
    for walk in (hamt.entries(root), hamt.get(root, b"a"), hamt.update(root, {b"a": 2}, (), shelf.plain)):
        with pytest.raises(NotATree, match=reason):
            shelf.run(walk)


def test_a_node_in_another_place_is_refused() -> None:
    """Branches that were exchanged would hide entries from whoever looks for them."""
    shelf = Shelf()
    root = shelf.make({bytes((number,)): number for number in range(250)})
    node = decode(shelf.plain.new[root])
    node["hamt"][1].reverse()
    with pytest.raises(NotATree, match="where its hash leads"):
        shelf.run(hamt.entries(shelf.plain.write(node)))
