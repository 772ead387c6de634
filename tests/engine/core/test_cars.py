"""CARv1 as it is specified, and how everything that is not is refused by name and place."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from engine.core.cars import AlteredCar, BadCar, CarCut, CarReader, Section, car_header, car_of, read_car
from engine.core.cids import Cid
from engine.core.multiformats import to_varint
from tests.campaign import examples, seed
from tests.engine.making_blocks import above, grow, head, leaf, link

TREE = above(grow(1), content=bytes(300))
CAR = car_of([TREE.root], TREE.blocks)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[place : place + size] for place in range(0, len(data), size))


def refusal(data: bytes) -> BadCar:
    with pytest.raises(BadCar) as caught:
        list(read_car([data]))
    return caught.value


def is_refused(data: bytes) -> bool:
    """Whether nobody would take it for the CAR that it was made from."""
    reader = CarReader()
    try:
        reader.feed(data)
        reader.finish()
    except BadCar:
        return True
    return reader.roots != (TREE.root,)


def with_header(header: bytes) -> bytes:
    return to_varint(len(header)) + header


def test_a_car_as_the_specification_has_it() -> None:
    """A header, whose keys are in order, then for each block its length, its CID and its bytes."""
    block = leaf(b"hello")
    header = head(5, 2) + head(3, 5) + b"roots" + head(4, 1) + link(block.root) + head(3, 7) + b"version\x01"
    written = bytes((len(header),)) + header + bytes((36 + 5,)) + block.root + b"hello"
    assert car_of([block.root], block.blocks) == written
    assert list(read_car([written])) == [Section(block.root, b"hello", len(written) - 5)]


@pytest.mark.parametrize("size", [1, 2, 7, 100, len(CAR)])
def test_a_car_may_come_in_pieces_of_any_size(size: int) -> None:
    """The blocks are those that were written, in their order, each with the place where its bytes are."""
    reader = CarReader()
    sections = [section for piece in cut(CAR, size) for section in reader.feed(piece)]
    reader.finish()
    assert reader.roots == (TREE.root,)
    assert {section.cid: section.data for section in sections} == TREE.blocks
    for section in sections:
        assert CAR[section.offset :].startswith(section.data)


def test_blocks_are_given_as_soon_as_they_are_whole() -> None:
    """What is held back is never more than one of them."""
    reader, blocks = CarReader(), 0
    for byte in CAR:
        blocks += len(reader.feed(bytes((byte,))))
        assert len(reader._left) <= 400
    assert blocks == len(TREE.blocks)


def test_an_end_that_is_missing_is_named_with_its_place() -> None:
    """Wherever it was cut but between two blocks, where nobody can tell."""
    header_ends = len(car_header([TREE.root]))
    starts = [header_ends]
    for data in TREE.blocks.values():
        starts.append(starts[-1] + len(to_varint(36 + len(data))) + 36 + len(data))
    assert starts[-1] == len(CAR)
    for end in range(len(CAR)):
        if end in starts:
            assert len(list(read_car([CAR[:end]]))) == starts.index(end)
            continue
        problem = refusal(CAR[:end])
        assert isinstance(problem, CarCut)
        assert problem.offset == max((start for start in starts if start < end), default=0) * (
            end > starts[0]
        )


def test_a_flipped_bit_is_never_overlooked() -> None:
    """Whichever it is, the CAR is refused, or it is another root that it names."""
    chance = random.Random(seed(1))
    for _ in range(examples(2_000)):
        place = chance.randrange(len(CAR))
        altered = bytearray(CAR)
        altered[place] ^= 1 << chance.randrange(8)
        assert is_refused(bytes(altered))


def test_an_altered_block_is_named() -> None:
    """With its CID and the place where it begins."""
    altered = CAR[:-1] + bytes((CAR[-1] ^ 1,))
    problem = refusal(altered)
    last = list(TREE.blocks)[-1]
    assert isinstance(problem, AlteredCar)
    assert (problem.cid, problem.offset) == (last, len(CAR) - 36 - len(TREE.blocks[last]) - 2)


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"\x00", "no length", 0),
        (b"\x80\x00", "more bytes than it takes", 0),
        (b"\xff\xff\xff\xff", "or no number", 0),
        (b"\xff\xff\x7f", "the largest has 1,048,576", 0),
        (b"<html>" + bytes(99), "no CAR begins like that", 1),
        (with_header(b"\xa0"), "its header is not", 1),
        (with_header(head(5, 1) + head(3, 7) + b"version\x02"), "CARv2", 1),
        (CAR + b"\x00", "no length", len(CAR)),
        (CAR + CAR, "CID is not of version 1", len(CAR)),
        (CAR + bytes((36 + 1,)) + b"\x01\x70\x12\x20" + bytes(33), "CID is not of version 1", len(CAR)),
        (CAR + bytes((3,)) + b"abc", "CID is not of version 1", len(CAR)),
        (CAR + bytes((20,)) + b"\x01\x71\x12\x20" + bytes(16), "CID is not of version 1", len(CAR)),
        (CAR + to_varint(36 + (1 << 20) + 1) + bytes(99), "the largest has 1,048,612", len(CAR)),
        (CAR + b"garbage at the end", "or no number|CID is not|ends in the middle", len(CAR)),
    ],
)
def test_garbage_is_named_with_its_place(data: bytes, reason: str, offset: int) -> None:
    """Before anything is held that it promises."""
    problem = refusal(data)
    assert any(one in problem.reason for one in reason.split("|")), problem.reason
    assert problem.offset == offset
    assert f"at byte {offset:,}" in str(problem)


@pytest.mark.parametrize(
    "entries",
    [
        [(b"roots", head(4, 0)), (b"version", b"\x01")],
        [(b"roots", head(4, 1) + b"\x01"), (b"version", b"\x01")],
        [(b"roots", head(4, 2) + link(TREE.root) + b"\x01"), (b"version", b"\x01")],
        [(b"roots", link(TREE.root)), (b"version", b"\x01")],
        [(b"roots", head(4, 1) + link(TREE.root)), (b"version", b"\xf5")],
        [(b"roots", head(4, 1) + link(TREE.root)), (b"version", b"\xfb\x3f\xf0" + bytes(6))],
        [(b"roots", head(4, 1) + link(TREE.root)), (b"version", b"\x03")],
        [(b"more", b"\x01"), (b"roots", head(4, 1) + link(TREE.root)), (b"version", b"\x01")],
        [(b"version", b"\x01")],
    ],
)
def test_only_one_kind_of_header_is_taken(entries: list[tuple[bytes, bytes]]) -> None:
    """Roots that are CIDs, at least one, and version 1, the number; nothing besides."""
    header = head(5, len(entries)) + b"".join(head(3, len(key)) + key + value for key, value in entries)
    assert "its header is not" in refusal(with_header(header)).reason


def test_a_car_without_roots_is_not_written() -> None:
    """Nobody would know what it is."""
    with pytest.raises(ValueError, match="one root"):
        car_header([])
    with pytest.raises(ValueError, match="too many"):
        car_header([Cid(b"\x01\x55\x12\x20" + number.to_bytes(32, "big")) for number in range(30_000)])


def test_random_bytes_do_no_harm() -> None:
    """They are refused, whatever they are, and so is a CAR with a piece of them in it."""
    chance = random.Random(seed(2))
    for _ in range(examples(500)):
        junk = chance.randbytes(chance.randrange(1, 200))
        place = chance.randrange(len(CAR) + 1)
        refusal(junk)
        for data in (CAR[:place] + junk, CAR[:place] + junk + CAR[place:]):
            assert is_refused(data)
