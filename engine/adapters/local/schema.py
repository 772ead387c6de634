"""The tables of the SQLite journal, and how one is opened so that a commit means durable.

A journal says in its header that it is one and in which format. An older format is brought up to
date here, when there is one; a newer one is refused, because half understanding it could harm it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.adapters.local.ends import fill_ends
from engine.adapters.local.holders import fill_holders

APPLICATION_ID = 0x7069636F
"""ASCII "pico": what tells a journal from any other SQLite file."""
FORMAT = 10
CACHE = "PRAGMA cache_size = -32000"  # kibibytes, for each connection

# Records are appended in order of commit and found through indexes. Clustering them by pico instead
# touches as many pages as a batch has picos, and every page touched is written to disk.
TABLES = """
CREATE TABLE records (
    n INTEGER PRIMARY KEY, pico TEXT NOT NULL, seq INTEGER NOT NULL, eid TEXT, body BLOB NOT NULL);
CREATE UNIQUE INDEX record_order ON records (pico, seq);
CREATE UNIQUE INDEX record_events ON records (pico, eid) WHERE eid IS NOT NULL;

CREATE TABLE inbox (
    n INTEGER PRIMARY KEY, pico TEXT NOT NULL, eid TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX inbox_events ON inbox (pico, eid);

CREATE TABLE picos (
    pico TEXT PRIMARY KEY, parent TEXT, seq INTEGER NOT NULL, snapshot BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX pico_parents ON picos (parent);

CREATE TABLE channels (eci TEXT PRIMARY KEY, pico TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX channel_owners ON channels (pico);

CREATE TABLE timers (
    pico TEXT NOT NULL, timer TEXT NOT NULL, due_ms INTEGER NOT NULL,
    PRIMARY KEY (pico, timer)) WITHOUT ROWID;
CREATE INDEX timer_order ON timers (due_ms);

CREATE TABLE rulesets (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ruleset_urls (url TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

STEPS = {
    0: TABLES,
    1: """
CREATE TABLE errands (
    n INTEGER PRIMARY KEY, pico TEXT NOT NULL, errand TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX errand_names ON errands (pico, errand);
""",
    # Ten thousand picos have few different rulesets, so each row that says who has which is short.
    2: """
CREATE TABLE ruleset_notes (
    hash TEXT PRIMARY KEY, rid TEXT NOT NULL, version TEXT, kept_ms INTEGER) WITHOUT ROWID;
CREATE TABLE signatures (
    hash TEXT NOT NULL, author TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (hash, author)) WITHOUT ROWID;
CREATE TABLE ruleset_places (place INTEGER PRIMARY KEY, url TEXT NOT NULL, hash TEXT NOT NULL);
CREATE UNIQUE INDEX place_names ON ruleset_places (url, hash);
CREATE TABLE ruleset_holders (
    place INTEGER NOT NULL, pico TEXT NOT NULL, PRIMARY KEY (place, pico)) WITHOUT ROWID;
CREATE INDEX holder_picos ON ruleset_holders (pico);
""",
    3: """
CREATE TABLE record_ends (pico TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
""",
    # No other tables: from now on records and snapshots are compressed, and what is not stays as it is.
    4: "",
    5: """
CREATE TABLE channel_dids (n INTEGER PRIMARY KEY, did TEXT NOT NULL, eci TEXT NOT NULL);
CREATE UNIQUE INDEX channel_did_names ON channel_dids (did);
CREATE INDEX channel_did_channels ON channel_dids (eci);
""",
    # How much is kept is asked for with each message that comes, so it is counted as it changes.
    6: """
CREATE TABLE mail_clients (client TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE mail_recipients (recipient TEXT PRIMARY KEY, client TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX mail_recipient_clients ON mail_recipients (client);
CREATE TABLE mail (
    n INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, id TEXT NOT NULL, recipient TEXT NOT NULL,
    received_s INTEGER NOT NULL, until_s INTEGER NOT NULL, envelope BLOB NOT NULL);
CREATE UNIQUE INDEX mail_ids ON mail (client, id);
CREATE INDEX mail_order ON mail (client, n);
CREATE INDEX mail_of_recipients ON mail (client, recipient, n);
CREATE INDEX mail_ends ON mail (until_s);
CREATE TABLE mail_sizes (
    client TEXT NOT NULL, recipient TEXT NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (client, recipient)) WITHOUT ROWID;
CREATE TABLE mail_total (messages INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO mail_total VALUES (0, 0);
CREATE TRIGGER mail_comes AFTER INSERT ON mail BEGIN
    INSERT INTO mail_sizes VALUES (new.client, new.recipient, 1, length(new.envelope))
    ON CONFLICT DO UPDATE SET messages = messages + 1, bytes = bytes + excluded.bytes;
    UPDATE mail_total SET messages = messages + 1, bytes = bytes + length(new.envelope);
END;
CREATE TRIGGER mail_goes AFTER DELETE ON mail BEGIN
    UPDATE mail_sizes SET messages = messages - 1, bytes = bytes - length(old.envelope)
    WHERE client = old.client AND recipient = old.recipient;
    DELETE FROM mail_sizes WHERE client = old.client AND recipient = old.recipient AND messages = 0;
    UPDATE mail_total SET messages = messages - 1, bytes = bytes - length(old.envelope);
END;
""",
    7: """
CREATE TABLE rests (pico TEXT PRIMARY KEY, seq INTEGER NOT NULL, first INTEGER NOT NULL) WITHOUT ROWID;
""",
    8: """
CREATE TABLE snapshot_parts (pico TEXT NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX snapshot_part_order ON snapshot_parts (pico, place);
""",
    9: """
CREATE TABLE fences (pico TEXT PRIMARY KEY, epoch INTEGER) WITHOUT ROWID;
""",
}
"""What makes a journal of each format one of the next. An empty file, of format 0, goes the same way."""

FILLS: Mapping[int, Callable[[sqlite3.Connection], None]] = {2: fill_holders, 3: fill_ends}
"""What is then written into the new tables because it stood elsewhere until now."""


class JournalUnreadable(Exception):
    """A file that this version cannot open as a journal; nothing in it was changed."""


def open_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes, with its tables made if the file is new.

    It may be used from two threads, by one at a time: see `journal`.
    """
    # Before SQLite does it: its files are for everybody to read, and channels in them are for their owners.
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _check_format(connection, path)
        _make_durable(connection)
    except sqlite3.DatabaseError as problem:
        connection.close()
        raise JournalUnreadable(_explain(problem, path)) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def _explain(problem: sqlite3.DatabaseError, path: Path) -> str:
    if getattr(problem, "sqlite_errorname", None) == "SQLITE_CORRUPT":
        return f"{path} is damaged: {problem}. Put a copy in its place."
    return f"{path} cannot be opened as a journal: {problem}"


def open_reader(path: Path) -> sqlite3.Connection:
    """A second connection, which sees what is committed while the first one commits more."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(CACHE)
    return connection


def move_log(path: Path) -> None:
    """Move the log back into the file, as far as that goes while others write and read: they do not wait."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _make_durable(connection: sqlite3.Connection) -> None:
    # Without full sync a commit in WAL mode is not durable; on macOS only a "full" fsync reaches the
    # disk. Elsewhere the latter two change nothing.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute(CACHE)
    # Moving the log back into the file is done by the commit that finds it this long (in pages):
    # rarer means fewer writes of the pages that are written again and again.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    (is_used,) = connection.execute("SELECT count(*) > 0 FROM sqlite_master").fetchone()
    if not is_used:
        connection.execute("PRAGMA journal_mode = WAL")
        _upgrade(connection, 0)
    elif application != APPLICATION_ID:
        raise JournalUnreadable(f"{path} is an SQLite file, but not a journal of an engine")
    elif version > FORMAT:
        raise JournalUnreadable(
            f"{path} has journal format {version}; this version of picomesh reads up to {FORMAT}. "
            "Use the version that wrote it, or a newer one."
        )
    else:
        _upgrade(connection, version)


def _upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Step by step, each in one transaction, so that a crash leaves a journal of one format or another."""
    for earlier in range(version, FORMAT):
        done = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {earlier + 1};"
        connection.executescript(f"BEGIN; {STEPS[earlier]} {done}")
        if earlier in FILLS:
            FILLS[earlier](connection)
        connection.execute("COMMIT")
