"""Many commits folded into few statements.

One transaction makes a whole batch visible at once, so the order of its writes matters only where
they meet: for the same key the last one counts. Folded that way, each kind of write becomes one
statement run over many rows, and an event that was accepted and handled within one batch never
touches the inbox table. Only the removal of a pico, which reaches into
many tables, or of pieces that none has, cuts a batch in two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine.adapters.local.mail import MailWrite, mail_statements
from engine.adapters.local.packing import pack, pack_count
from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.core.records import record_hash
from engine.ports import (
    AcceptEvent,
    AppendRecord,
    BindChannel,
    BindRuleset,
    BirthPico,
    ClearTimer,
    DropMail,
    DropOldMail,
    DropParts,
    EndErrand,
    EndRest,
    Fence,
    KeepDid,
    KeepErrand,
    KeepMail,
    KeepMailClient,
    KeepPart,
    KeepRest,
    KeepRuleset,
    KeepSignature,
    KeepTurn,
    NoteRuleset,
    RemoveMailClient,
    RemovePico,
    SaveSnapshot,
    SentOn,
    SetFact,
    SetTimer,
    UnbindChannel,
    UnbindRuleset,
    Write,
)

Rows = Iterable[tuple[Any, ...]]
Statement = tuple[str, Rows]


def bytes_of(column: str) -> str:
    """What selects a column of bytes. A column of SQLite's may hold anything: after
    `UPDATE … SET body = replace(body, …)` it holds text, which has to be found out and not to fail."""
    return f"CAST({column} AS BLOB)"


BODY = bytes_of("body")

ADD_PICO = "INSERT INTO picos (pico, parent, seq, snapshot) VALUES (?, ?, ?, ?)"
PUT_PART = "INSERT OR REPLACE INTO snapshot_parts (pico, place, body) VALUES (?, ?, ?)"
TAKE_PARTS = "UPDATE OR REPLACE snapshot_parts SET pico = ? WHERE pico = ?"
FORGET_PARTS = "DELETE FROM snapshot_parts WHERE pico = ?"
IS_LOOSE = "NOT EXISTS (SELECT 1 FROM picos WHERE picos.pico = snapshot_parts.pico)"
DROP_PARTS = (
    *(
        f"""DELETE FROM {table} WHERE pico IN (
            SELECT pico FROM snapshot_parts WHERE (?1 IS NULL OR pico = ?1) AND {IS_LOOSE})"""
        for table in ("records", "record_ends")
    ),
    f"DELETE FROM snapshot_parts WHERE (?1 IS NULL OR pico = ?1) AND {IS_LOOSE}",
)
SAVE_SNAPSHOT = "UPDATE picos SET seq = ?, snapshot = ? WHERE pico = ?"
ADD_RECORD = "INSERT INTO records (pico, seq, eid, body) VALUES (?, ?, ?, ?)"
PUT_END = "INSERT OR REPLACE INTO record_ends (pico, seq, hash) VALUES (?, ?, ?)"
PUT_FENCE = "INSERT OR REPLACE INTO fences (pico, epoch) VALUES (?, ?)"
ADD_TO_INBOX = """
    INSERT INTO inbox (pico, eid, body) SELECT ?1, ?2, ?3
    WHERE NOT EXISTS (SELECT 1 FROM records WHERE pico = ?1 AND eid = ?2) ON CONFLICT DO NOTHING"""
PUT_IN_INBOX = """
    INSERT INTO inbox (pico, eid, body) SELECT ?1, ?2, ?3
    WHERE NOT EXISTS (SELECT 1 FROM records WHERE pico = ?1 AND eid = ?2)
    ON CONFLICT DO UPDATE SET body = excluded.body"""
DROP_FROM_INBOX = "DELETE FROM inbox WHERE pico = ? AND eid = ?"
ADD_ERRAND = "INSERT INTO errands (pico, errand, body) VALUES (?, ?, ?)"
DROP_ERRAND = "DELETE FROM errands WHERE pico = ? AND errand = ?"
PUT_REST = "INSERT OR REPLACE INTO rests (pico, seq, first) VALUES (?, ?, ?)"
DROP_REST = "DELETE FROM rests WHERE pico = ?"
PUT_CHANNEL = "INSERT OR REPLACE INTO channels (eci, pico) VALUES (?, ?)"
DROP_CHANNEL = "DELETE FROM channels WHERE eci = ?"
PUT_DID = "INSERT INTO channel_dids (did, eci) VALUES (?, ?) ON CONFLICT DO NOTHING"
DROP_DIDS = "DELETE FROM channel_dids WHERE eci = ?"
PUT_TIMER = "INSERT OR REPLACE INTO timers (pico, timer, due_ms) VALUES (?, ?, ?)"
DROP_TIMER = "DELETE FROM timers WHERE pico = ? AND timer = ?"
KEEP_TEXT = "INSERT INTO rulesets (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING"
PUT_URL = "INSERT OR REPLACE INTO ruleset_urls (url, hash) VALUES (?, ?)"
NOTE_RULESET = """
    INSERT INTO ruleset_notes (hash, rid, version, kept_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"""
PUT_SIGNATURE = "INSERT OR REPLACE INTO signatures (hash, author, body) VALUES (?, ?, ?)"
ADD_PLACE = "INSERT INTO ruleset_places (url, hash) VALUES (?, ?) ON CONFLICT DO NOTHING"
ADD_HOLDER = """
    INSERT INTO ruleset_holders (place, pico)
    SELECT place, ?3 FROM ruleset_places WHERE url = ?1 AND hash = ?2
    ON CONFLICT DO NOTHING"""
DROP_HOLDER = """
    DELETE FROM ruleset_holders WHERE pico = ?3
    AND place = (SELECT place FROM ruleset_places WHERE url = ?1 AND hash = ?2)"""
PUT_FACT = "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"
DROP_PICO = (
    # First, while it is known which channels are the pico's.
    "DELETE FROM channel_dids WHERE eci IN (SELECT eci FROM channels WHERE pico = ?)",
    *(
        f"DELETE FROM {table} WHERE pico = ?"
        for table in (
            "picos",
            "snapshot_parts",
            "records",
            "record_ends",
            "inbox",
            "rests",
            "errands",
            "channels",
            "timers",
            "ruleset_holders",
            "fences",
        )
    ),
)
DROP_INBOX = ("DELETE FROM inbox WHERE pico = ?",)
DROP_RECORDS = ("DELETE FROM records WHERE pico = ?", "DELETE FROM record_ends WHERE pico = ?")


def _drops(write: RemovePico) -> Iterator[str]:
    kept = (*(DROP_INBOX if write.keeps_inbox else ()), *(DROP_RECORDS if write.keeps_records else ()))
    return (sql for sql in DROP_PICO if sql not in kept)


class Batch:
    """What the writes taken so far leave behind, table by table."""

    __slots__ = (
        "accepted",
        "begun",
        "births",
        "channels",
        "dids",
        "ended",
        "ends",
        "errands",
        "facts",
        "fences",
        "handled",
        "holders",
        "mail",
        "notes",
        "parts",
        "records",
        "rests",
        "signatures",
        "snapshots",
        "taken",
        "texts",
        "timers",
        "urls",
    )

    def __init__(self) -> None:
        self.parts: list[tuple[PicoId, int, bytes]] = []
        self.births: list[tuple[PicoId, PicoId | None, int, bytes]] = []
        self.taken: list[tuple[PicoId, PicoId]] = []
        """Who takes whose pieces."""
        self.snapshots: dict[PicoId, tuple[int, bytes]] = {}
        self.records: list[tuple[PicoId, int, EventId | None, bytes]] = []
        self.ends: dict[PicoId, tuple[int, bytes]] = {}
        self.accepted: dict[tuple[PicoId, EventId], bytes] = {}
        self.begun: dict[tuple[PicoId, EventId], bytes] = {}
        self.handled: list[tuple[PicoId, EventId]] = []
        self.errands: dict[tuple[PicoId, EventId], bytes] = {}
        self.ended: list[tuple[PicoId, EventId]] = []
        self.rests: dict[PicoId, tuple[int, int] | None] = {}
        self.channels: dict[Eci, PicoId | None] = {}
        self.dids: dict[Did, Eci] = {}
        self.timers: dict[tuple[PicoId, str], int | None] = {}
        self.texts: dict[RulesetHash, str] = {}
        self.urls: dict[str, RulesetHash] = {}
        self.notes: dict[RulesetHash, tuple[Rid, str | None, int | None]] = {}
        self.signatures: dict[tuple[RulesetHash, DidKey], str] = {}
        self.holders: dict[tuple[str, RulesetHash, PicoId], bool] = {}
        self.mail: list[MailWrite] = []
        self.facts: dict[str, str] = {}
        self.fences: dict[PicoId, int | None] = {}

    def append_record(self, write: AppendRecord) -> None:
        self.records.append((write.pico, write.seq, write.eid, pack(write.body)))
        self.ends[write.pico] = (write.seq, write.body)
        if write.eid is not None:
            key = (write.pico, write.eid)
            self.accepted.pop(key, None)
            self.begun.pop(key, None)
            # Even if it was accepted just now: it may have been once before, in an earlier batch.
            self.handled.append(key)

    def put_fence(self, write: Fence) -> None:
        self.fences[write.pico] = write.epoch

    def accept_event(self, write: AcceptEvent) -> None:
        self.accepted.setdefault((write.pico, write.eid), write.body)

    def keep_turn(self, write: KeepTurn) -> None:
        self.begun[(write.pico, write.eid)] = write.body

    def send_on(self, write: SentOn) -> None:
        key = (write.pico, write.eid)
        self.accepted.pop(key, None)
        self.begun.pop(key, None)
        self.handled.append(key)

    def keep_errand(self, write: KeepErrand) -> None:
        self.errands[(write.pico, write.errand)] = write.body

    def end_errand(self, write: EndErrand) -> None:
        if self.errands.pop((write.pico, write.errand), None) is None:
            self.ended.append((write.pico, write.errand))

    def keep_rest(self, write: KeepRest) -> None:
        self.rests[write.pico] = write.seq, write.first

    def end_rest(self, write: EndRest) -> None:
        self.rests[write.pico] = None

    def save_snapshot(self, write: SaveSnapshot) -> None:
        self.snapshots[write.pico] = (write.seq, pack(write.body))

    def keep_part(self, write: KeepPart) -> None:
        self.parts.append((write.pico, write.place, write.body))

    def birth_pico(self, write: BirthPico) -> None:
        snapshot = pack_count(write.parts) if write.parts else pack(write.body)
        self.births.append((write.pico, write.parent, write.seq, snapshot))
        if write.parts_of is not None:
            self.taken.append((write.pico, write.parts_of))

    def bind_channel(self, write: BindChannel) -> None:
        self.channels[write.eci] = write.pico

    def unbind_channel(self, write: UnbindChannel) -> None:
        self.channels[write.eci] = None

    def keep_did(self, write: KeepDid) -> None:
        self.dids[write.did] = write.eci

    def set_timer(self, write: SetTimer) -> None:
        self.timers[(write.pico, write.timer)] = write.due_ms

    def clear_timer(self, write: ClearTimer) -> None:
        self.timers[(write.pico, write.timer)] = None

    def keep_ruleset(self, write: KeepRuleset) -> None:
        self.texts[write.hash] = write.text
        self.urls[write.url] = write.hash

    def note_ruleset(self, write: NoteRuleset) -> None:
        self.notes.setdefault(write.hash, (write.rid, write.version, write.kept_ms))

    def keep_signature(self, write: KeepSignature) -> None:
        self.signatures[(write.hash, write.author)] = write.body

    def bind_ruleset(self, write: BindRuleset) -> None:
        self.holders[(write.url, write.hash, write.pico)] = True

    def unbind_ruleset(self, write: UnbindRuleset) -> None:
        self.holders[(write.url, write.hash, write.pico)] = False

    def keep_mail(self, write: MailWrite) -> None:
        self.mail.append(write)

    def set_fact(self, write: SetFact) -> None:
        self.facts[write.name] = write.value

    def statements(self) -> Iterator[Statement]:
        """Records come before the inbox, which asks them whether an event was handled."""
        yield PUT_PART, self.parts
        yield TAKE_PARTS, self.taken
        yield ADD_PICO, self.births
        yield SAVE_SNAPSHOT, [(seq, body, pico) for pico, (seq, body) in self.snapshots.items()]
        yield FORGET_PARTS, [(pico,) for pico in self.snapshots]
        yield ADD_RECORD, self.records
        yield PUT_END, [end_of(pico, seq, body) for pico, (seq, body) in self.ends.items()]
        yield PUT_FENCE, self.fences.items()
        yield ADD_TO_INBOX, [(pico, eid, body) for (pico, eid), body in self.accepted.items()]
        yield PUT_IN_INBOX, [(pico, eid, body) for (pico, eid), body in self.begun.items()]
        yield DROP_FROM_INBOX, self.handled
        yield ADD_ERRAND, [(pico, errand, body) for (pico, errand), body in self.errands.items()]
        yield DROP_ERRAND, self.ended
        yield PUT_REST, [(pico, *rest) for pico, rest in self.rests.items() if rest is not None]
        yield DROP_REST, [(pico,) for pico, rest in self.rests.items() if rest is None]
        yield PUT_CHANNEL, [(eci, pico) for eci, pico in self.channels.items() if pico is not None]
        yield DROP_CHANNEL, [(eci,) for eci, pico in self.channels.items() if pico is None]
        unbound = [(eci,) for eci, pico in self.channels.items() if pico is None]
        yield DROP_DIDS, unbound
        yield PUT_DID, [(did, eci) for did, eci in self.dids.items() if (eci,) not in unbound]
        yield PUT_TIMER, [(*key, due) for key, due in self.timers.items() if due is not None]
        yield DROP_TIMER, [key for key, due in self.timers.items() if due is None]
        yield KEEP_TEXT, self.texts.items()
        yield PUT_URL, self.urls.items()
        yield NOTE_RULESET, [(digest, *note) for digest, note in self.notes.items()]
        yield PUT_SIGNATURE, [(*key, body) for key, body in self.signatures.items()]
        yield DROP_HOLDER, [key for key, holds in self.holders.items() if not holds]
        bound = [key for key, holds in self.holders.items() if holds]
        yield ADD_PLACE, {(url, digest) for url, digest, _ in bound}
        yield ADD_HOLDER, bound
        yield from mail_statements(self.mail)
        yield PUT_FACT, self.facts.items()


def end_of(pico: PicoId, seq: int, body: bytes) -> tuple[PicoId, int, bytes]:
    """The row that says which record of a pico is the newest, and what it looks like."""
    return pico, seq, bytes.fromhex(record_hash(body))


FOLD: Mapping[type[Any], Callable[[Batch, Any], None]] = {
    AppendRecord: Batch.append_record,
    Fence: Batch.put_fence,
    AcceptEvent: Batch.accept_event,
    KeepTurn: Batch.keep_turn,
    SentOn: Batch.send_on,
    KeepErrand: Batch.keep_errand,
    EndErrand: Batch.end_errand,
    KeepRest: Batch.keep_rest,
    EndRest: Batch.end_rest,
    SaveSnapshot: Batch.save_snapshot,
    KeepPart: Batch.keep_part,
    BirthPico: Batch.birth_pico,
    BindChannel: Batch.bind_channel,
    UnbindChannel: Batch.unbind_channel,
    KeepDid: Batch.keep_did,
    SetTimer: Batch.set_timer,
    ClearTimer: Batch.clear_timer,
    KeepRuleset: Batch.keep_ruleset,
    NoteRuleset: Batch.note_ruleset,
    KeepSignature: Batch.keep_signature,
    BindRuleset: Batch.bind_ruleset,
    UnbindRuleset: Batch.unbind_ruleset,
    **dict.fromkeys((KeepMailClient, RemoveMailClient, KeepMail, DropMail, DropOldMail), Batch.keep_mail),
    SetFact: Batch.set_fact,
}


def statements(commits: Iterable[Iterable[Write]]) -> Iterator[Statement]:
    """The statements, in order, that make all these writes."""
    batch = Batch()
    for writes in commits:
        for write in writes:
            if isinstance(write, RemovePico):
                yield from batch.statements()
                yield from ((sql, [(write.pico,)]) for sql in _drops(write))
                batch = Batch()
            elif isinstance(write, DropParts):
                yield from batch.statements()
                yield from ((sql, [(write.pico,)]) for sql in DROP_PARTS)
                batch = Batch()
            else:
                FOLD[type(write)](batch, write)
    yield from batch.statements()
