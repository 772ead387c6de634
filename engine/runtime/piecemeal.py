"""A pico that is to live here comes into the journal in pieces, so that others have the disk in between.

What is written before its birth is nothing that anybody would find: pieces of a snapshot, and records, of a
pico that does not exist. One last commit, a small one, makes a pico of it. Whoever dies before that leaves
garbage, which goes at the next start, or when the pico comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.core.model import PicoId
from engine.core.records import Head, snapshot_pieces
from engine.ports import AppendRecord, DropParts, Journal, KeepPart, Write
from engine.runtime.courtesy import let_others

PART_BYTES = 256 << 10
"""Of one commit: some milliseconds of the disk."""
SETTLED_AFTER = 4
"""Pieces."""
RECORDS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a birth has to name: a snapshot that is small, with all that is still to be written; or of how
    many pieces it is."""

    body: bytes
    parts: int
    writes: tuple[Write, ...]
    size: int
    """Bytes of the snapshot."""


async def bring_in_parts(
    journal: Journal,
    head: Head,
    records: Sequence[AppendRecord],
    most: int = PART_BYTES,
    under: PicoId | None = None,
) -> Arrived:
    """A snapshot and its newest records, in commits of `most` bytes, or for the birth if that is all that
    there is of them. `under`: the name by which the pieces wait, if not that of the pico. Raises
    `JournalFailed`."""
    pico, parts = under or head.pico.id, _parts(snapshot_pieces(head), most)
    part = await asyncio.to_thread(next, parts, b"")
    if len(part) + sum(len(record.body) for record in records) < most:
        return Arrived(part, 0, (DropParts(pico), *records), len(part))
    await journal.commit([DropParts(pico)])
    count = size = 0
    while part:
        kept = journal.commit([KeepPart(pico, count, part)])
        count, size = count + 1, size + len(part)
        part = await asyncio.to_thread(next, parts, b"")
        await kept
        if count % SETTLED_AFTER == 0:
            await journal.settle()
    for some in _some(records, most):
        await journal.commit(some)
    return Arrived(b"", count, (), size)


def _parts(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The same bytes, so many at a time."""
    held = bytearray()
    for piece in pieces:
        held += piece
        let_others()
        while len(held) >= most:
            yield bytes(held[:most])
            del held[:most]
    yield bytes(held)


def _some(records: Sequence[AppendRecord], most: int) -> Iterator[list[AppendRecord]]:
    held, size = list[AppendRecord](), 0
    for record in records:
        held.append(record)
        size += len(record.body)
        if size >= most or len(held) == RECORDS_AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held


async def forget_arrivals(journal: Journal, pico: PicoId | None = None) -> None:
    """What has come of a pico that does not exist, or of all of them, is not wanted any more."""
    if journal.loose_parts():
        await journal.commit([DropParts(pico)])
