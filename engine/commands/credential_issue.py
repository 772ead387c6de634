"""`picomesh credential issue`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from engine.adapters.credentials import (
    HOME,
    Credential,
    Refused,
    check_statement,
    issue_statement,
    read_unproven,
)
from engine.commands.arguments import read_pairs
from engine.commands.client import engine_option, find_engine
from engine.commands.credential_desk import (
    DAY_S,
    describe,
    home_option,
    open_desk,
    tell_beside,
    tell_problems,
    write_text,
)
from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.ports import Statement


@click.command("issue")
@click.argument("subject")
@click.argument("kind", metavar="TYPE")
@click.argument("claims", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=365, show_default=True, help="How long it is valid."
)
@click.option(
    "--form",
    type=click.Choice(["jwt", "linked-data"]),
    default="jwt",
    show_default=True,
    help="How it is signed. Linked data holds no lists, nulls and fractions.",
)
@click.option("--by", "eci", metavar="ECI", help="The pico that vouches, instead of the home.")
@click.option("--out", type=click.Path(path_type=Path), help="Write it into this file.")
@home_option
@engine_option
@json_option
def issue_command(
    subject: str,
    kind: str,
    claims: tuple[str, ...],
    days: int,
    form: str,
    eci: str | None,
    out: Path | None,
    home: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Issue a credential about SUBJECT, a DID.

    It is signed with a key that follows from the engine's (engine.key in the home, made when there is none),
    and kept in the home, so that it can be revoked. With --by it is a pico of the running engine that
    vouches, by its name for life: the engine signs it, and keeps it in its own home.

    \b
    Examples:
      picomesh credential issue did:web:alice.example FriendCredential since=2024
      picomesh credential issue did:web:host.example EngineCredential role=host --days 30 --out host.jwt
      picomesh credential issue did:web:alice.example FriendCredential since=2024 --by root
    """
    said = Statement(subject, kind, read_pairs(claims), days * DAY_S, form)
    if eci is None:
        made, text, address = *_issue_here(home, said), None
    elif home is None:
        made, text, address = _issue_by(eci, url, said)
    else:
        raise click.UsageError("--home is of no use with --by: the engine keeps it in its own home")
    if out is not None:
        write_text(out, text + "\n")
    if as_json:
        print_json({**describe(made), "credential": text} | ({"address": address} if address else {}))
    elif out is None:
        click.echo(text)
    tell_beside(f"issued {made.id} by {made.issuer}" + ("" if out is None else f", in {out}"))
    if address is not None:
        tell_beside(f"others say where to ask for its keys with --issuer '{address}'")


def _issue_here(home: Path | None, said: Statement) -> tuple[Credential, str]:
    now_s = int(time.time())
    with tell_problems():
        check_statement(said, now_s)  # before a home is made, or a key
    with open_desk(home, make=True) as desk:
        return issue_statement(desk.store, HOME, desk.keys(make=True), said, now_s, desk.didkit)


def _issue_by(eci: str, url: str | None, said: Statement) -> tuple[Credential, str, str]:
    """The credential, and where others find its issuer's log."""
    with find_engine(url) as engine:
        told = engine.vouch(eci, _words(said))
    made = read_unproven(told["credential"])
    if isinstance(made, Refused):
        raise Failure(f"what the engine has issued cannot be read: {made.reason}")
    return made, told["credential"], told["address"]


def _words(said: Statement) -> dict[str, Any]:
    return {
        "subject": said.subject,
        "type": said.kind,
        "claims": said.claims,
        "days": said.valid_s // DAY_S,
        "form": said.form,
    }
