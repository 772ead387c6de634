"""`picomesh guardian`: what a guardian runs who is asked to approve something. No engine is needed for it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from engine.adapters.dids import CannotWrite, SeedSigner, assent, assent_to_json, did_of_key
from engine.commands.asking import describe, read_file, warning
from engine.commands.failure import Failure
from engine.commands.opening_together import describe_opening, give_share
from engine.commands.output import json_option, print_json
from engine.commands.own_did import own_identity
from engine.commands.own_keys import open_keys
from engine.commands.recovery import read_request
from engine.core.openings import is_request, write_given

PURPOSE = "guardian"
KEY_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def guardian() -> None:
    """Be a guardian of somebody's pico.

    Together with others, a guardian can take it back for its owner: see `picomesh did recover`. A guardian
    needs nothing but a key. `picomesh did show --me` is a DID to be named by, and so is what `picomesh
    guardian key FILE` prints.
    """


@guardian.command()
@click.argument("file", type=KEY_FILE)
@json_option
def key(file: Path, as_json: bool) -> None:
    """Print the DID of the guardian's key in FILE, which is made if it is not there.

    \b
    Examples:
      picomesh guardian key for-ann.key
    """
    is_new = not file.exists()
    did = did_of_key(SeedSigner(_seed_in(file)).multikey)
    print_json({"did": did, "file": str(file), "made": is_new}) if as_json else click.echo(did)
    if is_new and not as_json:
        click.secho(f"made {file}: keep a copy of it; give the DID to whoever names you", dim=True, err=True)


@guardian.command()
@click.argument("request", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option(
    "--key", "key_file", type=KEY_FILE, metavar="FILE", help="Your key; else the one of `did show --me`."
)
@click.option("--out", type=KEY_FILE, metavar="FILE", help="Write the approval there.")
@click.option("--yes", is_flag=True, help="Do not ask whether to.")
@json_option
def approve(request: Path, key_file: Path | None, out: Path | None, yes: bool, as_json: bool) -> None:
    """Show what the REQUEST in a file wants, and approve it if you say so; - reads standard input.

    It is to change the log of a pico (`did recover --ask` and others), or to open its state somewhere else
    (`restore --ask`). Ask whoever sent it by another way, by telephone say, whether it is really theirs: with
    enough approvals a pico is somebody else's. What this prints, or writes with --out, goes back to them.

    \b
    Examples:
      picomesh guardian approve recovery.json --out approval.json
      picomesh guardian approve recovery.json --key for-ann.key --yes > approval.json
    """
    asked_for = read_file(request)
    if is_request(asked_for):
        _open(asked_for, _seed(key_file), str(request) == "-", out, yes, as_json)
        return
    wanted, signer = read_request(asked_for), SeedSigner(_seed(key_file))
    for line in describe(wanted):
        click.echo(line, err=True)
    lost = warning(wanted)
    if lost is not None:
        click.secho(f"  careful: {lost}", fg="yellow", err=True)
    try:
        given = assent(wanted, signer, time.time())
    except CannotWrite as problem:
        raise Failure(str(problem), "with another key of yours: --key FILE") from None
    if not yes:
        _ask_whether(str(request) == "-")
    text = assent_to_json(given)
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text)
    if as_json:
        print_json({"guardian": given.guardian, "versionId": given.approval.version_id, "file": str(out)})
    else:
        click.echo(f"approved; send {out} back to whoever asked")


def _open(text: str, seed: bytes, is_piped: bool, out: Path | None, yes: bool, as_json: bool) -> None:
    given, asked = give_share(text, seed)
    for line in describe_opening(asked):
        click.echo(line, err=True)
    if not yes:
        _ask_whether(is_piped)
    if out is None:
        click.echo(write_given(given), nl=False)
        return
    _write(out, write_given(given))
    if as_json:
        print_json({"guardian": given.guardian, "did": given.did, "head": given.head, "file": str(out)})
    else:
        click.echo(f"given; send {out} back to whoever asked")


def _ask_whether(is_piped: bool) -> None:
    if is_piped or not sys.stdin.isatty():
        raise Failure("nothing is approved without being asked", "--yes, once you have read what it wants")
    if not click.confirm("Approve it?", err=True):
        raise Failure("not approved")


def _seed(file: Path | None) -> bytes:
    if file is None:
        return own_identity().signer().seed
    if not file.exists():
        raise Failure(f"there is no key {file}", "`picomesh guardian key FILE` makes one")
    return _seed_in(file)


def _seed_in(file: Path) -> bytes:
    return open_keys(file).derive(PURPOSE)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {problem.strerror}") from None
