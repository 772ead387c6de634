"""Long things are cut by what is in them, so that an edit moves few cuts."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from itertools import count

import pytest

from engine.core.blocks.cutting import (
    LONGEST_LIST,
    LONGEST_TEXT,
    SHORTEST_LIST,
    SHORTEST_TEXT,
    cut_text,
    ends_piece,
)

chance = random.Random(6)
WORDS = (
    "a",
    "pico",
    "is",
    "small",
    "agent",
    "that",
    "lives",
    "on",
    "for",
    "years",
    "with",
    "state",
    "of",
    "its",
)
TEXTS = {
    "prose": " ".join(chance.choice(WORDS) for _ in range(400_000)),
    "digits": "".join(chance.choice("0123456789") for _ in range(2_000_000)),
    "hex": chance.randbytes(1_000_000).hex(),
    "records": json.dumps(
        [{"id": i, "name": f"user {i}", "at": 1_700_000_000 + 37 * i} for i in range(40_000)]
    ),
    "CJK": "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(700_000)),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_insertion_changes_few_pieces(name: str) -> None:
    """Whatever sort of text it is: the pieces before and after it stay what they were."""
    data = TEXTS[name].encode()
    place = len(data) // 3
    before, after = list(cut_text(data)), list(cut_text(data[:place] + b"inserted" + data[place:]))
    assert len(before) > 7
    assert len(set(after) - set(before)) <= 3


@pytest.mark.parametrize(
    "data", [b"", b"a", bytes(1_000_000), *(text.encode() for text in TEXTS.values())], ids=len
)
def test_the_pieces_are_the_text(data: bytes) -> None:
    """None too long, and none too short but the last."""
    pieces = list(cut_text(data))
    assert b"".join(pieces) == data
    assert all(SHORTEST_TEXT <= len(piece) <= LONGEST_TEXT for piece in pieces[:-1])
    assert 0 <= len(pieces[-1]) <= LONGEST_TEXT


@pytest.mark.parametrize("size", [3, 40, 2000])
def test_pieces_of_a_list_are_of_one_size_whatever_its_items_are(size: int) -> None:
    """Some sixteen kibibytes, never beyond their bounds."""
    lengths, held = [], 0
    for number in count():
        item = sha256(str(number).encode()).digest()[: min(size, 32)].ljust(size, b"x")
        held += size
        if ends_piece(held, item):
            lengths.append(held)
            held = 0
        if len(lengths) == 200:
            break
    assert all(SHORTEST_LIST <= length < LONGEST_LIST + size for length in lengths)
    assert 10_000 < sum(lengths) / len(lengths) < 30_000
