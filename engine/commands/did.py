"""`picomesh did`: what an engine, a channel of a pico, and you yourself are called by others."""

from __future__ import annotations

import click

from engine.commands.client import engine_option, find_engine
from engine.commands.output import json_option, print_json
from engine.commands.own_did import own_identity


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
