"""`picomesh doctor`: whether a home and what protects it are in order, and what to do where they are not.

It looks and changes nothing, with or without an engine that runs on the home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.markup import escape

from engine.adapters.http import read_run_file
from engine.adapters.keys import KeysUnusable, SeedFile
from engine.adapters.local.backups import restored_home
from engine.commands.client import EngineClient
from engine.commands.doctor_machine import disk, installed, plugins, port, service
from engine.commands.engines_shown import tell_ago
from engine.commands.failure import Failure
from engine.commands.finding import Check, Finding
from engine.commands.output import console, json_option, print_json
from engine.commands.own_keys import identity_file
from engine.commands.settings import read_settings
from engine.commands.surface import surface
from engine.config import Settings
from engine.core.timekeeping import to_iso
from engine.did_choice import NO_DID
from engine.wiring import SEED_FILE

OTHERS = 0o077
"""Permissions of anybody but the owner."""
FEW = 5
"""Engines that are named one by one."""
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))

COLOURS = {"good": "green", "note": "yellow", "wrong": "red"}


@click.group(invoke_without_command=True)
@click.option("--home", type=click.Path(path_type=Path), help="The home that is looked at [~/.picomesh].")
@json_option
@click.pass_context
def doctor(context: click.Context, home: Path | None, as_json: bool) -> None:
    """Look whether all is in order.

    That is the home, what protects its keys, where others reach it, and the machine. Nothing is changed.
    The exit code is 1 if something is wrong.

    \b
    Examples:
      picomesh doctor
      picomesh doctor --home ./my-engine --json
      picomesh doctor surface
    """
    if context.invoked_subcommand is not None:
        return
    findings = list(examine(read_settings(home=home)))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            _show(one)
    wrong = sum(one.state == "wrong" for one in findings)
    if wrong:
        raise Failure(f"{wrong} of {len(findings)} things are wrong")


doctor.add_command(surface)


def examine(settings: Settings) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(settings)


def _show(finding: Finding) -> None:
    mark = f"[{COLOURS[finding.state]}]{finding.state:<5}[/]"
    console.print(f"{mark}  {finding.subject:<11} {escape(finding.text)}")
    if finding.hint is not None:
        console.print(f"{'':<19}[dim]{escape(finding.hint)}[/]")


# --- what is looked at -----------------------------------------------------------------------------


def _home(settings: Settings) -> Iterator[Finding]:
    if not settings.home.is_dir():
        yield Finding("home", "note", f"there is no {settings.home} yet", "`picomesh serve` makes it")
        return
    yield _private("home", settings.home, "700") or Finding(
        "home", "good", f"{settings.home}, its owner's alone"
    )


def _past(settings: Settings) -> Iterator[Finding]:
    for one in restored_home(settings.home):
        told = f"this home was made at {to_iso(one.restored_ms)} of a backup of {to_iso(one.made_ms)}"
        yield Finding(
            "restored", "note", told, "what happened in between is not in it, though others may know of it"
        )


def _keys(settings: Settings) -> Iterator[Finding]:
    yield _seed("keys", settings.home / SEED_FILE, "`picomesh passphrase` seals them")
    yield _seed("your keys", identity_file(), "`picomesh passphrase --me` seals them")


def _seed(subject: str, path: Path, hint: str) -> Finding:
    file = SeedFile(path)
    try:
        if not file.exists():
            return Finding(subject, "good", f"there are none yet; they will be in {path}")
        if file.is_sealed():
            return Finding(subject, "good", f"{path}, sealed with a passphrase")
    except KeysUnusable as problem:
        return Finding(subject, "wrong", str(problem))
    return Finding(subject, "note", f"{path} is protected by file permissions alone (0600)", hint)


def _passphrase(settings: Settings) -> Iterator[Finding]:
    if not settings.passphrase_file:
        return
    path = Path(settings.passphrase_file).expanduser()
    if not path.is_file():
        yield Finding("passphrase", "wrong", f"there is no file {path}", "passphrase_file names it")
        return
    yield _private("passphrase", path, "600") or Finding("passphrase", "good", f"{path}, its owner's alone")


def _private(subject: str, path: Path, mode: str) -> Finding | None:
    """What is wrong if others may read it."""
    found = path.stat().st_mode & 0o777
    if not found & OTHERS:
        return None
    return Finding(
        subject, "wrong", f"others can read {path} ({found:o})", f"`chmod {mode} {path}` ends that"
    )


def _engine(settings: Settings) -> Iterator[Finding]:
    note = read_run_file(settings.home)
    if note is None:
        yield Finding("engine", "good", "none runs on this home")
        return
    try:
        with EngineClient(note.url, timeout_s=5, token=note.token) as engine:
            engine.did()
    except Failure as problem:
        yield Finding(
            "engine", "note", f"none answers at {note.url}: {problem.message}", "`picomesh serve` starts it"
        )
        return
    yield Finding("engine", "good", f"runs at {note.url}")


def _reach(settings: Settings) -> Iterator[Finding]:
    """What the DIDs of the engine and its channels say to those who have been given one."""
    if settings.mediator:
        yield Finding("reached by", "good", "the mediator that takes in its mail")
        return
    host = urlsplit(settings.public_url).hostname if settings.public_url else settings.host
    where = settings.public_url or f"{settings.host}, where it listens"
    if host in LOOPBACK:
        told = f"its DIDs say {where}: no place for other machines"
        yield Finding("reached at", "note", told, "the settings public_url or mediator name another")
    else:
        yield Finding("reached at", "good", where)
    if settings.mediator_for != NO_DID:
        yield Finding("mail", "good", "it is taken in for others too (mediator_for)")


def _engines(settings: Settings) -> Iterator[Finding]:
    """The others that it knows, as it last reached them; only an engine that runs can say that."""
    note = read_run_file(settings.home)
    if note is None:
        return
    try:
        with EngineClient(note.url, timeout_s=5, token=note.token) as engine:
            known = [one for one in engine.engines()["engines"] if one["trust"] != "blocked"]
    except Failure:
        return  # that none answers there is said already
    away = [one for one in known if one["problem"] is not None or one["left_at"] is not None]
    for one in away[:FEW]:
        if one["left_at"] is not None:
            told, hint = (
                f"{one['name']} does not know this engine any more",
                "ask its owner for an invitation",
            )
        else:
            told = f"{one['name']} was not reached, last heard {tell_ago(one['heard_at'])}: {one['problem']}"
            hint = "`picomesh engines list --now` asks again; `picomesh engines remove` forgets one"
        yield Finding("engines", "note", told, hint)
    if len(away) > FEW:
        yield Finding("engines", "note", f"and {len(away) - FEW:,} more are not reached")
    if known and not away:
        yield Finding("engines", "good", f"{len(known):,} known, each reached when it was last tried")


def _credentials(settings: Settings) -> Iterator[Finding]:
    if find_spec("didkit") is None:
        told = "there is no didkit for this Python, so none by a did:key can be issued or verified"
        yield Finding("credentials", "note", told, "Python 3.11 and 3.12 have it")
    else:
        yield Finding("credentials", "good", "didkit is there")


def _nodes(settings: Settings) -> Iterator[Finding]:
    """Those that keep blocks: whoever can talk to their RPC commands them."""
    if not settings.ipfs_api.addresses:
        return
    if find_spec("aioipfs") is None:
        yield Finding(
            "IPFS nodes", "wrong", "aioipfs is not installed, which they need", "pip install 'picomesh[ipfs]'"
        )
    for address in settings.ipfs_api.addresses:
        if address.scheme == "http" and address.host not in LOOPBACK:
            told = f"what goes to {address} can be read on the way, also by those who would command the node"
            yield Finding("IPFS node", "note", told, "https, unless that network is yours alone")
        else:
            yield Finding("IPFS node", "good", f"{address}; `picomesh ipfs status` asks it how it is")


CHECKS: tuple[Check, ...] = (
    *(_home, _past, _keys, _passphrase, _engine, _reach, _engines),
    *(_credentials, _nodes),
    *(disk, port, service, plugins, installed),
)
