"""Mail for others in the journal: one row for each envelope, so that what waits takes no memory.

Statements stay in the order of the writes, unlike those of `batch`: an envelope may come, be fetched and
come again within one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from engine.core.dids import Did
from engine.ports import (
    DropMail,
    DropOldMail,
    KeepMail,
    KeepMailClient,
    MailSize,
    RemoveMailClient,
    WaitingMail,
)

MailWrite = KeepMailClient | RemoveMailClient | KeepMail | DropMail | DropOldMail

PUT_CLIENT = "INSERT OR REPLACE INTO mail_clients (client, state) VALUES (?, ?)"
DROP_CLIENT = "DELETE FROM mail_clients WHERE client = ?"
DROP_RECIPIENTS = "DELETE FROM mail_recipients WHERE client = ?"
ADD_RECIPIENT = "INSERT INTO mail_recipients (recipient, client) VALUES (?, ?) ON CONFLICT DO NOTHING"
DROP_ALL = "DELETE FROM mail WHERE client = ?"
ADD = """
    INSERT INTO mail (client, id, recipient, received_s, until_s, envelope) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
DROP = "DELETE FROM mail WHERE client = ? AND id = ?"
DROP_OLD = "DELETE FROM mail WHERE until_s <= ?"

Row = tuple[Any, ...]


def mail_statements(writes: Sequence[MailWrite]) -> Iterator[tuple[str, list[Row]]]:
    """The same statement several times in a row is one, over many rows."""
    every = (statement for write in writes for statement in _statements(write))
    for sql, group in groupby(every, key=lambda one: one[0]):
        yield sql, [row for _, row in group]


def _statements(write: MailWrite) -> Iterator[tuple[str, Row]]:
    match write:
        case KeepMailClient(client, state, recipients):
            yield PUT_CLIENT, (client, state)
            yield DROP_RECIPIENTS, (client,)
            yield from ((ADD_RECIPIENT, (recipient, client)) for recipient in recipients)
        case RemoveMailClient(client):
            yield from ((sql, (client,)) for sql in (DROP_CLIENT, DROP_RECIPIENTS, DROP_ALL))
        case KeepMail(client, id, recipient, received_s, until_s, envelope):
            yield ADD, (client, id, recipient, received_s, until_s, envelope)
        case DropMail(client, ids):
            yield from ((DROP, (client, id)) for id in ids)
        case DropOldMail(now_s):
            yield DROP_OLD, (now_s,)


class SqliteMail:
    """`engine.ports.KeptMail` on the connection of the journal that reads."""

    def __init__(self, reader: sqlite3.Connection) -> None:
        self._reader = reader

    def _row(self, sql: str, *values: object) -> Row:
        rows = self._reader.execute(sql, values).fetchall()
        return rows[0] if rows else (None,)

    def client_state(self, client: Did) -> str | None:
        state: str | None = self._row("SELECT state FROM mail_clients WHERE client = ?", client)[0]
        return state

    def client_of(self, recipient: str) -> Did | None:
        found: Did | None = self._row("SELECT client FROM mail_recipients WHERE recipient = ?", recipient)[0]
        return found

    def count_clients(self) -> int:
        count: int = self._row("SELECT count(*) FROM mail_clients")[0]
        return count

    def size(self, client: Did | None = None, recipient: str | None = None) -> MailSize:
        if client is None:
            return MailSize(*self._row("SELECT messages, bytes FROM mail_total"))
        where, values = _where({"client": client, "recipient": recipient})
        sums = "coalesce(sum(messages), 0), coalesce(sum(bytes), 0)"
        return MailSize(*self._row(f"SELECT {sums} FROM mail_sizes{where}", *values))

    def sizes_of(self, client: Did, ids: Sequence[str], recipient: str | None = None) -> MailSize:
        where, values = _where({"client": client, "recipient": recipient})
        among = f"{where} AND id IN ({', '.join('?' * len(ids))})"
        sums = "count(*), coalesce(sum(length(envelope)), 0)"
        return MailSize(*self._row(f"SELECT {sums} FROM mail{among}", *values, *ids))

    def received_s(
        self, client: Did, recipient: str | None = None, but: Sequence[str] = (), newest: bool = False
    ) -> int | None:
        where, values = _where({"client": client, "recipient": recipient})
        others = f"{where} AND id NOT IN ({', '.join('?' * len(but))})"
        order = f"ORDER BY n {'DESC' if newest else ''} LIMIT 1"
        found: int | None = self._row(f"SELECT received_s FROM mail{others} {order}", *values, *but)[0]
        return found

    def after(self, client: Did, n: int, limit: int, recipient: str | None = None) -> Sequence[WaitingMail]:
        where, values = _where({"client": client, "recipient": recipient})
        columns = "n, id, received_s, envelope"
        sql = f"SELECT {columns} FROM mail{where} AND n > ? ORDER BY n LIMIT ?"
        return [WaitingMail(*row) for row in self._reader.execute(sql, (*values, n, limit)).fetchall()]

    def last(self, client: Did) -> int:
        found: int | None = self._row("SELECT max(n) FROM mail WHERE client = ?", client)[0]
        return found or 0


def _where(wanted: dict[str, str | None]) -> tuple[str, list[str]]:
    """As part of a statement, with its values."""
    given = {column: value for column, value in wanted.items() if value is not None}
    conditions = " AND ".join(f"{column} = ?" for column in given)
    return (f" WHERE {conditions}" if given else "", list(given.values()))
