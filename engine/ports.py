"""What the shell needs from outside, as protocols: a journal, a clock, sources of text and chance.

Each has a conformance suite in `tests/engine/contracts` that every adapter and every fake passes.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from engine.core.blocks.dag_cbor import LARGEST_BLOCK as LARGEST_BLOCK
from engine.core.cids import Cid
from engine.core.did_keys import DidKey
from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.core.replicas import Replication
from engine.core.vouching import Doubt, Shown


@dataclass(frozen=True, slots=True)
class AppendRecord:
    """The next record of a pico's history. `eid` is None when no sender may ask for it again."""

    pico: PicoId
    seq: int
    eid: EventId | None
    body: bytes


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
class BirthPico:
    """A pico that begins to exist, with its first snapshot."""

    pico: PicoId
    parent: PicoId | None
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class RemovePico:
    """A pico that ceases to exist: snapshot, records, inbox, rest, errands, channels, timers and what is
    known of its rulesets go."""

    pico: PicoId


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
    | AcceptEvent
    | KeepTurn
    | KeepErrand
    | EndErrand
    | KeepRest
    | EndRest
    | SaveSnapshot
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
        `JournalFailed`.
        """

    def load(self, pico: PicoId) -> Stored | None:
        """Everything needed to wake a pico; None when there is none of that id."""

    def end(self, pico: PicoId) -> tuple[int, str] | None:
        """The number and the hash of the newest record, as they were noted apart from it: a record is vouched
        for by the next one, and this one has none yet. None when there is no record."""

    def beside(self, pico: PicoId) -> Beside | None:
        """What it takes, besides a pico's state, to go on elsewhere; None when there is none of that id."""

    def picos(self, after: str, limit: int) -> Sequence[PicoId]:
        """The next ones after this, by id."""

    def find_record(self, pico: PicoId, eid: EventId) -> bytes | None:
        """The record that handled an event."""

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

    def children(self, pico: PicoId) -> Sequence[PicoId]:
        """The picos whose parent this is."""

    def fact(self, name: str) -> str | None:
        """A fact set with `SetFact`."""

    def fact_names(self, beginning: str) -> Sequence[str]:
        """Those of all facts whose names begin so, in order."""

    async def close(self) -> None:
        """Make durable what `commit` has taken, then let go of the files."""


class JournalFailed(Exception):
    """The disk did not take a batch: full, gone or broken. The engine stops taking work."""


class Call(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Do without it."""


class Keys(Protocol):
    """The secret keys of this engine."""

    def derive(self, purpose: str) -> bytes:
        """32 bytes, the same ones for the same purpose for ever, and of no use for any other."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that came out of an envelope, and what is proven of it."""

    message: Message
    sender: Did | None
    """Whose key wrote or signed it; None when anybody may have."""
    recipient: Did | None
    """Which DID of ours it was encrypted to; None when it was not encrypted."""
    rotation: Rotation | None = None
    """What its `from_prior` has proven."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """Credentials that somebody shows, and what the presentation has to be bound to so that it counts."""

    text: str
    challenge: str
    audience: Did
    holder: Did
    issuers: frozenset[str]
    """Whose credentials are of any interest."""
    lists: tuple[str, ...] = ()
    """Status lists that came along."""


class CredentialCheck(Protocol):
    """Finds out whether what is shown is to be relied on. It may take long, and holds nobody else up."""

    async def check(
        self, presentation: Presentation, now_s: int
    ) -> tuple[tuple[Shown, int | None], ...] | Doubt:
        """Each credential in it with the second in which it ends."""

    def stop(self) -> None:
        """Do without any answer from now on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody vouches for: what kind of thing is said of whom, for how long, and how it is signed."""

    subject: str
    kind: str
    claims: Mapping[str, Any]
    valid_s: int
    form: str
    """`jwt` or `linked-data`."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of a DID of ours, and what it is derived for."""

    did: Did
    id: str
    purpose: str


class CannotVouch(ValueError):
    """A statement that cannot be made a credential. Says why."""


class Vouching(Protocol):
    """Issues credentials in the names of picos, and keeps them, so that they can be revoked."""

    def issue(self, key: OwnKey, document: Mapping[str, Any] | None, said: Statement, now_s: int) -> str:
        """The credential's text. `document` is what others find of the issuer. Takes a moment, so it is
        called in a thread. Raises `CannotVouch`."""


class Envelopes(Protocol):
    """DIDComm v2.1 envelopes of this engine's own DIDs."""

    async def open(self, envelope: bytes, now_s: int) -> Letter:
        """Raises `engine.core.didcomm.refused.Refused`, whatever the bytes are."""

    async def close(self, message: Message, to: Did) -> bytes:
        """For one recipient, from `message.from_` if there is one. Raises `CannotSend`."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who a log says was to act as its pico."""

    name: Did
    """That the pico has for life."""
    keys: tuple[frozenset[DidKey], ...]
    """That could sign for it, by entry: the first ones are those of epoch 1."""

    @property
    def epoch(self) -> int:
        """Today's."""
        return len(self.keys)

    def may(self, epoch: int, key: DidKey) -> bool:
        return 0 < epoch <= len(self.keys) and key in self.keys[epoch - 1]


class BadLog(ValueError):
    """A log that nobody would believe, or an entry that cannot follow. Says why."""


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log as JSON lines, and what its witnesses have approved of it, which is in a file of its own."""

    lines: str
    approvals: str = ""
    """Empty if it has no witnesses."""


class LifelongLogs(Protocol):
    """The logs in which picos keep who they are. Each of these raises `BadLog`."""

    def begin(self, pico: str, url: str | None, host: Did, recovery: str | None, now_s: float) -> KeptLog:
        """The first entry. `url` is where the engine is reached, `host` its DID, and `recovery` the hash of a
        key that the pico's owner keeps."""

    def rotate(self, pico: str, log: KeptLog, now_s: float) -> KeptLog:
        """The log with one more entry, signed with the key that the last one promised."""

    def address(self, pico: str, log: KeptLog, url: str | None, host: Did, now_s: float) -> KeptLog:
        """The log; with one more entry, if the newest does not say how messages to the pico get here."""

    def extend(self, pico: str, log: KeptLog | None, more: KeptLog, now_s: float) -> KeptLog:
        """The log with entries of somebody else's, and what approves them; `more` may be a whole log."""

    def describe(self, pico: str, log: KeptLog, now_s: float) -> Mapping[str, Any]:
        """What it says: `did`, the name for life, `epoch` and so on."""

    def acting(self, log: KeptLog, now_s: float) -> Acting:
        """Whose signatures counted as the pico's, and when."""


@dataclass(frozen=True, slots=True)
class OwnersKey:
    """What may be known of the key that an owner keeps."""

    hash: str
    approving: tuple[str, ...] = ()
    """The did:keys with which he approves alone, where a log has guardians: as many as are needed or more."""


@dataclass(frozen=True, slots=True)
class Rotate:
    """On to the key that was promised; with another document, if one is given."""

    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Promise a key of an owner's besides what is promised already."""

    owner: OwnersKey


@dataclass(frozen=True, slots=True)
class Guard:
    """Name those who, so many of them together, can take the pico back; nobody, if `of` is empty."""

    needed: int
    of: tuple[str, ...]
    """Their DIDs."""
    watching: bool = False
    """Whether they approve every entry, so that the engine writes none alone."""
    owner: OwnersKey | None = None
    forgets_owner: bool = False
    """Whether keys of an owner that were promised are so no more."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Have this engine go on with a log that it may not write in, hosting the pico from then on."""

    url: str | None
    host: Did
    signer: str | None
    """The multikey of an owner's key that was promised; None for the guardians."""
    owner: OwnersKey | None = None
    """To be promised from then on."""
    watching: bool = False


OwnChange = Rotate | Promise | Guard
"""What the engine that hosts a pico may write by itself, unless guardians watch."""
LogChange = OwnChange | Recover


class Succession(Protocol):
    """Who may go on with the log of a pico. Each of these raises `BadLog`."""

    def change(self, pico: str, log: KeptLog, change: OwnChange, now_s: float) -> KeptLog:
        """The log with one more entry, where this engine may write it alone."""

    def ask(self, pico: str, log: KeptLog, change: LogChange, note: str, now_s: float) -> str:
        """A request to those who have to sign or approve it; the log stays as it is."""

    def end(self, pico: str, log: KeptLog, now_s: float) -> KeptLog:
        """The log with its last entry. One that has ended is as it was."""


class KnownLogs(Protocol):
    """Logs that need not be fetched, by the self-certifying id in their names."""

    def own(self, scid: str) -> KeptLog | None:
        """That of a pico of this engine, as it is now."""

    def told(self, scid: str) -> KeptLog | None:
        """One that somebody handed over: there may be a newer one."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where to post an envelope, and the mediators to wrap it for, the first to open it first."""

    url: str
    hops: tuple[Did, ...] = ()


class Directory(Protocol):
    """Where others can be reached."""

    async def find_route(self, did: Did) -> Route:
        """How messages for a DID get there. Raises `CannotSend`."""


class CannotSend(Exception):
    """A message that cannot be written or has nowhere to go; `is_final` unless trying again may help."""

    def __init__(self, reason: str, is_final: bool = True) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    def call_at(self, time_ms: int, call: Callable[[], None]) -> Call:
        """Have it called from the event loop when that time has come; also sooner, so look again."""


class Entropy(Protocol):
    def seed(self) -> str:
        """Sixteen fresh random bytes, in hex."""


class RulesetSource(Protocol):
    async def fetch(self, url: str) -> str:
        """The text behind a `file:`, `http:`, `https:` or `library:` URL. Raises `FetchFailed`."""


class FetchFailed(Exception):
    """A text that could not be had; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request that a ruleset makes. Names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    follows_redirects: bool = True


@dataclass(frozen=True, slots=True)
class WebResponse:
    """What a server said, whatever its status. Names of headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: str


class WebClient(Protocol):
    async def send(self, request: WebRequest) -> WebResponse:
        """Make a request. Raises `WebRefused` when it may not be made, `WebFailed` when nothing came back."""


class WebFailed(Exception):
    """There was no response; the message says why, and which setting matters if one does."""


class WebRefused(WebFailed):
    """This engine does not make such requests."""


class Websocket(Protocol):
    """One that is open. What is sent and received are whole messages; each of these raises `WebFailed` when
    the connection is over."""

    async def send(self, frame: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    async def close(self) -> None:
        """Raises nothing."""


class Websockets(Protocol):
    async def open(self, url: str) -> Websocket:
        """Raises `WebRefused` when it may not be opened, `WebFailed` when nobody takes it."""


class BlockStore(Protocol):
    """Blocks by their CIDs: version 1, codec raw or dag-cbor, sha2-256; at most `LARGEST_BLOCK` bytes each.

    Blocks never change, so that anything may be put, pinned or unpinned again, and several things may be
    asked of a store at a time. A call takes any number of blocks in any order; a store splits that up as it
    likes, and one call that fails may have done a part. No call waits for ever. What can go wrong outside
    is one of `StoreFailed`; a block that is too large or a CID of another kind is a `ValueError`.
    """

    @property
    def name(self) -> str:
        """What people know it by, in settings, logs and metrics."""

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        """Keep them. They are as durable as they get here when it returns, and stay for a while although
        nothing is pinned yet; those that were here already count as put again. Raises `WrongBytes` before
        anything is stored, `StoreFull` and `StoreUnavailable`."""

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        """Those of them that are here, each hashed again; a CID that is not in it was not found, as far as
        the store can tell within its own deadline. Raises `WrongBytes`, which has the good ones, and
        `StoreUnavailable`."""

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        """Those of them that are here. Only `put_many` and `pin` promise that they stay: before it is pinned
        a block that was put long ago may go. Raises `StoreUnavailable`."""

    async def pin(self, root: Cid) -> None:
        """Keep a block and all that it leads to, through links, until it is unpinned. Pinning it twice is
        pinning it once. Durable when it returns. Raises `MissingBlocks` if some of them are not here,
        `StoreFull` and `StoreUnavailable`."""

    async def unpin(self, root: Cid) -> None:
        """Nobody needs it any more but through other roots; the blocks go when the store sees fit. One that
        is not pinned may be unpinned too. Raises `StoreUnavailable`."""

    async def roots(self) -> frozenset[Cid]:
        """What is pinned by `pin`. Raises `StoreUnavailable`."""

    async def close(self) -> None:
        """Let go of files and connections; calls under way end first or fail with `StoreUnavailable`."""


@runtime_checkable
class GivesTrees(Protocol):
    """What a store may do besides: some give a whole tree sooner than its blocks."""

    def get_tree(self, root: Cid) -> AsyncIterator[Mapping[Cid, bytes]]:
        """All that a root leads to, itself included, in pieces that are hashed. Raises `MissingBlocks`,
        `WrongBytes` and `StoreUnavailable`; what came before is good."""


class StoreFailed(Exception):
    """A store that did not do what it was asked. The message says why; `store` is its name."""

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store}: {reason}")
        self.store = store
        self.reason = reason


class StoreUnavailable(StoreFailed):
    """Dead, too slow, closed or refusing: the same call may go well later."""


class StoreFull(StoreFailed):
    """It has no room. What is there can be read, and unpinning may help."""


class StoreReadOnly(StoreFailed):
    """Blocks can be had from it, and nothing else."""


class WrongBytes(StoreFailed):
    """Bytes that are not those which a CID names: `cids` says which. `found` has the good ones of a call that
    fetched several."""

    def __init__(
        self, store: str, reason: str, cids: Iterable[Cid], found: Mapping[Cid, bytes] | None = None
    ) -> None:
        super().__init__(store, reason)
        self.cids = frozenset(cids)
        self.found: Mapping[Cid, bytes] = found or {}


class MissingBlocks(StoreFailed):
    """A root that cannot be pinned: blocks that it leads to are not here. `cids` has those that the store
    knows of, or the root alone when it cannot say."""

    def __init__(self, store: str, reason: str, cids: Iterable[Cid]) -> None:
        super().__init__(store, reason)
        self.cids = frozenset(cids)


class Goal(NamedTuple):
    """What a store is to have for a keeper: a root with all below it, or nothing any more."""

    store: str
    keeper: str
    root: Cid | None


class Kept(NamedTuple):
    """What a keeper wants to be kept, and the stores that are to have it."""

    keeper: str
    root: Cid
    replication: Replication
    stores: frozenset[str]


class ReplicationLedger(Protocol):
    """The durable memory of what each store is to have, has, and may have. What one call changes is durable,
    as a whole, when it returns. Each raises `StoreUnavailable` and `StoreFull`.

    A *keeper* is whoever wants one root kept: a pico, mostly. A store is to have a keeper's newest root only.
    """

    async def want(
        self, keeper: str, root: Cid | None, replication: Replication, local: str, stores: Collection[str]
    ) -> None:
        """That root from now on, which is pinned in the local store, in these stores, and in no others; or
        nothing any more. Opens the goals that follow from it."""

    async def kept(self, after: str, limit: int) -> Sequence[Kept]:
        """The next keepers after this one, by name."""

    async def next_goals(self, store: str, limit: int) -> Sequence[Goal]:
        """The first open ones. A store that is to have nothing of a keeper any more waits until all
        that are to have something have it."""

    async def goal(self, store: str, keeper: str) -> Goal | None:
        """What it is now, open or not."""

    async def close_goal(self, goal: Goal) -> None:
        """It is reached, if it still is the goal."""

    async def postpone(self, goal: Goal) -> None:
        """Others have their turn first."""

    async def begin_pin(self, store: str, keeper: str, root: Cid) -> bool:
        """The store may have a root pinned for a keeper from now on; whether it may have had it before. Opens
        the goal, so that whoever comes after a crash looks."""

    async def end_pin(self, store: str, keeper: str, root: Cid) -> None:
        """It surely has."""

    async def drop_pin(self, store: str, keeper: str, root: Cid) -> None:
        """It surely has not, or others want it."""

    async def pins(self, store: str, keeper: str) -> Mapping[Cid, bool]:
        """The roots that a store may have pinned for a keeper, and whether that is sure."""

    async def has_other_keepers(self, store: str, keeper: str, root: Cid) -> bool:
        """Whether a root may be pinned there for somebody else too."""

    async def check_pins(self, store: str, roots: Collection[Cid]) -> int:
        """These are pinned there, and nothing else: what is missing is opened again, and how many that are.
        If there are any, what the store was thought to hold is forgotten."""

    async def held(self, store: str, cids: Collection[Cid]) -> set[Cid]:
        """Those of which a store holds all that they lead to, as far as is known."""

    async def hold(self, store: str, cids: Collection[Cid]) -> None:
        """It has these now, and all below them."""

    async def forget(self, store: str, cids: Collection[Cid]) -> None:
        """It may have lost these."""

    async def open_goals(self) -> Mapping[str, int]:
        """How many there are, by store."""
