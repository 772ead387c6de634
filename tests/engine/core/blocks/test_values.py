"""A value comes back from its tree exactly, and the tree says nothing of how the value came to be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.blocks import hamt, planting
from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Link, Node
from engine.core.blocks.errors import BlockError, BlockTooLarge, NotATree
from engine.core.blocks.planting import Planted, Planter
from engine.core.blocks.state import read_state
from engine.core.blocks.values import INLINE, LONGEST_KEY, ValueReader
from engine.core.blocks.walks import TURN
from engine.core.cids import cid_of
from engine.core.codec import to_bytes
from tests.engine.core.blocks.shelf import Shelf
from tests.engine.core.blocks.strategies import nodes
from tests.engine.core.strategies import texts
from tests.engine.core.strategies import values as small_values

MOST = 1 << 28

long_texts = st.builds(lambda text, times: text * times, texts, st.sampled_from([1, 500, 5000]))
keys = texts | st.builds(lambda text, times: text * times, texts, st.sampled_from([100, 2000]))
wide = st.builds(
    lambda items, times: items * times,
    st.lists(small_values | long_texts, max_size=3),
    st.sampled_from([1, 300]),
) | st.builds(
    lambda item, times: {f"{number:x}": item for number in range(times)},
    small_values | long_texts,
    st.sampled_from([20, 400]),
)
parts = small_values | long_texts | wide
values = parts | st.lists(parts, max_size=4) | st.dictionaries(keys, parts, max_size=4)


def planted(shelf: Shelf, value: Any, before: Planted | None = None) -> Planted:
    return shelf.run(Planter(shelf.blocks).plant(value, before))


def read(shelf: Shelf, slot: Node, most: int = MOST) -> Any:
    return shelf.run(ValueReader(most).read(slot))


def anew(value: Any) -> Node:
    """The slot of a value that nothing is known of yet."""
    return planted(Shelf(), value).slot


@settings(max_examples=60, deadline=None)
@given(values)
def test_a_value_comes_back_exactly(value: Any) -> None:
    """As state ids are made of it: with the order of keys, numbers as they were, and halves of characters."""
    shelf = Shelf()
    slot = planted(shelf, value).slot
    assert to_bytes(read(shelf, slot)) == to_bytes(value)
    assert all(len(block) <= LARGEST_BLOCK for block in shelf.kept.values())


@settings(max_examples=25, deadline=None)
@given(values, values)
def test_the_tree_does_not_say_what_was_there_before(before: Any, value: Any) -> None:
    """Also where one thing takes the place of something quite different."""
    shelf = Shelf()
    assert planted(shelf, value, planted(shelf, before)).slot == anew(value)


edits = st.lists(
    st.tuples(st.sampled_from(["put", "add", "remove", "grow"]), st.integers(0, 10**6), small_values),
    max_size=8,
)


def edited_map(value: dict[str, Any], kind: str, number: int, item: Any) -> dict[str, Any]:
    key = list(value)[number % len(value)] if value else "first"
    match kind:
        case "put":
            return {**value, key: item}
        case "add":
            return {**value, f"new {number}": item}
        case "remove":
            return {name: entry for name, entry in value.items() if name != key}
    return {**value, key: [item] * 3000}


def edited_list(value: list[Any], kind: str, number: int, item: Any) -> list[Any]:
    place = number % (len(value) + 1)
    match kind:
        case "put":
            return [*value[:place], item, *value[place + 1 :]]
        case "add":
            return [*value[:place], item, *value[place:]]
        case "remove":
            return value[:place] + value[place + 1 :]
    return [*value[:place], [item] * 3000, *value[place:]]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([0, 5, 1500]), edits)
def test_a_map_that_is_edited_is_the_map_made_anew(size: int, found: list[tuple[str, int, Any]]) -> None:
    """After each edit: entries come, go, change and grow, in maps of one page and of many blocks."""
    shelf = Shelf()
    value: dict[str, Any] = {f"key {number}": float(number) for number in range(size)}
    tree = planted(shelf, value)
    for kind, number, item in found:
        value = edited_map(value, kind, number, item)
        tree = planted(shelf, value, tree)
        assert tree.slot == anew(value)
    assert to_bytes(read(shelf, tree.slot)) == to_bytes(value)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([0, 5, 4000]), edits)
def test_a_list_that_is_edited_is_the_list_made_anew(size: int, found: list[tuple[str, int, Any]]) -> None:
    """At its ends and in the middle."""
    shelf = Shelf()
    value: list[Any] = [float(number) for number in range(size)]
    tree = planted(shelf, value)
    for kind, number, item in found:
        value = edited_list(value, kind, number, item)
        tree = planted(shelf, value, tree)
        assert tree.slot == anew(value)
    assert to_bytes(read(shelf, tree.slot)) == to_bytes(value)


LARGE = {f"key-{number}": {"n": float(number), "note": "x" * 40} for number in range(20_000)}


@pytest.mark.parametrize(
    "after",
    [
        {**LARGE, "key-77": {"n": 1.0}},
        {**LARGE, "new": {"n": 1.0}},
        {name: entry for name, entry in LARGE.items() if name != "key-77"},
        {**LARGE, "key-77": ["y" * 3000]},
    ],
    ids=["one other", "one more", "one less", "one large"],
)
def test_one_entry_among_many_costs_a_handful_of_blocks(after: dict[str, Any]) -> None:
    """And what was written before is read again."""
    shelf = Shelf()
    tree = planted(shelf, LARGE)
    changed, new = shelf.written(Planter(shelf.blocks).plant(after, tree))
    assert new <= 8
    assert to_bytes(read(shelf, changed.slot)) == to_bytes(after)
    assert to_bytes(read(shelf, tree.slot)) == to_bytes(LARGE)


@pytest.mark.parametrize(
    "after", [[*range(50_000), 7.0], list(range(1, 50_000)), [*range(1000), 7.0, *range(1000, 50_000)]]
)
def test_one_item_among_many_costs_a_handful_of_blocks(after: list[Any]) -> None:
    """At the end, at the beginning and between."""
    shelf = Shelf()
    tree = planted(shelf, list(range(50_000)))
    assert shelf.written(Planter(shelf.blocks).plant(after, tree))[1] <= 3


def test_what_did_not_change_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large list in a large map that has one other entry, no item is written again, nor anything else
    that is as it was."""
    shelf = Shelf()
    value = {"items": [f"item {number}" for number in range(5000)], **LARGE}
    tree = planted(shelf, value)
    looked_at: list[Any] = []

    def note(plain: Any) -> bytes:
        looked_at.append(plain)
        return to_bytes(plain)

    monkeypatch.setattr(planting, "encoder_of", lambda _: note)
    planted(shelf, {**value, "key-9": {"n": 0.5}}, tree)
    assert looked_at == [{"n": 0.5}, LARGE["key-9"]]


def test_others_can_run_in_between() -> None:
    """Writing and reading something large are many steps, so that nobody has to wait for all of it."""
    shelf = Shelf()
    slot = planted(shelf, LARGE).slot
    assert shelf.breaths > 3 * len(LARGE) / TURN
    shelf.breaths = 0
    read(shelf, slot)
    assert shelf.breaths > 2 * len(LARGE) / TURN


@pytest.mark.parametrize("size", [LONGEST_KEY, LONGEST_KEY + 1, INLINE, 10 * INLINE])
def test_keys_may_be_long(size: int) -> None:
    """In small maps and large ones."""
    for count in (1, 300):
        shelf = Shelf()
        value = {f"{number:04}".ljust(size, "k"): float(number) for number in range(count)}
        assert read(shelf, planted(shelf, value).slot) == value


@pytest.mark.parametrize(
    "step", [lambda value: [value, "x" * 3000], lambda value: {"a": value, "b": "x" * 3000}]
)
def test_values_may_be_nested_as_deeply_as_the_language_lets_them(step: Any) -> None:
    """Below some level they are one text."""
    value: Any = 1.0
    for _ in range(255):
        value = step(value)
    shelf = Shelf()
    assert to_bytes(read(shelf, planted(shelf, value).slot)) == to_bytes(value)


def test_more_than_may_be_read_is_not() -> None:
    """Neither a tree that is large, nor a small one that says the same thing over and over."""
    shelf = Shelf()
    slot = planted(shelf, ["x" * 100_000] * 20).slot
    with pytest.raises(BlockTooLarge, match="more than 1,000,000 bytes"):
        read(shelf, slot, 1_000_000)
    with pytest.raises(BlockTooLarge):
        read(shelf, planted(shelf, ["x" * 1_000] * 2_000).slot, 1_000_000)
    piece = Link(shelf.blocks.write({"text": b""}))
    fork = Link(shelf.blocks.write({"texts": [piece] * 256}))
    with pytest.raises(BlockTooLarge):
        read(shelf, Link(shelf.blocks.write({"texts": [fork] * 256})), 1_000_000)
    node: Node = {"list": [b"[1.0]"]}
    for _ in range(30):
        link = Link(shelf.blocks.write(node))
        node = {"list": [link] * 100}
    with pytest.raises(BlockTooLarge):
        read(shelf, Link(shelf.blocks.write(node)), 1_000_000)


SOMEWHERE = Link(cid_of(b"somewhere"))


@pytest.mark.parametrize(
    "node",
    [
        None,
        7,
        b"1.0",
        {},
        {"text": "text"},
        {"text": b"\xff"},
        {"text": b"", "more": 1},
        {"texts": []},
        {"texts": [b"x"]},
        {"texts": 7},
        {"list": 7},
        {"list": [b"{}"]},
        {"list": [b"[1"]},
        {"list": [7]},
        {"list": [b"[" * 100_000]},
        {"lists": [7]},
        {"lists": [SOMEWHERE] * 257},
        {"map": [b"[]"]},
        {"map": [[b'"a"']]},
        {"map": [[b"1.0", b"1.0"]]},
        {"map": [b'{"a":1.0}', [b'"a"', b"2.0"]]},
        {"map": {}},
        {"keys": b"[]"},
        {"keys": b"[]", "entries": b""},
        {"json": b"1.0"},
        {"json": SOMEWHERE, "more": 1},
    ],
)
def test_what_is_no_value_is_refused(node: Node) -> None:
    """Whoever has written it must have had the key; it is refused all the same."""
    shelf = Shelf()
    with pytest.raises(NotATree):
        read(shelf, Link(shelf.blocks.write(node)))


@settings(max_examples=300)
@given(nodes)
def test_any_node_is_a_value_or_refused_by_name(node: Node) -> None:
    """Whatever else a block may be: a `BlockError` says what is wrong with it, and nothing else comes out."""
    shelf = Shelf()
    link = Link(shelf.blocks.write(node))
    for slot in (node, link, Link(shelf.blocks.write({"list": [link, b"[1.0]"]}))):
        with suppress(BlockError):
            to_bytes(read(shelf, slot))
    for walk in (hamt.entries(link.cid), hamt.diff(link.cid, link.cid), read_state(link.cid, MOST)):
        with suppress(BlockError):
            shelf.run(walk)


def test_a_map_has_the_entries_that_its_keys_name() -> None:
    """No more and no others."""
    shelf = Shelf()
    tree = planted(shelf, {f"key {number}": "x" * 50 for number in range(1000)})
    assert tree.entries is not None
    for names in (
        [],
        ["key 1"],
        [f"key {number}" for number in range(1, 1001)],
        ["key 1"] * 1000,
        "text",
        [1.0] * 1000,
        dict.fromkeys(f"key {number}" for number in range(1000)),
    ):
        keys = planted(shelf, names).slot
        with pytest.raises(NotATree, match="keys"):
            read(shelf, Link(shelf.blocks.write({"keys": keys, "entries": Link(tree.entries)})))


@pytest.mark.parametrize("slot", [b"1.0,2.0", b"", b"1.0]", 7, None, "1.0", [b"1.0"], {"list": [b"1.0"]}])
def test_an_entry_of_a_map_is_one_value(slot: Node) -> None:
    """What stands in its place is one, in JSON or linked: a second one would come to another entry."""
    shelf = Shelf()
    keys = planted(shelf, ["a", "b"]).slot
    good = shelf.run(hamt.update(None, {b"a": b"1.0", b"b": b"3.0"}, [], shelf.blocks))
    node = shelf.blocks.write({"keys": keys, "entries": Link(good)})
    assert read(shelf, Link(node)) == {"a": 1.0, "b": 3.0}
    bad = shelf.run(hamt.update(None, {b"a": slot, b"b": b"3.0"}, [], shelf.blocks))
    with pytest.raises(NotATree):
        read(shelf, Link(shelf.blocks.write({"keys": keys, "entries": Link(bad)})))


def test_nesting_has_an_end() -> None:
    """A chain of nodes that nobody has written here is refused before Python's stack ends."""
    shelf = Shelf()
    for kind in ("list", "lists", "texts"):
        link = Link(shelf.blocks.write({"text": b""}))
        for _ in range(500):
            link = Link(shelf.blocks.write({kind: [link]}))
        with pytest.raises(NotATree):
            read(shelf, link)
