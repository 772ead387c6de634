"""Which picos have which ruleset, read from the picos themselves: once, for journals of old formats.

Newer ones keep it in a table as it changes. A pico that cannot be read is left out here, as it must not
keep the engine from opening the others; it cannot run either.
"""

from __future__ import annotations

import sqlite3

from engine.adapters.local.batch import ADD_HOLDER, ADD_PLACE, BODY, bytes_of
from engine.core.codec import Unreadable
from engine.core.model import Pico, PicoId
from engine.core.records import decode_snapshot, fold


def fill_holders(connection: sqlite3.Connection) -> None:
    """Write the table, inside a transaction that somebody else has begun."""
    names = connection.execute("SELECT pico FROM picos").fetchall()
    for (name,) in names:
        pico = _read(connection, name)
        for ruleset in () if pico is None else pico.rulesets:
            place = ruleset.url, ruleset.hash
            connection.execute(ADD_PLACE, place)
            connection.execute(ADD_HOLDER, (*place, name))


def _read(connection: sqlite3.Connection, name: PicoId) -> Pico | None:
    [(seq, snapshot)] = connection.execute(
        f"SELECT seq, {bytes_of('snapshot')} FROM picos WHERE pico = ?", (name,)
    )
    records = connection.execute(
        f"SELECT {BODY} FROM records WHERE pico = ? AND seq > ? ORDER BY seq", (name, seq)
    )
    try:
        return fold(decode_snapshot(snapshot), (body for (body,) in records)).pico
    except Unreadable:
        return None
