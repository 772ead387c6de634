"""A head is believed only if whoever was to sign it has signed it, and a lie about it proves itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.signing.ed25519 import public_key, sign, verify
from engine.core.blocks.dag_cbor import Link, Node, decode, encode, links_of
from engine.core.blocks.errors import BlockError, BrokenHeads, ForgedHead, NewerFormat, NotEvidence, OldHead
from engine.core.blocks.heads import (
    LARGEST,
    SignedHead,
    StateHead,
    check_chain,
    equivocation,
    follow,
    read_evidence,
    read_head,
    refuse_old,
    sign_head,
    to_be_signed,
    write_evidence,
)
from engine.core.cids import cid_of, codec_of
from engine.core.did_keys import to_did_key
from tests.engine.core.blocks.strategies import nodes

SEED, OTHER_SEED = bytes(range(32)), bytes(32)
BY, OTHER = to_did_key(public_key(SEED)), to_did_key(public_key(OTHER_SEED))
PICO = "did:scid:vh:1:QmPico"
FIRST = StateHead(PICO, 1, 7, cid_of(b"root"), cid_of(b"keys"), None, 1_700_000_000_000, BY)


def signed(head: StateHead, seed: bytes = SEED) -> SignedHead:
    return sign_head(head, lambda message: sign(seed, message))


def checked(block: bytes) -> SignedHead:
    """As somebody reads it who knows that this key runs the pico from epoch 1 on."""
    return read_head(block, verify, lambda head: head.by == BY and head.epoch >= 1)


def after(before: SignedHead, **changed: Any) -> SignedHead:
    """The next head."""
    turn = before.head.sequence + 1
    return signed(replace(before.head, **{"sequence": turn, "previous": before.cid, **changed}))


def chain(length: int) -> list[SignedHead]:
    heads = [signed(FIRST)]
    while len(heads) < length:
        heads.append(after(heads[-1], root=cid_of(str(len(heads)).encode())))
    return heads


def test_a_head_comes_back_as_it_was_signed() -> None:
    """With a previous one and without."""
    for one in chain(3):
        assert checked(one.block) == one
        assert encode(decode(one.block)) == one.block


def test_a_head_is_a_block_with_links() -> None:
    """So it can be kept, fetched and pinned like any other: with state and keys, and no head before."""
    first, second = chain(2)
    assert codec_of(second.cid) == "dag-cbor"
    assert second.cid == cid_of(second.block)
    assert set(links_of(decode(second.block))) == {second.head.root, second.head.keys}
    assert second.head.previous == first.cid
    assert len(second.block) < 500


def test_what_is_signed_can_be_nothing_else() -> None:
    """It begins with a sentence of its own, so that no other signature of the key passes for one."""
    assert to_be_signed(FIRST).startswith(b"This is my head (picomesh head signature 1)\n")
    bare = encode({**decode(signed(FIRST).block), "signature": sign(SEED, to_be_signed(FIRST)[44:])})
    with pytest.raises(ForgedHead):
        checked(bare)


@pytest.mark.parametrize(
    "changed",
    [
        {"pico": "did:scid:vh:1:QmOther"},
        {"epoch": 2},
        {"sequence": 8},
        {"root": Link(cid_of(b"other"))},
        {"keys": Link(cid_of(b"other"))},
        {"previous": cid_of(b"other")},
        {"time": 5},
        {"by": OTHER},
        {"signature": bytes(64)},
    ],
)
def test_nothing_in_a_head_can_be_exchanged(changed: dict[str, Node]) -> None:
    """It would not be what was signed."""
    with pytest.raises(ForgedHead, match="not signed with the key"):
        checked(encode({**decode(signed(FIRST).block), **changed}))


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "other"},
        {"pico": ""},
        {"pico": "x" * 2000},
        {"pico": 7},
        {"epoch": -1},
        {"epoch": 1.0},
        {"epoch": True},
        {"epoch": 2**63},
        {"sequence": None},
        {"time": "now"},
        {"root": None},
        {"root": cid_of(b"root")},
        {"keys": None},
        {"previous": 7},
        {"previous": Link(cid_of(b"other"))},
        {"previous": b"short"},
        {"by": "did:web:example.org"},
        {"by": 7},
        {"signature": bytes(63)},
        {"signature": "text"},
        {"more": 1},
    ],
)
def test_what_does_not_look_like_a_head_is_none(changed: dict[str, Node]) -> None:
    """Whoever has signed it: nobody gets as far as looking at the signature."""
    with pytest.raises(ForgedHead, match=r"looks like|not the head of a pico"):
        checked(encode({**decode(signed(FIRST).block), **changed}))


@settings(max_examples=200)
@given(st.binary(max_size=200) | nodes.map(encode))
def test_bytes_from_anywhere_are_refused_by_name(block: bytes) -> None:
    """Never with anything but a `BlockError`."""
    with pytest.raises(ForgedHead):
        checked(block)


@given(st.data())
def test_a_flipped_bit_is_found(data: st.DataObject) -> None:
    """Wherever it is."""
    block = bytearray(chain(2)[1].block)
    block[data.draw(st.integers(0, len(block) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BlockError):
        checked(bytes(block))


def test_a_large_block_is_no_head() -> None:
    """And is not even read."""
    with pytest.raises(ForgedHead, match="the largest has"):
        checked(encode({"kind": "picomesh head", "pico": "x" * LARGEST}))


@pytest.mark.parametrize("version", [2, None, "1", True])
def test_a_head_of_the_future_is_refused_by_name(version: Node) -> None:
    """A newer version may read it."""
    with pytest.raises(NewerFormat, match="of a head"):
        checked(encode({**decode(signed(FIRST).block), "format": version}))


def test_whoever_was_not_to_sign_is_not_believed() -> None:
    """A good signature of somebody else, or of the right one in an epoch that is not theirs, is a forgery."""
    with pytest.raises(ForgedHead, match="was not to sign"):
        checked(signed(replace(FIRST, by=OTHER), OTHER_SEED).block)
    with pytest.raises(ForgedHead, match="in epoch 0"):
        checked(signed(replace(FIRST, epoch=0)).block)


# --- one after the other ---------------------------------------------------------------------------


def test_heads_are_a_chain() -> None:
    """Each names the one before it; turns may be left out, and epochs follow each other."""
    heads = chain(4)
    heads.append(after(heads[-1], sequence=90))
    heads.append(after(heads[-1], epoch=2))
    assert check_chain(heads) == heads[-1]
    assert check_chain([]) is None


def test_a_head_may_come_twice() -> None:
    """It says nothing new."""
    first, second = chain(2)
    assert check_chain([first, first, second, second]) == second


def test_an_old_head_is_refused() -> None:
    """However good it is, once a newer one is known."""
    heads = chain(4)
    for older, newer in pairwise(heads):
        with pytest.raises(OldHead, match=f"turn {older.head.sequence}; the newest known one"):
            follow(newer, older)
    with pytest.raises(OldHead):
        refuse_old(heads[3], heads[0])
    refuse_old(heads[0], heads[3])
    refuse_old(heads[3], heads[3])


def test_an_old_copy_that_goes_on_is_refused() -> None:
    """A later turn of an earlier epoch comes after the pico has moved away from there."""
    old = signed(FIRST)
    moved = after(old, epoch=2)
    with pytest.raises(OldHead, match="epoch 1, turn 99"):
        follow(moved, after(old, sequence=99))


def test_a_gap_is_found() -> None:
    """Within an epoch nobody may leave out a head that was signed."""
    first, _, third = chain(3)
    with pytest.raises(BrokenHeads, match="names"):
        follow(first, third)
    with pytest.raises(BrokenHeads, match="names none"):
        follow(first, after(first, previous=None))


def test_a_new_epoch_may_go_on_from_an_older_state() -> None:
    """As when what came last is lost with the machine that had it."""
    first, second = chain(2)
    follow(second, after(first, epoch=2))


def test_heads_of_two_picos_have_nothing_to_do_with_each_other() -> None:
    """Neither follows the other, nor is older."""
    first = signed(FIRST)
    other = after(first, pico="did:scid:vh:1:QmOther")
    for look in (follow, refuse_old):
        with pytest.raises(BrokenHeads):
            look(first, other)
    assert equivocation(first, signed(replace(FIRST, pico="did:scid:vh:1:QmOther"))) is None


# --- two for one -----------------------------------------------------------------------------------


def lie() -> tuple[SignedHead, SignedHead]:
    """Two states for one turn."""
    return signed(FIRST), signed(replace(FIRST, root=cid_of(b"other")))


def test_two_heads_for_one_turn_are_evidence_for_anybody() -> None:
    """In whatever order they were found; whoever reads it has to believe nobody but the pico's log."""
    one, other = lie()
    evidence = equivocation(one, other)
    assert evidence is not None
    assert equivocation(other, one) == evidence
    written = write_evidence(evidence)
    assert read_evidence(written, verify, lambda head: head.by == BY) == evidence
    assert evidence.by == (BY,)


def test_no_two_other_heads_are_evidence() -> None:
    """Not the same head twice, nor two of different turns or epochs."""
    first, second = chain(2)
    assert equivocation(first, first) is None
    assert equivocation(first, signed(FIRST)) is None
    assert equivocation(first, second) is None
    assert equivocation(first, after(first, sequence=7, epoch=2)) is None


def evidence_of(*blocks: Node, **changed: Node) -> bytes:
    return encode({"kind": "picomesh equivocation", "format": 1, "heads": list(blocks), **changed})


def test_what_proves_nothing_is_refused() -> None:
    """Nobody can be accused with anything else."""
    one, other = sorted(head.block for head in lie())
    first, second = (head.block for head in chain(2))
    foreign = signed(replace(FIRST, by=OTHER), OTHER_SEED).block
    altered = encode({**decode(one), "sequence": 7, "root": Link(cid_of(b"third"))})
    assert read_evidence(evidence_of(one, other), verify, lambda head: head.by == BY)
    for data in (
        b"",
        encode([]),
        evidence_of(),
        evidence_of(one),
        evidence_of(one, one),
        evidence_of(other, one),
        evidence_of(first, second),
        evidence_of(one, foreign),
        evidence_of(one, altered),
        evidence_of(one, other, other),
        evidence_of(one, other, more=1),
        evidence_of(one, other, format=2),
        evidence_of(one, other, kind="other"),
        evidence_of(one, 7),
        evidence_of(one, bytes(20_000)),
    ):
        with pytest.raises(NotEvidence):
            read_evidence(data, verify, lambda head: head.by == BY)
