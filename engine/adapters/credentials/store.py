"""The credentials of a home: those it has issued, with their places in status lists, and those it holds.

A SQLite file of its own beside the journal, since commands work on it with or without an engine. A place is
taken before the credential is signed and is never given to another one, whatever happens in between. Texts
lie in it as they are; only the home's owner can read it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.credentials.documents import Place
from engine.adapters.credentials.issuers import HOME, Issuer
from engine.adapters.credentials.status_lists import PLACES

FILE = "credentials.db"
FORMAT = 2
APPLICATION_ID = 0x70696376
"""ASCII "picv": what tells it from any other SQLite file."""
FILLED = PLACES // 2
"""Places that are taken of a list: chosen by chance, the next is then found at the second try."""
TABLES = """
CREATE TABLE lists (n INTEGER PRIMARY KEY, list TEXT NOT NULL UNIQUE,
    did TEXT NOT NULL, key_id TEXT NOT NULL, purpose TEXT NOT NULL);
CREATE TABLE places (list TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (list, place)) WITHOUT ROWID;
CREATE TABLE issued (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, list TEXT NOT NULL, place INTEGER NOT NULL,
    text TEXT NOT NULL, revoked_s INTEGER, UNIQUE (list, place));
CREATE TABLE held (
    n INTEGER PRIMARY KEY, issuer TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (issuer, id));
"""
FROM_1 = """
ALTER TABLE lists ADD COLUMN did TEXT NOT NULL DEFAULT '';
ALTER TABLE lists ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE lists ADD COLUMN purpose TEXT NOT NULL DEFAULT 'credentials/key-1';
"""
"""In the first format all lists were the home's."""


class StoreUnusable(Exception):
    """The file cannot be used. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Issued:
    id: str
    place: Place
    text: str
    revoked_s: int | None


@dataclass(frozen=True, slots=True)
class Held:
    id: str
    issuer: str
    text: str


class CredentialStore:
    """One connection; each call is one transaction, durable when it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    def take_place(
        self, choose: Callable[[int], int], name_list: Callable[[], str], issuer: Issuer = HOME
    ) -> Place:
        """One that no credential ever had, in a list of this issuer. `choose(n)` gives a number below n,
        `name_list` a new URI."""
        with self._change() as change:
            name = _open_list(change, issuer) or _begin_list(change, name_list(), issuer)
            while True:
                place = Place(name, choose(PLACES))
                taken = change.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (name, place.index))
                if taken.rowcount:
                    return place

    def add_issued(self, credential_id: str, place: Place, text: str) -> None:
        with self._change() as change:
            row = (credential_id, place.list, place.index, text)
            change.execute("INSERT INTO issued (id, list, place, text) VALUES (?, ?, ?, ?)", row)

    def revoke(self, credential_id: str, now_s: int) -> Issued | None:
        """As it is then, or None when it was not issued here. The first revocation stays; none is undone."""
        with self._change() as change:
            change.execute(
                "UPDATE issued SET revoked_s = ? WHERE id = ? AND revoked_s IS NULL", (now_s, credential_id)
            )
        return next((one for one in self.issued() if one.id == credential_id), None)

    def issued(self) -> list[Issued]:
        """The oldest first."""
        rows = self._connection.execute("SELECT id, list, place, text, revoked_s FROM issued ORDER BY n")
        return [Issued(name, Place(of, index), text, revoked) for name, of, index, text, revoked in rows]

    def lists(self) -> list[str]:
        return [name for (name,) in self._connection.execute("SELECT list FROM lists ORDER BY n")]

    def issuer_of(self, name: str) -> Issuer:
        """Who signs a list that there is."""
        query = "SELECT did, key_id, purpose FROM lists WHERE list = ?"
        return Issuer(*self._connection.execute(query, (name,)).fetchone())

    def revoked(self, name: str) -> list[int]:
        """The places of a list that say so."""
        rows = self._connection.execute(
            "SELECT place FROM issued WHERE list = ? AND revoked_s IS NOT NULL ORDER BY place", (name,)
        )
        return [place for (place,) in rows]

    def hold(self, held: Held) -> None:
        """A newer one with the same id and issuer takes the place of the older."""
        with self._change() as change:
            row = (held.issuer, held.id, held.text)
            change.execute("INSERT OR REPLACE INTO held (issuer, id, text) VALUES (?, ?, ?)", row)

    def held(self) -> list[Held]:
        rows = self._connection.execute("SELECT id, issuer, text FROM held ORDER BY n")
        return [Held(*row) for row in rows]

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Whole or not at all. Begun as a writer, so that two commands at once wait for each other."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def open_store(path: Path, make: bool = True) -> CredentialStore:
    """The file, made for its owner alone if it is missing. Without `make` a missing one is an empty one."""
    try:
        if make:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        place = path if make or path.exists() else ":memory:"
        connection = sqlite3.connect(place, isolation_level=None, timeout=10)
        connection.execute("PRAGMA synchronous = FULL")
        _prepare(connection, path)
    except (OSError, sqlite3.Error) as problem:
        raise StoreUnusable(f"the credentials in {path} cannot be opened: {problem}") from None
    return CredentialStore(connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    format_, kind = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id")
    )
    if (format_, kind) == (0, 0) and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        _run(connection, TABLES)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    elif (format_, kind) == (1, APPLICATION_ID):
        _run(connection, FROM_1)
    elif (format_, kind) != (FORMAT, APPLICATION_ID):
        connection.close()
        raise StoreUnusable(
            f"{path} holds no credentials in a form that this version reads (format {FORMAT}); "
            "a newer version of picomesh may have written it"
        )
    connection.execute("COMMIT")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """In the transaction that is open, and then the file is of today's format."""
    for statement in filter(str.strip, statements.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _open_list(connection: sqlite3.Connection, issuer: Issuer) -> str | None:
    """The newest one of an issuer, unless it is full enough."""
    query = "SELECT list FROM lists WHERE (did, key_id, purpose) = (?, ?, ?) ORDER BY n DESC LIMIT 1"
    row = connection.execute(query, _row(issuer)).fetchone()
    if row is None:
        return None
    taken = connection.execute("SELECT count(*) FROM places WHERE list = ?", row).fetchone()[0]
    return str(row[0]) if taken < FILLED else None


def _begin_list(connection: sqlite3.Connection, name: str, issuer: Issuer) -> str:
    row = (name, *_row(issuer))
    connection.execute("INSERT INTO lists (list, did, key_id, purpose) VALUES (?, ?, ?, ?)", row)
    return name


def _row(issuer: Issuer) -> tuple[str, str, str]:
    return issuer.did, issuer.key_id, issuer.purpose
