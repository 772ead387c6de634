"""A pico that comes back from its blocks is the pico that was sealed, to the last bit of its state id."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from engine.core.blocks.dag_cbor import Node
from engine.core.blocks.errors import BlockTooLarge, MissingBlock, NewerFormat, NotATree
from engine.core.blocks.planting import Planter
from engine.core.blocks.state import State, StateTree, read_state
from engine.core.blocks.walks import nothing_else
from engine.core.cids import Cid, cid_text, read_cid
from engine.core.codec import pack_pico
from engine.core.model import EMPTY, Channel, Eci, Pico, Rid
from engine.core.multiformats import from_base64url
from engine.core.records import Head, decode_record, fold, state_id
from tests.engine.core.blocks.people import (
    BESIDE,
    DIGEST,
    RID,
    TEXT,
    restored,
    rich_head,
    rich_pico,
    tree_on,
    written,
)
from tests.engine.core.blocks.shelf import Shelf, sealed_blocks
from tests.engine.core.strategies import picos
from tests.histories.stored import all_histories
from tests.histories.stored import read as read_history

KEPT = Path(__file__).parent / "kept"


@settings(max_examples=80, deadline=None)
@given(picos)
def test_any_pico_comes_back(pico: Pico) -> None:
    """Whatever it has."""
    shelf = Shelf()
    tree = StateTree(shelf.blocks, lambda digest: digest)
    head = Head(replace(pico, rulesets=()), "ab")
    assert state_id(restored(shelf, shelf.run(tree.write(head))).head.pico) == state_id(head.pico)


def test_everything_comes_back() -> None:
    """Of a pico that has something of everything, with what was kept beside it and its rulesets' texts."""
    shelf = Shelf(sealed_blocks())
    head = rich_head()
    found = restored(shelf, written(shelf, head, BESIDE))
    assert found == State(head, BESIDE, {DIGEST: TEXT})
    assert state_id(found.head.pico) == state_id(head.pico)
    assert list(found.head.pico.timers) == ["t2", "t1"]
    assert list(found.head.pico.entities[RID]["last"]) == ["10", "9", "z", "a"]


@pytest.mark.parametrize("records", all_histories(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_histories_come_back_after_each_turn(records: Path) -> None:
    """Of every version. The tree that grew with the history is the one that is made of its last state."""
    history = read_history(records)
    shelf = Shelf()

    def text_of(digest: str) -> str:
        return (records.parent / "rulesets" / f"{digest}.krl").read_text("utf-8")

    tree, head = StateTree(shelf.blocks, text_of), history.start
    for body, expected in zip(history.bodies, history.states, strict=True):
        head = fold(head, [body])
        root = shelf.run(tree.write(head))
        assert state_id(restored(shelf, root).head.pico) == expected, decode_record(body).seq
        assert restored(shelf, root).head.chain == head.chain
    assert shelf.run(StateTree(Shelf().blocks, text_of).write(head)) == root


def test_a_text_is_looked_for_once() -> None:
    """It stays what it is as long as a ruleset has it."""
    looked_for: list[str] = []

    def text_of(digest: str) -> str:
        looked_for.append(digest)
        return TEXT

    tree, head = StateTree(Shelf().blocks, text_of), rich_head()
    for seq in range(3):
        nothing_else(tree.write(replace(head, pico=replace(head.pico, seq=seq))))
    assert looked_for == [DIGEST]


@pytest.mark.parametrize("field", [field.name for field in fields(Pico)])
def test_every_field_is_in_the_tree(field: str) -> None:
    """A pico that differs in any of them has another root."""
    pico = rich_pico()
    emptied = replace(pico, **{field: {"seq": 0, "id": "other"}.get(field, getattr(Pico("x"), field, None))})  # type: ignore[arg-type]
    roots = {written(Shelf(), Head(one, "ab")) for one in (pico, emptied)}
    assert len(roots) == 2, f"rich_pico() has nothing in {field}"


def test_what_the_codec_says_of_a_pico_is_what_comes_back() -> None:
    """The tree says what the codec says, so that a field which is new there is in the tree as well."""
    shelf = Shelf()
    head = rich_head()
    assert pack_pico(restored(shelf, written(shelf, head)).head.pico) == pack_pico(head.pico)


def test_a_turn_costs_what_it_changed() -> None:
    """One entry among a hundred thousand is some blocks, and writing the same again is none."""
    shelf = Shelf(sealed_blocks())
    large: Any = {f"key-{number}": {"n": float(number)} for number in range(100_000)}
    tree, pico = tree_on(shelf), rich_pico({"other": {"large": large}})
    head = Head(pico, "ab" * 32)
    root = shelf.run(tree.write(head, BESIDE))
    assert shelf.written(tree.write(head, BESIDE)) == (root, 0)
    changed = {**large, "key-500": {"n": 0.5}}
    after = Head(
        replace(pico, seq=42, entities={**pico.entities, Rid("other"): {"large": changed}}), "cd" * 32
    )
    after_root, new = shelf.written(tree.write(after, BESIDE))
    assert new <= 12
    assert restored(shelf, after_root) == State(after, BESIDE, {DIGEST: TEXT})
    assert restored(shelf, root) == State(head, BESIDE, {DIGEST: TEXT})


def test_one_channel_more_among_many_is_some_blocks() -> None:
    """Parts of the model are shared like values."""
    shelf = Shelf()
    channels = {Eci(f"eci-{number}"): Channel(Eci(f"eci-{number}"), ("tag",)) for number in range(5000)}
    tree, pico = tree_on(shelf), replace(rich_pico(), channels=channels)
    shelf.run(tree.write(Head(pico, "ab")))
    more = {**channels, Eci("eci-25x"): Channel(Eci("eci-25x"), ())}
    after = Head(replace(pico, channels=more), "cd")
    root, new = shelf.written(tree.write(after))
    assert new <= 8
    assert restored(shelf, root).head == after


def test_one_handled_message_more_is_some_blocks() -> None:
    """What is kept beside the pico is shared too."""
    shelf = Shelf()
    tree, head = tree_on(shelf), rich_head()
    shelf.run(tree.write(head, BESIDE))
    more = {**BESIDE, "handled": {**BESIDE["handled"], "message x": 1}}
    assert shelf.written(tree.write(head, more))[1] <= 8


def test_a_ruleset_that_is_gone_is_forgotten() -> None:
    """What it had would otherwise be held in memory as long as the tree is."""
    shelf, held = Shelf(), Held()
    tree = tree_on(shelf)
    shelf.run(tree.write(Head(rich_pico({Rid("other"): {"held": held}}), "ab")))
    gone = weakref.ref(held)
    del held
    assert gone() is not None
    shelf.run(tree.write(Head(rich_pico(), "cd")))
    gc.collect()
    assert gone() is None


class Held(dict[str, Any]):
    """An entity variable that can be watched."""


def test_a_walk_that_was_given_up_spoils_nothing() -> None:
    """As when the disk is full in the middle: the next one writes all that is needed."""
    shelf = Shelf()
    tree, head = tree_on(shelf), rich_head()
    walk = tree.write(head)
    for _ in range(5):
        next(walk)
    walk.close()
    shelf.kept.clear()
    assert restored(shelf, shelf.run(tree.write(head))) == State(head, EMPTY, {DIGEST: TEXT})


def test_a_block_that_the_store_has_lost_is_named_and_a_new_tree_mends_it() -> None:
    """A tree goes on from blocks that it has written; where they are gone it is made anew."""
    shelf = Shelf()
    tree, pico = tree_on(shelf), rich_pico()
    shelf.run(tree.write(Head(pico, "ab")))
    shelf.kept.clear()
    people = {**pico.entities[RID]["people"], "person 3": 1.0}
    after = Head(replace(pico, entities={RID: {**pico.entities[RID], "people": people}}), "cd")
    with pytest.raises(MissingBlock):
        shelf.run(tree.write(after))
    assert restored(shelf, written(shelf, after)).head == after


def state_with(shelf: Shelf, changed: Mapping[str, Node], parts: Mapping[str, Node] = EMPTY) -> Cid:
    """A good state, but for something in its root."""
    root = written(shelf, rich_head())
    node = shelf.blocks.read(root, shelf.kept[root])
    return shelf.blocks.write({**node, "parts": {**node["parts"], **parts}, **changed})


@pytest.mark.parametrize("version", [2, 99, "1", None])
def test_a_format_of_the_future_is_refused_by_name(version: Node) -> None:
    """And says that a newer version can read it."""
    shelf = Shelf()
    with pytest.raises(NewerFormat, match=f"format {version!r} of a state.*a newer one"):
        restored(shelf, state_with(shelf, {"format": version}))


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "something else"},
        {"chain": 7},
        {"more": 1},
        {"parts": {}},
        {"parts": []},
        {"texts": 7},
        {"texts": {DIGEST: b'"another text"'}},
        {"texts": {DIGEST: b"7"}},
    ],
)
def test_what_is_no_state_is_refused(changed: Mapping[str, Node]) -> None:
    """By name, and whoever wrote it."""
    shelf = Shelf()
    with pytest.raises(NotATree):
        restored(shelf, state_with(shelf, changed))


@pytest.mark.parametrize(
    "parts",
    [
        {"more": b"1"},
        {"own": b"[]"},
        {"own": b"{}"},
        {"children": b"[1]"},
        {"channels": b"[]"},
        {"channels": b'{"a":{}}'},
        {"timers": b"7"},
        {"entities": b'"' + b"x" * 9 + b'"'},
        {"relations": b'{"a":{"eci":"b","label":"","since":1,"state":{}}}'},
        {"beside": b"[]"},
        {"own": 7},
    ],
)
def test_a_part_that_is_not_what_it_should_be_is_refused(parts: Mapping[str, Node]) -> None:
    """Not found out by whoever runs the pico later."""
    shelf = Shelf()
    with pytest.raises(NotATree):
        restored(shelf, state_with(shelf, {}, parts))


@pytest.mark.parametrize("node", [7, [], {}, None])
def test_another_node_is_no_state(node: Node) -> None:
    """Though it is a block like any other."""
    shelf = Shelf()
    with pytest.raises(NotATree):
        restored(shelf, shelf.blocks.write(node))


def test_a_state_larger_than_what_may_be_read_is_refused() -> None:
    """Before all of it is held."""
    shelf = Shelf()
    root = written(shelf, rich_head())
    with pytest.raises(BlockTooLarge):
        shelf.run(read_state(root, 50_000))


def kept_state() -> tuple[Shelf, Mapping[str, str]]:
    """Sealed blocks of format 1, and what is known of them."""
    kept = json.loads((KEPT / "state-1.json").read_text())
    shelf = Shelf(sealed_blocks(e3=bytes.fromhex(kept["key"])))
    shelf.kept.update((read_cid(cid), from_base64url(block)) for cid, block in kept.pop("blocks").items())
    return shelf, kept


def test_a_tree_that_was_kept_is_read_for_ever() -> None:
    """As the version wrote it that had the format first."""
    shelf, kept = kept_state()
    found = restored(shelf, read_cid(kept["root"]))
    assert state_id(found.head.pico) == kept["state"]
    assert (found.beside, found.texts) == ({"inbox": ["x"]}, {DIGEST: TEXT})


def test_the_tree_is_still_written_like_that() -> None:
    """Other blocks for the same state would be read as well, but everything would have to be stored anew."""
    shelf, kept = kept_state()
    found = restored(shelf, read_cid(kept["root"]))
    new, written_anew = shelf.written(tree_on(shelf).write(found.head, found.beside))
    assert (cid_text(new), written_anew) == (kept["root"], 0)


def test_blocks_are_small_enough_for_any_node() -> None:
    """Also of values that are as awkward as they can be."""
    shelf = Shelf(sealed_blocks())
    awkward = {f"{number}".rjust(250, "k"): "\x01" * 330 for number in range(3000)}
    shelf.run(Planter(shelf.blocks).plant(awkward))
    assert max(map(len, shelf.kept.values())) < 1 << 20
