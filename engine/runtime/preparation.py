"""Bytes that take their time, written beside the event loop: of turns that send much, and of large picos.

Bytes alone: what may be sent, and to whom, is decided by the commit, at one moment for all of it. Preparing
changes nothing, so a turn that is given up meanwhile leaves no trace.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from engine.core.codec import Plain
from engine.core.gentle import pieces
from engine.core.messages import Done, Event, Failed, SendEvent, Turn
from engine.core.model import EMPTY, EventId, Pico, PicoId
from engine.core.records import Head, encode_request, record_pieces, sealed, snapshot_pieces, state_pieces
from engine.runtime.begun_here import go_on_gently
from engine.runtime.courtesy import let_others

MANY = 500
"""Effects whose bytes are prepared: some ten milliseconds. It takes a detour through a thread, which for few
would be the longer way."""

LARGE = 256 << 10
"""Bytes of a snapshot that is written like that: two milliseconds or so."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The record of a turn with the head after it, and the events it sends as they go into an inbox."""

    sealed: tuple[Head, bytes]
    sent: Mapping[EventId, bytes] = field(default_factory=lambda: EMPTY)


def is_long(outcome: Done | Failed) -> bool:
    """Whether preparing is worth it."""
    return len(outcome.effects) > MANY


def prepare(head: Head, turn: Turn, outcome: Done | Failed) -> Prepared:
    """The bytes of a turn that was run on `head`."""
    bodies = {}
    for effect in outcome.effects:
        if isinstance(effect, SendEvent):
            bodies[effect.eid] = encode_request(event_of(effect, head.pico.id))
            let_others()
    return Prepared(sealed(outcome, _write(record_pieces(head, turn, outcome))), bodies)


def event_of(sent: SendEvent, sender: PicoId) -> Event:
    """What arrives at the receiver."""
    return Event(sent.eci, sent.domain, sent.name, sent.attrs, sent.eid, sender=sender)


def write_snapshot(head: Head) -> bytes:
    """A whole pico, however large, while other threads go on."""
    return _write(snapshot_pieces(head))


def name_state(pico: Pico) -> str:
    """`state_id` of a whole pico, however large, while other threads go on."""
    return go_on_gently(naming(pico))


def naming(pico: Pico) -> Generator[None, None, str]:
    """The same, piece by piece."""
    digest = sha256()
    for piece in state_pieces(pico):
        digest.update(piece)
        yield
    return digest.hexdigest()


def _write(parts: Iterable[bytes]) -> bytes:
    written = []
    for piece in parts:
        written.append(piece)
        let_others()
    return b"".join(written)


def write_gently(plain: Plain) -> bytes:
    """The bytes of something large."""
    return _write(pieces(plain))
