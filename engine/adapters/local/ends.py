"""Where the records of each pico end, read from the records themselves: once, for journals of old formats.

Newer ones keep it in a table with every record. A record is vouched for by the one that follows it; the
newest has no other witness, and nobody would miss it.
"""

from __future__ import annotations

import sqlite3

from engine.adapters.local.batch import BODY, PUT_END, end_of


def fill_ends(connection: sqlite3.Connection) -> None:
    """Write the table, inside a transaction that somebody else has begun."""
    newest = connection.execute("SELECT pico, max(seq) FROM records GROUP BY pico").fetchall()
    for pico, seq in newest:
        [(body,)] = connection.execute(f"SELECT {BODY} FROM records WHERE pico = ? AND seq = ?", (pico, seq))
        connection.execute(PUT_END, end_of(pico, seq, body))
