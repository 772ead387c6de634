"""CARv1, the form in which blocks travel as one file: a header that names roots, then block after block.

See https://ipld.io/specs/transport/car/carv1/. The reader is fed bytes as they come and gives blocks as soon
as they are whole, each hashed. It takes nothing that a writer would not write, and says of what it refuses at
which byte that begins. It cannot know whether all blocks are there that the roots lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Link, decode, encode
from engine.core.blocks.errors import BlockError
from engine.core.cids import CID_BYTES, PREFIXES, Cid, cid_text, is_named
from engine.core.multiformats import to_varint

LARGEST_HEADER = 1 << 20
"""Bytes: more than 20,000 roots."""
LARGEST_SECTION = CID_BYTES + LARGEST_BLOCK
_LONGEST_LENGTH = 3
"""Bytes of a varint that is no larger than either."""
VERSION = 1
MEDIA_TYPE = "application/vnd.ipld.car"


class BadCar(BlockError):
    """Bytes that are no CARv1 with blocks as they are used here. `offset` is where what is wrong begins."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"at byte {offset:,} of the CAR: {reason}")
        self.reason = reason
        self.offset = offset


class CarCut(BadCar):
    """The end is missing."""


class AlteredCar(BadCar):
    """A block that is not what its CID names."""

    def __init__(self, cid: Cid, offset: int) -> None:
        super().__init__(f"the block {cid_text(cid)} is not what its CID names; it was altered", offset)
        self.cid = cid


class Section(NamedTuple):
    """A block of a CAR, and the byte at which its own bytes begin."""

    cid: Cid
    data: bytes
    offset: int


# --- writing ---------------------------------------------------------------------------------------


def car_header(roots: Iterable[Cid]) -> bytes:
    """What a CAR begins with. There has to be a root."""
    links = [Link(root) for root in roots]
    if not links:
        raise ValueError("a CAR names one root at least")
    header = encode({"roots": links, "version": VERSION})
    if len(header) > LARGEST_HEADER:
        raise ValueError(f"{len(links):,} roots are too many for a CAR")
    return to_varint(len(header)) + header


def car_section(cid: Cid, data: bytes) -> bytes:
    """What stands in a CAR for a block."""
    return to_varint(len(cid) + len(data)) + cid + data


def car_of(roots: Iterable[Cid], blocks: Mapping[Cid, bytes]) -> bytes:
    """A whole CAR, of blocks that are few enough to be held."""
    return car_header(roots) + b"".join(car_section(cid, data) for cid, data in blocks.items())


# --- reading ---------------------------------------------------------------------------------------


class CarReader:
    """A CAR that comes in pieces of any size."""

    def __init__(self) -> None:
        self.roots: tuple[Cid, ...] | None = None
        """None until the header is there."""
        self._left = bytearray()
        """What came and is not whole yet: never more than one section and the piece that was fed last."""
        self._start = 0
        """Where `_left` begins in the CAR."""

    def feed(self, data: bytes) -> list[Section]:
        """The blocks that are whole now. Raises `BadCar`."""
        self._left += data
        sections: list[Section] = []
        place = 0
        if self.roots is None:
            found = self._find(0, LARGEST_HEADER, "the header")
            if found is None:
                return []
            begin, place = found
            self.roots = self._read_header(bytes(self._left[begin:place]), begin)
        while found := self._find(place, LARGEST_SECTION, "a block"):
            begin, end = found
            sections.append(self._read_section(begin, end, place))
            place = end
        del self._left[:place]
        self._start += place
        return sections

    def finish(self) -> None:
        """Nothing follows. Raises `CarCut` if there should."""
        if self._left:
            raise CarCut("it ends in the middle of what begins here; the rest is missing", self._start)
        if self.roots is None:
            raise CarCut("it is empty", 0)

    def _find(self, place: int, most: int, what: str) -> tuple[int, int] | None:
        """From where to where the next piece is that has its length in front; None as long as it is cut."""
        length = 0
        for digit in range(_LONGEST_LENGTH):
            if place + digit >= len(self._left):
                return None
            byte = self._left[place + digit]
            length |= (byte & 0x7F) << 7 * digit
            if byte < 0x80:
                begin = place + digit + 1
                self._check_length(length, byte == 0 and digit > 0, most, what, place)
                return (begin, begin + length) if begin + length <= len(self._left) else None
        raise self._bad(f"the length of {what} is more than {most:,}, or no number", place)

    def _check_length(self, length: int, is_padded: bool, most: int, what: str, place: int) -> None:
        if is_padded:
            raise self._bad(f"the length of {what} is written with more bytes than it takes", place)
        if not length:
            raise self._bad(f"{what} of no length: is it padding, or another file?", place)
        if length > most:
            raise self._bad(f"{what} of {length:,} bytes; the largest has {most:,}", place)

    def _read_header(self, data: bytes, place: int) -> tuple[Cid, ...]:
        try:
            header = decode(data, LARGEST_HEADER)
        except BlockError as problem:
            raise self._bad(f"no CAR begins like that: {problem}", place) from None
        if isinstance(header, dict) and header.get("version") == 2:
            raise self._bad(
                "it is a CARv2; only version 1 is read here, and `ipfs dag export` writes that", place
            )
        if isinstance(header, dict) and header.keys() == {"roots", "version"}:
            version, roots = header["version"], header["roots"]
            if type(version) is int and version == VERSION and isinstance(roots, list):
                links = [root.cid for root in roots if isinstance(root, Link)]
                if links and len(links) == len(roots):
                    return tuple(links)
        raise self._bad("its header is not {roots: [one or more CIDs], version: 1}", place)

    def _read_section(self, begin: int, end: int, place: int) -> Section:
        cid = Cid(bytes(self._left[begin : begin + CID_BYTES]))
        if end - begin < CID_BYTES or cid[:4] not in PREFIXES.values():
            raise self._bad("a block whose CID is not of version 1, raw or dag-cbor, with sha2-256", place)
        data = bytes(self._left[begin + CID_BYTES : end])
        if not is_named(cid, data):
            raise AlteredCar(cid, self._start + place)
        return Section(cid, data, self._start + begin + CID_BYTES)

    def _bad(self, reason: str, place: int) -> BadCar:
        return BadCar(reason, self._start + place)


def read_car(pieces: Iterable[bytes]) -> Iterator[Section]:
    """The blocks of a whole CAR. Raises `BadCar`, also when it has come to an end too soon."""
    reader = CarReader()
    for piece in pieces:
        yield from reader.feed(piece)
    reader.finish()
