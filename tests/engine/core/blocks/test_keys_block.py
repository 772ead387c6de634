"""Who may open a state is written beside it, for nobody else to read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.blocks.dag_cbor import Node, decode, encode
from engine.core.blocks.errors import NewerFormat, NotATree, WrongKey
from engine.core.blocks.keys_block import MOST_BOXES, KeysBlock, pack_keys, read_keys, unpack_keys, write_keys
from engine.core.cids import Cid, cid_of
from tests.engine.core.blocks.shelf import Shelf

DID = "did:scid:vh:1:QmPico"
KEYS = {1: b"a" * 32, 12: b"b" * 32}
SAYS = KeysBlock((b"a box", b"another"), '{"versionId":"1-Qm"}\n' * 4000, "[]")


def written(says: KeysBlock) -> tuple[Shelf, Cid]:
    shelf = Shelf()
    return shelf, write_keys(says, shelf.blocks)  # type: ignore[arg-type]


@pytest.mark.parametrize("says", [SAYS, KeysBlock(()), KeysBlock((b"",), "short log")])
def test_what_was_said_is_read(says: KeysBlock) -> None:
    """With a log of any length, and without."""
    shelf, cid = written(says)
    assert shelf.run(read_keys(cid)) == says


def test_the_same_is_the_same_block() -> None:
    """So that nothing is sent again where nothing has changed."""
    assert written(SAYS)[1] == written(SAYS)[1]


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "other"},
        {"boxes": None},
        {"boxes": ["text"]},
        {"boxes": [b""] * (MOST_BOXES + 1)},
        {"log": "x"},
        {"more": 1},
    ],
)
def test_what_does_not_look_like_it_is_refused(changed: dict[str, Node]) -> None:
    """By name."""
    shelf, cid = written(SAYS)
    block = encode({**decode(shelf.kept[cid]), **changed})
    shelf.kept[cid_of(block)] = block
    with pytest.raises(NotATree):
        shelf.run(read_keys(cid_of(block)))


def test_a_later_format_is_refused_by_name() -> None:
    """A newer version may read it."""
    shelf, cid = written(SAYS)
    block = encode({**decode(shelf.kept[cid]), "format": 2})
    shelf.kept[cid_of(block)] = block
    with pytest.raises(NewerFormat, match="the keys of a state"):
        shelf.run(read_keys(cid_of(block)))


def test_keys_come_out_of_the_box() -> None:
    """Each with its epoch."""
    assert unpack_keys(DID, pack_keys(DID, KEYS)) == KEYS


def test_keys_of_another_pico_are_refused() -> None:
    """Whoever puts one pico's box beside the state of another gains nothing."""
    with pytest.raises(WrongKey, match="are those of did:example:other"):
        unpack_keys(DID, pack_keys("did:example:other", KEYS))


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_whatever_else_is_in_a_box_is_refused(data: bytes) -> None:
    """Never with anything but the one error."""
    with pytest.raises(WrongKey):
        unpack_keys(DID, data)


@pytest.mark.parametrize("keys", [{}, {"one": b"a" * 32}, {"1": b"short"}, {"1": "text"}, {"-1": b"a" * 32}])
def test_keys_have_their_length_and_their_epoch(keys: Node) -> None:
    """Nothing is sealed or opened with anything else."""
    with pytest.raises(WrongKey):
        unpack_keys(DID, encode({"pico": DID, "keys": keys}))
