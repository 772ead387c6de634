"""The records of a pico from its birth on, read from the journal in pieces.

The journal keeps the newest snapshot of a pico and all records. What it was born as is kept elsewhere:
a child is part of the record of the turn in which its parent made it, and a root pico is made from
nothing but two ids; and one that was brought here may have brought along how it was before the first of its
records that came. Everything here sees what is durable, and lets the event loop go on between pieces.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from engine.core.codec import Unreadable, to_bytes
from engine.core.messages import CreatePico
from engine.core.model import Eci, Pico, PicoId
from engine.core.multiformats import from_multibase, to_multibase
from engine.core.records import Head, begin, decode_record, decode_snapshot, encode_snapshot, fold
from engine.ports import Journal
from engine.runtime.genesis import ROOT_ECI, ROOT_PICO, newborn_root

PIECE = 200
"""Records read at a time: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """What the journal knows of a pico's past."""

    snapshot: Head
    last: int
    """The number of the newest record, or of the snapshot if there are none after it."""


FIRST_RECORD = "first record of "


def first_record(pico: PicoId) -> str:
    """The fact that says with which record the history of a pico begins here, if not with its first turn."""
    return f"{FIRST_RECORD}{pico}"


def beginning(pico: PicoId) -> str:
    """The fact that has the state before that record, if a pico that was brought here has it."""
    return f"beginning of {pico}"


def pack_beginning(head: Head) -> str:
    return to_multibase("u", zlib.compress(encode_snapshot(head)))


def _unpack(packed: str) -> Head:
    """Raises `Unreadable`."""
    try:
        return decode_snapshot(zlib.decompress(from_multibase(packed)))
    except (ValueError, zlib.error) as problem:
        raise Unreadable(f"the state before the first record: {problem}") from None


class Past:
    """What was, by pico and number of the turn."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def span(self, pico: PicoId) -> Span | None:
        """None when there is no such pico."""
        stored = self._journal.load(pico)
        if stored is None:
            return None
        return Span(decode_snapshot(stored.snapshot), stored.snapshot_seq + len(stored.records))

    def last(self, pico: PicoId) -> int:
        """The number of the newest record; 0 when there is none, or no such pico."""
        stored = self._journal.load(pico)
        return 0 if stored is None else stored.snapshot_seq + len(stored.records)

    def first_record(self, pico: PicoId) -> int:
        """The number of the first record that there should be: a pico that was brought back has not all."""
        return int(self._journal.fact(first_record(pico)) or "1")

    async def beginning(self, pico: PicoId) -> Head | None:
        """A pico before the first turn that there should be a record of; None when nobody knows that."""
        first, kept = self.first_record(pico), self._journal.fact(beginning(pico))
        if kept and (head := _unpack(kept)).pico.seq == first - 1:
            return head
        return await self._birth(pico) if first == 1 else None

    async def _birth(self, pico: PicoId) -> Head | None:
        if pico == self._journal.fact(ROOT_PICO):
            return begin(newborn_root(pico, Eci(self._journal.fact(ROOT_ECI) or "")))
        span = self.span(pico)
        parent = None if span is None else self._parent(span.snapshot.pico)
        return None if parent is None else await self._birth_of_child(pico, parent)

    def _parent(self, pico: Pico) -> PicoId | None:
        return None if pico.parent is None else self._journal.find_channel(pico.parent)

    async def _birth_of_child(self, pico: PicoId, parent: PicoId) -> Head | None:
        async for body in self.search(parent, pico):
            for effect in decode_record(body).effects:
                if isinstance(effect, CreatePico) and effect.pico.id == pico:
                    return begin(effect.pico)
        return None

    async def heads(self, start: Head, last: int) -> AsyncIterator[tuple[Head, bytes]]:
        """Every record after a head, with the head that it was made on. Raises `Unreadable` where the
        numbers do not follow each other."""
        async for body in self.records(start.pico.id, start.pico.seq + 1, last):
            yield start, body
            start = fold(start, [body])

    async def state(self, pico: PicoId, seq: int) -> Head | None:
        """A pico after that turn, from the nearest state before it that is known."""
        span = self.span(pico)
        if span is None or not 0 <= seq <= span.last:
            return None
        head = span.snapshot if seq >= span.snapshot.pico.seq else await self.beginning(pico)
        if head is None or head.pico.seq > seq:
            return None
        async for bodies in self._pieces(pico, head.pico.seq + 1, seq):
            head = fold(head, bodies)
        return head

    async def records(self, pico: PicoId, first: int, last: int) -> AsyncIterator[bytes]:
        """Those that there are, in order."""
        async for bodies in self._pieces(pico, first, last):
            for body in bodies:
                yield body

    async def _pieces(self, pico: PicoId, first: int, last: int) -> AsyncIterator[Sequence[bytes]]:
        for begins in range(first, last + 1, PIECE):
            yield self._journal.records(pico, begins, min(begins + PIECE - 1, last))
            await asyncio.sleep(0)

    async def search(self, pico: PicoId, word: str) -> AsyncIterator[bytes]:
        """The records of a pico in which a text occurs as a whole string, the newest first."""
        wanted = to_bytes(word)
        for ends in range(self.last(pico), 0, -PIECE):
            for body in reversed(self._journal.records(pico, max(1, ends - PIECE + 1), ends)):
                if wanted in body:
                    yield body
            await asyncio.sleep(0)

    def resolve(self, name: str) -> PicoId | None:
        """The pico that has a channel. A pico's own id is one of its channels."""
        return self._journal.find_channel(Eci(name))

    async def everybody(self) -> AsyncIterator[PicoId]:
        """The root pico, its children, theirs and so on."""
        root = self._journal.fact(ROOT_PICO)
        found = [] if root is None else [PicoId(root)]
        for pico in found:  # grows as it is read
            yield pico
            found.extend(self._journal.children(pico))
            await asyncio.sleep(0)
