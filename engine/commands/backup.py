"""`picomesh backup` and `restore-home`: all that an engine has, as one file, and a home made of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.filesize import decimal
from rich.markup import escape

from engine.adapters.keys import KeysUnusable, SeedFile
from engine.adapters.local.backups import Backup, BackupFailed, restore_backup, write_backup
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.progress import progress
from engine.commands.settings import read_settings
from engine.config import default_home
from engine.core.timekeeping import to_iso
from engine.version import VERSION
from engine.wiring import SEED_FILE

SPARE = 2
"""How often a home is on the disk while a backup of it is made: as copies, and as the file."""


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--home", type=click.Path(path_type=Path), help="The home that is copied [~/.picomesh].")
@json_option
def backup(file: Path | None, home: Path | None, as_json: bool) -> None:
    """Copy a whole home into one file.

    An engine may run on it meanwhile, and goes on: the copy is of one moment. Keys that are sealed with a
    passphrase stay sealed; others are in the file as they are, so keep it as you would keep them. FILE is
    named after the time if you do not name it. `picomesh restore-home` makes a home of it again.

    \b
    Examples:
      picomesh backup
      picomesh backup /mnt/stick/monday.picomesh --home ./my-engine
    """
    settings, now_ms = read_settings(home=home), int(time.time() * 1000)
    target = file or Path(f"picomesh-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now_ms / 1000))}.backup")
    try:
        with progress() as tell:
            made = write_backup(settings.home, target, now_ms, VERSION, tell)
    except BackupFailed as problem:
        raise Failure(str(problem), problem.hint) from None
    except OSError as problem:
        raise _unwritten(target, problem) from None
    is_sealed = _is_sealed(settings.home)
    if as_json:
        print_json({"file": str(target), "sealed": is_sealed, **_told(made)})
        return
    size = decimal(target.stat().st_size)
    console.print(f"[green]{escape(str(target))}[/]  {size}, {len(made.parts)} files, checked")
    if is_sealed:
        console.print("  the keys in it are sealed with their passphrase: it takes that to use them")
    else:
        console.print("  [yellow]the keys in it are in the open:[/] who has the file has the engine's keys")
        console.print("  [dim]`picomesh passphrase` seals them, while the engine is stopped[/]")


def _is_sealed(home: Path) -> bool:
    try:
        return SeedFile(home / SEED_FILE).is_sealed()
    except KeysUnusable:
        return False


def _unwritten(target: Path, problem: OSError) -> Failure:
    hint = f"it takes room for the home {SPARE} times over" if problem.errno == 28 else None
    return Failure(f"{target} could not be written: {problem.strerror}; nothing is left of it", hint)


def _told(made: Backup) -> dict[str, Any]:
    files = [{"name": part.name, "bytes": part.bytes, "sha256": part.sha256} for part in made.parts]
    return {"made": to_iso(made.made_ms), "version": made.version, "bytes": made.bytes, "files": files}


@click.command("restore-home")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--home", type=click.Path(path_type=Path), help="The home that is made [~/.picomesh].")
@json_option
def restore_home(file: Path, home: Path | None, as_json: bool) -> None:
    """Make a home of a backup.

    The folder must be empty or not there yet. Each file is checked, and there is no home unless all are
    whole. The new home knows that it was restored, and from when: what happened after the backup is not in
    it. See that the engine that had the home before is not running any more, anywhere: two that act as the
    same picos contradict each other.

    \b
    Examples:
      picomesh restore-home monday.picomesh --home ./my-engine
    """
    target, now_ms = read_settings(home=home).home, int(time.time() * 1000)
    try:
        with progress() as tell:
            found = restore_backup(file, target, now_ms, tell)
    except BackupFailed as problem:
        raise Failure(str(problem), problem.hint) from None
    except OSError as problem:
        raise Failure(f"{target} could not be made: {problem.strerror}; nothing is left of it") from None
    if as_json:
        print_json({"home": str(target), **_told(found)})
        return
    console.print(
        f"[green]{escape(str(target))}[/]  {decimal(found.bytes)}, {len(found.parts)} files, checked"
    )
    console.print(f"  it is as it was at {to_iso(found.made_ms)}: what happened later is not in it")
    console.print("  [yellow]be sure that no other engine runs on what it was made of[/]")
    where = "" if target == default_home() else f" --home {target}"
    console.print(f"  [dim]next: picomesh serve{escape(where)}[/]")
