"""`picomesh credential verify`: with what is given along and what is in the home."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.resolver import DidResolver
from engine.commands.client import engine_option
from engine.commands.credential_desk import (
    Desk,
    date_or_none,
    describe,
    home_option,
    issue_list,
    open_desk,
    read_text,
)
from engine.commands.failure import Failure
from engine.commands.names_for_life import KnownName, find_name
from engine.commands.output import console, json_option, print_json
from engine.commands.own_did import look_up
from engine.core.dids import did_of, show_did


@click.command("verify")
@click.argument("file")
@click.option(
    "--issuer",
    "issuers",
    multiple=True,
    metavar="DID",
    help="One who may have issued it; with ?src=…, where to ask.",
)
@click.option("--subject", metavar="DID", help="Whom it has to be about.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="What it has to be.")
@click.option("--status", "lists", multiple=True, metavar="FILE", help="A status list of its issuer's.")
@click.option(
    "--document", "documents", multiple=True, metavar="FILE", help="The verified DID document of its issuer."
)
@click.option("--keep", is_flag=True, help="Keep it in the home when it is good.")
@home_option
@engine_option
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
    url: str | None,
    as_json: bool,
) -> None:
    """Check the credential in FILE; - reads standard input.

    One that can be revoked is good only with its issuer's status list, which is not fetched. The keys of its
    issuer are in the DID (did:key, did:peer), in a file, or in the log that the engine running here knows of
    a pico. Else whoever the DID of an --issuer says is asked, and without that nobody. The exit code is 1 if
    the credential is refused.

    \b
    Examples:
      picomesh credential verify host.jwt --issuer did:key:z6Mk… --status list.jwt
      picomesh credential verify friend.jwt --issuer 'did:scid:vh:1:Qm…?src=…' --status list.jwt
    """
    text = read_text(file)
    expected = Expected(subject, frozenset(map(did_of, issuers)) or None, frozenset(types))
    with open_desk(home, make=keep) as desk:
        verifier = Verifier(desk.didkit, _documents(documents, issuers, url), _status_lists(desk, lists))
        found = verifier.verify(text, int(time.time()), expected)
        if keep and isinstance(found, Verified):
            desk.store.hold(Held(found.credential.id, found.issuer, text.strip()))
    _tell_refused(found, as_json) if isinstance(found, Refused) else _tell_verified(found, as_json)


def _documents(
    files: Sequence[str], issuers: Sequence[str], url: str | None
) -> Callable[[str], Mapping[str, Any] | None]:
    """Those given along, those that are in the DIDs themselves, and those of issuers that were named."""
    given = dict(map(_read_document, files))
    in_names = DidResolver(None, time.time)
    named = {did_of(one): one for one in issuers}
    return lambda did: given.get(did) or in_names.at_hand(did) or _look_up(did, named.get(did), url)


def _look_up(did: str, named: str | None, url: str | None) -> Mapping[str, Any] | None:
    """A credential does not choose who is asked: whoever verifies it does, by naming the issuer."""
    known = _find_name(did, url) if named in (None, did) else None
    if known is None and named is None:
        return None
    try:
        return look_up(named or did, known)
    except DidRefused as problem:
        raise Failure(f"{show_did(did)} cannot be looked up: {problem}", HINTS["unknown-issuer"]) from None


def _find_name(did: str, url: str | None) -> KnownName | None:
    try:
        return find_name(did, url)
    except Failure:
        return None  # the engine here has never heard of it


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
    "unknown-issuer": "give the address that `picomesh did log ECI` prints on its engine with --issuer, or "
    "its verified DID document with --document FILE",
    "revoked": "ask its issuer why, or for a new one",
    "expired": "ask its issuer for a new one",
    "unknown-context": "ask its issuer for a JWT",
}


def _tell_verified(found: Verified, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "verified": True,
                "form": found.form,
                "status": found.status,
                "status_from": date_or_none(found.listed_s),
                **describe(found.credential),
            }
        )
        return
    until = "for ever" if found.valid_until_s is None else f"until {to_date(found.valid_until_s)}"
    since = None if found.listed_s is None else to_date(found.listed_s)
    revocation = f"not revoked, by a list of {since}" if since else "its issuer keeps no status list for it"
    console.print(f"[bold green]good[/] {escape(', '.join(found.types) or 'a credential without a type')}")
    for name, value in (("about", found.subject), ("issued by", found.issuer), ("valid", until)):
        console.print(f"  [dim]{name:<9}[/] {escape(value)}")
    console.print(f"  [dim]status   [/] {revocation}")
    for name, claim in found.claims.items():
        said = to_printable(f"{name} = {json.dumps(claim, ensure_ascii=False)}")
        console.print(f"  [dim]says     [/] {escape(said)}")
