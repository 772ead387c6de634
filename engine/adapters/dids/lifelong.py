"""`engine.ports.LifelongLogs`: logs of picos, with keys that follow from the engine's own.

Entry n is signed with the n-th key of the pico and promises the next. The keys in its document, which
messages are made with, are others: they last as long as the engine's. Whatever else was promised beside
that, an owner's key of which only the hash is known, is promised again, so that it holds until it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from engine.adapters.dids.documents import DIDCOMM, DIDCOMM_V2
from engine.adapters.dids.guardians import Guardians, guardians_of, parties_alone
from engine.adapters.dids.kept_logs import keep, read_approvals, read_kept, signing_key
from engine.adapters.dids.locations import NOWHERE, WEBVH
from engine.adapters.dids.log_entries import Entry, hash_key, log_from_jsonl
from engine.adapters.dids.log_verification import VerifiedLog, verify_log
from engine.adapters.dids.log_writing import (
    UNBORN_NAME,
    CannotWrite,
    Changes,
    create_log,
    move_state,
    unborn_did,
)
from engine.adapters.dids.own import own_multikeys
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.succession import LogSuccession
from engine.adapters.dids.witnesses import Approval
from engine.core.did_keys import PREFIX, DidKey, NotADidKey, read_did_key
from engine.core.dids import Did
from engine.ports import Acting, BadLog, KeptLog, Keys, Promises, Rotate
from engine.runtime.identities import CURVES, life_purpose

CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
HOST = "PicomeshHost"
"""The service that says which engine hosts the pico: its DID."""


class LifelongLogs:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.succession = LogSuccession(keys, self._addressed)

    def begin(self, pico: str, url: str | None, host: Did, recovery: str | None, now_s: float) -> KeptLog:
        promised = () if recovery is None else (recovery,)
        changes = Changes(next_keys=(self._key(pico, 2),), next_key_hashes=promised)
        try:
            first = signing_key(self._keys, pico, 1)
            entry = create_log(self._document(pico, url, host), first, now_s, changes)
            return keep(verify_log([entry], now_s))
        except (DidRefused, CannotWrite) as problem:
            raise BadLog(str(problem)) from problem

    def rotate(self, pico: str, kept: KeptLog, now_s: float) -> KeptLog:
        return self.succession.change(pico, kept, Rotate(), now_s)

    def address(self, pico: str, kept: KeptLog, url: str | None, host: Did, now_s: float) -> KeptLog:
        log = read_kept(kept, now_s)
        if log.deactivated:
            return kept
        after = self._addressed(log, pico, url, host)
        if after == log.newest.entry.state:
            return kept
        return self.succession.change(pico, kept, Rotate(after), now_s)

    def _addressed(self, log: VerifiedLog, pico: str, url: str | None, host: Did) -> dict[str, Any]:
        place, before = _place(pico, url), log.newest.entry.state
        served = before if log.did == f"{WEBVH}{log.scid}:{place}" else move_state(log, place)
        return _merged(served, self._reached(pico, host))

    def extend(self, pico: str, kept: KeptLog | None, more: KeptLog, now_s: float) -> KeptLog:
        log = None if kept is None else read_kept(kept, now_s)
        approvals = (*(() if kept is None else read_approvals(kept)), *_given_approvals(more))
        try:
            longer = verify_log(_continued(log, log_from_jsonl(more.lines)), now_s, approvals, log)
        except DidRefused as problem:
            raise BadLog(str(problem)) from problem
        if hash_key(self._key(pico, longer.epoch + 1)) not in longer.newest.parameters.next_key_hashes:
            raise BadLog("the entry does not promise the next key of this engine, which could not go on")
        return keep(longer, approvals)

    def describe(self, pico: str, kept: KeptLog, now_s: float) -> Mapping[str, Any]:
        log = read_kept(kept, now_s)
        rules = log.newest.parameters
        guardians = guardians_of(rules)
        return {
            "did": log.name,
            "webvh": log.did,
            "epoch": log.epoch,
            "since": log.versions[0].entry.version_time,
            "changed": log.newest.entry.version_time,
            "next_key": self._key(pico, log.epoch + 2),
            "promised": len(rules.next_key_hashes),
            "ended": log.deactivated,
            "guardians": None if guardians is None else _told(guardians, parties_alone(rules)),
        }

    def acting(self, kept: KeptLog, now_s: float) -> Acting:
        log = read_kept(kept, now_s)
        signers = tuple(_signers(version.entry.state) for version in log.versions)
        guardians = guardians_of(log.newest.parameters)
        if guardians is None:
            return Acting(log.name, signers)
        return Acting(log.name, signers, guardians.threshold, tuple(map(read_did_key, guardians.members)))

    def promises(self, pico: str, kept: KeptLog, now_s: float) -> Promises:
        log = read_kept(kept, now_s)
        rules = log.newest.parameters
        guardians = guardians_of(rules)
        others = {hash_key(self._key(pico, log.epoch + 1)), *(guardians.promises if guardians else ())}
        ever = (digest for version in log.versions for digest in version.parameters.next_key_hashes)
        return Promises(frozenset(rules.next_key_hashes) - others, frozenset(ever))

    def _key(self, pico: str, number: int) -> str:
        return signing_key(self._keys, pico, number).multikey

    def _document(self, pico: str, url: str | None, host: Did) -> dict[str, Any]:
        return {
            "@context": CONTEXT,
            "id": unborn_did(_place(pico, url)),
            "alsoKnownAs": [UNBORN_NAME],
            **self._reached(pico, host),
        }

    def _reached(self, pico: str, host: Did) -> dict[str, Any]:
        """The keys that messages are made with, and who takes them in. All ids are relative to whatever name
        the document goes by."""
        purpose = life_purpose(pico)
        signing, agreeing = own_multikeys(*(self._keys.derive(f"{purpose}/{key}") for key in CURVES))
        endpoint = {"uri": host, "accept": [DIDCOMM_V2]}
        return {
            "verificationMethod": [
                {"id": "#key-1", "type": "Multikey", "publicKeyMultibase": signing},
                {"id": "#key-2", "type": "Multikey", "publicKeyMultibase": agreeing},
            ],
            "authentication": ["#key-1"],
            "assertionMethod": ["#key-1"],  # what the pico vouches for is signed with it: credentials
            "keyAgreement": ["#key-2"],
            "service": [
                {"id": "#host", "type": HOST, "serviceEndpoint": {"uri": host}},
                {"id": "#didcomm", "type": DIDCOMM, "serviceEndpoint": endpoint},
            ],
        }


def _merged(state: Mapping[str, Any], reached: Mapping[str, Any]) -> dict[str, Any]:
    """What stands there of others, an owner's own key or service, stays beside ours."""
    merged = dict(state)
    for name, own in reached.items():
        ids = set(map(_id, own))
        listed = state.get(name)
        others = [one for one in listed if _id(one) not in ids] if isinstance(listed, list) else []
        merged[name] = [*own, *others]
    return merged


def _signers(state: Mapping[str, Any]) -> frozenset[DidKey]:
    """The keys in a document with which its pico is authenticated. What is no Ed25519 key signs no heads."""
    methods, authentic = (state.get(name) for name in ("verificationMethod", "authentication"))
    if not isinstance(methods, list) or not isinstance(authentic, list):
        return frozenset()
    references = [one for one in authentic if isinstance(one, str)]
    written_out = [one for one in authentic if isinstance(one, Mapping)]
    named = [one for one in methods if isinstance(one, Mapping) and _is_among(one.get("id"), references)]
    found = set()
    for one in (*named, *written_out):
        with suppress(NotADidKey):
            found.add(read_did_key(f"{PREFIX}{one.get('publicKeyMultibase')}"))
    return frozenset(found)


def _is_among(id: object, references: list[str]) -> bool:
    """References may be relative to the name of the document."""
    return isinstance(id, str) and any(
        id == one or one.endswith(f"#{id.split('#')[-1]}") for one in references
    )


def _id(entry: object) -> object:
    """Of a key, a service, or a reference to a key."""
    return entry.get("id") if isinstance(entry, Mapping) else entry


def _place(pico: str, url: str | None) -> str:
    """did:webvh is HTTPS; what is served otherwise is for those who are handed the log."""
    parts = urlsplit(url or "")
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
        return NOWHERE
    port = "" if parts.port is None else f"%3A{parts.port}"
    return f"{parts.hostname}{port}:picos:{pico}"


def _continued(log: VerifiedLog | None, entries: tuple[Entry, ...]) -> list[Entry]:
    """`entries` are all, or those that follow."""
    first, last = entries[0].number, entries[-1].number
    if log is not None and last <= log.epoch:
        if entries[-1].version_id == log.versions[last - 1].entry.version_id:
            raise BadLog(f"this very entry {last} is in the log already; nothing is left to do")
        raise BadLog(
            f"the log has gone on to its entry {log.epoch} meanwhile, and this is for an entry {last}: "
            "it came too late, and has to be made anew"
        )
    if log is not None and first == 1 and entries[0].version_id != log.entries[0].version_id:
        raise BadLog(f"the pico is {log.name} already, and has one name for life")
    if first == 1:
        return list(entries)
    if log is None:
        raise BadLog("the pico has no log yet; `picomesh did log ECI` makes it")
    return [*log.entries, *entries]


def _given_approvals(more: KeptLog) -> tuple[Approval, ...]:
    try:
        return read_approvals(more)
    except DidRefused as problem:
        raise BadLog(str(problem)) from problem


def _told(guardians: Guardians, alone: int) -> dict[str, Any]:
    return {"needed": guardians.threshold, "of": list(guardians.members), "alone": alone}
