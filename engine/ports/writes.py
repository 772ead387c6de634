"""What is written to the journal: each kind is one change to what is durable, and a commit makes several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash


@dataclass(frozen=True, slots=True)
class AppendRecord:
    """The next record of a pico's history. `eid` is None when no sender may ask for it again."""

    pico: PicoId
    seq: int
    eid: EventId | None
    body: bytes
    epoch: int = 0
    """In which the turn was taken: see `Fence`."""


@dataclass(frozen=True, slots=True)
class Fence:
    """From this commit on records of a pico are taken of that epoch only; with None of none, since it is
    leaving, or lives elsewhere. It goes with the pico."""

    pico: PicoId
    epoch: int | None


@dataclass(frozen=True, slots=True)
class AcceptEvent:
    """An event that is durable before it runs. Removed by the `AppendRecord` with its eid.

    One that waits already, or that a record has handled, is not accepted again.
    """

    pico: PicoId
    eid: EventId
    body: bytes


@dataclass(frozen=True, slots=True)
class KeepTurn:
    """An event whose turn has begun, with what that has learned so far, in the place of its `AcceptEvent`
    if there was one. Removed by the `AppendRecord` with its eid."""

    pico: PicoId
    eid: EventId
    body: bytes


@dataclass(frozen=True, slots=True)
class SentOn:
    """An event that waited here waits at another engine now, where its pico is."""

    pico: PicoId
    eid: EventId


@dataclass(frozen=True, slots=True)
class KeepErrand:
    """Something that is to be asked of the outside for a pico, though none of its turns waits for it."""

    pico: PicoId
    errand: EventId
    body: bytes


@dataclass(frozen=True, slots=True)
class EndErrand:
    """The answer has come."""

    pico: PicoId
    errand: EventId


@dataclass(frozen=True, slots=True)
class KeepRest:
    """Of the messages in a record of a pico, those from this number on are still to be delivered. A pico has
    one such rest at a time; another takes its place."""

    pico: PicoId
    seq: int
    first: int


@dataclass(frozen=True, slots=True)
class EndRest:
    """All are delivered."""

    pico: PicoId


@dataclass(frozen=True, slots=True)
class SaveSnapshot:
    """The whole pico after record `seq`; history stays."""

    pico: PicoId
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class KeepPart:
    """A piece of the first snapshot of a pico that does not exist yet. A large one is kept like that, in
    commits between which others have theirs, until a `BirthPico` takes it; by itself it is nothing."""

    pico: PicoId
    place: int
    """From 0 on. What was kept there before is replaced."""
    body: bytes


@dataclass(frozen=True, slots=True)
class DropParts:
    """Of a pico that does not exist, or without one of all of those: the pieces of its snapshot go, and if
    there were any also its records."""

    pico: PicoId | None = None


@dataclass(frozen=True, slots=True)
class BirthPico:
    """A pico that begins to exist, with its first snapshot."""

    pico: PicoId
    parent: PicoId | None
    seq: int
    body: bytes
    parts: int = 0
    """In the place of a body: of so many pieces it consists, which `KeepPart` has brought."""
    parts_of: PicoId | None = None
    """Under which name, where that was not its own: one that comes back is still here as it was when it left,
    while the pieces come."""


@dataclass(frozen=True, slots=True)
class RemovePico:
    """A pico that ceases to exist: snapshot, records, inbox, rest, errands, channels, timers and what is
    known of its rulesets go. `keeps_inbox`: of one that is born again in the same commit, since what is
    accepted for it until then, by commits that are not durable yet, may be known to nobody else."""

    pico: PicoId
    keeps_inbox: bool = False
    keeps_records: bool = False
    """Of one that is born again and goes on from the newest of these."""


@dataclass(frozen=True, slots=True)
class BindChannel:
    """The directory entry of a channel."""

    eci: Eci
    pico: PicoId


@dataclass(frozen=True, slots=True)
class UnbindChannel:
    eci: Eci


@dataclass(frozen=True, slots=True)
class KeepDid:
    """Another name of a channel, for those who speak DIDComm. It goes when the channel is unbound or its pico
    removed; the newest one is what the channel calls itself."""

    did: Did
    eci: Eci


@dataclass(frozen=True, slots=True)
class SetTimer:
    pico: PicoId
    timer: str
    due_ms: int


@dataclass(frozen=True, slots=True)
class ClearTimer:
    pico: PicoId
    timer: str


@dataclass(frozen=True, slots=True)
class KeepRuleset:
    """A ruleset's text, kept by hash, and the URL under which it was last found."""

    hash: RulesetHash
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class NoteRuleset:
    """What a kept text says it is, and when it was first kept. A later note about it changes nothing."""

    hash: RulesetHash
    rid: Rid
    version: str | None
    kept_ms: int | None


@dataclass(frozen=True, slots=True)
class KeepSignature:
    """A good signature of a ruleset's text, in the place of an older one of that author."""

    hash: RulesetHash
    author: DidKey
    body: str


@dataclass(frozen=True, slots=True)
class BindRuleset:
    """A pico has a ruleset from now on: that text, from that URL."""

    pico: PicoId
    url: str
    hash: RulesetHash


@dataclass(frozen=True, slots=True)
class UnbindRuleset:
    pico: PicoId
    url: str
    hash: RulesetHash


@dataclass(frozen=True, slots=True)
class KeepMailClient:
    """Somebody for whom mail is taken in: what was agreed with them, and all their DIDs for which that is so.
    A DID that is another client's already stays theirs."""

    client: Did
    state: str
    recipients: Sequence[str]


@dataclass(frozen=True, slots=True)
class RemoveMailClient:
    """Mail is taken in for them no more, and what waited is gone."""

    client: Did


@dataclass(frozen=True, slots=True)
class KeepMail:
    """An envelope that waits for a client, as it came. One that waits already is not kept twice."""

    client: Did
    id: str
    recipient: str
    received_s: int
    until_s: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class DropMail:
    """The client has these."""

    client: Did
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class DropOldMail:
    """What was to wait until then at most."""

    now_s: int


@dataclass(frozen=True, slots=True)
class SetFact:
    """A small fact about the engine itself, such as which pico is the root."""

    name: str
    value: str


Write = (
    AppendRecord
    | Fence
    | AcceptEvent
    | KeepTurn
    | SentOn
    | KeepErrand
    | EndErrand
    | KeepRest
    | EndRest
    | SaveSnapshot
    | KeepPart
    | DropParts
    | BirthPico
    | RemovePico
    | BindChannel
    | UnbindChannel
    | KeepDid
    | SetTimer
    | ClearTimer
    | KeepRuleset
    | NoteRuleset
    | KeepSignature
    | BindRuleset
    | UnbindRuleset
    | KeepMailClient
    | RemoveMailClient
    | KeepMail
    | DropMail
    | DropOldMail
    | SetFact
)
