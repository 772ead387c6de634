"""`picomesh did`: what an engine, a channel of a pico, and you yourself are called by others; new names."""

from __future__ import annotations

import click

from engine.commands.client import engine_option, find_engine
from engine.commands.output import json_option, print_json
from engine.commands.own_did import own_identity
from engine.core.dids import show_did


@click.group()
def did() -> None:
    """Show DIDs: names by which engines and channels are reached in DIDComm."""


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
@engine_option
@json_option
def rotate(eci: str, url: str | None, as_json: bool) -> None:
    """Give a channel of a pico a new DID, with new keys.

    Those with whom the pico has a relationship over it are told, and follow once they have heard; others who
    have the old DID can go on writing to it. One rotation has to be heard by all before the next.

    \b
    Example:
      picomesh did rotate cm3x…
    """
    with find_engine(url) as engine:
        told = engine.rotate(eci)
    if as_json:
        print_json(told)
        return
    click.echo(told["did"])
    for one in told["told"]:
        click.echo(f"  told {show_did(one)}")
    if not told["told"]:
        click.echo("  nobody had to be told")
