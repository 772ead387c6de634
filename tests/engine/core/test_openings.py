"""The texts by which guardians are asked to open a state, and by which they do."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.adapters.keys import KeyBoxes
from engine.core.blocks.errors import WrongKey
from engine.core.blocks.keys_block import pack_keys
from engine.core.blocks.shares import Share, pack_share, unpack_share
from engine.core.openings import (
    LONGEST_NOTE,
    Given,
    NotAnOpening,
    OpeningRequest,
    is_request,
    read_given,
    read_request,
    write_given,
    write_request,
)
from engine.runtime.state_keys import opened_together

BOXES = KeyBoxes(os.urandom)
READER, GUARDIAN = BOXES.name(b"r" * 32), BOXES.name(b"g" * 32)
DID, KEYS = "did:scid:vh:1:QmPico", {1: b"k" * 32, 3: b"l" * 32}
ASKED = OpeningRequest(DID, "bafyhead", READER, (b"one", b"two"), "why")
GAVE = Given(DID, "bafyhead", GUARDIAN, b"box")


def shared_out(needed: int, count: int) -> tuple[list[Share], bytes]:
    """The shares of the guardians, and what they open."""
    key, parts = BOXES.split(needed, count)
    shares = [Share(DID, needed, number, secret) for number, secret in parts.items()]
    return shares, BOXES.wrap(pack_keys(DID, KEYS), key)


@given(
    some.integers(1, 8).flatmap(lambda needed: some.tuples(some.just(needed), some.integers(needed, 12))),
    some.randoms(),
)
def test_so_many_of_them_whichever_open_it(counts: tuple[int, int], chance: object) -> None:
    """And one fewer do not, nor do they with a share that is not theirs."""
    needed, count = counts
    shares, box = shared_out(needed, count)
    chance.shuffle(shares)  # type: ignore[attr-defined]
    boxes = [b"for the engine", box, b"for an owner"]
    assert opened_together(shares[:needed], BOXES)(DID, boxes) == KEYS
    with pytest.raises(WrongKey, match="open its state together"):
        opened_together(shares[: needed - 1] * 2, BOXES)(DID, boxes)
    if needed > 1:
        others, _ = shared_out(needed, count)
        mixed = [
            *shares[: needed - 1],
            next(one for one in others if one.number == shares[needed - 1].number),
        ]
        with pytest.raises(WrongKey, match="not of this head"):
            opened_together(mixed, BOXES)(DID, boxes)


def test_shares_of_another_pico_are_no_help() -> None:
    """Though whoever asks has enough of them."""
    shares, box = shared_out(2, 3)
    with pytest.raises(WrongKey, match="and 0 did"):
        opened_together(shares, BOXES)("did:scid:vh:1:QmOther", [box])


@given(some.binary(max_size=80))
def test_what_is_no_share_is_none(data: bytes) -> None:
    """Whatever somebody has put into a box."""
    assert unpack_share(data) is None
    assert unpack_share(pack_keys(DID, KEYS)) is None


def test_a_share_is_read_as_it_was_written() -> None:
    """And only a whole one, of some number."""
    share = Share(DID, 2, 3, b"s" * 16)
    assert unpack_share(pack_share(share)) == share
    for wrong in (Share(DID, 0, 1, b"s" * 16), Share(DID, 2, 0, b"s" * 16), Share(DID, 2, 1, b"s" * 15)):
        assert unpack_share(pack_share(wrong)) is None
    assert "s" * 4 not in repr(share)


def test_requests_and_what_is_given_are_read_as_they_were_written() -> None:
    """By whatever way they went."""
    assert read_request(write_request(ASKED)) == ASKED
    assert read_given(write_given(GAVE)) == GAVE
    assert is_request(write_request(ASKED))
    assert not is_request(write_given(GAVE))
    assert not is_request("[" * 100_000)
    with pytest.raises(NotAnOpening, match="note"):
        write_request(OpeningRequest(DID, "bafyhead", READER, (), "x" * (LONGEST_NOTE + 1)))


@pytest.mark.parametrize(
    "change",
    [
        {"picomesh": "request"},
        {"note": 7},
        {"note": "x" * (LONGEST_NOTE + 1)},
        {"did": None},
        {"reader": "did:key:z6Mk"},
        {"boxes": "one"},
        {"boxes": ["one"]},
        {"boxes": [7]},
        {"boxes": ["u"]},
        {"boxes": ["uAA"] * 200},
        {"more": 1},
    ],
)
def test_a_request_that_was_changed_is_refused(change: dict[str, object]) -> None:
    """With a sentence, whatever somebody has made of it."""
    with pytest.raises(NotAnOpening):
        read_request(json.dumps({**json.loads(write_request(ASKED)), **change}))


@pytest.mark.parametrize(
    "change", [{"picomesh": ""}, {"share": "z"}, {"share": 7}, {"guardian": "me"}, {"x": 1}]
)
def test_a_share_that_was_changed_is_refused(change: dict[str, object]) -> None:
    """As a request is."""
    with pytest.raises(NotAnOpening):
        read_given(json.dumps({**json.loads(write_given(GAVE)), **change}))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "null", "{"])
def test_what_is_no_text_of_ours_is_refused(text: str) -> None:
    """Nor does it matter how deep it is."""
    for read in (read_request, read_given):
        with pytest.raises(NotAnOpening):
            read(text)
