"""What reaches a pico, what a turn asks for, and what comes out of it: frozen data, nothing done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.model import EMPTY, CredentialAsked, Eci, EventId, Inputs, Pico, PicoId
from pico_lang.errors import Place
from pico_lang.values import Value


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it reached a channel. `attrs` is a map of language values."""

    eci: Eci
    domain: str
    name: str
    attrs: Mapping[str, Value]
    eid: EventId
    for_rid: str | None = None
    sender: PicoId | None = None
    """The pico whose ruleset sent it, when it came from inside this engine; of one that came as a DIDComm
    message the DID that is proven to have written it."""
    timer: str | None = None
    """The timer that fires with it, if it was scheduled."""
    proven: Mapping[str, Any] | None = None
    """What else the envelope of a DIDComm message has proven: `to`, the DID of ours that it reached, unless
    that is the first one its channel had, and `rotation`: `prior`, `new` and `iat` of its `from_prior`."""


@dataclass(frozen=True, slots=True)
class Query:
    """A call of a shared function."""

    eci: Eci
    rid: str
    name: str
    args: Mapping[str, Value]
    via: tuple[PicoId, ...] = ()
    """The picos of this engine that wait for the answer: the last one asks, because the one before asked
    it, and so on. None of them can be asked again on the way."""

    @property
    def sender(self) -> PicoId | None:
        """The pico whose ruleset asks."""
        return self.via[-1] if self.via else None


@dataclass(frozen=True, slots=True)
class Turn:
    """One event (and perhaps a query right after it) with everything its run may learn."""

    event: Event
    inputs: Inputs
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something a run must know before it can go on.

    kinds: `ruleset` (url → {"rid", "hash", "url"}, with "signedBy" if anybody has signed the text, or
    {"error"}, with "code" unless it is that the text could not be had), `rulesets` (urls → {"rulesets"}, such
    an answer for each), `program` (of a text that is
    kept: hash → {"rid", "hash"} or {"error"}), `version` (of such a text: hash → {"version"} or {"error"}),
    `variables` (what a ruleset had after some turn: rid, seq → {"variables"} or {"error"}), `http` (see
    `engine.core.requests`), `module` (see `engine.core.consultation`), `far_event` (see
    `engine.core.far_events`), `message` (see `engine.core.domains.by_did`), `letter`, `envelope` and
    `keep_did` (see `engine.core.correspondence`), and `query`, `did_query`, `did`, `next_did`,
    `did_document`, `event_query`, `recipient`, `recipients` and `log` (see `engine.core.neighbours`).
    """

    kind: str
    content: Mapping[str, Any]

    @property
    def acts(self) -> bool:
        """Whether answering it does something in the world. Then it has a `key`, by which a second
        time can be told from another deed."""
        return "key" in self.content


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Deliver an event to another channel (of this or another pico), after the commit."""

    eci: Eci
    domain: str
    name: str
    attrs: Mapping[str, Value]
    eid: EventId
    """Derived from pico, turn and position: the receiver uses it to run the event once."""


@dataclass(frozen=True, slots=True)
class CreatePico:
    """A new pico that begins to exist with this commit, whole, in the same transaction."""

    pico: Pico


@dataclass(frozen=True, slots=True)
class DeletePico:
    """A child, and everything below it, that ceases to exist with this commit."""

    pico: PicoId


@dataclass(frozen=True, slots=True)
class AskLater:
    """Have a question answered after the commit; `engine.core.reports` says what is sent then."""

    question: Question
    reply: SendEvent | None
    """What the answer is put into; None when nobody waits for one, and the question acts."""
    complaint: SendEvent | None = None
    """What is sent if there is none."""
    onward: Question | None = None
    """Where `reply` goes to a DID: what sends it, once it has the attributes that are answered."""

    @property
    def name(self) -> EventId:
        """What tells it from the others of its pico."""
        return EventId(self.question.content["key"]) if self.reply is None else self.reply.eid


Effect = SendEvent | CreatePico | DeletePico | AskLater


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a pico to the next version of it; `engine.core.draft` gives kinds their meaning."""

    kind: str
    content: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as it is recorded and told."""

    code: str
    message: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line a rule wrote, or the kernel wrote about a rule."""

    level: Literal["error", "warn", "info", "debug", "klog"]
    rid: str
    rule: str | None
    message: Value
    value: Value = None


@dataclass(frozen=True, slots=True)
class Done:
    """The turn ran. `changes` lead from the pico it began with to `pico`."""

    pico: Pico
    changes: tuple[Change, ...]
    directives: tuple[Mapping[str, Value], ...]
    effects: tuple[Effect, ...] = ()
    log: tuple[LogLine, ...] = ()
    answer: Value = None
    """Of the turn's query, if it has one."""
    steps: int = 0
    raised: tuple[Event, ...] = ()
    """What rules raised, in that order: for those who want to see how it came to the outcome."""


@dataclass(frozen=True, slots=True)
class Asks:
    """The turn needs an answer; run it again from the same pico with the answer appended."""

    question: Question


@dataclass(frozen=True, slots=True)
class Unable:
    """An installed ruleset that cannot be woken, with the fault that keeps it from that."""

    rid: str
    hash: str
    code: str
    reason: str
    module: str | None = None
    """The ruleset in which it happened, if that is one it uses."""
    is_limit: bool = False
    """Whether a larger budget might wake it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn failed: nothing of it stays but `pico.seq` and the record of the failure.

    `pico` is the pico it began with, one turn older; `changes` are those of the timer that fired with
    the turn's event, if one did. `effects` has the `system:error` event that is raised as a new event,
    if there is one. `retry_bigger` says that a larger budget might let it pass. `unable` are rulesets
    without which it could be run: see `engine.core.quarantine`.
    """

    pico: Pico
    fault: Fault
    log: tuple[LogLine, ...] = ()
    effects: tuple[Effect, ...] = ()
    steps: int = 0
    retry_bigger: bool = False
    changes: tuple[Change, ...] = ()
    unable: tuple[Unable, ...] = ()


Outcome = Done | Asks | Failed


@dataclass(frozen=True, slots=True)
class Answered:
    """A query's result."""

    value: Value
    log: tuple[LogLine, ...] = ()
    steps: int = 0


RefusalKind = Literal[
    "malformed",
    "denied",
    "unknown",
    "undecided",
    "moved",
    "too_large",
    "uncompilable",
    "draining",
    "quota",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not run, with the reason a person can act on."""

    kind: RefusalKind
    reason: str
    hint: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    asks: tuple[CredentialAsked, ...] = ()
    """One of these would have been enough. Only for somebody who has proven who he is."""
