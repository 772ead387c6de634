"""What callers of the engine get back, besides a `Refusal` or a `Fault`: frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.messages import Done, Failed, Fault, LogLine, Refusal, Turn
from engine.core.model import EMPTY, Eci, EventId, PicoId, Rid, RulesetHash
from engine.core.records import Record
from pico_lang.diagnostics import Diagnostic
from pico_lang.source import Source
from pico_lang.values import Value

NO_SOURCE = Source("")


@dataclass(frozen=True, slots=True)
class EventReply:
    """An event was run, and what its rules directed."""

    eid: EventId
    directives: Sequence[Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class QueryReply:
    """What a shared function returned."""

    value: Value


@dataclass(frozen=True, slots=True)
class LookReply:
    """What somebody saw who looked inside a pico: a value with its type in the language, and the names
    that could be mentioned there."""

    type: str
    value: Value
    names: Sequence[str]
    log: Sequence[LogLine]


@dataclass(frozen=True, slots=True)
class FlushReply:
    """A ruleset was fetched anew. `flushed` is when, in ISO 8601; `source` says where warnings stand."""

    url: str
    rid: Rid
    hash: RulesetHash
    flushed: str
    warnings: Sequence[Diagnostic]
    source: Source = NO_SOURCE


@dataclass(frozen=True, slots=True)
class PicoView:
    """A pico and those below it, as people look at them. `eci` is a channel they may use, if any."""

    id: PicoId
    name: str | None
    eci: Eci | None
    rulesets: Sequence[Rid]
    children: Sequence[PicoView]
    is_cut: bool = False
    """There are children that the picture has no room for."""
    quarantined: Mapping[Rid, str] = field(default_factory=lambda: EMPTY)
    """Rulesets that are set aside, each with the reason."""
    damage: str | None = None
    """Why it cannot be read; then nothing else is known of it."""
    moved: Mapping[str, str] | None = None
    """Of one that has moved away: the DID of its `engine`, and perhaps its `url`."""
    beside: Sequence[PicoView] = ()
    """Of the root pico: others that are below nobody here, as somebody has brought them in."""


Reply = EventReply | QueryReply | Refusal | Fault


def not_known(problem: BaseException) -> Refusal:
    """What callers are told when the journal fails: it may have kept the event before that."""
    return Refusal("draining", f"it is not known whether the event was kept: {problem}")


def reply_to(turn: Turn, outcome: Done | Failed) -> Reply:
    """What the caller of a turn is told once it is committed."""
    if isinstance(outcome, Failed):
        return outcome.fault
    if turn.query is not None:
        return QueryReply(outcome.answer)
    return EventReply(turn.event.eid, outcome.directives)


def reply_again(record: Record) -> Reply:
    """The same, for a caller who asks again later."""
    if record.fault is not None:
        return record.fault
    if record.turn.query is not None:
        return QueryReply(record.answer)
    return EventReply(record.turn.event.eid, record.directives)
