"""What only the SQLite journal has: groups, a format, a disk that can refuse."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from threading import current_thread

import pytest

from engine.adapters.local.journal import LARGEST_BATCH, MOST_ON_LOOP, SqliteJournal
from engine.adapters.local.schema import FILLS, FORMAT, JournalUnreadable
from engine.core.births import new_pico
from engine.core.draft import Draft
from engine.core.messages import Done, Event, Turn
from engine.core.model import Eci, EventId, Inputs, InstalledRuleset, Pico, PicoId, Rid, RulesetHash
from engine.core.records import begin, encode_snapshot, record_hash, seal
from engine.ports import AcceptEvent, AppendRecord, BirthPico, JournalFailed, KeepPart, Place, SetFact, Stored
from tests.engine.in_loop import in_loop

ANN = PicoId("ann")

TABLES_OF_FORMAT_1 = """
PRAGMA journal_mode = WAL;
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
PRAGMA application_id = 0x7069636F;
PRAGMA user_version = 1;
"""
"""A journal of the first format, as it was made then."""

TABLES_OF_FORMAT_2 = (
    TABLES_OF_FORMAT_1
    + """
CREATE TABLE errands (
    n INTEGER PRIMARY KEY, pico TEXT NOT NULL, errand TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX errand_names ON errands (pico, errand);
PRAGMA user_version = 2;
"""
)

OLD, NEW = RulesetHash("11" * 32), RulesetHash("22" * 32)


@in_loop
async def test_commits_that_wait_together_share_one_fsync(tmp_path: Path) -> None:
    """A hundred commits of one pass of the loop are one transaction."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.commit([BirthPico(ANN, None, 0, b"")])
    before = journal.transactions
    await asyncio.gather(*[journal.commit([AppendRecord(ANN, seq, None, b"r")]) for seq in range(1, 101)])
    assert journal.transactions == before + 1
    await journal.close()


@in_loop
async def test_what_arrives_while_the_disk_works_forms_the_next_group(tmp_path: Path) -> None:
    """Sixty-four callers in a row of commits each need far fewer transactions than commits."""
    journal = SqliteJournal(tmp_path / "j")

    async def caller(number: int) -> None:
        pico = PicoId(f"p{number}")
        await journal.commit([BirthPico(pico, None, 0, b"")])
        for seq in range(1, 11):
            await journal.commit([AppendRecord(pico, seq, None, b"r")])

    await asyncio.gather(*map(caller, range(64)))
    assert journal.transactions <= 64 * 11 / 8
    await journal.close()


@in_loop
async def test_a_group_is_bounded(tmp_path: Path) -> None:
    """A flood is cut into transactions, so that the loop gets its turn in between."""
    journal = SqliteJournal(tmp_path / "j")
    await asyncio.gather(*[journal.commit([SetFact(f"f{n}", "x")]) for n in range(2 * LARGEST_BATCH + 1)])
    assert journal.transactions == 3
    assert journal.fact(f"f{2 * LARGEST_BATCH}") == "x"
    await journal.close()


@in_loop
async def test_many_rows_do_not_keep_the_loop(tmp_path: Path) -> None:
    """A turn may send ten thousand events: another thread writes them, and they are as durable."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.commit([BirthPico(ANN, None, 0, b"")])
    wrote: dict[str, str] = {}
    journal._writer.set_trace_callback(lambda sql: wrote.setdefault(sql.split()[0], current_thread().name))
    sent = [AcceptEvent(ANN, EventId(f"e{number}"), b"e") for number in range(MOST_ON_LOOP)]
    await journal.commit([AppendRecord(ANN, 1, None, b"r"), *sent])
    wrote.pop("PRAGMA", None)  # the log may be moved back meanwhile
    assert wrote == {"BEGIN": "journal", "INSERT": "journal", "COMMIT": "journal"}
    stored = journal.load(ANN)
    assert stored is not None
    assert (len(stored.records), len(stored.inbox)) == (1, MOST_ON_LOOP)
    await journal.close()


@in_loop
async def test_many_rows_that_cannot_be_written_are_none(tmp_path: Path) -> None:
    """Whoever waits is told, and the disk has nothing of them."""
    journal = SqliteJournal(tmp_path / "j")
    births = [BirthPico(PicoId(f"p{number}"), None, 0, b"") for number in range(MOST_ON_LOOP)]
    with pytest.raises(JournalFailed):
        await journal.commit([*births, births[0]])
    assert journal.load(births[0].pico) is None
    assert journal.failed.is_set()
    await journal.close()


@in_loop
async def test_a_commit_is_synced_before_it_is_acknowledged(tmp_path: Path) -> None:
    """SQLite is told so: write-ahead log, full sync, and on macOS the sync that deserves the name."""
    journal = SqliteJournal(tmp_path / "j")
    settings = {
        name: journal._writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "fullfsync")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}
    await journal.close()


@in_loop
async def test_a_refusing_disk_ends_the_journal(tmp_path: Path) -> None:
    """The commit that met the refusal fails, and so do those that waited behind it and later ones."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.commit([BirthPico(ANN, None, 0, b"")])
    # A limit on the size of the file is the closest thing to a full disk that needs no privileges.
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
    journal._writer.execute(f"PRAGMA max_page_count = {pages + 1}")
    big = journal.commit([AppendRecord(ANN, 1, None, b"x" * 100_000)])
    await asyncio.sleep(0)
    behind = journal.commit([SetFact("behind", "x")])
    with pytest.raises(JournalFailed, match="full"):
        await big
    with pytest.raises(JournalFailed):
        await behind
    with pytest.raises(JournalFailed):
        await journal.commit([SetFact("later", "x")])
    assert journal.fact("behind") is None
    await journal.close()


@in_loop
async def test_a_failing_sync_is_told_and_rolled_back(tmp_path: Path) -> None:
    """When COMMIT itself fails in the other thread, nobody hears yes."""
    journal = SqliteJournal(tmp_path / "j")
    # A deferred constraint is checked by COMMIT, in the thread that waits for the disk.
    journal._writer.executescript(
        "PRAGMA foreign_keys = ON;"
        "CREATE TABLE strict (name TEXT REFERENCES facts (name) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TRIGGER broken AFTER INSERT ON facts BEGIN INSERT INTO strict VALUES ('nobody'); END;"
    )
    with pytest.raises(JournalFailed, match="FOREIGN KEY"):
        await journal.commit([SetFact("a", "b")])
    assert journal.fact("a") is None
    await journal.close()


def test_a_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    """The message says which format it is, which one is known, and what to do."""
    path = tmp_path / "j"
    _make(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    before = path.read_bytes()
    with pytest.raises(JournalUnreadable, match=f"format {FORMAT + 1}.*up to {FORMAT}.*newer one"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_an_older_format_is_brought_up_to_date(tmp_path: Path) -> None:
    """A journal as format 1 had it opens, with what was in it, and is of the newest format then."""
    path = tmp_path / "j"
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.executescript(f"{TABLES_OF_FORMAT_1} INSERT INTO facts VALUES ('a', 'b');")
    assert read_after_opening(path) == ("b", [])
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    assert read_after_opening(path) == ("b", [])


@in_loop
async def test_an_upgraded_journal_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """Whichever way it came to be."""
    new = tmp_path / "new"
    await SqliteJournal(new).close()
    for name, tables in (("first", TABLES_OF_FORMAT_1), ("second", TABLES_OF_FORMAT_2)):
        with sqlite3.connect(tmp_path / name, isolation_level=None) as connection:
            connection.executescript(tables)
        await SqliteJournal(tmp_path / name).close()
        assert tables_of(tmp_path / name) == tables_of(new)


def having(pico: Pico, *rulesets: tuple[str, str, RulesetHash]) -> Pico:
    """The pico with these rulesets put on it: name, URL and hash of each."""
    draft = Draft(pico)
    for rid, url, digest in rulesets:
        draft.put_ruleset(InstalledRuleset(Rid(rid), url, digest, {}, Inputs(0, "")))
    return draft.finish(pico.seq)


def store_as_format_2(path: Path, *picos: tuple[Pico, list[bytes]]) -> None:
    """A journal as the second format had it, with picos and their records."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.executescript(TABLES_OF_FORMAT_2)
        for pico, records in picos:
            snapshot = encode_snapshot(begin(pico))
            connection.execute("INSERT INTO picos VALUES (?, NULL, 0, ?)", (pico.id, snapshot))
            for seq, body in enumerate(records, 1):
                row = (pico.id, seq, body)
                connection.execute("INSERT INTO records (pico, seq, body) VALUES (?, ?, ?)", row)


def record_of_replacing(pico: Pico) -> bytes:
    """The record of a turn that put a newer text on a pico."""
    draft = Draft(pico)
    draft.put_ruleset(InstalledRuleset(Rid("r"), "file:r", NEW, {}, Inputs(5, "")))
    turn = Turn(Event(Eci(pico.id), "a", "b", {}, EventId("e")), Inputs(5, "00"))
    return seal(begin(pico), turn, Done(draft.finish(1), tuple(draft.recorded), ()))[1]


@in_loop
async def test_what_somebody_made_text_of_is_read_as_bytes(tmp_path: Path) -> None:
    """SQLite keeps text in a column of bytes if it is told to: whoever reads it finds out what is wrong."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.commit([BirthPico(ANN, None, 0, b"born"), AppendRecord(ANN, 1, EventId("e"), b"one")])
    await journal.close()
    with sqlite3.connect(tmp_path / "j", isolation_level=None) as connection:
        connection.execute("UPDATE records SET body = 'two'")
        connection.execute("UPDATE picos SET snapshot = 'made'")
    journal = SqliteJournal(tmp_path / "j")
    assert journal.load(ANN) == Stored(0, b"made", [b"two"], [])
    assert list(journal.records(ANN, 1, 1)) == [journal.find_record(ANN, EventId("e"))] == [b"two"]
    await journal.close()


@in_loop
async def test_the_ends_of_an_older_format_are_those_of_its_records(tmp_path: Path) -> None:
    """What was lost before cannot be known; from now on it is."""
    ann, bob = new_pico(PicoId("ann")), new_pico(PicoId("bob"))
    store_as_format_2(tmp_path / "j", (ann, [b"one", b"two"]), (bob, []))
    journal = SqliteJournal(tmp_path / "j")
    assert journal.end(ann.id) == (2, record_hash(b"two"))
    assert journal.end(bob.id) is None
    await journal.close()


@in_loop
async def test_picos_of_an_older_format_are_known_by_their_rulesets(tmp_path: Path) -> None:
    """As they are after their last records. One that cannot be read does not keep the others out."""
    ann, bob, eve = (having(new_pico(PicoId(name)), ("r", "file:r", OLD)) for name in ("ann", "bob", "eve"))
    store_as_format_2(tmp_path / "j", (ann, [record_of_replacing(ann)]), (bob, []), (eve, [b"scribble"]))
    journal = SqliteJournal(tmp_path / "j")
    assert list(journal.places()) == [Place("file:r", OLD, 1), Place("file:r", NEW, 1)]
    assert list(journal.holders("file:r", NEW)) == [ann.id]
    assert list(journal.holders("file:r", OLD)) == [bob.id]
    await journal.close()


def test_a_crash_while_a_journal_is_brought_up_to_date_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and what is filled into them become durable together; the next start does it again."""

    class Crash(Exception):
        pass

    def crash(connection: sqlite3.Connection) -> None:
        raise Crash

    path = tmp_path / "j"
    store_as_format_2(path, (having(new_pico(ANN), ("r", "file:r", OLD)), []))
    before = tables_of(path)
    with monkeypatch.context() as patch:
        patch.setitem(FILLS, 2, crash)
        with pytest.raises(Crash):
            SqliteJournal(path)
    assert tables_of(path) == before
    assert read_after_opening(path) == (None, [])
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT pico FROM ruleset_holders").fetchall() == [(ANN,)]


def tables_of(path: Path) -> set[tuple[str, ...]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    return {(name, " ".join((sql or "").split())) for name, sql in rows}


def read_after_opening(path: Path) -> tuple[str | None, list[object]]:
    """A fact and the errands of a journal."""
    found: list[tuple[str | None, list[object]]] = []

    @in_loop
    async def read() -> None:
        journal = SqliteJournal(path)
        found.append((journal.fact("a"), list(journal.errands())))
        await journal.close()

    read()
    return found[0]


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """An SQLite file with tables of its own is not taken for a journal."""
    path = tmp_path / "other"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with pytest.raises(JournalUnreadable, match="not a journal"):
        SqliteJournal(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "text"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(JournalUnreadable, match=str(path)):
        SqliteJournal(path)


@in_loop
async def _make(path: Path) -> None:
    await SqliteJournal(path).close()


@in_loop
async def test_what_is_written_is_put_in_its_place_beside_other_commits(tmp_path: Path) -> None:
    """The log has not to be moved by a commit of somebody who happens to come."""
    journal = SqliteJournal(tmp_path / "j")
    ann = PicoId("ann")
    for place in range(8):
        await journal.commit([KeepPart(ann, place, bytes(1 << 18))])
    await journal.settle()
    moved = (tmp_path / "j").stat().st_size
    assert moved > 8 << 18
    commit = journal.commit([SetFact("one", "more")])
    await asyncio.gather(commit, journal.settle())
    assert journal.fact("one") == "more"
    assert journal.loose_parts() == 8
    await journal.close()
    await journal.settle()
