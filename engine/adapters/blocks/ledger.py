"""What other stores are to have, have and may have, in the same file as the blocks.

One row for each store and keeper, however often the keeper's root changes: a store that is away for a week
gets the newest one, and the queue is no longer for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from engine.adapters.blocks.database import Database
from engine.core.cids import Cid
from engine.core.replicas import Replication
from engine.ports import Goal, Kept

PUT_GOAL = """
    INSERT INTO goals (store, keeper, root, is_open) VALUES (?, ?, ?, 1)
    ON CONFLICT (store, keeper) DO UPDATE SET root = excluded.root, is_open = 1
    WHERE root IS NOT excluded.root"""
OPEN_GOAL = """
    INSERT INTO goals (store, keeper, root, is_open) VALUES (?, ?, NULL, 1)
    ON CONFLICT (store, keeper) DO UPDATE SET is_open = 1"""
PUT_KEEPER = """
    INSERT INTO keepers (keeper, root, copies, always, among) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (keeper) DO UPDATE
    SET root = excluded.root, copies = excluded.copies, always = excluded.always, among = excluded.among"""
NEXT_GOALS = """
    SELECT store, keeper, root FROM goals AS this WHERE store = ? AND is_open AND (
        root IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM goals AS other
            WHERE other.keeper = this.keeper AND other.is_open AND other.root IS NOT NULL))
    ORDER BY n LIMIT ?"""
CLOSE_GOAL = "UPDATE goals SET is_open = 0 WHERE store = ? AND keeper = ? AND root IS ?"
DROP_GOAL = """
    DELETE FROM goals WHERE store = ? AND keeper = ? AND root IS NULL AND NOT is_open"""
DROP_PIN = "DELETE FROM pins WHERE store = ? AND keeper = ? AND root = ?"
POSTPONE = """
    UPDATE goals SET n = (SELECT max(n) + 1 FROM goals) WHERE store = ? AND keeper = ?"""
KEPT = """
    SELECT keeper, root, copies, always, among, (
        SELECT json_group_array(store) FROM goals
        WHERE goals.keeper = keepers.keeper AND goals.root IS NOT NULL)
    FROM keepers WHERE keeper > ? ORDER BY keeper LIMIT ?"""


class SqliteLedger:
    """`engine.ports.ReplicationLedger` in a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def want(
        self, keeper: str, root: Cid | None, replication: Replication, local: str, stores: Collection[str]
    ) -> None:
        await self._database.write(
            partial(_want, keeper=keeper, root=root, policy=replication, local=local, stores=list(stores))
        )

    async def kept(self, after: str, limit: int) -> Sequence[Kept]:
        rows = await self._database.read(
            lambda connection: connection.execute(KEPT, (after, limit)).fetchall()
        )
        return [
            Kept(
                keeper,
                root,
                Replication(copies, tuple(json.loads(always)), _names(among)),
                frozenset(json.loads(stores)),
            )
            for keeper, root, copies, always, among, stores in rows
        ]

    async def next_goals(self, store: str, limit: int) -> Sequence[Goal]:
        rows = await self._database.read(
            lambda connection: connection.execute(NEXT_GOALS, (store, limit)).fetchall()
        )
        return [Goal(*row) for row in rows]

    async def goal(self, store: str, keeper: str) -> Goal | None:
        sql = "SELECT store, keeper, root FROM goals WHERE store = ? AND keeper = ?"
        row = await self._database.read(
            lambda connection: connection.execute(sql, (store, keeper)).fetchone()
        )
        return None if row is None else Goal(*row)

    async def close_goal(self, goal: Goal) -> None:
        await self._execute(*_closing(goal))

    async def postpone(self, goal: Goal) -> None:
        await self._execute((POSTPONE, (goal.store, goal.keeper)))

    async def begin_pin(self, store: str, keeper: str, root: Cid) -> bool:
        return await self._database.write(partial(_begin_pin, store=store, keeper=keeper, root=root))

    async def end_pin(self, store: str, keeper: str, root: Cid) -> None:
        await self._execute(("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, 1)", (store, keeper, root)))

    async def drop_pin(self, store: str, keeper: str, root: Cid, closing: Goal | None = None) -> None:
        await self._execute(
            (DROP_PIN, (store, keeper, root)), *(() if closing is None else _closing(closing))
        )

    async def pins(self, store: str, keeper: str) -> Mapping[Cid, bool]:
        sql = "SELECT root, is_sure FROM pins WHERE store = ? AND keeper = ?"
        rows = await self._database.read(
            lambda connection: connection.execute(sql, (store, keeper)).fetchall()
        )
        return {root: bool(is_sure) for root, is_sure in rows}

    async def has_other_keepers(self, store: str, keeper: str, root: Cid) -> bool:
        sql = "SELECT 1 FROM pins WHERE store = ? AND root = ? AND keeper <> ? LIMIT 1"
        row = await self._database.read(
            lambda connection: connection.execute(sql, (store, root, keeper)).fetchone()
        )
        return row is not None

    async def check_pins(self, store: str, roots: Collection[Cid]) -> int:
        return await self._database.write(partial(_check_pins, store=store, roots=set(roots)))

    async def held(self, store: str, cids: Collection[Cid]) -> set[Cid]:
        return await self._database.read(partial(_held, store=store, cids=list(cids)))

    async def hold(self, store: str, cids: Collection[Cid]) -> None:
        rows = [(cid, store) for cid in cids]
        await self._database.write(partial(_many, sql="INSERT OR IGNORE INTO held VALUES (?, ?)", rows=rows))

    async def forget(self, store: str, cids: Collection[Cid]) -> None:
        rows = [(cid, store) for cid in cids]
        await self._database.write(
            partial(_many, sql="DELETE FROM held WHERE cid = ? AND store = ?", rows=rows)
        )

    async def open_goals(self) -> Mapping[str, int]:
        sql = "SELECT store, count(*) FROM goals WHERE is_open GROUP BY store"
        return dict(await self._database.read(lambda connection: connection.execute(sql).fetchall()))

    async def _execute(self, *statements: tuple[str, Sequence[object]]) -> None:
        await self._database.write(partial(_execute, statements=statements))


def _closing(goal: Goal) -> tuple[tuple[str, Sequence[object]], ...]:
    return (CLOSE_GOAL, goal), (DROP_GOAL, (goal.store, goal.keeper))


def _names(text: str) -> tuple[str, ...] | None:
    names = json.loads(text)
    return None if names is None else tuple(names)


def _execute(connection: sqlite3.Connection, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
    for sql, values in statements:
        connection.execute(sql, tuple(values))


def _many(connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[object]]) -> None:
    connection.executemany(sql, rows)


def _want(
    connection: sqlite3.Connection,
    keeper: str,
    root: Cid | None,
    policy: Replication,
    local: str,
    stores: Sequence[str],
) -> None:
    if root is None:
        connection.execute("DELETE FROM keepers WHERE keeper = ?", (keeper,))
        chosen: list[str] = []
    else:
        values = (keeper, root, policy.copies, json.dumps(policy.always), json.dumps(policy.among))
        connection.execute(PUT_KEEPER, values)
        connection.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, 1)", (local, keeper, root))
        chosen = [local, *stores]
    before = connection.execute("SELECT store FROM goals WHERE keeper = ?", (keeper,)).fetchall()
    others = [store for (store,) in before if store not in chosen]
    connection.executemany(PUT_GOAL, [(store, keeper, root) for store in chosen])
    connection.executemany(PUT_GOAL, [(store, keeper, None) for store in others])


def _begin_pin(connection: sqlite3.Connection, store: str, keeper: str, root: Cid) -> bool:
    connection.execute(OPEN_GOAL, (store, keeper))
    added = connection.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, 0)", (store, keeper, root))
    return not added.rowcount


def _check_pins(connection: sqlite3.Connection, store: str, roots: Collection[Cid]) -> int:
    sql = "SELECT keeper, root FROM pins WHERE store = ? AND is_sure"
    lost = [row for row in connection.execute(sql, (store,)).fetchall() if row[1] not in roots]
    if lost:
        connection.execute("DELETE FROM held WHERE store = ?", (store,))
    for keeper, root in lost:
        # Not dropped: it may have been pinned since the store was asked, and has to be unpinned one day.
        connection.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, 0)", (store, keeper, root))
        connection.execute(OPEN_GOAL, (store, keeper))
    return len(lost)


def _held(connection: sqlite3.Connection, store: str, cids: Sequence[Cid]) -> set[Cid]:
    sql = "SELECT 1 FROM held WHERE cid = ? AND store = ?"
    return {cid for cid in cids if connection.execute(sql, (cid, store)).fetchone()}
