"""The entries of a did:webvh 1.0 log: their text (JSON Lines), their hashes, and their numbers.

"The DID Log File", "SCID Generation and Verification" and "Entry Hash Generation and Verification". Whether a
log is to be believed is found out in `log_verification`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.dids.limits import ENTRY_PROOFS, LOG_BYTES, LOG_ENTRIES
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_object
from engine.core.canonical_json import NotCanonical, to_canonical_json
from engine.core.multiformats import to_base58

PLACEHOLDER = "{SCID}"
SHA2_256 = b"\x12\x20"
MEMBERS = ("versionId", "versionTime", "parameters", "state", "proof")

_VERSION_ID = re.compile(r"([1-9][0-9]{0,8})-(Qm[1-9A-HJ-NP-Za-km-z]{44})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log. `state` is the document; `proof` are the signatures."""

    version_id: str
    version_time: str
    parameters: Mapping[str, Any]
    state: Mapping[str, Any]
    proof: tuple[Mapping[str, Any], ...] = ()

    @property
    def number(self) -> int:
        return read_version_id(self.version_id)[0]

    def unsigned(self, version_id: str | None = None) -> dict[str, Any]:
        """What is hashed and signed; hashed with the id of the entry before in place of its own."""
        return {
            "versionId": self.version_id if version_id is None else version_id,
            "versionTime": self.version_time,
            "parameters": self.parameters,
            "state": self.state,
        }


# --- text ------------------------------------------------------------------------------------------


def log_to_jsonl(entries: Iterable[Entry]) -> str:
    """As it is served, and as it travels inside of messages."""
    return "".join(f"{_write_entry(entry)}\n" for entry in entries)


def log_from_jsonl(text: str, but: int = 0) -> tuple[Entry, ...]:
    """`but`: so many of the first entries are not read."""
    if len(text) > LOG_BYTES:
        raise DidRefused("too-large", f"a log has at most {LOG_BYTES:,} bytes")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > LOG_ENTRIES:
        raise DidRefused("too-large", f"a log has at most {LOG_ENTRIES:,} entries")
    return tuple(_read_entry(line, number) for number, line in enumerate(lines[but:], start=but + 1))


def _write_entry(entry: Entry) -> str:
    members = {**entry.unsigned(), "proof": list(entry.proof)}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def _read_entry(line: str, number: int) -> Entry:
    try:
        return _from_members(read_object(line, "bad-log", "the line"))
    except DidRefused as problem:
        raise problem.in_version(number) from None


def _from_members(members: Mapping[str, Any]) -> Entry:
    if set(members) != set(MEMBERS):
        raise DidRefused("bad-log", f"an entry has {', '.join(MEMBERS)} and nothing else")
    version_id, version_time, parameters, state, proof = (members[name] for name in MEMBERS)
    proofs = proof if isinstance(proof, list) else [proof]
    if not isinstance(version_id, str) or not isinstance(version_time, str):
        raise DidRefused("bad-log", "versionId and versionTime are texts")
    if not all(isinstance(one, dict) for one in (parameters, state, *proofs)):
        raise DidRefused("bad-log", "parameters, state and each proof are objects")
    if len(proofs) > ENTRY_PROOFS:
        raise DidRefused("too-large", f"an entry has at most {ENTRY_PROOFS} proofs")
    return Entry(version_id, version_time, parameters, state, tuple(proofs))


# --- hashes ----------------------------------------------------------------------------------------


def read_version_id(text: object) -> tuple[int, str]:
    """The number and the hash."""
    parts = _VERSION_ID.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        raise DidRefused("broken-chain", f"{str(text)[:80]!r} is not a versionId; one looks like 1-Qm…")
    return int(parts[1]), parts[2]


def hash_entry(entry: Entry, before: str) -> str:
    """`before` is the versionId of the entry before; the SCID, for the first."""
    return hash_value(entry.unsigned(before))


def hash_first(entry: Entry, scid: str) -> str:
    """What the SCID has to be: the hash of the first entry, with a placeholder wherever the SCID stands."""
    text = json.dumps(entry.unsigned(PLACEHOLDER)).replace(scid, PLACEHOLDER)
    return hash_value(json.loads(text))


def hash_key(multikey: str) -> str:
    """A key as it is promised: "Pre-Rotation Key Hash Generation and Verification"."""
    return _hash(multikey.encode())


def hash_value(value: Mapping[str, Any]) -> str:
    try:
        return _hash(to_canonical_json(value))
    except NotCanonical as problem:
        raise DidRefused("bad-log", f"an entry has no canonical form: {problem}") from None


def fill_in(entry: Entry, scid: str) -> Entry:
    """The same, with the SCID where the placeholder was."""
    value = json.loads(json.dumps(entry.unsigned(scid)).replace(PLACEHOLDER, scid))
    return Entry(value["versionId"], value["versionTime"], value["parameters"], value["state"])


def same_beginning(one: Sequence[Entry], other: Sequence[Entry]) -> int:
    """How many entries two logs have in common, letter for letter."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left is not right and left != right:
            return place
    return min(len(one), len(other))


def _hash(data: bytes) -> str:
    return to_base58(SHA2_256 + hashlib.sha256(data).digest())
