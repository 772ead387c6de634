"""`picomesh credential issue`."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import Any, cast

import click

from engine.adapters.credentials import CLOCKS_DIFFER_S, Credential, Form, issue
from engine.commands.arguments import read_pairs
from engine.commands.credential_desk import (
    DAY_S,
    Desk,
    describe,
    home_option,
    open_desk,
    tell_beside,
    write_text,
)
from engine.commands.output import json_option, print_json


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
@click.option("--out", type=click.Path(path_type=Path), help="Write it into this file.")
@home_option
@json_option
def issue_command(
    subject: str,
    kind: str,
    claims: tuple[str, ...],
    days: int,
    form: str,
    out: Path | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Issue a credential about SUBJECT, a DID.

    It is signed with a key that follows from the engine's (engine.key in the home, made when there is none),
    and kept in the home, so that it can be revoked.

    \b
    Examples:
      picomesh credential issue did:web:alice.example FriendCredential since=2024
      picomesh credential issue did:web:host.example EngineCredential role=host --days 30 --out host.jwt
    """
    said = read_pairs(claims)
    with open_desk(home, make=True) as desk:
        made, text = _issue(desk, subject, kind, said, days, cast(Form, form))
    if out is not None:
        write_text(out, text + "\n")
    if as_json:
        print_json({**describe(made), "credential": text})
    elif out is None:
        click.echo(text)
    tell_beside(f"issued {made.id} by {made.issuer}" + ("" if out is None else f", in {out}"))


def _issue(
    desk: Desk, subject: str, kind: str, claims: dict[str, Any], days: int, form: Form
) -> tuple[Credential, str]:
    signer, now_s = desk.signer(make=True), int(time.time())
    place = desk.store.take_place(secrets.randbelow, new_name)
    made = Credential(
        new_name(),
        signer.did,
        subject,
        (kind,),
        claims,
        now_s - CLOCKS_DIFFER_S,
        now_s + days * DAY_S,
        place,
    )
    text = issue(made, signer, form, desk.didkit)
    desk.store.add_issued(made.id, place, text)
    return made, text


def new_name() -> str:
    return f"urn:uuid:{uuid.uuid4()}"
