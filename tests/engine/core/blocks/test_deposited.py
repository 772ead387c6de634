"""What a pico has put for everybody hangs on its sealed tree, and is not read with it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.blocks.dag_cbor import Link, Node, encode
from engine.core.blocks.deposited import Deposited, read_deposits, write_deposits
from engine.core.blocks.errors import NotATree
from engine.core.blocks.state import StateTree, read_state
from engine.core.blocks.walks import reach
from engine.core.cids import cid_of
from tests.engine.core.blocks.people import MOST, TEXT, rich_head, tree_on
from tests.engine.core.blocks.shelf import Shelf, sealed_blocks


def some(count: int) -> list[Deposited]:
    return [Deposited(cid_of(encode(number)), 4_096 + number) for number in range(count)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_500), st.randoms(use_true_random=False))
def test_any_number_comes_back(count: int, chance: random.Random) -> None:
    """In whatever order they are told, they make the same blocks."""
    shelf, given_ones = Shelf(sealed_blocks()), some(count)
    link = shelf.run(write_deposits(given_ones, shelf.blocks))
    mixed = given_ones[:]
    chance.shuffle(mixed)
    assert shelf.written(write_deposits(mixed, shelf.blocks)) == (link, 0)
    found = [] if link is None else shelf.run(read_deposits(link))
    assert sorted(found, key=lambda one: one.size) == given_ones


def test_one_more_among_many_is_a_few_blocks() -> None:
    """And so is one less."""
    shelf, many = Shelf(sealed_blocks()), some(20_000)
    shelf.run(write_deposits(many, shelf.blocks))
    for changed in ([*many, Deposited(cid_of(b"\xf6"), 1)], many[1:]):
        _, new = shelf.written(write_deposits(changed, shelf.blocks))
        assert 0 < new <= 5
    assert max(map(len, shelf.kept.values())) < 1 << 17


def test_a_state_leads_to_them_and_does_not_need_them() -> None:
    """Whoever keeps all that a root leads to has them; whoever reads the state asks for none of them."""
    shelf, note = Shelf(sealed_blocks()), encode("for everybody")
    deposits = (Deposited(cid_of(note), 5_000),)
    root = shelf.run(tree_on(shelf).write(rich_head(), {}, deposits))
    assert tuple(shelf.run(read_state(root, MOST)).deposits) == deposits
    shelf.kept[cid_of(note)] = note
    assert cid_of(note) in shelf.run_on_blocks(reach([root]))
    assert note not in b"".join(block for cid, block in shelf.kept.items() if cid != cid_of(note))


def test_a_state_with_nothing_put_is_what_it_always_was() -> None:
    """So it has the root that it had before there was such a list."""
    shelf = Shelf(sealed_blocks())
    tree = tree_on(shelf)
    before = shelf.run(tree.write(rich_head(), {}))
    assert shelf.run(tree.write(rich_head(), {}, some(3))) != before
    assert shelf.run(tree.write(rich_head(), {}, ())) == before
    assert shelf.run(StateTree(shelf.blocks, lambda _: TEXT).write(rich_head(), {}, [])) == before


def test_the_same_list_is_not_written_again() -> None:
    """Most turns put nothing."""
    shelf, deposits = Shelf(sealed_blocks()), tuple(some(600))
    tree = tree_on(shelf)
    root = shelf.run(tree.write(rich_head(), {}, deposits))
    assert shelf.written(tree.write(rich_head(), {}, tuple(some(600)))) == (root, 0)


@pytest.mark.parametrize(
    "node",
    [
        7,
        {"deposits": [], "more": 1},
        {"deposits": [[Link(cid_of(b"x")), 0]]},
        {"deposits": [[Link(cid_of(b"x")), True]]},
        {"deposits": [["x", 1]]},
        {"pieces": ["x"]},
    ],
)
def test_what_is_no_such_list_is_refused(node: Node) -> None:
    shelf = Shelf()
    link = Link(shelf.blocks.write(node))
    with pytest.raises(NotATree, match="what a pico has put"):
        shelf.run(read_deposits(link))


def test_lists_of_lists_come_to_an_end() -> None:
    """However many levels somebody writes."""
    shelf = Shelf()
    link = Link(shelf.blocks.write({"deposits": []}))
    for _ in range(5):
        link = Link(shelf.blocks.write({"pieces": [link]}))
    with pytest.raises(NotATree):
        shelf.run(read_deposits(link))
