"""What the commands about credentials share: the home's store and key, and texts in and out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.adapters.credentials import (
    STORE_FILE,
    CannotIssue,
    Credential,
    CredentialStore,
    Didkit,
    DidkitMissing,
    StoreUnusable,
    open_store,
    sign_list,
    to_date,
)
from engine.adapters.keys import KeysUnusable, SeedFile, SeedKeys
from engine.adapters.local.home import HomeBusy, take_home
from engine.commands.failure import Failure
from engine.commands.passphrase import find_passphrase
from engine.commands.settings import read_settings
from engine.config import Settings
from engine.wiring import SEED_FILE

DAY_S = 86_400
LARGEST_FILE = 1 << 20

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="The home whose key and credentials are meant."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with."""

    settings: Settings
    store: CredentialStore
    didkit: Didkit

    def keys(self, make: bool = False) -> SeedKeys:
        """The engine's, from which the home's and those of its picos follow, so that they are sealed and kept
        with it."""
        file = SeedFile(self.settings.home / SEED_FILE)
        try:
            if not file.exists():
                _make_seed(file, self.settings, make)
            return SeedKeys(file.open(find_passphrase(self.settings)))
        except KeysUnusable as problem:
            raise Failure(str(problem)) from None


def _make_seed(file: SeedFile, settings: Settings, make: bool) -> None:
    """With the home to oneself, since an engine that starts makes one too."""
    if not make:
        raise Failure(f"{file.path} is missing, so nothing can be signed here: put a copy of it in its place")
    try:
        lock = take_home(settings.home)
    except HomeBusy as busy:
        raise Failure(str(busy)) from None
    try:
        file.open(find_passphrase(settings))
    finally:
        lock.release()
    tell_beside(f"made the key {file.path}: keep a copy of it; `picomesh passphrase` seals it")


@contextmanager
def open_desk(home: Path | None, make: bool = False) -> Iterator[Desk]:
    """Problems become failures that say what to do. A home is made only where something is kept."""
    settings = read_settings(home=home)
    with tell_problems(), ExitStack() as closed:
        store = closed.enter_context(closing(open_store(settings.home / STORE_FILE, make)))
        yield Desk(settings, store, closed.enter_context(Didkit()))


@contextmanager
def tell_problems() -> Iterator[None]:
    try:
        yield
    except CannotIssue as problem:
        raise Failure(f"this cannot be issued: {problem}") from None
    except (StoreUnusable, DidkitMissing) as problem:
        raise Failure(str(problem)) from None


def issue_list(desk: Desk, name: str, days: int) -> str:
    return sign_list(desk.store, name, desk.keys(), int(time.time()), days * DAY_S, desk.didkit)


def describe(found: Credential) -> dict[str, Any]:
    return {
        "id": found.id,
        "types": list(found.types),
        "subject": found.subject,
        "issuer": found.issuer,
        "from": to_date(found.valid_from_s),
        "until": date_or_none(found.valid_until_s),
        "claims": found.claims,
    }


def date_or_none(time_s: int | None) -> str | None:
    return None if time_s is None else to_date(time_s)


def tell_beside(sentence: str) -> None:
    """Beside the output, which is the credential."""
    click.secho(sentence, dim=True, err=True)


def read_text(file: str) -> str:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise Failure(f"{file} cannot be read: {problem.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise Failure(f"{file} has more than {LARGEST_FILE:,} bytes; a credential is much smaller")
    return raw.decode("utf-8", "replace")


def write_text(path: Path, text: str) -> None:
    """Whole or not at all."""
    aside = path.with_name(path.name + ".new")
    try:
        aside.write_text(text, "utf-8")
        os.replace(aside, path)
    except OSError as problem:
        raise Failure(
            f"{path} cannot be written: {problem.strerror}; `picomesh credential list` has it"
        ) from None
