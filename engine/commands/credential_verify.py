"""`picomesh credential verify`: with what is given along and what is in the home."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from engine.adapters.credentials import (
    Expected,
    Held,
    Refused,
    Verified,
    Verifier,
    read_unproven,
    to_date,
    to_printable,
)
from engine.adapters.dids.resolver import DidResolver
from engine.commands.credential_desk import Desk, describe, home_option, issue_list, open_desk, read_text
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json


@click.command("verify")
@click.argument("file")
@click.option("--issuer", "issuers", multiple=True, metavar="DID", help="One who may have issued it.")
@click.option("--subject", metavar="DID", help="Whom it has to be about.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="What it has to be.")
@click.option("--status", "lists", multiple=True, metavar="FILE", help="A status list of its issuer's.")
@click.option(
    "--document", "documents", multiple=True, metavar="FILE", help="The verified DID document of its issuer."
)
@click.option("--keep", is_flag=True, help="Keep it in the home when it is good.")
@home_option
@json_option
def verify_command(
    file: str,
    issuers: tuple[str, ...],
    subject: str | None,
    types: tuple[str, ...],
    lists: tuple[str, ...],
    documents: tuple[str, ...],
    keep: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Check the credential in FILE; - reads standard input.

    Nothing is fetched. A credential that can be revoked is good only with its issuer's status list, and one
    by a DID that does not carry its document (did:key and did:peer do) only with that. The exit code is 1
    if it is refused.

    \b
    Examples:
      picomesh credential verify host.jwt --issuer did:key:z6Mk… --status list.jwt
    """
    text = read_text(file)
    expected = Expected(subject, frozenset(issuers) or None, frozenset(types))
    with open_desk(home, make=keep) as desk:
        verifier = Verifier(desk.didkit, _documents(documents), _status_lists(desk, lists))
        found = verifier.verify(text, int(time.time()), expected)
        if keep and isinstance(found, Verified):
            desk.store.hold(Held(found.credential.id, found.issuer, text.strip()))
    _tell_refused(found, as_json) if isinstance(found, Refused) else _tell_verified(found, as_json)


def _documents(files: Sequence[str]) -> Callable[[str], dict[str, Any] | None]:
    """Those given along, and those that are in the DIDs themselves."""
    given = dict(map(_read_document, files))
    in_names = DidResolver(None, time.time)
    return lambda did: given.get(did) or in_names.at_hand(did)


def _read_document(file: str) -> tuple[str, dict[str, Any]]:
    try:
        document = json.loads(read_text(file))
        return str(document["id"]), document
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Failure(f"{file} is no DID document: JSON with an id is expected") from None


def _status_lists(desk: Desk, files: Sequence[str]) -> Callable[[str], str | None]:
    """Those given along, and the home's own as they are now."""
    given = {}
    for file in files:
        text = read_text(file)
        listed = read_unproven(text)
        if isinstance(listed, Refused):
            raise Failure(f"{file} is no status list: {listed.reason}")
        given[listed.id] = text

    def find(name: str) -> str | None:
        # The home's own first: nobody could give a newer one.
        return issue_list(desk, name, 1) if name in desk.store.lists() else given.get(name)

    return find


def _tell_refused(refused: Refused, as_json: bool) -> None:
    if not as_json:
        raise Failure(f"refused: {refused.reason}", HINTS.get(refused.code), code=refused.code)
    print_json({"verified": False, "code": refused.code, "reason": refused.reason})
    sys.exit(Failure.exit_code)


HINTS = {
    "status-unknown": "ask its issuer for the status list, and give it with --status FILE",
    "unknown-issuer": "give the issuer's DID document, verified, with --document FILE",
    "revoked": "ask its issuer why, or for a new one",
    "expired": "ask its issuer for a new one",
    "unknown-context": "ask its issuer for a JWT",
}


def _tell_verified(found: Verified, as_json: bool) -> None:
    if as_json:
        print_json(
            {"verified": True, "form": found.form, "status": found.status, **describe(found.credential)}
        )
        return
    until = "for ever" if found.valid_until_s is None else f"until {to_date(found.valid_until_s)}"
    revocation = "not revoked" if found.status == "good" else "its issuer keeps no status list for it"
    console.print(f"[bold green]good[/] {escape(', '.join(found.types) or 'a credential without a type')}")
    for name, value in (("about", found.subject), ("issued by", found.issuer), ("valid", until)):
        console.print(f"  [dim]{name:<9}[/] {escape(value)}")
    console.print(f"  [dim]status   [/] {revocation}")
    for name, claim in found.claims.items():
        said = to_printable(f"{name} = {json.dumps(claim, ensure_ascii=False)}")
        console.print(f"  [dim]says     [/] {escape(said)}")
