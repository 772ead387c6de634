"""A journal that keeps everything in dictionaries, for tests that need no disk.

It passes the same suite as the real one. `hold` and `release` let a test decide when the "disk"
answers; what is held is taken but not durable, and `crash` loses it, as a power cut would.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from heapq import nsmallest

from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.core.records import record_hash
from engine.ports import (
    AcceptEvent,
    AppendRecord,
    Beside,
    BindChannel,
    BindRuleset,
    BirthPico,
    ClearTimer,
    DropMail,
    DropOldMail,
    DropParts,
    DueTimer,
    EndErrand,
    EndRest,
    Fence,
    JournalFailed,
    KeepDid,
    KeepErrand,
    KeepMail,
    KeepMailClient,
    KeepPart,
    KeepRest,
    KeepRuleset,
    KeepSignature,
    KeepTurn,
    KeptRuleset,
    MailSize,
    NoteRuleset,
    Overtaken,
    Place,
    RemoveMailClient,
    RemovePico,
    SaveSnapshot,
    SentOn,
    SetFact,
    SetTimer,
    Stored,
    UnbindChannel,
    UnbindRuleset,
    WaitingMail,
    Write,
)

MailWrite = KeepMailClient | RemoveMailClient | KeepMail | DropMail | DropOldMail


class Mailroom:
    """`engine.ports.KeptMail`, what is durable of it."""

    def __init__(self) -> None:
        self.states: dict[Did, str] = {}
        self.recipients: dict[str, Did] = {}
        self.waiting: dict[int, KeepMail] = {}
        self.count = 0

    def write(self, write: MailWrite) -> None:
        match write:
            case KeepMailClient(client, state, recipients):
                self._forget_recipients(client)
                self.states[client] = state
                for recipient in recipients:
                    self.recipients.setdefault(recipient, client)
            case RemoveMailClient(client):
                self.states.pop(client, None)
                self._forget_recipients(client)
                self._keep(lambda one: one.client != client)
            case KeepMail(client, id):
                if not any((one.client, one.id) == (client, id) for one in self.waiting.values()):
                    self.count += 1
                    self.waiting[self.count] = write
            case DropMail(client, ids):
                self._keep(lambda one: one.client != client or one.id not in ids)
            case DropOldMail(now_s):
                self._keep(lambda one: one.until_s > now_s)

    def _forget_recipients(self, client: Did) -> None:
        self.recipients = {did: one for did, one in self.recipients.items() if one != client}

    def _keep(self, which: Callable[[KeepMail], bool]) -> None:
        self.waiting = {n: one for n, one in self.waiting.items() if which(one)}

    def _those(self, client: Did | None, recipient: str | None) -> dict[int, KeepMail]:
        return {
            n: one
            for n, one in self.waiting.items()
            if client in (None, one.client) and recipient in (None, one.recipient)
        }

    def client_state(self, client: Did) -> str | None:
        return self.states.get(client)

    def client_of(self, recipient: str) -> Did | None:
        return self.recipients.get(recipient)

    def count_clients(self) -> int:
        return len(self.states)

    def size(self, client: Did | None = None, recipient: str | None = None) -> MailSize:
        those = self._those(client, recipient).values()
        return MailSize(len(those), sum(len(one.envelope) for one in those))

    def sizes_of(self, client: Did, ids: Sequence[str], recipient: str | None = None) -> MailSize:
        those = [one for one in self._those(client, recipient).values() if one.id in ids]
        return MailSize(len(those), sum(len(one.envelope) for one in those))

    def received_s(
        self, client: Did, recipient: str | None = None, but: Sequence[str] = (), newest: bool = False
    ) -> int | None:
        those = [one.received_s for one in self._those(client, recipient).values() if one.id not in but]
        return those[-1 if newest else 0] if those else None

    def after(self, client: Did, n: int, limit: int, recipient: str | None = None) -> Sequence[WaitingMail]:
        those = self._those(client, recipient).items()
        found = [WaitingMail(m, one.id, one.received_s, one.envelope) for m, one in those if m > n]
        return found[:limit]

    def last(self, client: Did) -> int:
        return max(self._those(client, None), default=0)


class Disk:
    """What is durable. It outlives the `MemoryJournal` that writes it, as a file would."""

    def __init__(self) -> None:
        self.parents: dict[PicoId, PicoId | None] = {}
        self.snapshots: dict[PicoId, tuple[int, bytes]] = {}
        self.parts: dict[tuple[PicoId, int], bytes] = {}
        self.records: dict[PicoId, dict[int, tuple[EventId | None, bytes]]] = {}
        self.ends: dict[PicoId, tuple[int, str]] = {}
        self.inbox: dict[tuple[PicoId, EventId], bytes] = {}
        self.errands: dict[tuple[PicoId, EventId], bytes] = {}
        self.rests: dict[PicoId, tuple[int, int]] = {}
        self.channels: dict[Eci, PicoId] = {}
        self.dids: dict[Did, Eci] = {}
        self.timers: dict[tuple[PicoId, str], int] = {}
        self.texts: dict[RulesetHash, str] = {}
        self.urls: dict[str, RulesetHash] = {}
        self.notes: dict[RulesetHash, tuple[Rid, str | None, int | None]] = {}
        self.signatures: dict[tuple[RulesetHash, DidKey], str] = {}
        self.holders: dict[tuple[str, RulesetHash], set[PicoId]] = {}
        self.mail = Mailroom()
        self.facts: dict[str, str] = {}
        self.fences: dict[PicoId, int | None] = {}

    def write(self, write: Write) -> None:
        match write:
            case AppendRecord(pico, seq, eid, body):
                self._append(pico, seq, eid, body)
            case Fence(pico, epoch):
                self.fences[pico] = epoch
            case AcceptEvent(pico, eid, body):
                if not self.is_handled(pico, eid):
                    self.inbox.setdefault((pico, eid), body)
            case KeepTurn(pico, eid, body):
                if not self.is_handled(pico, eid):
                    self.inbox[(pico, eid)] = body
            case SentOn(pico, eid):
                self.inbox.pop((pico, eid), None)
            case KeepErrand(pico, errand, body):
                self.errands[(pico, errand)] = body
            case EndErrand(pico, errand):
                self.errands.pop((pico, errand), None)
            case KeepRest(pico, seq, first):
                self.rests[pico] = seq, first
            case EndRest(pico):
                self.rests.pop(pico, None)
            case SaveSnapshot(pico, seq, body):
                if pico in self.snapshots:
                    self.snapshots[pico] = (seq, body)
            case KeepPart(pico, place, body):
                self.parts[(pico, place)] = body
            case DropParts(pico):
                for loose in {one for one, _ in self.parts if pico in (None, one)} - self.snapshots.keys():
                    self._remove(loose)
            case BirthPico(pico, parent, seq, body, parts, parts_of):
                if pico in self.snapshots:
                    raise ValueError(f"{pico} is born already")
                self.parents[pico] = parent
                self.snapshots[pico] = (seq, self._take_parts(parts_of or pico, parts) if parts else body)
            case RemovePico(pico, keeps_inbox, keeps_records):
                kept = {key: body for key, body in self.inbox.items() if keeps_inbox and key[0] == pico}
                self._remove(pico, keeps_records)
                self.inbox |= kept
            case BindChannel(eci, pico):
                self.channels[eci] = pico
            case UnbindChannel(eci):
                self.channels.pop(eci, None)
                self.dids = {did: one for did, one in self.dids.items() if one != eci}
            case KeepDid(did, eci):
                self.dids.setdefault(did, eci)
            case SetTimer(pico, timer, due_ms):
                self.timers[(pico, timer)] = due_ms
            case ClearTimer(pico, timer):
                self.timers.pop((pico, timer), None)
            case KeepRuleset(digest, url, text):
                self.texts[digest] = text
                self.urls[url] = digest
            case NoteRuleset(digest, rid, version, kept_ms):
                self.notes.setdefault(digest, (rid, version, kept_ms))
            case KeepSignature(digest, author, signature):
                self.signatures[(digest, author)] = signature
            case BindRuleset(pico, url, digest):
                self.holders.setdefault((url, digest), set()).add(pico)
            case UnbindRuleset(pico, url, digest):
                self.holders.get((url, digest), set()).discard(pico)
            case KeepMailClient() | RemoveMailClient() | KeepMail() | DropMail() | DropOldMail():
                self.mail.write(write)
            case SetFact(name, value):
                self.facts[name] = value

    def _take_parts(self, pico: PicoId, count: int) -> bytes:
        found = [self.parts.pop(key) for key in sorted(self.parts) if key[0] == pico]
        return b"".join(found) if len(found) == count else b""

    def is_handled(self, pico: PicoId, eid: EventId) -> bool:
        return any(eid == one for one, _ in self.records.get(pico, {}).values())

    def _append(self, pico: PicoId, seq: int, eid: EventId | None, body: bytes) -> None:
        if seq in self.records.setdefault(pico, {}) or (eid is not None and self.is_handled(pico, eid)):
            raise ValueError(f"{pico} has a record {seq}, or one for {eid}, already")
        self.records[pico][seq] = (eid, body)
        self.ends[pico] = (seq, record_hash(body))
        if eid is not None:
            self.inbox.pop((pico, eid), None)

    def _remove(self, pico: PicoId, keeps_records: bool = False) -> None:
        self.parents.pop(pico, None)
        self.snapshots.pop(pico, None)
        self.parts = {key: body for key, body in self.parts.items() if key[0] != pico}
        if not keeps_records:
            self.records.pop(pico, None)
            self.ends.pop(pico, None)
        self.inbox = {key: body for key, body in self.inbox.items() if key[0] != pico}
        self.errands = {key: body for key, body in self.errands.items() if key[0] != pico}
        self.rests.pop(pico, None)
        self.fences.pop(pico, None)
        gone = {eci for eci, owner in self.channels.items() if owner == pico}
        self.dids = {did: eci for did, eci in self.dids.items() if eci not in gone}
        self.channels = {eci: owner for eci, owner in self.channels.items() if owner != pico}
        self.timers = {key: due for key, due in self.timers.items() if key[0] != pico}
        for holders in self.holders.values():
            holders.discard(pico)


class MemoryJournal:
    """`engine.ports.Journal` over a `Disk`."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.mail = self.disk.mail
        self.transactions = 0
        self.loaded: list[PicoId] = []
        """Picos that were read, one after the other."""
        self._taken: list[tuple[Sequence[Write], Future[None]]] = []
        self._is_held = False
        self._is_scheduled = False
        self._failure: str | None = None
        self._fences = dict(self.disk.fences)
        """As of what was taken."""

    # The test's side

    def hold(self) -> None:
        """From now on nothing becomes durable."""
        self._is_held = True

    def release(self) -> None:
        """The disk answers again."""
        self._is_held = False
        self._schedule()

    def release_one(self) -> None:
        """The oldest commit becomes durable, alone."""
        writes, durable = self._taken.pop(0)
        self._make_durable(writes, durable)

    def fail(self, reason: str = "no space left") -> None:
        """The disk refuses from now on."""
        self._failure = reason
        self._schedule()

    def crash(self) -> Disk:
        """The process is gone: nothing more is written and nobody is told. What is durable remains."""
        self._taken = []
        self._is_held = True
        return self.disk

    # Writing

    def commit(self, writes: Sequence[Write]) -> Future[None]:
        durable: Future[None] = asyncio.get_running_loop().create_future()
        self._fences = self._fences_after(writes)
        self._taken.append((writes, durable))
        self._schedule()
        return durable

    def _fences_after(self, writes: Sequence[Write]) -> dict[PicoId, int | None]:
        fences = dict(self._fences)
        for write in writes:
            match write:
                case AppendRecord(pico=pico, epoch=epoch) if fences.get(pico, epoch) != epoch:
                    raise Overtaken(pico)
                case Fence(pico, epoch):
                    fences[pico] = epoch
                case RemovePico(pico):
                    fences.pop(pico, None)
        return fences

    def lets(self, pico: PicoId, epoch: int) -> bool:
        return self._fences.get(pico, epoch) == epoch

    def _schedule(self) -> None:
        if self._taken and not self._is_held and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._is_scheduled = False
        if self._is_held:
            return
        taken, self._taken = self._taken, []
        self.transactions += 1
        for writes, durable in taken:
            self._make_durable(writes, durable)

    def _make_durable(self, writes: Sequence[Write], durable: Future[None]) -> None:
        if self._failure is None:
            try:
                for write in writes:
                    self.disk.write(write)
            except ValueError as problem:
                self._failure = str(problem)
        if durable.cancelled():
            return
        if self._failure is None:
            durable.set_result(None)
        else:
            durable.set_exception(JournalFailed(self._failure))

    async def close(self) -> None:
        if self._taken:
            self._flush()
        self._failure = self._failure or "the journal is closed"

    # Reading

    def epoch(self, pico: PicoId) -> int | None:
        return self.disk.fences.get(pico, 0)

    def load(self, pico: PicoId) -> Stored | None:
        self.loaded.append(pico)
        if pico not in self.disk.snapshots:
            return None
        seq, snapshot = self.disk.snapshots[pico]
        kept = self.disk.records.get(pico, {})
        after = [kept[one][1] for one in sorted(kept) if one > seq]
        inbox = [body for (owner, _), body in self.disk.inbox.items() if owner == pico]
        return Stored(seq, snapshot, after, inbox, self.disk.rests.get(pico))

    async def settle(self) -> None:
        """There is but one place."""

    def loose_parts(self) -> int:
        return sum(pico not in self.disk.snapshots for pico, _ in self.disk.parts)

    def end(self, pico: PicoId) -> tuple[int, str] | None:
        return self.disk.ends.get(pico)

    def beside(self, pico: PicoId) -> Beside | None:
        disk = self.disk
        if pico not in disk.snapshots:
            return None
        inbox = [body for (owner, _), body in disk.inbox.items() if owner == pico]
        errands = [body for (owner, _), body in disk.errands.items() if owner == pico]
        dids = [(did, eci) for did, eci in disk.dids.items() if disk.channels.get(eci) == pico]
        return Beside(disk.ends.get(pico), inbox, errands, disk.rests.get(pico), dids)

    def picos(self, after: str, limit: int) -> Sequence[PicoId]:
        return sorted(pico for pico in self.disk.snapshots if pico > after)[:limit]

    def find_record(self, pico: PicoId, eid: EventId) -> bytes | None:
        return next((body for one, body in self.disk.records.get(pico, {}).values() if one == eid), None)

    def handled(self, pico: PicoId, first: int, last: int) -> Sequence[EventId]:
        kept = self.disk.records.get(pico, {})
        eids = (kept[seq][0] for seq in sorted(kept) if first <= seq <= last)
        return [eid for eid in eids if eid is not None]

    def is_accepted(self, pico: PicoId, eid: EventId) -> bool:
        return (pico, eid) in self.disk.inbox

    def records(self, pico: PicoId, first: int, last: int) -> Sequence[bytes]:
        kept = self.disk.records.get(pico, {})
        return [kept[seq][1] for seq in sorted(kept) if first <= seq <= last]

    def find_channel(self, eci: Eci) -> PicoId | None:
        return self.disk.channels.get(eci)

    def find_did(self, did: Did) -> Eci | None:
        return self.disk.dids.get(did)

    def dids_of(self, eci: Eci) -> Sequence[Did]:
        return [did for did, one in reversed(self.disk.dids.items()) if one == eci]

    def waiting(self) -> Sequence[PicoId]:
        return list(dict.fromkeys([*(pico for pico, _ in self.disk.inbox), *self.disk.rests]))

    def errands(self) -> Sequence[tuple[PicoId, bytes]]:
        return [(pico, body) for (pico, _), body in self.disk.errands.items()]

    def timers_after(self, last: DueTimer, limit: int) -> Sequence[DueTimer]:
        timers = ((due, *key) for key, due in self.disk.timers.items())
        return [DueTimer(*one) for one in nsmallest(limit, (one for one in timers if one > last))]

    def ruleset_text(self, digest: RulesetHash) -> str | None:
        return self.disk.texts.get(digest)

    def ruleset_at(self, url: str) -> RulesetHash | None:
        return self.disk.urls.get(url)

    def kept_rulesets(self) -> Sequence[KeptRuleset]:
        nothing = None, None, None
        kept = [KeptRuleset(digest, *self.disk.notes.get(digest, nothing)) for digest in self.disk.texts]
        return sorted(kept, key=lambda one: (one.rid or "", one.kept_ms or 0, one.hash))

    def signatures(self, digest: RulesetHash) -> Sequence[tuple[DidKey, str]]:
        return sorted((key[1], body) for key, body in self.disk.signatures.items() if key[0] == digest)

    def places(self) -> Sequence[Place]:
        return sorted(Place(*key, len(picos)) for key, picos in self.disk.holders.items() if picos)

    def holders(self, url: str, digest: RulesetHash, limit: int | None = None) -> Sequence[PicoId]:
        return sorted(self.disk.holders.get((url, digest), ()))[:limit]

    def holds(self, pico: PicoId, url: str) -> bool:
        return any(place == url and pico in picos for (place, _), picos in self.disk.holders.items())

    def children(self, pico: PicoId | None) -> Sequence[PicoId]:
        return sorted(child for child, parent in self.disk.parents.items() if parent == pico)

    def fact(self, name: str) -> str | None:
        return self.disk.facts.get(name)

    def fact_names(self, beginning: str) -> Sequence[str]:
        return sorted(name for name in self.disk.facts if name.startswith(beginning))
