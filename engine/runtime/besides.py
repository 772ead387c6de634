"""What an engine keeps for a pico without its being part of it, as it is sealed beside the state, and back.

These are its inbox, what is to be asked of the outside, messages of its last turn that are not delivered yet,
the DIDs of its channels with their keys, and its newest records: by these a repeated event is answered as the
first time, and its recent past can be told. How far back they go is bounded; who repeats an older event has
it run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core.blocks.errors import NotATree
from engine.core.blocks.touched import FEW, FEW_BYTES
from engine.core.codec import Plain, Unreadable, from_bytes, to_bytes
from engine.core.model import EventId, PicoId
from engine.core.records import (
    BrokenChain,
    Head,
    decode_errand,
    decode_record,
    decode_request,
    record_hash,
)
from engine.ports import (
    AcceptEvent,
    AppendRecord,
    Beside,
    Journal,
    KeepDid,
    KeepErrand,
    KeepRest,
    KeepTurn,
    Write,
)
from engine.runtime.channel_keys import NamedChannel, unpack_name
from engine.runtime.pico_owners import PicoOwner, read_owner

RecordEnd = tuple[int, str]
"""The number of a record and its hash."""
MOST_RECORDS = 1_000
MOST_BYTES = 1 << 20
"""Of records that are sealed."""
DROPPED_AT_ONCE = 0.25
"""Of them that go when there are more: each time the list begins anew, and so do some of its blocks."""
FIRST_PIECE, PIECE, PIECE_BYTES = 4, 100, 256 << 10
"""Records that are read at a time, and about how many bytes; of the first ones nobody knows how large they
are."""


@dataclass(slots=True)
class Tail:
    """The newest records of a pico. It is read on, and keeps what it has read: the same record is then the
    same object, which costs no new block."""

    records: list[str] = field(default_factory=list)
    last: int = 0
    size: int = 0

    async def read_on(self, journal: Journal, pico: PicoId, last: int) -> None:
        """Up to that record; others have their turn in between. The newest are read first: of what is too
        much nothing is read."""
        first, new, size = max(self.last + 1, 1, last - MOST_RECORDS + 1), list[str](), 0
        ends, piece = last, FIRST_PIECE
        while ends >= first and size <= MOST_BYTES:
            begins = max(first, ends - piece + 1)
            bodies = journal.records(pico, begins, ends)
            new[:0] = map(_text, bodies)
            size += sum(map(len, bodies))
            ends, piece = begins - 1, min(2 * piece, PIECE, max(1, PIECE_BYTES * len(new) // max(size, 1)))
            await asyncio.sleep(0)
        if ends > self.last:
            self.records, self.size = [], 0
        self.records += new
        self.size += size
        self.last = last
        if self.size > MOST_BYTES or len(self.records) > MOST_RECORDS:
            self._drop_some()

    def since(self, seq: int) -> list[bytes]:
        """Those after that turn, if they are few."""
        few = self.records[len(self.records) - (self.last - seq) :]
        is_few = 0 < self.last - seq <= min(FEW, len(self.records)) and sum(map(len, few)) <= FEW_BYTES
        return [_bytes(text) for text in few] if is_few else []

    def _drop_some(self) -> None:
        fewer = len(self.records) - int(MOST_RECORDS * (1 - DROPPED_AT_ONCE))
        smaller = self.size - int(MOST_BYTES * (1 - DROPPED_AT_ONCE))
        gone = 0
        # Never the last: messages of it may have to be delivered.
        while gone < len(self.records) - 1 and (gone < fewer or smaller > 0):
            length = len(self.records[gone])
            self.size, smaller, gone = self.size - length, smaller - length, gone + 1
        self.records = self.records[gone:]


def pack_beside(
    kept: Beside,
    tail: Tail,
    names: Sequence[Plain],
    policy: Plain,
    owners: Plain = (),
    since: RecordEnd | None = None,
) -> dict[str, Plain]:
    """As it is sealed. `names` are the DIDs of its channels, see `channel_keys`; `policy` says in how many
    stores, `owners` who goes on with the pico elsewhere; `since` which record whoever gets it has already, as
    the one before those of the tail."""
    packed: dict[str, Plain] = {
        "inbox": [from_bytes(body) for body in kept.inbox],
        "errands": [from_bytes(body) for body in kept.errands],
        "dids": list(names),
        "records": list(tail.records),
    }
    if kept.rest is not None:
        packed["rest"] = list(kept.rest)
    if policy is not None:
        packed["replication"] = policy
    if owners:
        packed["owners"] = owners
    if since is not None:
        packed["since"] = list(since)
    return packed


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was beside a state, read and checked."""

    records: tuple[AppendRecord, ...]
    writes: tuple[Write, ...]
    """By which a journal has it again, and the rest of it."""
    policy: Plain
    named: tuple[NamedChannel, ...] = ()
    """DIDs of channels, with keys that are still to be checked."""
    owners: tuple[PicoOwner, ...] = ()
    since: RecordEnd | None = None
    """The record that these follow, if whoever sealed it knew that it is had already."""


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record as it is sealed, and what it says of its place."""

    body: bytes
    seq: int
    eid: EventId
    previous: str
    hash: str


ReadRecords = dict[str, ReadRecord]
"""Those that were read before, by their text: of a state that comes twice most are the same."""


def unpack_beside(head: Head, beside: Mapping[str, Plain], known: ReadRecords | None = None) -> Unpacked:
    """What a journal has to be told. What is `known` is not read again, and what is read is known then.
    Raises `NotATree` for what was not sealed beside that state."""
    try:
        known = {} if known is None else known
        since = _read_since(beside.get("since"))
        records = _check_records(head, [_read_record(text, known) for text in beside["records"]], since)
        pico = head.pico.id
        named = tuple(map(unpack_name, beside["dids"]))
        appended = tuple(AppendRecord(pico, one.seq, one.eid, one.body) for one in records)
        writes = (
            *_writes(pico, beside, records),
            *(KeepDid(one.did, one.eci) for one in named),
        )
        owners = tuple(read_owner(one, 0) for one in beside.get("owners", ()))
        return Unpacked(appended, writes, beside.get("replication"), named, owners, since)
    except (KeyError, TypeError, ValueError, AttributeError, Unreadable) as problem:
        raise NotATree(
            f"what was sealed beside the state of pico {head.pico.id} is damaged: {problem!r}"
        ) from None


def _read_record(text: str, known: ReadRecords) -> ReadRecord:
    found = known.get(text)
    if found is None:
        body = _bytes(text)
        record = decode_record(body)
        found = ReadRecord(body, record.seq, record.turn.event.eid, record.previous, record_hash(body))
        known[text] = found
    return found


def _writes(pico: PicoId, beside: Mapping[str, Plain], records: Sequence[ReadRecord]) -> Iterator[Write]:
    yield from (_waiting(pico, to_bytes(plain)) for plain in beside["inbox"])
    for plain in beside["errands"]:
        body = to_bytes(plain)
        yield KeepErrand(pico, decode_errand(body).name, body)
    if (rest := beside.get("rest")) is not None:
        seq, first = rest
        if not any(record.seq == seq for record in records):
            raise ValueError(f"record {seq} has messages to deliver, and is not there")
        yield KeepRest(pico, int(seq), int(first))


def _waiting(pico: PicoId, body: bytes) -> Write:
    """An event that waits for its turn, or whose turn had begun."""
    event, _, inputs = decode_request(body)
    kind: Any = AcceptEvent if inputs is None else KeepTurn
    write: Write = kind(pico, event.eid, body)
    return write


def _read_since(plain: Plain) -> RecordEnd | None:
    if plain is None:
        return None
    seq, chain = plain
    return int(seq), str(chain)


def _check_records(
    head: Head, records: Sequence[ReadRecord], since: RecordEnd | None
) -> Sequence[ReadRecord]:
    """They have to follow from each other, and the state from the last."""
    broken = _find_break(head, records, since)
    if broken is not None:
        raise ValueError(f"record {broken.seq}: {broken.reason}")
    return records


def _find_break(head: Head, records: Sequence[ReadRecord], since: RecordEnd | None) -> BrokenChain | None:
    first = head.pico.seq - len(records) + 1
    chain = records[0].previous if records else head.chain
    if since is not None and since != (first - 1, chain):
        return BrokenChain(first, "it does not follow from the one that is said to be before it")
    for seq, record in enumerate(records, first):
        if record.seq != seq or record.previous != chain:
            return BrokenChain(record.seq, "it does not follow from the one before it")
        chain = record.hash
    return None if chain == head.chain else BrokenChain(head.pico.seq, "the state does not follow from it")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass")


def _bytes(text: Plain) -> bytes:
    return str(text).encode("utf-8", "surrogatepass")
