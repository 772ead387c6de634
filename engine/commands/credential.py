"""`picomesh credential`: credentials issued, verified, revoked and listed, with a home's own key.

Works on the home's files whether or not its engine runs, and asks nobody anything: what a credential of
somebody else's needs to be verified is given along.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from engine.adapters.credentials import (
    STORE_FILE,
    CannotIssue,
    Credential,
    CredentialStore,
    Didkit,
    DidkitMissing,
    Expected,
    Form,
    Held,
    Issued,
    Refused,
    Signer,
    StoreUnusable,
    Verified,
    Verifier,
    issue,
    key_signer,
    open_store,
    read_unproven,
    to_date,
    to_list,
)
from engine.adapters.signing.ed25519 import SEED_BYTES
from engine.adapters.signing.key_files import KeyFileUnusable, read_key, write_key
from engine.commands.arguments import read_pairs
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_drawing, print_json
from engine.commands.settings import read_settings

KEY_FILE = "credential.key"
DAY_S = 86_400
CLOCKS_DIFFER_S = 60
"""Before now everything begins: who gets it next may have a clock that is a little behind."""
LARGEST_FILE = 1 << 20

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="The home whose key and credentials are meant."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with."""

    home: Path
    store: CredentialStore
    didkit: Didkit

    def signer(self) -> Signer:
        try:
            return key_signer(read_key(self.home / KEY_FILE))
        except KeyFileUnusable as problem:
            raise Failure(str(problem)) from None


@contextmanager
def _desk(home: Path | None, make: bool = False) -> Iterator[Desk]:
    """Problems become failures that say what to do. A home is made only where something is kept."""
    folder = read_settings(home=home).home
    with ExitStack() as closed:
        try:
            store = closed.enter_context(closing(open_store(folder / STORE_FILE, make)))
            yield Desk(folder, store, closed.enter_context(Didkit()))
        except CannotIssue as problem:
            raise Failure(f"this cannot be issued: {problem}") from None
        except (StoreUnusable, DidkitMissing) as problem:
            raise Failure(str(problem)) from None


@click.group()
def credential() -> None:
    """Vouch for engines and people, and check who vouches for them."""


# --- issue -----------------------------------------------------------------------------------------


@credential.command("issue")
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

    It is signed with the home's own key, credential.key, which is made when there is none, and kept in the
    home, so that it can be revoked.

    \b
    Examples:
      picomesh credential issue did:web:alice.example FriendCredential since=2024
      picomesh credential issue did:web:host.example EngineCredential role=host --days 30 --out host.jwt
    """
    said = read_pairs(claims)
    with _desk(home, make=True) as desk:
        _make_key(desk.home / KEY_FILE)
        made, text = _issue(desk, subject, kind, said, days, cast(Form, form))
    if out is not None:
        _write(out, text + "\n")
    if as_json:
        print_json({**_describe(made), "credential": text})
    elif out is None:
        click.echo(text)
    _tell(f"issued {made.id} by {made.issuer}" + ("" if out is None else f", in {out}"))


def _make_key(path: Path) -> None:
    if path.exists():
        return
    try:
        write_key(path, secrets.token_bytes(SEED_BYTES))
    except KeyFileUnusable as problem:
        raise Failure(str(problem)) from None
    _tell(f"made the key {path}; who has it can issue in your name, and without it you cannot any more")


def _issue(
    desk: Desk, subject: str, kind: str, claims: dict[str, Any], days: int, form: Form
) -> tuple[Credential, str]:
    signer, now_s = desk.signer(), int(time.time())
    place = desk.store.take_place(secrets.randbelow, _new_name)
    made = Credential(
        _new_name(),
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


def _new_name() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


# --- verify ----------------------------------------------------------------------------------------


@credential.command("verify")
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
    by another DID than a did:key only with that DID's document. The exit code is 1 if it is refused.

    \b
    Examples:
      picomesh credential verify host.jwt --issuer did:key:z6Mk… --status list.jwt
    """
    text = _read(file)
    expected = Expected(subject, frozenset(issuers) or None, frozenset(types))
    with _desk(home, make=keep) as desk:
        verifier = Verifier(desk.didkit, _by_id(documents).get, _status_lists(desk, lists))
        found = verifier.verify(text, int(time.time()), expected)
        if keep and isinstance(found, Verified):
            desk.store.hold(Held(found.credential.id, found.issuer, text.strip()))
    _tell_refused(found, as_json) if isinstance(found, Refused) else _tell_verified(found, as_json)


def _by_id(files: Sequence[str]) -> dict[str, dict[str, Any]]:
    return dict(map(_read_document, files))


def _read_document(file: str) -> tuple[str, dict[str, Any]]:
    try:
        document = json.loads(_read(file))
        return str(document["id"]), document
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Failure(f"{file} is no DID document: JSON with an id is expected") from None


def _status_lists(desk: Desk, files: Sequence[str]) -> Callable[[str], str | None]:
    """Those given along, and the home's own as they are now."""
    given = {}
    for file in files:
        text = _read(file)
        listed = read_unproven(text)
        if isinstance(listed, Refused):
            raise Failure(f"{file} is no status list: {listed.reason}")
        given[listed.id] = text

    def find(name: str) -> str | None:
        if name not in given and name in desk.store.lists():
            return _issue_list(desk, name, 1)
        return given.get(name)

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
            {"verified": True, "form": found.form, "status": found.status, **_describe(found.credential)}
        )
        return
    until = "for ever" if found.valid_until_s is None else f"until {to_date(found.valid_until_s)}"
    revocation = "not revoked" if found.status == "good" else "its issuer keeps no status list for it"
    console.print(f"[bold green]good[/] {escape(', '.join(found.types) or 'a credential without a type')}")
    for name, value in (("about", found.subject), ("issued by", found.issuer), ("valid", until)):
        console.print(f"  [dim]{name:<9}[/] {escape(value)}")
    console.print(f"  [dim]status   [/] {revocation}")
    for name, claim in found.claims.items():
        console.print(f"  [dim]says     [/] {escape(name)} = {escape(json.dumps(claim, ensure_ascii=False))}")


# --- revoke, status, list --------------------------------------------------------------------------


@credential.command("revoke")
@click.argument("credential_id", metavar="ID")
@home_option
@json_option
def revoke_command(credential_id: str, home: Path | None, as_json: bool) -> None:
    """Take back a credential that this home has issued, for good.

    ID is as `picomesh credential list` shows it, or its beginning. Others learn of it from the next status
    list: see `picomesh credential status`.
    """
    with _desk(home) as desk:
        chosen = _choose(desk.store.issued(), credential_id)
        revoked = desk.store.revoke(chosen.id, int(time.time()))
    assert revoked is not None
    assert revoked.revoked_s is not None
    if as_json:
        print_json({"id": revoked.id, "revoked": to_date(revoked.revoked_s), "list": revoked.place.list})
        return
    already = "" if chosen.revoked_s is None else " already"
    console.print(f"[bold]{revoked.id}[/] is{already} revoked, since {to_date(revoked.revoked_s)}")
    console.print("[dim]give verifiers the new list: picomesh credential status > list.jwt[/]")


def _choose(issued: Sequence[Issued], wanted: str) -> Issued:
    """By all of its id, or enough of it."""
    found = [one for one in issued if wanted in (one.id, one.id.removeprefix("urn:uuid:"))] or [
        one for one in issued if len(wanted) >= 6 and one.id.removeprefix("urn:uuid:").startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(f"{len(found)} credentials begin with {wanted}", "write more of it")
    raise Failure(
        f"no credential {wanted} was issued here", "`picomesh credential list` shows those there are"
    )


@credential.command("status")
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How long it is valid."
)
@click.option("--list", "name", metavar="LIST", help="Which, when there are several.")
@home_option
@json_option
def status_command(days: int, name: str | None, home: Path | None, as_json: bool) -> None:
    """Print the status list as it is now, for those who verify what this home has issued.

    It says nothing but which places are revoked, and it ends after some days, so that nobody can go on
    showing an old one. Issue it again before that.
    """
    with _desk(home) as desk:
        chosen = _choose_list(desk.store.lists(), name)
        text = _issue_list(desk, chosen, days)
    print_json({"list": chosen, "credential": text}) if as_json else click.echo(text)


def _choose_list(names: Sequence[str], wanted: str | None) -> str:
    if not names:
        raise Failure("nothing was issued here, so there is no status list")
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    raise Failure(
        "there are several status lists" if wanted is None else f"there is no status list {wanted}",
        "choose one with --list: " + ", ".join(names),
    )


def _issue_list(desk: Desk, name: str, days: int) -> str:
    signer, now_s = desk.signer(), int(time.time())
    made = to_list(name, signer.did, desk.store.revoked(name), now_s - CLOCKS_DIFFER_S, now_s + days * DAY_S)
    return issue(made, signer, "jwt", desk.didkit)


@credential.command("list")
@home_option
@json_option
def list_command(home: Path | None, as_json: bool) -> None:
    """List the credentials that this home has issued, and those it keeps."""
    with _desk(home) as desk:
        issued, held = desk.store.issued(), desk.store.held()
    rows = [{"kept": "issued", **_summarize(one.text), "revoked": _date(one.revoked_s)} for one in issued]
    rows += [{"kept": "held", **_summarize(one.text), "revoked": None} for one in held]
    if as_json:
        print_json(rows)
    elif rows:
        print_drawing(_table(rows))
    else:
        console.print("there are none")


def _summarize(text: str) -> dict[str, Any]:
    found = read_unproven(text)
    if isinstance(found, Refused):
        raise Failure(f"a credential in this home cannot be read: {found.reason}")
    return _describe(found)


def _describe(found: Credential) -> dict[str, Any]:
    return {
        "id": found.id,
        "types": list(found.types),
        "subject": found.subject,
        "issuer": found.issuer,
        "from": to_date(found.valid_from_s),
        "until": _date(found.valid_until_s),
        "claims": found.claims,
    }


def _date(time_s: int | None) -> str | None:
    return None if time_s is None else to_date(time_s)


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = [
        Column(name, overflow="fold") for name in ("id", "type", "about", "issued by", "until", "state")
    ]
    for fixed in (columns[0], *columns[-2:]):
        fixed.no_wrap = True
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    now = to_date(int(time.time()))
    for row in rows:
        issuer = "this home" if row["kept"] == "issued" else row["issuer"]
        until = (row["until"] or "")[:10]
        cells = (_short(row["id"]), ", ".join(row["types"]), row["subject"], issuer, until)
        table.add_row(*map(escape, cells), _state(row, now))
    return table


def _short(name: str) -> str:
    """Enough of it to choose by."""
    return name.removeprefix("urn:uuid:")[:13]


def _state(row: dict[str, Any], now: str) -> str:
    if row["revoked"]:
        return "[red]revoked[/]"
    if row["until"] and row["until"] <= now:
        return "[yellow]expired[/]"
    return str(row["kept"])


# --- files -----------------------------------------------------------------------------------------


def _tell(sentence: str) -> None:
    """Beside the output, which is the credential."""
    click.secho(sentence, dim=True, err=True)


def _read(file: str) -> str:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise Failure(f"{file} cannot be read: {problem.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise Failure(f"{file} has more than {LARGEST_FILE:,} bytes; a credential is much smaller")
    return raw.decode("utf-8", "replace")


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    aside = path.with_name(path.name + ".new")
    try:
        aside.write_text(text, "utf-8")
        os.replace(aside, path)
    except OSError as problem:
        raise Failure(
            f"{path} cannot be written: {problem.strerror}; `picomesh credential list` has it"
        ) from None
