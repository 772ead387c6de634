"""`picomesh did`: what an engine, a channel of a pico, and you yourself are called by others; new names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from engine.adapters.dids import hash_key
from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.commands.own_did import own_identity
from engine.commands.recovery import recovering_entry, recovery_key
from engine.core.dids import show_did


@click.group()
def did() -> None:
    """Show and change DIDs.

    They are names by which engines, channels of picos and picos themselves are known in DIDComm.
    """


@did.command()
@click.argument("eci", required=False)
@click.option("--me", is_flag=True, help="The DID that `picomesh send did:…` writes from.")
@engine_option
@json_option
def show(eci: str | None, me: bool, url: str | None, as_json: bool) -> None:
    """Print the DID of the engine or, with ECI, of a channel of a pico; `root` stands for the root pico.

    Who has a channel's DID can send it messages from anywhere: like an ECI, it is given to those who may, and
    the channel's policy says what they may do. A channel gets its DID when it is first asked for.

    \b
    Examples:
      picomesh did show
      picomesh did show root
      picomesh did show --me
    """
    if me:
        told = {"did": str(own_identity().did)}
    else:
        with find_engine(url) as engine:
            told = engine.did(eci)
    print_json(told) if as_json else click.echo(told["did"])


@did.command()
@click.argument("eci")
@click.option(
    "--recovery-key",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With a new log: promise this key of yours too; it is made if it is not there.",
)
@engine_option
@json_option
def log(eci: str, file: Path | None, url: str | None, as_json: bool) -> None:
    """Show the name that a pico has for life, and the log that proves it.

    The log is made when it is first asked for. Each entry is signed with a key that the one before promised.
    With --recovery-key a key of yours is promised beside the engine's: the engine knows only its hash, and
    with it the log goes on when the engine's keys are lost (`picomesh did recover`). Keep the file elsewhere.

    \b
    Examples:
      picomesh did log root --recovery-key owner.key
      picomesh did log root --json
    """
    promised = None if file is None else hash_key(recovery_key(file, new=not file.exists()).multikey)
    with find_engine(url) as engine:
        told = engine.life(eci, recovery=promised)
    print_json(told) if as_json else _show_life(told)


@did.command()
@click.argument("eci")
@click.option(
    "--key",
    "old",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The key that was promised.",
)
@click.option(
    "--new-key",
    "new",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Where the one goes that is promised next: each can be used once.",
)
@engine_option
@json_option
def recover(eci: str, old: Path, new: Path, url: str | None, as_json: bool) -> None:
    """Go on with a pico's log by the key that its owner keeps.

    For a pico whose engine has lost its keys, or whose keys somebody else has. The new entry is signed here,
    and promises the key that the engine has now and another one of the owner's.

    \b
    Examples:
      picomesh did recover root --key owner.key --new-key owner-2.key
    """
    signer = recovery_key(old, new=False)
    if new.exists():
        raise Failure(f"{new} is there already", "a key that was promised before is not promised again")
    with find_engine(url) as engine:
        told = engine.life(eci)
        line = recovering_entry(told, signer, recovery_key(new, new=True), time.time())
        told = engine.life(eci, entry=line)
    print_json(told) if as_json else _show_life(told)


def _show_life(told: dict[str, Any]) -> None:
    click.echo(told["did"])
    click.echo(f"  entry {told['epoch']} of {told['changed']}; the first is of {told['since']}")
    others = told["promised"] - 1
    kept = f"keys of others that are promised too: {others}" if others > 0 else "no other key is promised"
    click.echo(f"  {kept}")
    click.echo(f"  for others: {told['address']}")


@did.command()
@click.argument("eci")
@click.option("--log", "in_log", is_flag=True, help="The key of the pico's log instead; its name stays.")
@engine_option
@json_option
def rotate(eci: str, in_log: bool, url: str | None, as_json: bool) -> None:
    """Give a channel of a pico a new DID, with new keys.

    Those with whom the pico has a relationship over it are told, and follow once they have heard; others who
    have the old DID can go on writing to it. One rotation has to be heard by all before the next.

    \b
    Examples:
      picomesh did rotate cm3x…
    """
    with find_engine(url) as engine:
        told = engine.life(eci, rotate=True) if in_log else engine.rotate(eci)
    if as_json:
        print_json(told)
        return
    if in_log:
        _show_life(told)
        return
    click.echo(told["did"])
    for one in told["told"]:
        click.echo(f"  told {show_did(one)}")
    if not told["told"]:
        click.echo("  nobody had to be told")
