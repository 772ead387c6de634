"""The journal of an engine on one machine: one SQLite file, one writer, commits in groups.

Statements run in the event loop's thread and take microseconds; only the COMMIT, which waits for the
disk, runs in a thread of its own. The other way round costs half as much again: SQLite lets go of
Python's global lock at every row, and the writer would have to win it back from a busy loop each time.
Only a batch of many rows, which would keep the loop, is left to that thread as a whole.
What arrives while the disk is working waits, and goes to disk together in the next transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from asyncio import AbstractEventLoop, Future
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from engine.adapters.local.batch import BODY, IS_LOOSE, bytes_of, statements
from engine.adapters.local.fences import Fences
from engine.adapters.local.mail import SqliteMail
from engine.adapters.local.packing import count_of, unpack
from engine.adapters.local.schema import move_log, open_reader, open_writer
from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, RulesetHash
from engine.ports import Beside, DueTimer, JournalFailed, KeptRuleset, Place, Stored, Write

TIMERS_AFTER = """
    SELECT due_ms, pico, timer FROM timers WHERE (due_ms, pico, timer) > (?, ?, ?)
    ORDER BY due_ms, pico, timer LIMIT ?"""

WAITING = """
    SELECT * FROM (SELECT pico FROM inbox GROUP BY pico ORDER BY min(n)) UNION ALL SELECT pico FROM rests"""

DIDS_OF_A_PICO = """
    SELECT did, channel_dids.eci FROM channels JOIN channel_dids USING (eci) WHERE pico = ?
    ORDER BY channel_dids.n"""

KEPT_RULESETS = """
    SELECT hash, rid, version, kept_ms FROM rulesets LEFT JOIN ruleset_notes USING (hash)
    ORDER BY rid, kept_ms, hash"""
PLACES = """
    SELECT url, hash, count(*) FROM ruleset_holders JOIN ruleset_places USING (place)
    GROUP BY place ORDER BY url, hash"""
HOLDERS = """
    SELECT pico FROM ruleset_holders JOIN ruleset_places USING (place)
    WHERE url = ? AND hash = ? ORDER BY pico LIMIT ?"""

HOLDS = """
    SELECT 1 FROM ruleset_holders JOIN ruleset_places USING (place) WHERE pico = ? AND url = ? LIMIT 1"""

LARGEST_BATCH = 128
"""Commits in one transaction. More would keep the loop busy with rows for milliseconds at a time."""

MOST_ON_LOOP = 500
"""Writes of one batch for which the loop's thread has the time: a few milliseconds. A turn that sends ten
thousand events has as many, and the thread that waits for the disk makes those."""

HEAVY = 64 << 10
"""Bytes of one body that are for that thread as well."""

Commit = tuple[Sequence[Write], "Future[None]"]
Transaction = tuple[AbstractEventLoop, list[Commit], bool]
"""The last says whether its rows are still to be written."""


class SqliteJournal:
    """`engine.ports.Journal` in a file. Only the loop's thread calls its methods."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.transactions = 0
        """How many there have been since it was opened: far fewer than commits, under load."""
        self._writer = open_writer(path)
        self._reader = open_reader(path)
        self.mail = SqliteMail(self._reader)
        self._fences = Fences(dict(self._rows("SELECT pico, epoch FROM fences")))
        self._waiting: list[Commit] = []
        self._is_writing = False
        self.failure: str | None = None
        """Why nothing can be written any more."""
        self.failed = asyncio.Event()
        """Set together with it: whoever runs the engine should end it, because its picos in memory are
        ahead of the disk. What the disk has is whole, so a new start goes on from there."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._to_disk: SimpleQueue[Transaction | None] = SimpleQueue()
        self._disk = Thread(target=self._wait_for_disk, name="journal", daemon=True)
        self._disk.start()

    # Writing

    def commit(self, writes: Sequence[Write]) -> Future[None]:
        loop = asyncio.get_running_loop()
        durable: Future[None] = loop.create_future()
        if self.failure is not None:
            durable.set_exception(JournalFailed(self.failure))
            return durable
        self._fences.pass_through(writes)
        self._waiting.append((writes, durable))
        if not self._is_writing:
            self._is_writing = True
            self._idle.clear()
            # Not at once: what else this pass of the loop commits belongs into the same transaction.
            loop.call_soon(self._begin, loop)
        return durable

    def _begin(self, loop: AbstractEventLoop) -> None:
        group, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
        if sum(len(writes) for writes, _ in group) > MOST_ON_LOOP or any(map(_is_heavy, group)):
            self._to_disk.put((loop, group, True))
            return
        try:
            self._write(group)
        except sqlite3.Error as problem:
            self._fail(group, problem)
        else:
            self._to_disk.put((loop, group, False))

    def _write(self, group: list[Commit]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        for sql, rows in statements(writes for writes, _ in group):
            if rows:
                self._writer.executemany(sql, rows)

    def _wait_for_disk(self) -> None:
        """The other thread. The connection is its own between `_begin` and `_end`."""
        while (transaction := self._to_disk.get()) is not None:
            loop, group, is_unwritten = transaction
            problem: Exception | None = None
            try:
                if is_unwritten:
                    self._write(group)
                self._writer.execute("COMMIT")
                if is_unwritten:
                    # What is large is not read again soon, and would push out of the cache what is.
                    self._writer.execute("PRAGMA shrink_memory")
            except Exception as caught:  # whatever it is: those who wait have to hear of it
                problem = caught
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end, loop, group, problem)

    def _end(self, loop: AbstractEventLoop, group: list[Commit], problem: Exception | None) -> None:
        if problem is not None:
            self._fail(group, problem)
            return
        self.transactions += 1
        if self._waiting:
            self._begin(loop)  # before anybody is told, so that the disk works while they are
        else:
            self._is_writing = False
            self._idle.set()
        for _, durable in group:
            if not durable.cancelled():
                durable.set_result(None)

    def _fail(self, group: list[Commit], problem: Exception) -> None:
        """Nothing is written any more: what comes after a lost batch must not become durable."""
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute("ROLLBACK")
        self.failure = f"the journal could not be written: {problem}"
        self.failed.set()
        lost, self._waiting = group + self._waiting, []
        self._is_writing = False
        self._idle.set()
        for _, durable in lost:
            if not durable.cancelled():
                durable.set_exception(JournalFailed(self.failure))

    async def settle(self) -> None:
        if self.failure is None:
            await asyncio.to_thread(move_log, self._path)

    async def close(self) -> None:
        while self._is_writing:
            await self._idle.wait()
        self.failure = self.failure or "the journal is closed"
        self._to_disk.put(None)
        self._disk.join()
        self._reader.close()
        self._writer.close()

    def lets(self, pico: PicoId, epoch: int) -> bool:
        return self._fences.lets(pico, epoch)

    # Reading

    def epoch(self, pico: PicoId) -> int | None:
        found = self._rows("SELECT epoch FROM fences WHERE pico = ?", pico)
        return found[0][0] if found else 0

    def _rows(self, sql: str, *values: object) -> list[Any]:
        # All at once: a statement left half read would keep the log from being moved back.
        return self._reader.execute(sql, values).fetchall()

    def _value(self, sql: str, *values: object) -> Any:
        """The only column of the only row, or None."""
        rows = self._rows(sql, *values)
        return rows[0][0] if rows else None

    def load(self, pico: PicoId) -> Stored | None:
        with self._one_moment():
            return self._load(pico)

    @contextlib.contextmanager
    def _one_moment(self) -> Iterator[None]:
        """All that is read inside is of the same moment, whatever is committed meanwhile."""
        self._reader.execute("BEGIN")
        try:
            yield
        finally:
            self._reader.execute("COMMIT")

    def _load(self, pico: PicoId) -> Stored | None:
        found = self._rows(f"SELECT seq, {bytes_of('snapshot')} FROM picos WHERE pico = ?", pico)
        if not found:
            return None
        seq, snapshot = found[0]
        count = count_of(snapshot)
        records = self._rows(f"SELECT {BODY} FROM records WHERE pico = ? AND seq > ? ORDER BY seq", pico, seq)
        inbox = self._rows(f"SELECT {BODY} FROM inbox WHERE pico = ? ORDER BY n", pico)
        rest = self._rows("SELECT seq, first FROM rests WHERE pico = ?", pico)
        return Stored(
            seq,
            unpack(snapshot) if count is None else self._join(pico, count),
            [unpack(body) for (body,) in records],
            [body for (body,) in inbox],
            rest[0] if rest else None,
        )

    def _join(self, pico: PicoId, count: int) -> bytes:
        """A snapshot in pieces. If one is lost, it is nothing that anybody can read."""
        parts = self._rows(f"SELECT {BODY} FROM snapshot_parts WHERE pico = ? ORDER BY place", pico)
        return b"".join(body for (body,) in parts) if len(parts) == count else b""

    def loose_parts(self) -> int:
        count: int = self._value(f"SELECT count(*) FROM snapshot_parts WHERE {IS_LOOSE}")
        return count

    def end(self, pico: PicoId) -> tuple[int, str] | None:
        found = self._rows("SELECT seq, hash FROM record_ends WHERE pico = ?", pico)
        return (found[0][0], found[0][1].hex()) if found else None

    def beside(self, pico: PicoId) -> Beside | None:
        with self._one_moment():
            return self._beside(pico)

    def _beside(self, pico: PicoId) -> Beside | None:
        if not self._rows("SELECT 1 FROM picos WHERE pico = ?", pico):
            return None
        inbox = self._rows(f"SELECT {BODY} FROM inbox WHERE pico = ? ORDER BY n", pico)
        errands = self._rows(f"SELECT {BODY} FROM errands WHERE pico = ? ORDER BY n", pico)
        rest = self._rows("SELECT seq, first FROM rests WHERE pico = ?", pico)
        return Beside(
            self.end(pico),
            [body for (body,) in inbox],
            [body for (body,) in errands],
            rest[0] if rest else None,
            self._rows(DIDS_OF_A_PICO, pico),
        )

    def picos(self, after: str, limit: int) -> Sequence[PicoId]:
        rows = self._rows("SELECT pico FROM picos WHERE pico > ? ORDER BY pico LIMIT ?", after, limit)
        return [pico for (pico,) in rows]

    def find_record(self, pico: PicoId, eid: EventId) -> bytes | None:
        found = self._value(f"SELECT {BODY} FROM records WHERE pico = ? AND eid = ?", pico, eid)
        return None if found is None else unpack(found)

    def handled(self, pico: PicoId, first: int, last: int) -> Sequence[EventId]:
        sql = "SELECT eid FROM records WHERE pico = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        return [eid for (eid,) in self._rows(sql, pico, first, last) if eid is not None]

    def is_accepted(self, pico: PicoId, eid: EventId) -> bool:
        return bool(self._rows("SELECT 1 FROM inbox WHERE pico = ? AND eid = ?", pico, eid))

    def records(self, pico: PicoId, first: int, last: int) -> Sequence[bytes]:
        sql = f"SELECT {BODY} FROM records WHERE pico = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        return [unpack(body) for (body,) in self._rows(sql, pico, first, last)]

    def find_channel(self, eci: Eci) -> PicoId | None:
        found: PicoId | None = self._value("SELECT pico FROM channels WHERE eci = ?", eci)
        return found

    def find_did(self, did: Did) -> Eci | None:
        found: Eci | None = self._value("SELECT eci FROM channel_dids WHERE did = ?", did)
        return found

    def dids_of(self, eci: Eci) -> Sequence[Did]:
        return [
            did for (did,) in self._rows("SELECT did FROM channel_dids WHERE eci = ? ORDER BY n DESC", eci)
        ]

    def waiting(self) -> Sequence[PicoId]:
        picos = [pico for (pico,) in self._rows(WAITING)]
        return list(dict.fromkeys(picos))

    def errands(self) -> Sequence[tuple[PicoId, bytes]]:
        return self._rows(f"SELECT pico, {BODY} FROM errands ORDER BY n")

    def timers_after(self, last: DueTimer, limit: int) -> Sequence[DueTimer]:
        return [DueTimer(*row) for row in self._rows(TIMERS_AFTER, *last, limit)]

    def ruleset_text(self, digest: RulesetHash) -> str | None:
        found: str | None = self._value("SELECT text FROM rulesets WHERE hash = ?", digest)
        return found

    def ruleset_at(self, url: str) -> RulesetHash | None:
        found: RulesetHash | None = self._value("SELECT hash FROM ruleset_urls WHERE url = ?", url)
        return found

    def kept_rulesets(self) -> Sequence[KeptRuleset]:
        return [KeptRuleset(*row) for row in self._rows(KEPT_RULESETS)]

    def signatures(self, digest: RulesetHash) -> Sequence[tuple[DidKey, str]]:
        return self._rows("SELECT author, body FROM signatures WHERE hash = ? ORDER BY author", digest)

    def places(self) -> Sequence[Place]:
        return [Place(*row) for row in self._rows(PLACES)]

    def holders(self, url: str, digest: RulesetHash, limit: int | None = None) -> Sequence[PicoId]:
        return [pico for (pico,) in self._rows(HOLDERS, url, digest, -1 if limit is None else limit)]

    def holds(self, pico: PicoId, url: str) -> bool:
        return bool(self._rows(HOLDS, pico, url))

    def children(self, pico: PicoId | None) -> Sequence[PicoId]:
        rows = self._rows("SELECT pico FROM picos WHERE parent IS ? ORDER BY pico", pico)
        return [child for (child,) in rows]

    def fact(self, name: str) -> str | None:
        found: str | None = self._value("SELECT value FROM facts WHERE name = ?", name)
        return found

    def fact_names(self, beginning: str) -> Sequence[str]:
        sql = "SELECT name FROM facts WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name"
        return [name for (name,) in self._rows(sql, beginning, len(beginning), beginning)]


def _is_heavy(commit: Commit) -> bool:
    return any(len(getattr(write, "body", b"")) > HEAVY for write in commit[0])
