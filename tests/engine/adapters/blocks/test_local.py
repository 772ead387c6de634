"""The local store: what stays when it collects, what a crash leaves, and what it says of itself."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.adapters.blocks.collecting import Collected
from engine.adapters.blocks.database import Database, NotBlocks
from engine.adapters.blocks.local import LocalBlocks
from engine.core.cids import Cid
from engine.ports import MissingBlocks, StoreFull, StoreUnavailable
from tests.campaign import examples
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import Tree, above, grow, leaf
from tests.engine.runtime.first_life import live_until_death
from tests.fakes.crashing_database import NEVER, CrashingDatabase, When

HOUR_MS = 3_600_000


class Hours:
    """A clock in hours; whatever is put stays for one."""

    def __init__(self) -> None:
        self.hour = 0

    def now_ms(self) -> int:
        return self.hour * HOUR_MS


@asynccontextmanager
async def opened(path: Path, hours: Hours | None = None) -> AsyncIterator[LocalBlocks]:
    database = Database(path)
    try:
        yield LocalBlocks(database, (hours or Hours()).now_ms)
    finally:
        await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blocks.db"


@in_loop
async def test_what_no_root_leads_to_goes(path: Path) -> None:
    """And what any root leads to stays, shared or not."""
    hours, shared = Hours(), grow(1)
    old, new = above(shared, grow(2)), above(shared, grow(3))
    async with opened(path, hours) as store:
        await store.put_many({**old.blocks, **new.blocks})
        await store.pin(old.root)
        await store.pin(new.root)
        await store.unpin(old.root)
        hours.hour = 2
        gone = old.blocks.keys() - new.blocks.keys()
        removed_bytes = sum(len(old.blocks[cid]) for cid in gone)
        assert await store.collect() == Collected(len(new.blocks), len(gone), removed_bytes)
        assert await store.has_many({**old.blocks, **new.blocks}) == new.blocks.keys()
        assert await store.collect() == Collected(len(new.blocks), 0, 0)


@in_loop
async def test_what_was_put_lately_stays_with_all_below_it(path: Path) -> None:
    """Somebody is about to pin it; for that they also need the old blocks that its new ones lead to."""
    hours, old = Hours(), grow(4)
    async with opened(path, hours) as store:
        await store.put_many(old.blocks)
        hours.hour = 2
        new = above(old, content=b"new")
        await store.put_many({new.root: new.blocks[new.root]})
        assert (await store.collect()).removed == 0
        await store.pin(new.root)
        hours.hour = 4
        assert (await store.collect()).removed == 0
        await store.unpin(new.root)
        assert (await store.collect()).removed == len(new.blocks)


@in_loop
async def test_putting_again_counts_as_putting(path: Path) -> None:
    """Whoever puts what is here already relies on it as much."""
    hours, tree = Hours(), grow(5)
    async with opened(path, hours) as store:
        await store.put_many(tree.blocks)
        hours.hour = 2
        await store.put_many({tree.root: tree.blocks[tree.root]})
        assert (await store.collect()).removed == 0


@in_loop
async def test_statistics_are_those_of_what_is_there(path: Path) -> None:
    """After a collection too, and what a file does not give back is said to be free."""
    hours, kept, dropped = Hours(), grow(6), grow(7, leaves=300, size=2_000)
    async with opened(path, hours) as store:
        await store.put_many({**kept.blocks, **dropped.blocks})
        await store.pin(kept.root)
        before = await store.statistics()
        assert (before.blocks, before.roots) == (len(kept.blocks) + len(dropped.blocks), 1)
        assert before.fresh == before.blocks
        hours.hour = 2
        await store.collect()
        after = await store.statistics()
        assert (after.blocks, after.fresh) == (len(kept.blocks), 0)
        assert after.bytes == sum(map(len, kept.blocks.values()))
        assert after.free_bytes > before.free_bytes + 300 * 2_000
        assert after.file_bytes >= after.free_bytes + after.bytes


@in_loop
async def test_a_full_disk_is_named_and_harms_nothing(path: Path) -> None:
    """What was put before can be read, and there is room again after a collection."""
    hours, kept, dropped, late = Hours(), grow(8), grow(9, 100, size=2_000), grow(10, 60, size=2_000)
    async with opened(path, hours) as store:
        await store.put_many({**kept.blocks, **dropped.blocks})
        await store.pin(kept.root)
        await limit_pages(store, 0)
        with pytest.raises(StoreFull, match="disk is full"):
            await store.put_many(late.blocks)
        assert await store.get_many(kept.blocks) == kept.blocks
        hours.hour = 2
        await store.collect()
        await store.put_many(late.blocks)
        assert await store.get_many(late.blocks) == late.blocks


async def limit_pages(store: LocalBlocks, more: int) -> None:
    """The file may grow by so many pages and no further."""

    def limit(connection: sqlite3.Connection) -> None:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {count + more}")

    await store._database.write(limit)


@in_loop
async def test_writes_that_come_together_share_a_transaction(path: Path) -> None:
    """What waits while the disk is busy goes with the next one, so many who put pay for few syncs."""
    database = CrashingDatabase(path)
    store = LocalBlocks(database, Hours().now_ms)
    trees = [grow(seed, leaves=2) for seed in range(100)]
    await asyncio.gather(*(store.put_many(tree.blocks) for tree in trees))
    assert database.commits < 50
    assert await store.has_many(needed(trees)) == needed(trees)
    await database.close()


@in_loop
async def test_a_file_that_is_damaged_is_named(path: Path) -> None:
    """Whatever SQLite cannot read of it makes the store unavailable, and nothing worse."""
    tree = grow(14, leaves=500, size=2_000)
    async with opened(path) as store:
        await store.put_many(tree.blocks)
    with path.open("r+b") as file:
        for place in range(8192 * 10, path.stat().st_size, 8192 * 5):
            file.seek(place)
            file.write(b"\xff" * 300)
    async with opened(path) as store:
        with pytest.raises(StoreUnavailable, match="malformed"):
            await store.get_many(tree.blocks)
        with pytest.raises(StoreUnavailable, match="malformed"):
            await store.collect()


@in_loop
async def test_whoever_waits_with_others_fails_alone(path: Path) -> None:
    """Writes share a transaction, and one that fails does not take the others along."""
    async with opened(path) as store:
        good, bad = grow(11), above(leaf(b"missing"))
        await store.put_many({bad.root: bad.blocks[bad.root]})
        database = store._database

        def fail(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO nowhere VALUES (1)")

        outcomes = await asyncio.gather(
            *(store.put_many(good.blocks) for _ in range(5)),
            database.write(fail),
            store.pin(bad.root),
            return_exceptions=True,
        )
        assert [type(outcome).__name__ for outcome in outcomes] == [
            *["NoneType"] * 5,
            "StoreUnavailable",
            "MissingBlocks",
        ]
        assert await store.get_many(good.blocks) == good.blocks


@in_loop
async def test_a_collection_is_given_up_when_the_store_is_closed(path: Path) -> None:
    """Whoever waits for it hears that; the next life can collect all of it."""
    hours, tree = Hours(), grow(12, leaves=3_000)
    async with opened(path, hours) as store:
        await store.put_many(tree.blocks)
        hours.hour = 2
        collecting = asyncio.ensure_future(store.collect())
        await store.roots()
        await store.close()
        with pytest.raises(asyncio.CancelledError):
            await collecting
    async with opened(path, hours) as store:
        await store.collect()
        assert (await store.statistics()).blocks == 0


@in_loop
async def test_two_who_want_a_collection_share_it(path: Path) -> None:
    """The second does not begin another one."""
    hours, tree = Hours(), grow(13)
    async with opened(path, hours) as store:
        await store.put_many(tree.blocks)
        hours.hour = 2
        one, two = await asyncio.gather(store.collect(), store.collect())
        assert one is two
        assert one.removed == len(tree.blocks)


@in_loop
async def test_the_file_is_for_its_owner(path: Path) -> None:
    """Who is kept in it is nobody else's business."""
    async with opened(path):
        assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_other_files_are_left_alone(path: Path) -> None:
    """Those of other programs, of later versions, and those that are no SQLite files."""
    path.write_bytes(b"something else" * 100)
    with pytest.raises(NotBlocks, match="cannot be opened"):
        Database(path)
    assert path.read_bytes() == b"something else" * 100
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(NotBlocks, match="not one of blocks"):
        Database(path)
    connection.execute("DROP TABLE theirs")
    connection.close()
    path.unlink()
    Database(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NotBlocks, match="format 99"):
        Database(path)


# --- while others write ----------------------------------------------------------------------------


def needed(trees: list[Tree]) -> set[Cid]:
    return {cid for tree in trees for cid in tree.blocks}


async def is_pinned(store: LocalBlocks, tree: Tree) -> bool:
    try:
        await store.pin(tree.root)
    except MissingBlocks:
        return False
    return True


@pytest.mark.parametrize("seed", range(examples(20)))
def test_a_collection_takes_nothing_that_others_put_or_pin_meanwhile(seed: int, path: Path) -> None:
    """Any order of putting, pinning, unpinning and reading between its pieces, of trees that share blocks:
    what is pinned is whole, what was put lately is there, and all the rest goes in the end."""
    _busy_life(seed, path)


@in_loop
async def _busy_life(seed: int, path: Path) -> None:
    chance, hours = random.Random(seed), Hours()
    parts = [grow(seed * 100 + number, leaves=4) for number in range(8)]
    trees = [above(*chance.sample(parts, 3), content=bytes([number])) for number in range(12)]
    database = Database(path)
    store = LocalBlocks(database, hours.now_ms)
    store._collection.piece = 3
    pinned: list[Tree] = []
    lately: list[Tree] = []
    for hour in range(0, 12, 2):
        hours.hour, lately = hour, []
        collecting = asyncio.ensure_future(store.collect())
        for _ in range(6):
            tree = chance.choice(trees)
            for _ in range(chance.randrange(4)):
                await store.roots()
            match chance.choice(["put", "pin", "unpin"]):
                case "put":
                    await store.put_many(tree.blocks)
                    lately.append(tree)
                case "pin":
                    if await is_pinned(store, tree):
                        pinned.append(tree)
                case _:
                    await store.unpin(tree.root)
                    pinned = [one for one in pinned if one is not tree]
            wanted = needed(pinned + lately)
            assert await store.has_many(wanted) == wanted
        await collecting
    hours.hour = 100
    await store.collect()
    assert await store.has_many(needed(trees)) == needed(pinned)
    await database.close()


# --- crashes ---------------------------------------------------------------------------------------


class Life:
    """Somebody who seals one state after another, and knows what was acknowledged."""

    def __init__(self, path: Path, at: int, when: When) -> None:
        self.hours = Hours()
        self.database = CrashingDatabase(path, at, when)
        self.store = LocalBlocks(self.database, self.hours.now_ms)
        self.store._collection.piece = 4
        self.put: list[Tree] = []
        self.pinned: list[Tree] = []

    async def go_on(self) -> None:
        for hour, tree in enumerate(STATES):
            self.hours.hour = 2 * hour
            await self.store.put_many(tree.blocks)
            self.put = [tree]
            await self.store.pin(tree.root)
            self.pinned.append(tree)
            if len(self.pinned) > 1:
                superseded, self.pinned = self.pinned[:-1], self.pinned[-1:]
                for old in superseded:
                    await self.store.unpin(old.root)
            await self.store.collect()


SHARED = grow(20, leaves=5)
STATES = [above(SHARED, grow(21 + number, leaves=5)) for number in range(3)]


def commits_of_a_quiet_life(path: Path) -> int:
    async def count() -> int:
        life = Life(path, NEVER, "before")
        await life.go_on()
        await life.database.close()
        return life.database.commits

    return asyncio.run(count())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_commit_loses_nothing(when: When, path: Path) -> None:
    """Acknowledged blocks and pins are there, what is pinned is whole, and what is said to be whole is: the
    next life can pin any of the states, or hears what is missing of it, and then puts that."""
    commits = commits_of_a_quiet_life(path)
    assert commits > 20
    for at in range(1, commits + 1):
        crash_at(path.with_name(f"{at}.db"), at, when)


@in_loop
async def crash_at(path: Path, at: int, when: When) -> None:
    life = Life(path, at, when)
    await live_until_death(life.go_on(), life.database.crashed)
    assert life.database.crashed.is_set()
    await life.database.close()
    async with opened(path, life.hours) as store:
        wanted = needed(life.put + life.pinned)
        assert await store.has_many(wanted) == wanted, f"crash {when} commit {at}"
        assert {tree.root for tree in life.pinned} <= await store.roots()
        for tree in STATES:
            await check_pin(store, tree)
        await store.collect()
        assert await store.has_many(needed(STATES)) == needed(STATES)
        for root in await store.roots():
            await store.unpin(root)
        life.hours.hour = 100
        await store.collect()
        assert (await store.statistics()).blocks == 0


async def check_pin(store: LocalBlocks, tree: Tree) -> None:
    is_whole = await store.has_many(tree.blocks) == tree.blocks.keys()
    assert await is_pinned(store, tree) == is_whole
    if not is_whole:
        await store.put_many(tree.blocks)
        await store.pin(tree.root)
