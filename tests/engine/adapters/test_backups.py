"""Backups of homes: whole, of one moment, and refused by name when they are not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from engine.adapters.keys import SeedFile
from engine.adapters.local.backups import (
    BackupFailed,
    restore_backup,
    restored_home,
    write_backup,
)
from engine.adapters.local.journal import SqliteJournal
from engine.ports import SetFact
from engine.runtime.restored import Restored
from tests.engine.in_loop import in_loop

MADE_MS, LATER_MS = 1_700_000_000_000, 1_700_000_100_000


def a_home(path: Path) -> Path:
    """With a journal, a key and a file in a folder; and with what is not kept."""
    path.mkdir()
    SeedFile(path / "engine.key").open("secret")
    (path / "credentials").mkdir()
    (path / "credentials" / "store.json").write_text("{}" * 1000)
    (path / "engine.lock").write_text("{}")
    (path / "programs").mkdir()
    (path / "programs" / "a.program").write_text("compiled")
    return path


async def _with_facts(home: Path, **facts: str) -> None:
    journal = SqliteJournal(home / "journal.sqlite")
    await journal.commit([SetFact(name, value) for name, value in facts.items()])
    await journal.close()


def fact(home: Path, name: str) -> str | None:
    with closing(sqlite3.connect(home / "journal.sqlite")) as connection:
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Of a home with the fact `colour`."""
    home = a_home(tmp_path / "home")
    asyncio.run(_with_facts(home, colour="green"))
    write_backup(home, tmp_path / "one.backup", MADE_MS, "0.1")
    return tmp_path / "one.backup"


def test_a_home_comes_back_as_it_was(backup: Path, tmp_path: Path) -> None:
    """Its facts, its keys under their passphrase, and its other files; not what an engine makes anew."""
    home = tmp_path / "again"
    restore_backup(backup, home, LATER_MS)
    assert fact(home, "colour") == "green"
    assert SeedFile(home / "engine.key").is_sealed()
    assert (home / "credentials" / "store.json").read_text() == "{}" * 1000
    assert not (home / "engine.lock").exists()
    assert not (home / "programs").exists()
    assert home.stat().st_mode & 0o777 == 0o700
    assert backup.stat().st_mode & 0o777 == 0o600


@in_loop
async def test_a_backup_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    """What is committed while the journal is open and busy is in it; what comes later is not."""
    home = a_home(tmp_path / "home")
    journal = SqliteJournal(home / "journal.sqlite")
    await journal.commit([SetFact("before", "1")])
    write_backup(home, tmp_path / "one.backup", MADE_MS, "0.1")
    await journal.commit([SetFact("after", "1")])
    await journal.close()
    restore_backup(tmp_path / "one.backup", tmp_path / "again", LATER_MS)
    assert fact(tmp_path / "again", "before") == "1"
    assert fact(tmp_path / "again", "after") is None


@in_loop
async def test_a_restored_journal_is_one_that_an_engine_can_use(backup: Path, tmp_path: Path) -> None:
    """It reads and writes at once again, which a copy of SQLite's has forgotten."""
    home = tmp_path / "again"
    restore_backup(backup, home, LATER_MS)
    await _with_facts(home, more="yes")
    with closing(sqlite3.connect(home / "journal.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@in_loop
async def test_a_home_remembers_each_time_it_was_restored(backup: Path, tmp_path: Path) -> None:
    """Also through a backup of the restored one."""
    first, second = tmp_path / "first", tmp_path / "second"
    restore_backup(backup, first, LATER_MS)
    write_backup(first, tmp_path / "two.backup", LATER_MS + 1, "0.1")
    restore_backup(tmp_path / "two.backup", second, LATER_MS + 2)
    once, files = Restored(MADE_MS, LATER_MS), sorted(first.iterdir())
    assert restored_home(first) == (once,)
    assert sorted(first.iterdir()) == files, "looking leaves nothing behind"
    assert restored_home(second) == (once, Restored(LATER_MS + 1, LATER_MS + 2))
    assert restored_home(tmp_path / "home") == () == restored_home(tmp_path / "nowhere")


def test_a_home_with_something_in_it_is_left_alone(backup: Path, tmp_path: Path) -> None:
    """Whatever it is."""
    home = tmp_path / "again"
    home.mkdir()
    (home / "mine").write_text("x")
    with pytest.raises(BackupFailed, match="is not empty"):
        restore_backup(backup, home, LATER_MS)
    assert [one.name for one in home.iterdir()] == ["mine"]


def test_a_backup_replaces_nothing_and_lies_elsewhere(backup: Path, tmp_path: Path) -> None:
    """One that is there stays; in the home it would be lost with it; without a journal it is no home."""
    before, home = backup.read_bytes(), tmp_path / "home"
    with pytest.raises(BackupFailed, match="is there already"):
        write_backup(home, backup, MADE_MS, "0.1")
    with pytest.raises(BackupFailed, match="in the home itself"):
        write_backup(home, home / "inside", MADE_MS, "0.1")
    with pytest.raises(BackupFailed, match="is no home"):
        write_backup(tmp_path, tmp_path.parent / "x.backup", MADE_MS, "0.1")
    assert backup.read_bytes() == before
    assert not (home / "inside").exists()


def places_of(backup: Path) -> list[tuple[str, int, int]]:
    """Each member with the places where its content begins and ends."""
    with tarfile.open(backup) as tar:
        return [(one.name, one.offset_data, one.offset_data + one.size) for one in tar.getmembers()]


@pytest.mark.parametrize("member", range(5))
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_flipped_bit_is_found_in_every_file(member: int, where: str, backup: Path, tmp_path: Path) -> None:
    """Whichever file it is in, also in what the backup says of itself; there is no home then."""
    places = places_of(backup)
    assert len(places) == 5
    _, begin, end = places[member]
    place = {"first": begin, "middle": (begin + end) // 2, "last": end - 1}[where]
    data = bytearray(backup.read_bytes())
    data[place] ^= 1
    backup.write_bytes(data)
    with pytest.raises(BackupFailed, match="was cut short or altered"):
        restore_backup(backup, tmp_path / "again", LATER_MS)
    assert not (tmp_path / "again").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "one.backup"]


def test_a_backup_that_is_cut_short_is_refused(backup: Path, tmp_path: Path) -> None:
    """Wherever it ends before its last file does."""
    data, (_, _, end) = backup.read_bytes(), places_of(backup)[-1]
    for size in (0, 100, 600, 3000, end // 2, end - 1):
        backup.write_bytes(data[:size])
        with pytest.raises(BackupFailed, match=r"cut short or altered|is no backup"):
            restore_backup(backup, tmp_path / "again", LATER_MS)
    assert not (tmp_path / "again").exists()


def test_a_file_that_is_no_backup_is_called_that(tmp_path: Path) -> None:
    """Be it a tar of something else."""
    other = tmp_path / "other.tar"
    (tmp_path / "x").write_text("x")
    with tarfile.open(other, "w") as tar:
        tar.add(tmp_path / "x", "x")
    with pytest.raises(BackupFailed, match="is no backup of a home"):
        restore_backup(other, tmp_path / "again", LATER_MS)


def test_nothing_is_left_of_a_backup_that_fails(tmp_path: Path) -> None:
    """As of a journal that is damaged."""
    home = a_home(tmp_path / "home")
    (home / "journal.sqlite").write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    with pytest.raises(BackupFailed, match="cannot be copied"):
        write_backup(home, tmp_path / "one.backup", MADE_MS, "0.1")
    assert [one.name for one in tmp_path.iterdir()] == ["home"]
