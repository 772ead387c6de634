"""Where something long is cut, so that an edit moves few cuts: where its content says so.

A text is cut where the checksum of the bytes before says so, which an edit elsewhere does not move; a list
after an item whose checksum does. What never says so is cut when it is long enough. Equal content is cut
alike, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

SHORTEST_TEXT, LONGEST_TEXT = 16 << 10, 256 << 10
"""Bytes of a piece of text. The last one may be shorter."""

PAGE = 16 << 10
"""Bytes that pieces of a list have on average, if they can; a map that is no larger is one piece."""
SHORTEST_LIST, LONGEST_LIST = PAGE // 4, 4 * PAGE

_ONES = bytes(byte.bit_count() & 1 for byte in range(256))
"""Whether the number of ones in a byte is odd: half of the letters, of the digits and of all bytes are."""
_MARK = bytes(map(int, "0010111"))
"""Where a cut may be: before bytes with these, every 128 bytes or so. Found at the speed of C; a rolling hash
in Python would take a microsecond for each byte."""
_WINDOW = 64
"""Bytes before it that decide whether there is one: about as long as what repeats with small differences."""
_RARITY = 128
"""Of how many such places one is a cut."""


def cut_text(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces."""
    ones, begin = data.translate(_ONES), 0
    while len(data) - begin > SHORTEST_TEXT:
        end = _next_cut(data, ones, begin + SHORTEST_TEXT, min(begin + LONGEST_TEXT, len(data)))
        yield data[begin:end]
        begin = end
    if begin < len(data) or not data:
        yield data[begin:]


def _next_cut(data: bytes, ones: bytes, least: int, most: int) -> int:
    place = ones.find(_MARK, least, most)
    while place >= 0:
        if crc32(data[place - _WINDOW : place]) * _RARITY < 1 << 32:
            return place
        place = ones.find(_MARK, place + 1, most)
    return most


def ends_piece(held: int, item: bytes) -> bool:
    """Whether a piece of a list that holds so many bytes, of which the last are this item, ends with it."""
    if held < SHORTEST_LIST:
        return False
    # The longer an item is, the likelier: so pieces are of one size, whatever the items are.
    return held >= LONGEST_LIST or crc32(item) * PAGE < len(item) << 32
