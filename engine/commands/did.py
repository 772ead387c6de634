"""`picomesh did`: what an engine, a channel of a pico, and you yourself are called by others; new names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.commands.asking import Asking, asking_options, publish, write_request
from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.output import json_option, print_json
from engine.commands.own_did import own_identity
from engine.commands.recover import guardians_command, recover_command, show_life
from engine.commands.recovery import owners_file
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
    help="Promise this key of yours too; it is made if it is not there.",
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
    with find_engine(url) as engine:
        if file is None:
            told = engine.life(eci)
        else:
            owner = owners_file(file, new=not file.exists())
            told = engine.name_guardians(eci, {"promise": owner.known(1)})
    print_json(told) if as_json else show_life(told)


@did.command()
@click.argument("eci")
@click.option("--log", "in_log", is_flag=True, help="The key of the pico's log instead; its name stays.")
@asking_options
@engine_option
@json_option
def rotate(eci: str, in_log: bool, asking: Asking, url: str | None, as_json: bool) -> None:
    """Give a channel of a pico a new DID, with new keys.

    Those with whom the pico has a relationship over it are told, and follow once they have heard; others who
    have the old DID can go on writing to it. One rotation has to be heard by all before the next.

    \b
    Examples:
      picomesh did rotate cm3x…
    """
    if (asking.file or asking.request) and not in_log:
        raise click.UsageError("guardians approve changes of the --log, and of nothing else")
    with find_engine(url) as engine:
        if asking.file is not None:
            write_request(asking, engine.request_change(eci, "rotate", {"note": asking.note}), as_json)
            return
        told = _rotate_log(engine, eci, asking) if in_log else engine.rotate(eci)
    if as_json:
        print_json(told)
        return
    if in_log:
        show_life(told)
        return
    click.echo(told["did"])
    for one in told["told"]:
        click.echo(f"  told {show_did(one)}")
    if not told["told"]:
        click.echo("  nobody had to be told")


def _rotate_log(engine: EngineClient, eci: str, asking: Asking) -> dict[str, Any]:
    return engine.life(eci, rotate=True) if asking.request is None else publish(engine, eci, asking)


did.add_command(guardians_command)
did.add_command(recover_command)
