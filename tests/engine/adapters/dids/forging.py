"""Entries with good hashes and good signatures that say what they should not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.adapters.dids import Entry, SeedSigner
from engine.adapters.dids.log_entries import fill_in, hash_entry, hash_value
from engine.adapters.dids.proofs import prove
from engine.core.canonical_json import to_canonical_json
from engine.core.multiformats import to_multibase
from tests.engine.adapters.dids.people import NOW_S, state

Change = Callable[[dict[str, Any]], None]


def first_entry(
    parameters: Mapping[str, Any], by: SeedSigner, document: Mapping[str, Any] | None = None
) -> Entry:
    """A first entry whose SCID fits, whatever it says; `{SCID}` is filled in."""
    draft = Entry("{SCID}", "2025-11-13T02:13:20Z", parameters, state() if document is None else document)
    scid = hash_value(draft.unsigned())
    return seal(fill_in(draft, scid), 1, scid, by)


def next_entry(
    entries: Sequence[Entry],
    by: SeedSigner,
    parameters: Mapping[str, Any] | None = None,
    *,
    document: Mapping[str, Any] | None = None,
    time: str = "2025-11-13T04:00:00Z",
    number: int | None = None,
) -> Entry:
    """An entry that follows, and is signed by whoever is named."""
    before = entries[-1]
    draft = Entry("", time, parameters or {}, before.state if document is None else document)
    return seal(draft, len(entries) + 1 if number is None else number, before.version_id, by)


def seal(draft: Entry, number: int, before: str, by: SeedSigner) -> Entry:
    """With the hash and the signature that fit."""
    entry = replace(draft, version_id=f"{number}-{hash_entry(draft, before)}", proof=())
    return replace(entry, proof=(prove(entry.unsigned(), by, NOW_S),))


def sign_as(entry: Entry, by: SeedSigner, **change: Any) -> Entry:
    """With a proof that is changed first and signed then; `...` leaves a member out."""
    changed = {**entry.proof[0], **change}
    options = {name: value for name, value in changed.items() if name != "proofValue" and value is not ...}
    hashes = (hashlib.sha256(to_canonical_json(one)).digest() for one in (options, entry.unsigned()))
    signature = by.sign(b"".join(hashes))
    return replace(entry, proof=({**options, "proofValue": to_multibase("z", signature)},))


def tamper(line: str, change: Change) -> str:
    """The line of a log with something changed, and nothing else."""
    members = json.loads(line)
    change(members)
    return json.dumps(members)
