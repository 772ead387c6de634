"""A sealed block tells its links to everybody and what is in it only to whoever has the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.keys import BlockCipher
from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Link, Node, decode, encode, links_of
from engine.core.blocks.errors import (
    AlteredBlock,
    BlockError,
    BlockTooLarge,
    MissingBlock,
    NewerFormat,
    NotSealed,
    WrongKey,
)
from engine.core.blocks.sealing import (
    MANY_LINKS,
    SHORT,
    Keyring,
    SealedBlocks,
    _nonce,
    epoch_of,
    keys_of,
    seal,
    unseal,
)
from engine.core.blocks.state import StateTree
from engine.core.blocks.walks import from_memory, on_blocks, reach, run
from engine.core.cids import Cid, cid_of
from engine.core.model import Rid
from engine.core.records import Head
from tests.engine.core.blocks.people import BESIDE, CANARY, ECI, RID, restored, rich_head, tree_on, written
from tests.engine.core.blocks.shelf import KEY, Shelf, sealed_blocks
from tests.engine.core.blocks.strategies import nodes

RING = Keyring({0: KEY})
CIPHER = BlockCipher()
OTHER_KEY = bytes(32)
ONE, TWO = cid_of(b"one"), cid_of(b"two")


def sealed(node: Node, keyring: Keyring = RING) -> tuple[Cid, bytes]:
    block = seal(node, keyring, CIPHER)
    return cid_of(block), block


def opened(block: bytes, keyring: Keyring = RING) -> Node:
    return unseal(cid_of(block), block, keyring, CIPHER)


def changed(node: Node, **members: Node) -> bytes:
    """The block of a node with something in the envelope exchanged."""
    return encode({**decode(sealed(node)[1]), **members})


@given(nodes)
def test_a_node_comes_out_as_it_went_in(node: Node) -> None:
    """And where it leads can be seen from outside."""
    cid, block = sealed(node)
    assert encode(unseal(cid, block, RING, CIPHER)) == encode(node)
    assert tuple(link.cid for link in decode(block)["links"]) == links_of(node)


def test_equal_nodes_are_one_block_within_a_pico_and_none_across_picos() -> None:
    """Nothing of a block but its size and its links is the same under another key."""
    node = {"list": [b"[1.0]", Link(ONE)]}
    assert sealed(node) == sealed(dict(node))
    mine, theirs = decode(sealed(node)[1]), decode(sealed(node, Keyring({0: OTHER_KEY}))[1])
    assert [name for name in mine if mine[name] == theirs[name]] == ["v", "epoch", "links"]
    mine_later = decode(sealed(node, Keyring({0: KEY, 1: OTHER_KEY}))[1])
    assert mine_later["nonce"] != theirs["nonce"], "the epoch is part of what is sealed"


def test_nothing_that_was_sealed_can_be_read() -> None:
    """In no block of a tree, in no spelling, stands anything of a pico that has something of everything."""
    shelf = Shelf(sealed_blocks())
    written(shelf, rich_head(), BESIDE)
    everything = b"".join(shelf.kept.values())
    words = [
        CANARY,
        ECI,
        RID,
        "person 7",
        "message 7",
        "once upon a",
        "picomesh state",
        "kind",
        "entities",
        "handled",
    ]
    for word in words:
        assert word.encode() not in everything
        assert word.encode("utf-16-le") not in everything
    open_shelf = Shelf()
    written(open_shelf, rich_head(), BESIDE)
    in_the_open = b"".join(open_shelf.kept.values())
    assert all(word.encode() in in_the_open for word in words)


def test_the_whole_tree_can_be_followed_without_a_key() -> None:
    """So a store can pin and fetch it: what the links lead to is all that was written."""
    shelf = Shelf(sealed_blocks())
    root = written(shelf, rich_head(), BESIDE)
    sizes = shelf.run_on_blocks(reach([root]))
    assert sizes == {cid: len(block) for cid, block in shelf.kept.items()}
    known = next(cid for cid in sizes if cid != root)
    assert known not in shelf.run_on_blocks(reach([root], lambda cid: cid == known))


def test_whoever_follows_a_tree_finds_every_block_that_was_altered() -> None:
    """Also without a key, and where what was altered still leads to the same blocks."""
    shelf = Shelf(sealed_blocks())
    root = written(shelf, rich_head(), BESIDE)
    for cid, block in [*shelf.kept.items()]:
        shelf.kept[cid] = block[:-1] + bytes((block[-1] ^ 1,))
        with pytest.raises(AlteredBlock):
            shelf.run_on_blocks(reach([root]))
        shelf.kept[cid] = block


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"links": [Link(TWO), Link(ONE)]}, WrongKey),
        ({"links": [Link(ONE)]}, WrongKey),
        ({"links": []}, WrongKey),
        ({"links": [Link(ONE), Link(cid_of(b"three"))]}, WrongKey),
        ({"epoch": 1}, WrongKey),
        ({"nonce": bytes(24)}, WrongKey),
        ({"sealed": bytes(60)}, WrongKey),
        ({"v": 1.0}, WrongKey),
        ({"v": True}, WrongKey),
        ({"v": 2}, NewerFormat),
        ({"v": 0}, NotSealed),
        ({"v": None}, NotSealed),
        ({"epoch": -1}, NotSealed),
        ({"epoch": "0"}, NotSealed),
        ({"links": [ONE]}, NotSealed),
        ({"links": Link(ONE)}, NotSealed),
        ({"nonce": bytes(12)}, NotSealed),
        ({"sealed": b""}, NotSealed),
        ({"more": 1}, NotSealed),
    ],
)
def test_nothing_in_an_envelope_can_be_exchanged(members: dict[str, Any], error: type[BlockError]) -> None:
    """Least of all the links: whoever keeps blocks cannot lead us elsewhere."""
    node = [Link(ONE), Link(TWO), "text"]
    keyring = Keyring({0: KEY, 1: KEY})
    assert opened(changed(node), keyring) == node
    with pytest.raises(error):
        opened(changed(node, **members), keyring)


@pytest.mark.parametrize("block", [b"", b"\xf6", encode([]), encode({}), b"\xff", encode({"text": b"open"})])
def test_what_was_never_sealed_is_refused(block: bytes) -> None:
    """Also a node of a tree in the open."""
    with pytest.raises(NotSealed):
        opened(block)
    with pytest.raises(NotSealed):
        unseal(cid_of(block, "raw"), block, RING, CIPHER)


def test_another_key_opens_nothing() -> None:
    """And says which key would."""
    block = sealed("text")[1]
    with pytest.raises(WrongKey, match="not opened by the state key of epoch 0"):
        opened(block, Keyring({0: OTHER_KEY}))
    with pytest.raises(WrongKey, match=r"epoch 0; the keys at hand are of 3, 4"):
        opened(block, Keyring({3: KEY, 4: KEY}))


def test_a_block_that_the_key_opens_but_was_made_in_another_way_is_refused() -> None:
    """There is one block for a node and a key, so that nobody can have two of them for one state."""
    plain, visible = encode("text"), {"v": 1, "epoch": 0, "links": []}
    nonce = bytes(24)
    forged = CIPHER.encrypt(plain, encode(visible), nonce, keys_of(KEY).seal)
    with pytest.raises(WrongKey):
        opened(encode({**visible, "nonce": nonce, "sealed": forged}))


@pytest.mark.parametrize("links", [[], [TWO], [ONE, ONE], [TWO, ONE], [ONE, TWO, TWO]])
def test_a_block_that_says_to_lead_elsewhere_than_it_does_is_refused(links: list[Cid]) -> None:
    """Even by whoever has the key: a store would pin and fetch something else than what is read."""
    plain = encode([Link(ONE), Link(TWO)])
    visible = {"v": 1, "epoch": 0, "links": [Link(link) for link in links]}
    nonce = _nonce(plain, encode(visible), keys_of(KEY))
    lie = CIPHER.encrypt(plain, encode(visible), nonce, keys_of(KEY).seal)
    with pytest.raises(NotSealed, match="leads elsewhere"):
        opened(encode({**visible, "nonce": nonce, "sealed": lie}))


@settings(max_examples=200)
@given(st.data())
def test_a_flipped_bit_is_found(data: st.DataObject) -> None:
    """By the CID, before anything is read; and by the key, if somebody gives the block a CID that fits."""
    shelf = Shelf(sealed_blocks())
    root = shelf.blocks.write(["text", Link(ONE)])
    block = bytearray(shelf.kept[root])
    block[data.draw(st.integers(0, len(block) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    shelf.kept[root] = bytes(block)
    with pytest.raises(AlteredBlock):
        restored(shelf, root)
    with pytest.raises(BlockError):
        opened(bytes(block))


@settings(max_examples=200)
@given(st.binary(max_size=200) | nodes.map(encode))
def test_bytes_from_anywhere_are_refused_by_name(block: bytes) -> None:
    """Never with anything but a `BlockError`."""
    with pytest.raises(BlockError):
        opened(block)


def test_each_block_of_a_tree_is_needed_and_checked() -> None:
    """Whichever is missing, cut short, too long or exchanged for another: the state is refused, by name."""
    shelf = Shelf(sealed_blocks())
    root = written(shelf, rich_head())
    whole = dict(shelf.kept)
    other = sealed("of the same pico")[1]
    kinds: list[Callable[[bytes], bytes]] = [
        lambda block: block[:-1],
        lambda _: b"",
        lambda block: block + b"\0",
        lambda _: other,
    ]
    for (cid, block), alter in zip(whole.items(), cycle(kinds), strict=False):
        del shelf.kept[cid]
        with pytest.raises(MissingBlock) as refusal:
            restored(shelf, root)
        assert refusal.value.cids == (cid,)
        shelf.kept[cid] = alter(block)
        with pytest.raises(AlteredBlock) as alteration:
            restored(shelf, root)
        assert alteration.value.cid == cid
        shelf.kept[cid] = block
    shelf.kept[root] += bytes(LARGEST_BLOCK)
    with pytest.raises(BlockTooLarge):
        restored(shelf, root)


def test_a_new_key_is_taken_up_block_by_block() -> None:
    """After a rotation only what changes is sealed anew; the tree then takes both keys."""
    first, both = sealed_blocks(e0=KEY), sealed_blocks(e0=KEY, e1=OTHER_KEY)
    shelf = Shelf(first)
    tree, head = tree_on(shelf), rich_head()
    shelf.run(tree.write(head, BESIDE))
    before = set(shelf.kept)
    later = Shelf(both)
    later.kept.update(shelf.kept)
    tree.rekey(both)
    entities = {**head.pico.entities, Rid("other"): {"new": 1.0}}
    after = Head(replace(head.pico, entities=entities), "ef" * 32)
    root = later.run(tree.write(after, BESIDE))
    reached = later.run_on_blocks(reach([root]))
    new = reached.keys() - before
    assert 0 < len(new) < 6
    assert {epoch_of(cid, later.kept[cid]) for cid in new} == {1}
    assert {epoch_of(cid, later.kept[cid]) for cid in reached.keys() & before} == {0}
    assert restored(later, root).head == after
    for ring in (Keyring({0: KEY}), Keyring({1: OTHER_KEY})):
        alone = Shelf(sealed_blocks(**{f"e{epoch}": KEY for epoch in [ring.epoch]}))
        alone.kept.update(later.kept)
        with pytest.raises(WrongKey):
            restored(alone, root)


def test_a_tree_made_anew_has_the_new_key_everywhere() -> None:
    """For whoever wants to be rid of the old one."""
    shelf = Shelf(sealed_blocks(e0=KEY, e1=OTHER_KEY))
    root = written(shelf, rich_head())
    only = Shelf(sealed_blocks(e1=OTHER_KEY))
    only.kept.update(shelf.kept)
    assert restored(only, root).head == rich_head()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_has_its_length(size: int) -> None:
    """A shorter one would be a weaker one."""
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring({0: bytes(size)})


def test_a_keyring_has_a_key() -> None:
    """And does not show it."""
    with pytest.raises(ValueError, match="at least"):
        Keyring({})
    assert KEY.hex() not in repr(keys_of(KEY)) + repr(RING)
    assert repr(keys_of(KEY)) == "BlockKeys(…)"


def test_what_does_not_fit_into_a_block_is_not_sealed() -> None:
    """With the envelope around it."""
    with pytest.raises(BlockTooLarge):
        sealed(bytes(LARGEST_BLOCK - 60))


def test_only_nodes_that_lead_to_many_are_remembered() -> None:
    """Those that every change of a large map begins with; a pico without one costs no memory for it."""
    blocks = SealedBlocks(RING, CIPHER)
    links = [Link(cid_of(bytes((number,)))) for number in range(MANY_LINKS)]
    many, few = blocks.write(links), blocks.write(links[1:])
    long = blocks.write([*links, b"x" * SHORT])
    assert many in blocks.nodes
    assert few not in blocks.nodes
    assert long not in blocks.nodes
    other = SealedBlocks(RING, CIPHER)
    assert other.read(many, blocks.new[many]) == other.nodes[many]


def test_a_changed_entry_asks_for_the_one_node_that_it_stands_in() -> None:
    """What leads to it is remembered, and the tree is what it would be if all were made anew."""
    blocks, store = SealedBlocks(RING, CIPHER), dict[Cid, bytes]()
    tree, asked = StateTree(blocks, lambda _: ""), list[Cid]()

    def get(wanted: tuple[Cid, ...]) -> dict[Cid, bytes]:
        asked.extend(wanted)
        return {cid: store[cid] for cid in wanted}

    def write(entries: dict[str, float]) -> Cid:
        pico = replace(rich_head().pico, entities={Rid("large"): {"all": entries}})
        root = run(on_blocks(from_memory(tree.write(Head(pico, "ab" * 32)), blocks.nodes), blocks), get)
        store.update(blocks.new)
        blocks.new.clear()
        return root

    large = {f"key-{number}": float(number) for number in range(20_000)}
    write(large)
    changed = {**large, "key-7": -1.0}
    root = write(changed)
    assert len(asked) == 1
    tree = StateTree(blocks, lambda _: "")
    assert write(changed) == root


def test_no_two_nodes_have_one_nonce_because_of_where_they_are_cut() -> None:
    """What is seen and what is sealed are told apart, also where one goes on as the other begins."""
    keys = keys_of(KEY)
    assert _nonce(b"bc", b"a", keys) != _nonce(b"c", b"ab", keys) != _nonce(b"", b"abc", keys)


def test_a_name_that_says_something_else_opens_no_sealed_block() -> None:
    """The same bytes have a name as mere bytes as well; nobody who seals writes that."""
    block = seal({"map": []}, Keyring({0: KEY}), CIPHER)
    assert unseal(cid_of(block), block, Keyring({0: KEY}), CIPHER) == {"map": []}
    with pytest.raises(NotSealed):
        unseal(cid_of(block, "raw"), block, Keyring({0: KEY}), CIPHER)
