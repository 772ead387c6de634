"""What is durable on this machine, and how it is read. What is written is in `engine.ports.writes`."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.ports.writes import Write


@dataclass(frozen=True, slots=True)
class Stored:
    """What the journal knows of one pico: its newest snapshot and the records after it, in order."""

    snapshot_seq: int
    snapshot: bytes
    records: Sequence[bytes]
    inbox: Sequence[bytes]
    """Accepted events and turns begun that no record has handled, oldest first."""
    rest: tuple[int, int] | None = None
    """What `KeepRest` said last, of which record and from where on."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the journal keeps for a pico besides its state, all of one moment."""

    end: tuple[int, str] | None
    """The number and the hash of the newest record."""
    inbox: Sequence[bytes]
    errands: Sequence[bytes]
    rest: tuple[int, int] | None
    dids: Sequence[tuple[Did, Eci]]
    """Of its channels, the oldest first."""


class DueTimer(NamedTuple):
    """A timer in the journal. They are ordered by the time at which they are due, then by their names."""

    due_ms: int
    pico: PicoId
    timer: str


class KeptRuleset(NamedTuple):
    """A kept text, without the text. Of one kept by an older version only the hash may be known."""

    hash: RulesetHash
    rid: Rid | None
    version: str | None
    kept_ms: int | None


class Place(NamedTuple):
    """Where picos have a ruleset from, which text that is, and how many have it."""

    url: str
    hash: RulesetHash
    picos: int


class MailSize(NamedTuple):
    """How much mail waits."""

    messages: int
    bytes: int


class WaitingMail(NamedTuple):
    """One envelope that waits; `n` is where it stands in the order in which they came."""

    n: int
    id: str
    received_s: int
    envelope: bytes


class KeptMail(Protocol):
    """The part of a journal that has to do with mail for others. Clients and recipients are DIDs."""

    def client_state(self, client: Did) -> str | None:
        """What was agreed with somebody, if anything was."""

    def client_of(self, recipient: str) -> Did | None:
        """For whom mail to that DID is taken in."""

    def count_clients(self) -> int:
        """How many there are."""

    def size(self, client: Did | None = None, recipient: str | None = None) -> MailSize:
        """Of all mail, of a client's, or of a client's to one DID."""

    def sizes_of(self, client: Did, ids: Sequence[str], recipient: str | None = None) -> MailSize:
        """Of those among these that wait."""

    def received_s(
        self, client: Did, recipient: str | None = None, but: Sequence[str] = (), newest: bool = False
    ) -> int | None:
        """When the oldest or the newest came that waits."""

    def after(self, client: Did, n: int, limit: int, recipient: str | None = None) -> Sequence[WaitingMail]:
        """The next ones of those that wait, the oldest first."""

    def last(self, client: Did) -> int:
        """The number of the newest one; 0 when none waits."""


class Journal(Protocol):
    """The truth on this machine. Everything that reads sees what is on disk and nothing else."""

    @property
    def mail(self) -> KeptMail:
        """What is kept here for others to fetch."""

    def commit(self, writes: Sequence[Write]) -> Future[None]:
        """Take writes that become durable together or not at all; the future says when they are.

        It returns at once, so that a pico's next turn need not wait for the disk. Writes become
        durable, and their futures done, in the order in which `commit` was called; those that wait
        together share one fsync. When the disk refuses, the future and all later ones fail with
        `JournalFailed`. Raises `Overtaken`, and takes nothing of it, if a record is among them that a
        `Fence` keeps out which was taken before.
        """

    def lets(self, pico: PicoId, epoch: int) -> bool:
        """Whether `commit` would take a record of that epoch now: unlike all that reads, this goes by what it
        has taken."""

    def epoch(self, pico: PicoId) -> int | None:
        """In which the pico takes turns; None if it takes none, 0 if no `Fence` was ever put before it."""

    def load(self, pico: PicoId) -> Stored | None:
        """Everything needed to wake a pico; None when there is none of that id."""

    async def settle(self) -> None:
        """Have what was committed put in its place, beside what others commit. For whoever writes much: else
        a commit of somebody's would have to do all of it at some time."""

    def loose_parts(self) -> int:
        """How many pieces of snapshots there are of picos that do not exist."""

    def end(self, pico: PicoId) -> tuple[int, str] | None:
        """The number and the hash of the newest record, as they were noted apart from it: a record is vouched
        for by the next one, and this one has none yet. None when there is no record."""

    def beside(self, pico: PicoId) -> Beside | None:
        """What it takes, besides a pico's state, to go on elsewhere; None when there is none of that id."""

    def picos(self, after: str, limit: int) -> Sequence[PicoId]:
        """The next ones after this, by id."""

    def find_record(self, pico: PicoId, eid: EventId) -> bytes | None:
        """The record that handled an event."""

    def handled(self, pico: PicoId, first: int, last: int) -> Sequence[EventId]:
        """The ids of the events that records `first` to `last` have handled, so far as anybody may ask for
        them again, in their order."""

    def is_accepted(self, pico: PicoId, eid: EventId) -> bool:
        """Whether an event waits in the inbox."""

    def records(self, pico: PicoId, first: int, last: int) -> Sequence[bytes]:
        """Records `first` to `last`, both included, as far as they are kept."""

    def find_channel(self, eci: Eci) -> PicoId | None:
        """The pico that a channel belongs to."""

    def find_did(self, did: Did) -> Eci | None:
        """The channel that has, or had, this name."""

    def dids_of(self, eci: Eci) -> Sequence[Did]:
        """The names of a channel, the newest first."""

    def waiting(self) -> Sequence[PicoId]:
        """Picos with something in the inbox, or a rest to deliver, to be woken at start."""

    def errands(self) -> Sequence[tuple[PicoId, bytes]]:
        """What is still to be asked of the outside, oldest first."""

    def timers_after(self, last: DueTimer, limit: int) -> Sequence[DueTimer]:
        """The next timers after this one, in their order."""

    def ruleset_text(self, digest: RulesetHash) -> str | None:
        """The text of a kept ruleset."""

    def ruleset_at(self, url: str) -> RulesetHash | None:
        """The newest ruleset kept under a URL."""

    def kept_rulesets(self) -> Sequence[KeptRuleset]:
        """All kept texts, by name and then by age."""

    def signatures(self, digest: RulesetHash) -> Sequence[tuple[DidKey, str]]:
        """The good signatures of a text, each with its author."""

    def places(self) -> Sequence[Place]:
        """All rulesets that any pico has, by URL and hash."""

    def holders(self, url: str, digest: RulesetHash, limit: int | None = None) -> Sequence[PicoId]:
        """The picos that have that text from that URL, or the first of them."""

    def holds(self, pico: PicoId, url: str) -> bool:
        """Whether a pico has a ruleset from a URL, in whatever text."""

    def children(self, pico: PicoId | None) -> Sequence[PicoId]:
        """The picos whose parent this is, by id; of None those whose parent was not here when they came."""

    def fact(self, name: str) -> str | None:
        """A fact set with `SetFact`."""

    def fact_names(self, beginning: str) -> Sequence[str]:
        """Those of all facts whose names begin so, in order."""

    async def close(self) -> None:
        """Make durable what `commit` has taken, then let go of the files."""


class Overtaken(Exception):
    """A turn was to be recorded of a pico that has left, or that has gone on elsewhere meanwhile."""


class JournalFailed(Exception):
    """The disk did not take a batch: full, gone or broken. The engine stops taking work."""
