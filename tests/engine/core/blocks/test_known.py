"""A tree that shares nodes with one that was read before costs what is new in it, and hides nothing so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from engine.core.blocks import hamt
from engine.core.blocks.dag_cbor import Link, Node, decode
from engine.core.blocks.errors import BlockTooLarge, NotATree
from engine.core.blocks.values import Known, ValueReader
from engine.core.codec import to_bytes
from tests.engine.core.blocks.shelf import Shelf
from tests.engine.core.blocks.test_values import MOST, planted, values

LARGE = {f"entry {n}": f"{n} " * 200 for n in range(2_000)}


def read(shelf: Shelf, slot: Node, known: Known | None, most: int = MOST) -> Any:
    return shelf.run(ValueReader(most, known).read(slot))


def test_only_what_is_new_is_asked_for() -> None:
    """One entry of two thousand: the nodes on the way to it. Values that are not in these are the same."""
    shelf, known = Shelf(), Known()
    before = planted(shelf, LARGE)
    first = read(shelf, before.slot, known)
    after = planted(shelf, {**LARGE, "entry 7": "another"}, before)
    all_of_it = sum(map(len, shelf.asked))
    shelf.asked.clear()
    second = read(shelf, after.slot, known)
    assert second == {**LARGE, "entry 7": "another"}
    assert list(second) == list(LARGE)
    assert sum(second[key] is first[key] for key in LARGE) > 0.9 * len(LARGE)
    assert sum(map(len, shelf.asked)) < 6 < 30 < all_of_it


@settings(max_examples=40, deadline=None)
@given(values, values)
def test_nothing_depends_on_what_is_known(one: Any, other: Any) -> None:
    """Whatever was read before, a value is the same to the last byte."""
    shelf, known = Shelf(), Known()
    both = [planted(shelf, one), planted(shelf, [one, other])]
    for slot, value in ((both[0].slot, one), (both[1].slot, [one, other]), (both[0].slot, one)):
        assert to_bytes(read(shelf, slot, known)) == to_bytes(value)


def test_what_is_known_counts_as_often_as_it_is_there() -> None:
    """Else a few blocks would be a value that nobody can hold: each level has the one below it many times."""
    shelf, known = Shelf(), Known()
    slot = planted(shelf, "x" * 5_000).slot
    for _ in range(6):
        slot = Link(shelf.blocks.write({"list": [slot] * 20}))
    with pytest.raises(BlockTooLarge):
        read(shelf, slot, known, most=50_000_000)


def test_a_node_that_is_known_from_one_place_is_not_taken_in_another() -> None:
    """An entry has to be where its hash leads, and the same node cannot be in two places."""
    shelf, known = Shelf(), Known()
    good = planted(shelf, LARGE)
    read(shelf, good.slot, known)
    assert good.entries is not None
    root: Any = decode(shelf.kept[good.entries])
    bitmap, elements = root["hamt"]
    swapped = [elements[1], elements[0], *elements[2:]]
    forged = shelf.blocks.write({**root, "hamt": [bitmap, swapped]})
    assert good.keys is not None
    with pytest.raises(NotATree, match="where its hash leads"):
        read(shelf, Link(shelf.blocks.write({"keys": good.keys.slot, "entries": Link(forged)})), known)


def test_few_nodes_of_a_map_are_held_at_a_time() -> None:
    """However many it has: those that were asked for together have about a megabyte."""
    shelf = Shelf()
    large = planted(shelf, {f"entry {n}": f"{n}".ljust(1_500, "x") for n in range(4_000)})
    shelf.asked.clear()
    read(shelf, large.slot, None)
    together = [sum(len(shelf.kept[cid]) for cid in wanted) for wanted in shelf.asked]
    assert max(together) < 3 * hamt.VISITED_BYTES
    assert sum(together) > 4_000 * 1_500
