"""Which engines of this user run where: so that a command that is told a URL finds the home, and with it a
token.

A note says where a home is and nothing else; the token is in the home, for its owner alone. Notes of engines
that are gone stay until another one starts. Without them commands need a token of their own, and say so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from engine.adapters.http import RunFile, read_run_file
from engine.config import default_home

log = structlog.get_logger("picomesh")

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
PORTS = {"http": 80, "https": 443}

Place = tuple[str, str, int | None]


def notes_folder() -> Path:
    """Where the system wants what a program remembers from one run to the next."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "picomesh" / "engines"


def note_home(home: Path, urls: Sequence[str]) -> None:
    """Say that the engine of a home is reached there. An engine that cannot say it runs all the same."""
    try:
        folder = notes_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_the_gone(folder)
        fresh = folder / f"{_name(home)}.new"
        fresh.write_text(json.dumps({"home": str(home), "urls": [url for url in urls if url]}) + "\n")
        fresh.chmod(0o600)
        os.replace(fresh, folder / f"{_name(home)}.json")
    except (OSError, RuntimeError) as problem:
        log.warning("commands that are told the URL of this engine will need a token", reason=str(problem))


def forget_home(home: Path) -> None:
    try:
        (notes_folder() / f"{_name(home)}.json").unlink(missing_ok=True)
    except (OSError, RuntimeError):
        return


def find_token(url: str) -> str | None:
    """Of the engine at that URL, if it runs on a home that is ours to read."""
    place = _place(url)
    for home, urls in _notes():
        note = read_run_file(home)
        if note is not None and place in map(_place, [*urls, note.url]):
            return note.token or None
    return None


def _notes() -> Iterator[tuple[Path, list[str]]]:
    yield default_home(), []
    try:
        files = sorted(notes_folder().glob("*.json"))
    except (OSError, RuntimeError):
        return
    for file in files:
        try:
            told = json.loads(file.read_text())
            yield Path(told["home"]), list(told["urls"])
        except (OSError, ValueError, TypeError, KeyError):
            continue


def _forget_the_gone(folder: Path) -> None:
    for file in folder.glob("*.json"):
        try:
            note = read_run_file(Path(json.loads(file.read_text())["home"]))
        except (OSError, ValueError, TypeError, KeyError):
            note = None
        if note is None or not _runs(note):
            file.unlink(missing_ok=True)


def _runs(note: RunFile) -> bool:
    try:
        os.kill(note.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _name(home: Path) -> str:
    return sha256(str(home).encode()).hexdigest()[:16]


def _place(url: str) -> Place:
    """What two URLs of one engine have in common."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", url, None
    return parts.scheme, "127.0.0.1" if host in LOOPBACK else host, port or PORTS.get(parts.scheme)
