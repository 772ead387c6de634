"""An SQLite file off the event loop: one thread writes, in groups that share an fsync, and one reads.

What is to be done comes as functions of a connection. All that wait when the disk is free become durable
in one transaction; those whose group fails are tried alone, so that each hears of its own failure only.
They may therefore run twice, and the first time counts for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from engine.ports import StoreFailed, StoreFull, StoreUnavailable

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], T]

APPLICATION_ID = 0x7069626B
"""ASCII "pibk": what tells such a file from any other of SQLite."""
FORMAT = 1
LARGEST_GROUP = 16
"""Writes in one transaction: none waits long for the others, and the log stays small."""

# Page: a block is about 2 KB, and pages of 4 KB would hold one each and leave the other half empty.
# `whole` and `fresh` are apart from the blocks: noting something of one does not write its bytes again.
TABLES = """
CREATE TABLE blocks (n INTEGER PRIMARY KEY, cid BLOB NOT NULL, links BLOB NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX block_names ON blocks (cid);
CREATE TABLE fresh (n INTEGER PRIMARY KEY, put_ms INTEGER NOT NULL);
CREATE TABLE whole (n INTEGER PRIMARY KEY);
CREATE TABLE roots (cid BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE totals (blocks INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER block_comes AFTER INSERT ON blocks BEGIN
    UPDATE totals SET blocks = blocks + 1, bytes = bytes + length(new.body);
END;
CREATE TRIGGER block_goes AFTER DELETE ON blocks BEGIN
    UPDATE totals SET blocks = blocks - 1, bytes = bytes - length(old.body);
END;
CREATE TABLE keepers (
    keeper TEXT PRIMARY KEY, root BLOB, copies INTEGER NOT NULL, always TEXT NOT NULL, among TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE goals (
    n INTEGER PRIMARY KEY, store TEXT NOT NULL, keeper TEXT NOT NULL, root BLOB, is_open INTEGER NOT NULL);
CREATE UNIQUE INDEX goal_names ON goals (store, keeper);
CREATE INDEX goal_keepers ON goals (keeper);
CREATE INDEX open_goals ON goals (store, n) WHERE is_open;
CREATE TABLE pins (
    store TEXT NOT NULL, keeper TEXT NOT NULL, root BLOB NOT NULL, is_sure INTEGER NOT NULL,
    PRIMARY KEY (store, keeper, root)) WITHOUT ROWID;
CREATE INDEX pin_roots ON pins (store, root);
CREATE TABLE held (cid BLOB NOT NULL, store TEXT NOT NULL, PRIMARY KEY (cid, store)) WITHOUT ROWID;
"""

MARKS = """
CREATE TEMP TABLE marks (n INTEGER PRIMARY KEY);
CREATE TEMP TABLE ahead (n INTEGER PRIMARY KEY);
"""
"""Of a collection: what stays, and what of it has links that were not followed yet."""


class NotBlocks(Exception):
    """A file that this version cannot open as one of blocks; nothing in it was changed."""


@dataclass(frozen=True, slots=True)
class _Job:
    act: Act[Any]
    loop: AbstractEventLoop
    done: Future[Any]

    def end(self, result: Any, problem: Exception | None) -> None:
        # A loop that is closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._tell, result, problem)

    def _tell(self, result: Any, problem: Exception | None) -> None:
        if self.done.cancelled():
            return
        if problem is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(problem)


class Database:
    """A file of blocks that is open. Any number of stores may share it."""

    def __init__(self, path: Path, name: str = "local") -> None:
        self._name = name
        self._writer = _open_writer(path)
        self._reader = _open_reader(path)
        self._to_write: SimpleQueue[_Job | None] = SimpleQueue()
        self._to_read: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._keep_writing, name=f"{name} blocks, writing", daemon=True),
            Thread(target=self._keep_reading, name=f"{name} blocks, reading", daemon=True),
        ]
        self._is_closed = False
        for thread in self._threads:
            thread.start()

    async def write(self, act: Act[T]) -> T:
        """What the function returned, once all that it has written is durable."""
        return await self._give(self._to_write, act)

    async def read(self, act: Act[T]) -> T:
        """What the function returned, which sees all that was durable when it began."""
        return await self._give(self._to_read, act)

    async def close(self) -> None:
        """What was asked before is done first."""
        if self._is_closed:
            return
        self._is_closed = True
        self._to_write.put(None)
        self._to_read.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._reader.close()
        self._writer.close()

    async def _give(self, queue: SimpleQueue[_Job | None], act: Act[T]) -> T:
        if self._is_closed:
            raise StoreUnavailable(self._name, "it is closed")
        loop = asyncio.get_running_loop()
        done: Future[T] = loop.create_future()
        queue.put(_Job(act, loop, done))
        return await done

    # The thread that reads

    def _keep_reading(self) -> None:
        while (job := self._to_read.get()) is not None:
            try:
                result = job.act(self._reader)
            except Exception as problem:  # whatever it is: whoever waits has to hear of it
                job.end(None, self._explain(problem))
            else:
                job.end(result, None)

    # The thread that writes

    def _keep_writing(self) -> None:
        is_open = True
        while is_open:
            jobs, is_open = self._take_group()
            if not jobs:
                continue
            results = self._try_group(jobs)
            if results is not None:
                for job, result in zip(jobs, results, strict=True):
                    job.end(result, None)
            else:
                for job in jobs:
                    self._run_alone(job)

    def _take_group(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        job = self._to_write.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == LARGEST_GROUP:
                return jobs, True
            try:
                job = self._to_write.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _try_group(self, jobs: list[_Job]) -> list[Any] | None:
        """What each of them returned; None when the whole group counts for nothing."""
        try:
            return self._commit([job.act for job in jobs])
        except Exception:
            return None

    def _run_alone(self, job: _Job) -> None:
        try:
            (result,) = self._commit([job.act])
        except Exception as problem:  # as above
            job.end(None, self._explain(problem))
        else:
            job.end(result, None)

    def _commit(self, acts: list[Act[Any]]) -> list[Any]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results = [act(self._writer) for act in acts]
            self._make_durable(self._writer)
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        return results

    def _make_durable(self, connection: sqlite3.Connection) -> None:
        """The one place where anything reaches the disk; tests end an engine's life here."""
        connection.execute("COMMIT")

    def _explain(self, problem: Exception) -> Exception:
        if not isinstance(problem, sqlite3.Error):
            return problem
        return _as_failure(self._name, problem)


def _as_failure(name: str, problem: sqlite3.Error) -> StoreFailed:
    code = getattr(problem, "sqlite_errorname", "")
    if code == "SQLITE_FULL":
        return StoreFull(name, "the disk is full, or the file as large as it may be")
    return StoreUnavailable(name, f"its file cannot be used: {problem}")


def _open_writer(path: Path) -> sqlite3.Connection:
    # Before SQLite does it: its files are for everybody to read, and who is kept here is not.
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _check_format(connection, path)
        # As in the journal: full sync makes a commit durable, on macOS together with the other two.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute("PRAGMA cache_size = -2000")  # kibibytes
        connection.executescript(MARKS)
    except sqlite3.DatabaseError as problem:
        connection.close()
        raise NotBlocks(f"{path} cannot be opened as a file of blocks: {problem}") from problem
    except BaseException:
        connection.close()
        raise
    return connection


def _open_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -2000")
    return connection


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    (is_used,) = connection.execute("SELECT count(*) > 0 FROM sqlite_master").fetchone()
    if not is_used:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        done = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
        connection.executescript(f"BEGIN; {TABLES} {done} COMMIT")
    elif application != APPLICATION_ID:
        raise NotBlocks(f"{path} is an SQLite file, but not one of blocks")
    elif version > FORMAT:
        raise NotBlocks(
            f"{path} has format {version}; this version of picomesh reads up to {FORMAT}. "
            "Use the version that wrote it, or a newer one."
        )
