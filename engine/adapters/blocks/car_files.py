"""CAR files: written as a whole or not at all, and opened as a store that can only be read.

Opening one reads all of it, once, and checks each block; what stays in memory is where they are. A block is
hashed again whenever it is read, because the file is somebody's, and may be changed under our hands.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from engine.adapters.blocks.checking import check_blocks, check_cids, sort_out
from engine.core.cars import CarReader, car_header, car_section
from engine.core.cids import Cid, check_cid
from engine.ports import StoreReadOnly, StoreUnavailable

PIECE = 256 << 10
"""Bytes that are read at a time."""

Place = tuple[int, int]
"""Where the bytes of a block begin in its file, and how many they are."""


class CarFile:
    """`engine.ports.BlockStore` for a file that is there already. Its header's roots are what is pinned."""

    def __init__(self, name: str, file: BinaryIO, roots: frozenset[Cid], places: Mapping[Cid, Place]) -> None:
        self.name = name
        self._file = file
        self._roots = roots
        self._places = places
        self._is_closed = False
        self._reading = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> CarFile:
        """Raises `engine.core.cars.BadCar`, and `OSError`."""
        return await asyncio.to_thread(cls._open, path)

    @classmethod
    def _open(cls, path: Path) -> CarFile:
        file = path.open("rb")
        try:
            reader = CarReader()
            sections = (section for piece in _pieces(file) for section in reader.feed(piece))
            places = {section.cid: (section.offset, len(section.data)) for section in sections}
            reader.finish()
        except BaseException:
            file.close()
            raise
        return cls(path.name, file, frozenset(reader.roots or ()), places)

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        wanted = check_cids(cids)
        async with self._reading:
            self._check_open()
            return await asyncio.to_thread(self._get, wanted)

    def _get(self, wanted: Iterable[Cid]) -> dict[Cid, bytes]:
        found = {}
        try:
            for cid in wanted:
                if place := self._places.get(cid):
                    self._file.seek(place[0])
                    found[cid] = self._file.read(place[1])
        except OSError as problem:
            raise StoreUnavailable(self.name, f"it cannot be read: {problem}") from problem
        return sort_out(self.name, found)

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        self._check_open()
        return self._places.keys() & set(check_cids(cids))

    async def roots(self) -> frozenset[Cid]:
        self._check_open()
        return self._roots

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        self._check_open()
        check_blocks(self.name, blocks)
        self._refuse()

    async def pin(self, root: Cid) -> None:
        self._check_open()
        check_cid(root)
        self._refuse()

    async def unpin(self, root: Cid) -> None:
        self._check_open()
        self._refuse()

    async def close(self) -> None:
        async with self._reading:
            self._is_closed = True
            self._file.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(self.name, "it is closed")

    def _refuse(self) -> NoReturn:
        raise StoreReadOnly(self.name, "a CAR file is written as a whole; write another one")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


async def write_car(path: Path, roots: Iterable[Cid], blocks: AsyncIterable[Mapping[Cid, bytes]]) -> int:
    """A CAR file in the place of whatever was there, once all blocks have come and are durable; its bytes.

    When anything goes wrong nothing has changed. It is for its owner alone to read.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    header = car_header(roots)
    file = await asyncio.to_thread(_create, draft)
    try:
        with file:
            await asyncio.to_thread(file.write, header)
            async for part in blocks:
                await asyncio.to_thread(_append, file, part)
            size = await asyncio.to_thread(_flush, file)
        await asyncio.to_thread(_put_in_place, draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    return size


def _create(draft: Path) -> BinaryIO:
    return os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _append(file: BinaryIO, part: Mapping[Cid, bytes]) -> None:
    for cid, data in part.items():
        file.write(car_section(cid, data))


def _flush(file: BinaryIO) -> int:
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


def _put_in_place(draft: Path, path: Path) -> None:
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
