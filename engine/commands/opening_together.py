"""A state that guardians open together: asking them, what each gives, and the key that comes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from engine.adapters.credentials import to_printable
from engine.adapters.keys import KeyBoxes, SeedKeys
from engine.commands.asking import Asking, read_file
from engine.commands.failure import Failure
from engine.commands.opening_keys import Opener
from engine.commands.output import print_json
from engine.core.blocks.shares import Share, pack_share, unpack_share
from engine.core.cids import cid_text
from engine.core.openings import (
    Given,
    NotAnOpening,
    OpeningRequest,
    read_given,
    read_request,
    write_request,
)
from engine.runtime.sealed_states import Believed
from engine.runtime.state_keys import OPENING, opened_together

BOXES = KeyBoxes(os.urandom)
UNGUARDED = (
    "its log names no guardians",
    "`picomesh did guardians ECI` names them while the pico lives; --key FILE takes its owner's key",
)


def ask_guardians(asking: Asking, believed: Believed, keys: SeedKeys, as_json: bool) -> None:
    """Write a request that they open the state for the home with these keys."""
    acting, says = believed.acting, believed.signed.head
    if not acting.guardians:
        raise Failure(f"nobody can be asked to open {says.pico}: {UNGUARDED[0]}", UNGUARDED[1])
    head, reader = cid_text(believed.signed.cid), BOXES.name(keys.derive(OPENING))
    asked = OpeningRequest(says.pico, head, reader, believed.beside.boxes, asking.note)
    file = asking.file
    assert file is not None, "somebody has said --ask"
    if file.exists():
        raise Failure(f"{file} is there already", "name another file")
    try:
        file.write_text(write_request(asked), "utf-8")
    except (OSError, NotAnOpening) as problem:
        raise Failure(f"{file} cannot be written: {problem}") from None
    if as_json:
        needed = {"needed": acting.needed, "of": list(acting.guardians)}
        print_json({"file": str(file), "did": says.pico, "head": head, "reader": reader, "ask": needed})
        return
    click.echo(f"wrote {file}: a request to open {says.pico}, as it was after turn {says.sequence}")
    click.echo(f"  {acting.needed} of {len(acting.guardians)} guardians have to agree:")
    for member in acting.guardians:
        click.echo(f"    {member}")
    click.echo(f"  tell them by another way that this home reads it:  {reader}")
    click.echo(f"  send it to them; each runs:  picomesh guardian approve {file.name} --out share.json")
    click.echo(f"  with what they send back:    restore … --request {file} --approval FILE …")


def opened_by_guardians(asking: Asking, did: str, keys: SeedKeys) -> tuple[Opener, str]:
    """The key that their shares make, and the head that it opens."""
    assert asking.request is not None, "somebody has said --request"
    asked = _requested(read_file(asking.request), str(asking.request))
    if asked.did != did:
        raise Failure(f"the request is about {asked.did}, not {did}")
    if asked.reader != BOXES.name(keys.derive(OPENING)):
        raise Failure(
            "the request was written for another home, which alone can read what the guardians gave",
            "restore it there, with --home, or ask again with --ask FILE",
        )
    shares = list(_shares(asking.approvals, asked, keys))
    name = f"{len(shares)} of its guardians" if len(shares) != 1 else "one of its guardians"
    return Opener(name, opened_together(shares, BOXES)), asked.head


def _requested(text: str, name: str) -> OpeningRequest:
    try:
        return read_request(text)
    except NotAnOpening as problem:
        raise Failure(f"{name} is no request to open a state: {problem}") from None


def _shares(files: Sequence[Path], asked: OpeningRequest, keys: SeedKeys) -> Iterator[Share]:
    for file in files:
        try:
            given = read_given(read_file(file))
        except NotAnOpening as problem:
            raise Failure(f"{file} is no share: {problem}") from None
        if (given.did, given.head) != (asked.did, asked.head):
            raise Failure(
                f"{file} is the answer to another request", "ask that guardian with the file of this one"
            )
        plain = BOXES.unbox(given.box, keys.derive(OPENING))
        share = None if plain is None else unpack_share(plain)
        if share is None or share.pico != asked.did:
            raise Failure(f"{file} is not for this home, or was changed", "ask that guardian again")
        yield share


def give_share(text: str, seed: bytes) -> tuple[Given, OpeningRequest]:
    """What the guardian with that seed answers."""
    asked = _requested(text, "this")
    for box in asked.boxes:
        plain = BOXES.unbox(box, seed)
        share = None if plain is None else unpack_share(plain)
        if share is not None and share.pico == asked.did:
            boxed = BOXES.box(pack_share(share), asked.reader)
            return Given(asked.did, asked.head, BOXES.name(seed), boxed), asked
    raise Failure(
        f"this key has no share of {asked.did}: it is no guardian's, or of one who was named after that seal",
        "with another key of yours: --key FILE",
    )


def describe_opening(asked: OpeningRequest) -> Iterator[str]:
    """What a guardian has to know who is asked."""
    yield f"A request to open the state of {to_printable(asked.did)}"
    yield f"  as its head {to_printable(asked.head)} has it"
    yield f"  it would be READ by whoever has the key {asked.reader}"
    if asked.note:
        yield f"  the note says: {to_printable(asked.note)}"
