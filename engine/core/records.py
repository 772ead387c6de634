"""A pico's history: one record per turn, each naming the hash of the one before it.

A record holds the turn, so that it can be run again, and what the turn led to, so that it need not
be. `fold` turns a snapshot and the records after it into the pico; `verify_chain` says whether
anybody has touched them. Every format ever written can be read: `READERS` has one entry for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from engine.core.codec import (
    Plain,
    Unreadable,
    from_bytes,
    pack_change,
    pack_effect,
    pack_errand,
    pack_event,
    pack_fault,
    pack_inputs,
    pack_log,
    pack_pico,
    pack_query,
    pack_turn,
    to_bytes,
    unpack_change,
    unpack_effect,
    unpack_errand,
    unpack_event,
    unpack_fault,
    unpack_inputs,
    unpack_log,
    unpack_pico,
    unpack_query,
    unpack_turn,
)
from engine.core.draft import Draft
from engine.core.gentle import pieces
from engine.core.messages import AskLater, Change, Done, Effect, Event, Failed, Fault, LogLine, Query, Turn
from engine.core.model import Inputs, Pico
from pico_lang.values import Value

T = TypeVar("T")

FORMAT = 1
"""The format this version writes."""


@dataclass(frozen=True, slots=True)
class Record:
    """What happened in one turn. `fault` is set when it failed; then it changed nothing but the timer
    that had fired."""

    seq: int
    previous: str
    """Hash of the record before; of the first one, the state id of the pico as it was born."""
    turn: Turn
    changes: tuple[Change, ...] = ()
    directives: tuple[Mapping[str, Value], ...] = ()
    effects: tuple[Effect, ...] = ()
    log: tuple[LogLine, ...] = ()
    answer: Value = None
    fault: Fault | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """A pico and the hash of the record that led to it: all that the next record builds on."""

    pico: Pico
    chain: str


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """The first record that is not what it should be."""

    seq: int
    reason: str


def begin(pico: Pico) -> Head:
    """The head of a pico that has no records yet."""
    return Head(pico, state_id(pico))


def seal(head: Head, turn: Turn, outcome: Done | Failed) -> tuple[Head, bytes]:
    """The record of a turn that was run on `head`, and the head after it."""
    return sealed(outcome, encode_record(_describe(head, turn, outcome)))


def record_pieces(head: Head, turn: Turn, outcome: Done | Failed) -> Iterator[bytes]:
    """The same record, for a thread that lets others run in between; `sealed` makes the head of it."""
    return pieces(_plain_record(_describe(head, turn, outcome)))


def sealed(outcome: Done | Failed, body: bytes) -> tuple[Head, bytes]:
    """The head after a record that is bytes already."""
    return Head(outcome.pico, record_hash(body)), body


def _describe(head: Head, turn: Turn, outcome: Done | Failed) -> Record:
    match outcome:
        case Done(pico, changes, directives, effects, log, answer, steps):
            return Record(pico.seq, head.chain, turn, changes, directives, effects, log, answer, None, steps)
        case Failed(pico, fault, log, effects, steps, _, changes):
            return Record(pico.seq, head.chain, turn, changes, (), effects, log, None, fault, steps)


def fold(head: Head, bodies: Iterable[bytes]) -> Head:
    """The head after the records that follow `head`, in order."""
    draft, seq, chain = Draft(head.pico), head.pico.seq, head.chain
    for body in bodies:
        record = decode_record(body)
        seq += 1
        if record.seq != seq:
            raise Unreadable(f"record {record.seq} where {seq} should follow")
        _carry_out(draft, record)
        chain = record_hash(body)
    return Head(draft.finish(seq), chain)


def _carry_out(draft: Draft, record: Record) -> None:
    try:
        draft.carry_out(record.changes)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"record {record.seq} has a change that cannot be carried out: {error!r}") from error


def verify_chain(head: Head, bodies: Iterable[bytes], end: str | None = None) -> BrokenChain | None:
    """The first of the records after `head` that does not follow from the one before it.

    A record is vouched for by its successor; the last one by `end`, the hash it should have.
    """
    seq, chain = head.pico.seq, head.chain
    for body in bodies:
        seq += 1
        reason = _why_broken(body, seq, chain)
        if reason is not None:
            return BrokenChain(seq, reason)
        chain = record_hash(body)
    if end is not None and chain != end:
        return BrokenChain(seq + 1, "the history does not end with the record that the head names")
    return None


def _why_broken(body: bytes, seq: int, chain: str) -> str | None:
    try:
        record = decode_record(body)
    except Unreadable as error:
        return str(error)
    if record.seq != seq:
        return f"it says it is record {record.seq}"
    if record.previous != chain:
        return "it does not name the hash of the record before it, so one of the two was changed"
    return None


def record_hash(body: bytes) -> str:
    """What the next record says of this one."""
    return sha256(body).hexdigest()


def state_id(pico: Pico) -> str:
    """Equal for equal picos, whatever way they came to be as they are."""
    return sha256(to_bytes(pack_pico(pico))).hexdigest()


def state_pieces(pico: Pico) -> Iterator[bytes]:
    """The bytes that it is made of, for a thread that lets others run in between."""
    return pieces(pack_pico(pico))


# --- bytes -----------------------------------------------------------------------------------------


def encode_record(record: Record) -> bytes:
    """One JSON object; members that say nothing are left out."""
    return to_bytes(_plain_record(record))


def _plain_record(record: Record) -> Plain:
    plain: dict[str, Plain] = {
        "format": FORMAT,
        "seq": record.seq,
        "previous": record.previous,
        "turn": pack_turn(record.turn),
        "steps": record.steps,
    }
    if record.changes:
        plain["changes"] = [pack_change(change) for change in record.changes]
    if record.directives:
        plain["directives"] = record.directives
    if record.effects:
        plain["effects"] = [pack_effect(effect) for effect in record.effects]
    if record.log:
        plain["log"] = pack_log(record.log)
    if record.answer is not None:
        plain["answer"] = record.answer
    if record.fault is not None:
        plain["fault"] = pack_fault(record.fault)
    return plain


def decode_record(body: bytes) -> Record:
    """A record of any format that was ever written."""
    return _read(RECORD_READERS, body)


def _read_record_1(plain: Plain) -> Record:
    fault = plain.get("fault")
    return Record(
        plain["seq"],
        plain["previous"],
        unpack_turn(plain["turn"]),
        tuple(map(unpack_change, plain.get("changes", ()))),
        tuple(plain.get("directives", ())),
        tuple(map(unpack_effect, plain.get("effects", ()))),
        unpack_log(plain.get("log", ())),
        plain.get("answer"),
        None if fault is None else unpack_fault(fault),
        plain["steps"],
    )


def encode_snapshot(head: Head) -> bytes:
    """A whole pico, with what the next record has to name."""
    return to_bytes(_snapshot(head))


def snapshot_pieces(head: Head) -> Iterator[bytes]:
    """The same bytes, for a thread that lets others run in between."""
    return pieces(_snapshot(head))


def _snapshot(head: Head) -> Plain:
    return {"format": FORMAT, "chain": head.chain, "pico": pack_pico(head.pico)}


def decode_snapshot(body: bytes) -> Head:
    """A snapshot of any format that was ever written."""
    return _read(SNAPSHOT_READERS, body)


def _read_snapshot_1(plain: Plain) -> Head:
    return Head(unpack_pico(plain["pico"]), plain["chain"])


def encode_request(event: Event, query: Query | None = None, inputs: Inputs | None = None) -> bytes:
    """An event (and the query that is to follow it) that was accepted and waits for its turn; with
    `inputs` its turn has begun, and they are what it has learned so far."""
    plain = {"format": FORMAT, "event": pack_event(event)}
    if query is not None:
        plain["query"] = pack_query(query)
    if inputs is not None:
        plain["inputs"] = pack_inputs(inputs)
    return to_bytes(plain)


def decode_request(body: bytes) -> tuple[Event, Query | None, Inputs | None]:
    """An accepted event of any format that was ever written."""
    return _read(REQUEST_READERS, body)


def _read_request_1(plain: Plain) -> tuple[Event, Query | None, Inputs | None]:
    query, inputs = plain.get("query"), plain.get("inputs")
    return (
        unpack_event(plain["event"]),
        None if query is None else unpack_query(query),
        None if inputs is None else unpack_inputs(inputs),
    )


def encode_errand(errand: AskLater) -> bytes:
    """A question that waits to be answered for nobody's turn."""
    return to_bytes({"format": FORMAT, **pack_errand(errand)})


def decode_errand(body: bytes) -> AskLater:
    """Such a question of any format that was ever written."""
    return _read(ERRAND_READERS, body)


RECORD_READERS: Mapping[int, Callable[[Plain], Record]] = {1: _read_record_1}
SNAPSHOT_READERS: Mapping[int, Callable[[Plain], Head]] = {1: _read_snapshot_1}
REQUEST_READERS: Mapping[int, Callable[[Plain], tuple[Event, Query | None, Inputs | None]]] = {
    1: _read_request_1
}
ERRAND_READERS: Mapping[int, Callable[[Plain], AskLater]] = {1: unpack_errand}


def _read(readers: Mapping[int, Callable[[Plain], T]], body: bytes) -> T:
    plain = from_bytes(body)
    found = plain.get("format") if isinstance(plain, dict) else None
    if not isinstance(found, int) or found not in readers:
        raise Unreadable(f"format {found!r}; this version reads {sorted(readers)}: a newer one wrote it?")
    try:
        return readers[found](plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"not what format {found} looks like: {error!r}") from error
