"""A home as one file, taken while an engine runs on it, and a home made of such a file.

The file is a tar. Its first member, `backup.json`, says what follows: names, sizes and SHA-256; the second is
the SHA-256 of the first. Files of SQLite are copied as of one moment each, the journal first, so that no
head it knows of is newer than the blocks that come after it. What an engine makes anew is left out: locks,
the note of where it runs, compiled rulesets.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, BinaryIO

from engine.core.model import PicoId
from engine.runtime.lives import LOG
from engine.runtime.restored import RESTORED, Restored, read_restored, write_restored
from engine.runtime.seals import COPIED, from_copy

KIND = "picomesh backup"
FORMAT = 1
CONTENTS, VOUCHER = "backup.json", "backup.sha256"
LARGEST_CONTENTS = 16 << 20
JOURNAL = "journal.sqlite"
NOT_KEPT = frozenset(("engine.lock", "engine.json", "engine.json.new"))
NOT_KEPT_FOLDERS = frozenset(("programs",))
NOT_KEPT_ENDINGS = ("-wal", "-shm", "-journal", ".part")
SQLITE = b"SQLite format 3\0"
PIECE = 1 << 20
LOOK_EVERY = 200_000
"""Steps of SQLite's between two looks at how far a copy has come: some milliseconds."""

Tell = Callable[[str, int, int], None]
"""Is told what is being done, how many bytes of it are done, and of how many."""


class BackupFailed(Exception):
    """A backup that cannot be made or used. The message says why, `hint` what to do; nothing was changed."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a home."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself."""

    made_ms: int
    version: str
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


def say_nothing(what: str, done: int, of: int) -> None:
    """For those who do not watch."""


# --- making one ------------------------------------------------------------------------------------


def write_backup(home: Path, target: Path, now_ms: int, version: str, tell: Tell = say_nothing) -> Backup:
    """One file of a whole home, of which there is nothing until all of it is durable. Raises `BackupFailed`
    and `OSError`."""
    _check_places(home, target)
    with _draft_beside(target) as draft:
        copies = draft / "home"
        copies.mkdir()
        parts = tuple(_copy(home, name, copies, tell) for name in _names(home))
        backup = Backup(now_ms, version, parts)
        whole = draft / "backup"
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _write_tar(backup, copies, file, tell)
            file.flush()
            os.fsync(file.fileno())
        _link(whole, target)
    _sync(target.parent)
    return backup


def _check_places(home: Path, target: Path) -> None:
    if not (home / JOURNAL).is_file():
        raise BackupFailed(f"{home} is no home of an engine: there is no {JOURNAL}", "--home names another")
    if target.exists():
        raise BackupFailed(f"{target} is there already", "name another file; a backup replaces nothing")
    if not target.parent.is_dir():
        raise BackupFailed(f"there is no folder {target.parent}", "make it, or name another")
    if target.resolve().is_relative_to(home.resolve()):
        raise BackupFailed(f"{target} is in the home itself, and would be lost with it", "name another place")


def _link(whole: Path, target: Path) -> None:
    try:
        os.link(whole, target)  # unlike a rename it replaces nothing
    except FileExistsError:
        raise BackupFailed(f"{target} is there already", "name another file") from None
    except OSError:
        whole.replace(target)  # a file system without links


@contextmanager
def _draft_beside(target: Path) -> Iterator[Path]:
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _names(home: Path) -> Sequence[str]:
    """What belongs to a home, the journal first."""
    found = []
    for folder, folders, files in os.walk(home):
        folders[:] = [one for one in folders if one not in NOT_KEPT_FOLDERS and not one.endswith(".part")]
        kept = (one for one in files if one not in NOT_KEPT and not one.endswith(NOT_KEPT_ENDINGS))
        found += [(Path(folder) / one).relative_to(home).as_posix() for one in kept]
    return sorted(found, key=lambda name: (name != JOURNAL, name))


def _copy(home: Path, name: str, copies: Path, tell: Tell) -> Part:
    source, copy = home / name, copies / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        is_sqlite = file.read(len(SQLITE)) == SQLITE
    if is_sqlite:
        _copy_database(source, copy, tell)
    else:
        shutil.copyfile(source, copy)
    digest, size = hashlib.sha256(), copy.stat().st_size
    with copy.open("rb") as file:
        for piece in _pieces(file, size, f"checking {name}", tell):
            digest.update(piece)
    return Part(name, size, digest.hexdigest())


def _copy_database(source: Path, copy: Path, tell: Tell) -> None:
    """As it is at this moment, while others write: `VACUUM INTO` reads in one transaction. SQLite's other
    way, page by page, begins anew whenever somebody writes, and would come to no end under load."""
    size = source.stat().st_size
    what = f"copying {source.name}"

    def look() -> int:
        tell(what, min(copy.stat().st_size, size) if copy.exists() else 0, size)
        return 0

    try:
        with closing(_connect(source)) as connection:
            connection.set_progress_handler(look, LOOK_EVERY)
            connection.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            # A copy has forgotten it, and an engine reads and writes at once.
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as problem:
        raise BackupFailed(f"{source} cannot be copied: {problem}") from problem


def _write_tar(backup: Backup, copies: Path, file: BinaryIO, tell: Tell) -> None:
    contents = json.dumps({"kind": KIND, "format": FORMAT, **asdict(backup)}, indent=1).encode() + b"\n"
    vouched = hashlib.sha256(contents).hexdigest().encode() + b"\n"
    done, whole = 0, backup.bytes
    with tarfile.open(mode="w|", fileobj=file, format=tarfile.PAX_FORMAT) as tar:
        for name, data in ((CONTENTS, contents), (VOUCHER, vouched)):
            tar.addfile(_entry(name, len(data), backup.made_ms), io.BytesIO(data))
        for part in backup.parts:
            tell("writing", done, whole)
            with (copies / part.name).open("rb") as copy:
                tar.addfile(_entry(part.name, part.bytes, backup.made_ms), copy)
            done += part.bytes
        tell("writing", whole, whole)


def _entry(name: str, size: int, made_ms: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, made_ms // 1000
    return entry


# --- using one -------------------------------------------------------------------------------------


def restore_backup(source: Path, home: Path, now_ms: int, tell: Tell = say_nothing) -> Backup:
    """A home made of a backup, which has to be whole; there is none as long as it is not. The journal says
    from then on that it was. Raises `BackupFailed` and `OSError`."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupFailed(
            f"{home} is not empty, and a backup replaces nothing",
            "name another folder with --home, or move that one away",
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    with _draft_beside(home) as draft:
        fresh = draft / "home"
        fresh.mkdir(mode=0o700)
        with source.open("rb") as file:
            backup = _read_tar(source, file, fresh, tell)
        _note_restored(fresh / JOURNAL, Restored(backup.made_ms, now_ms))
        for folder, _, _ in os.walk(fresh):
            _sync(Path(folder))
        fresh.replace(home)
    _sync(home.parent)
    return backup


def _read_tar(source: Path, file: BinaryIO, fresh: Path, tell: Tell) -> Backup:
    try:
        with tarfile.open(mode="r|", fileobj=file) as tar:
            backup = _read_contents(source, tar)
            done = 0
            for part in backup.parts:
                for piece in _extract(source, tar, part, fresh):
                    done += piece
                    tell("reading", done, backup.bytes)
            if tar.next() is not None:
                raise _altered(source, "more is in it than it says")
            return backup
    except tarfile.TarError as problem:
        raise _altered(source, str(problem)) from None


def _read_contents(source: Path, tar: tarfile.TarFile) -> Backup:
    contents = _small(source, tar, CONTENTS)
    vouched = _small(source, tar, VOUCHER)
    if hashlib.sha256(contents).hexdigest().encode() + b"\n" != vouched:
        raise _altered(source, f"{CONTENTS} is not what was written")
    try:
        said = json.loads(contents)
        if (said["kind"], said["format"]) != (KIND, FORMAT):
            raise BackupFailed(
                f"{source} is a backup of format {said['format']}; this version reads {FORMAT}",
                "use the version that wrote it, or a newer one",
            )
        parts = tuple(Part(**part) for part in said["parts"])
        names = [part.name for part in parts]
        if JOURNAL in names and len({*names}) == len(names) and all(map(_is_inside, names)):
            return Backup(said["made_ms"], said["version"], parts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise _altered(source, "what it says is in it is no home")


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and not {"", ".", ".."} & {*name.split("/")} and "\0" not in name


def _small(source: Path, tar: tarfile.TarFile, name: str) -> bytes:
    entry = tar.next()
    if entry is None or entry.name != name or not entry.isreg() or entry.size > LARGEST_CONTENTS:
        raise BackupFailed(f"{source} is no backup of a home", "`picomesh backup FILE` makes one")
    return _opened(source, tar, entry).read()


def _opened(source: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(entry)
    if file is None:
        raise _altered(source, f"{entry.name} in it is no file")
    return file


def _extract(source: Path, tar: tarfile.TarFile, part: Part, fresh: Path) -> Iterator[int]:
    """The sizes of the pieces in which it is written; it is durable, and the right one, at the end."""
    entry = tar.next()
    if entry is None:
        raise _altered(source, f"it ends too soon: {part.name} is missing")
    if (entry.name, entry.size) != (part.name, part.bytes) or not entry.isreg():
        raise _altered(source, f"{part.name} should follow, and {entry.name} does")
    target, digest = fresh / part.name, hashlib.sha256()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        data = _opened(source, tar, entry)
        while piece := data.read(PIECE):
            digest.update(piece)
            file.write(piece)
            yield len(piece)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != part.sha256:
        raise _altered(source, f"{part.name} is not what was written")


def _altered(source: Path, what: str) -> BackupFailed:
    return BackupFailed(
        f"{source} was cut short or altered: {what}", "take another copy of it; no home was made of this one"
    )


def _note_restored(journal: Path, now: Restored) -> None:
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        before = read_restored(_fact(connection, RESTORED))
        values = RESTORED, write_restored((*before, now))
        connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", values)
        # Heads may have been signed that this home does not know of; those to come are of new epochs.
        logs = connection.execute("SELECT name FROM facts WHERE name GLOB ?", (f"{LOG}*",)).fetchall()
        copies = [(from_copy(PicoId(name.removeprefix(LOG))), COPIED) for (name,) in logs]
        connection.executemany("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", copies)


def restored_home(home: Path) -> tuple[Restored, ...]:
    """How often, and when, a home was made of a backup. It need not have an engine, and may have one."""
    journal = home / JOURNAL
    if not journal.is_file():
        return ()
    try:
        with closing(_connect(journal)) as connection:
            return read_restored(_fact(connection, RESTORED))
    except sqlite3.Error:
        return ()  # whoever opens it says what is wrong


def _fact(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def _connect(path: Path) -> sqlite3.Connection:
    """As one that writes: one that only reads would leave files behind which it cannot remove."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", isolation_level=None, uri=True)


# --- files -----------------------------------------------------------------------------------------


def _pieces(file: BinaryIO, size: int, what: str, tell: Tell) -> Iterator[bytes]:
    done = 0
    while piece := file.read(PIECE):
        yield piece
        done += len(piece)
        tell(what, done, size)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
