"""`picomesh passphrase`, and where `serve` gets the passphrase of the engine's keys from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.markup import escape

from engine.adapters.keys import KeysUnusable, SeedFile
from engine.adapters.local.home import HomeBusy, take_home
from engine.commands.failure import CannotStart, Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.own_keys import identity_file, is_terminal, passphrase_of
from engine.commands.settings import read_settings
from engine.config import NEW_PASSPHRASE, PASSPHRASE, Settings
from engine.wiring import SEED_FILE

LONGEST = 1 << 16
"""Characters that are read of what is piped in."""


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The folder the engine lives in [~/.picomesh].")
@click.option("--me", is_flag=True, help="The keys of the DID that you write from instead.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A key of yours in this file instead, as `picomesh did log --recovery-key` makes it.",
)
@click.option(
    "--new-file",
    "new",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="The new passphrase stands in this file.",
)
@click.option("--remove", is_flag=True, help="Leave the file open: only its permissions protect it then.")
@json_option
def passphrase(
    home: Path | None, me: bool, file: Path | None, new: Path | None, remove: bool, as_json: bool
) -> None:
    """Protect an engine's keys by a passphrase.

    The engine has to be stopped. It asks for the passphrase from then on when it starts from a terminal;
    elsewhere it takes it from PICOMESH_PASSPHRASE, or from the file that the setting passphrase_file names.
    The keys stay what they are, and so does everything that is sealed for them. For keys of your own it is
    PICOMESH_OWN_PASSPHRASE.

    The new passphrase is asked for at a terminal. For programs it stands in the file that --new-file names,
    or in PICOMESH_NEW_PASSPHRASE, or is piped in.

    \b
    Examples:
      picomesh passphrase
      picomesh passphrase --new-file phrase.txt
      picomesh passphrase --me
      picomesh passphrase --file owner.key
    """
    if remove and new is not None:
        raise click.UsageError("--remove leaves no passphrase, so there is no --new-file")
    if me or file is not None:
        changed = _seal_own(SeedFile(file or identity_file()), new, remove)
    else:
        changed = _seal_engine(home, new, remove)
    if as_json:
        print_json({"file": str(changed), "sealed": not remove})
        return
    console.print(f"{escape(str(changed))} is [bold]{'not sealed any more' if remove else 'sealed'}[/]")


def _seal_own(file: SeedFile, new: Path | None, remove: bool) -> Path:
    try:
        return _change(file, passphrase_of(file), new, remove)
    except KeysUnusable as problem:
        raise Failure(str(problem)) from None


def _seal_engine(home: Path | None, new: Path | None, remove: bool) -> Path:
    settings = read_settings(home=home)
    try:
        lock = take_home(settings.home)
    except HomeBusy as busy:
        raise Failure(str(busy), "stop it first: it would go on with what it has read") from None
    try:
        file = SeedFile(settings.home / SEED_FILE)
        return _change(file, find_passphrase(settings) if file.is_sealed() else None, new, remove)
    except KeysUnusable as problem:
        raise Failure(str(problem)) from None
    finally:
        lock.release()


def _change(file: SeedFile, old: str | None, new: Path | None, remove: bool) -> Path:
    if file.exists():
        file.open(old)  # a wrong one is told before anybody thinks of a new one
    file.change_passphrase(old, None if remove else _find_new(new))
    return file.path


def _find_new(file: Path | None) -> str:
    """From a file that was named, else from the environment, else from whoever sits at the terminal."""
    if file is not None:
        return _read(file)
    given = os.environ.get(NEW_PASSPHRASE)
    if given:
        return given
    if is_terminal():
        return str(click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    return _piped()


def _piped() -> str:
    """Read as it is: a prompt would complain that nobody's typing can be hidden. Whoever pipes it in as one
    types it gives it twice."""
    lines = set(() if sys.stdin is None else sys.stdin.read(LONGEST).splitlines())
    if len(lines) > 1:
        raise Failure("the lines that were piped in differ, so nothing was changed", "one line is enough")
    found = "".join(lines)
    if not found:
        raise Failure(
            "no new passphrase was given, so nothing was changed",
            f"name a file with it: --new-file FILE, put it into {NEW_PASSPHRASE}, or type it at a terminal",
        )
    return found


def find_passphrase(settings: Settings) -> str | None:
    """From the environment, else from a file, else from whoever sits at the terminal if one is needed."""
    given = os.environ.get(PASSPHRASE)
    if given:
        return given
    if settings.passphrase_file:
        return _read(Path(settings.passphrase_file).expanduser())
    try:
        is_needed = SeedFile(settings.home / SEED_FILE).is_sealed()
    except KeysUnusable:
        return None  # whoever opens it says what is wrong
    if is_needed and is_terminal():
        return str(click.prompt("Passphrase of the engine's keys", hide_input=True, err=True))
    return None


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotStart(f"the passphrase cannot be read from {path}: {problem}") from None
    if not text:
        raise CannotStart(f"{path} is empty, so it is no passphrase", "write it on the first line")
    return text


def tell_protection(home: Path) -> str:
    """What protects its keys, for whoever starts an engine."""
    if SeedFile(home / SEED_FILE).is_sealed():
        return "sealed with a passphrase"
    return "protected by file permissions alone; `picomesh passphrase` seals them"
