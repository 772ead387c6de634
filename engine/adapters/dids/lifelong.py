"""`engine.ports.LifelongLogs`: logs of picos, with keys that follow from the engine's own.

Entry n is signed with the n-th key of the pico and promises the next. The keys in its document, which
messages are made with, are others: they last as long as the engine's. Whatever else was promised beside
that, an owner's key of which only the hash is known, is promised again, so that it holds until it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from engine.adapters.dids.documents import DIDCOMM, DIDCOMM_V2
from engine.adapters.dids.guardians import Guardians, guardians_of, parties_alone
from engine.adapters.dids.kept_logs import desk_keys, keep, read_approvals, read_kept, signing_key
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
from engine.adapters.dids.proofs import did_of_key
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.succession import LogSuccession
from engine.adapters.dids.witnesses import Approval, approvers
from engine.core.did_keys import PREFIX, DidKey, NotADidKey, read_did_key
from engine.core.dids import Did
from engine.ports import Acting, BadLog, Hosting, KeptLog, Keys, NewHost, Promises, Rotate
from engine.runtime.identities import CURVES, in_stay, life_purpose

CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
HOST = "PicomeshHost"
"""The service that says which engine hosts the pico: its DID."""


_OF_A_HOST = re.compile(r"(?:.*)#key-[12](?:-[0-9a-f]+)?", re.ASCII | re.DOTALL)
"""How the keys of an engine are called in a document."""
REMEMBERED = 1_024
"""Picos of which is remembered what was read, or derived."""
MOST_DESK = 16
"""Keys to approve with that an engine gives to whoever writes the entry by which a pico comes to it."""

StayOf = Callable[[str], str]
"""For which stay of a pico at this engine its keys are; empty for one that was born here."""


def born_here(pico: str) -> str:
    """The stay of a pico that never was elsewhere."""
    return ""


class LifelongLogs:
    def __init__(self, keys: Keys, stay_of: StayOf = born_here) -> None:
        self._keys = keys
        self._stay_of = stay_of
        self.succession = LogSuccession(keys, self._addressed)
        self._hostings: dict[str, tuple[VerifiedLog, Hosting]] = {}
        self._desks: dict[str, tuple[str, ...]] = {}

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
        return _merged(_served(log, _place(pico, url)), self._reached(pico, host))

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

    def approvers(self, kept: KeptLog, now_s: float) -> frozenset[str]:
        log = read_kept(kept, now_s)
        return approvers([entry.version_id for entry in log.entries], read_approvals(kept))

    def promises(self, pico: str, kept: KeptLog, now_s: float) -> Promises:
        log = read_kept(kept, now_s)
        rules = log.newest.parameters
        guardians = guardians_of(rules)
        others = {hash_key(self._key(pico, log.epoch + 1)), *(guardians.promises if guardians else ())}
        ever = (digest for version in log.versions for digest in version.parameters.next_key_hashes)
        return Promises(frozenset(rules.next_key_hashes) - others, frozenset(ever))

    def hosting(self, kept: KeptLog, now_s: float) -> Hosting:
        log = read_kept(kept, now_s)
        found, hosting = self._hostings.get(log.scid, (None, None))
        if hosting is None or found is not log:
            entry = log.newest.entry
            hosts = tuple(_host_in(version.entry.state) for version in log.versions)
            hosting = Hosting(log.name, log.epoch, entry.version_id, hosts[-1], _key_in(entry.state), hosts)
            if len(self._hostings) >= REMEMBERED:
                self._hostings.clear()
            self._hostings[log.scid] = log, hosting
        return hosting

    def prepare(self, pico: str, stay: str, number: int, url: str | None, host: Did) -> NewHost:
        signing, agreeing = self._multikeys(pico, stay)
        next_hash = hash_key(self._key(pico, number + 1))
        return NewHost(host, url, stay, signing, agreeing, next_hash, self._desk(pico))

    def _desk(self, pico: str) -> tuple[str, ...]:
        """The same for all stays of a pico."""
        if pico not in self._desks:
            if len(self._desks) >= REMEMBERED:
                self._desks.clear()
            keys = desk_keys(self._keys, pico, MOST_DESK)
            self._desks[pico] = tuple(did_of_key(one.multikey) for one in keys)
        return self._desks[pico]

    def check_release(self, pico: str, kept: KeptLog, host: Did, now_s: float) -> None:
        rules = read_kept(kept, now_s).newest.parameters
        if rules.witness is not None:  # only the whole entry shows who has to approve it
            number = read_kept(kept, now_s).epoch + 1
            self.release(pico, kept, self.prepare(pico, "00", number, None, host), now_s)
        else:
            self.succession.check_own(pico, kept, now_s)

    def release(self, pico: str, kept: KeptLog, to: NewHost, now_s: float) -> KeptLog:
        log = read_kept(kept, now_s)
        served = _served(log, _place(pico, to.url))
        state = _merged(served, _reached(to.stay, to.signing, to.agreeing, to.host))
        return self.succession.release(pico, kept, to, state, now_s)

    def _multikeys(self, pico: str, stay: str) -> tuple[str, str]:
        purpose = life_purpose(pico, stay)
        signing, agreeing = own_multikeys(*(self._keys.derive(f"{purpose}/{key}") for key in CURVES))
        return signing, agreeing

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
        stay = self._stay_of(pico)
        return _reached(stay, *self._multikeys(pico, stay), host)


def _reached(stay: str, signing: str, agreeing: str, host: Did) -> dict[str, Any]:
    """The keys that messages are made with, and who takes them in. All ids are relative to whatever name
    the document goes by."""
    endpoint = {"uri": host, "accept": [DIDCOMM_V2]}
    first, second = (f"#{in_stay(key, stay)}" for key in CURVES)
    return {
        "verificationMethod": [
            {"id": first, "type": "Multikey", "publicKeyMultibase": signing},
            {"id": second, "type": "Multikey", "publicKeyMultibase": agreeing},
        ],
        "authentication": [first],
        "assertionMethod": [first],  # what the pico vouches for is signed with it: credentials
        "keyAgreement": [second],
        "service": [
            {"id": "#host", "type": HOST, "serviceEndpoint": {"uri": host}},
            {"id": "#didcomm", "type": DIDCOMM, "serviceEndpoint": endpoint},
        ],
    }


def _served(log: VerifiedLog, place: str) -> Mapping[str, Any]:
    before = log.newest.entry.state
    return before if log.did == f"{WEBVH}{log.scid}:{place}" else move_state(log, place)


def _host_in(state: Mapping[str, Any]) -> str:
    services = state.get("service")
    for one in services if isinstance(services, list) else ():
        if isinstance(one, Mapping) and one.get("type") == HOST:
            endpoint = one.get("serviceEndpoint")
            uri = endpoint.get("uri") if isinstance(endpoint, Mapping) else endpoint
            return uri if isinstance(uri, str) else ""
    return ""


def _key_in(state: Mapping[str, Any]) -> str:
    """The host's own key to sign with; an owner's may stand beside it."""
    methods = state.get("verificationMethod")
    for one in methods if isinstance(methods, list) else ():
        if isinstance(one, Mapping) and _is_a_hosts(one) and "#key-1" in str(one.get("id")):
            return str(one.get("publicKeyMultibase"))
    return ""


def _is_a_hosts(entry: object) -> bool:
    id = _id(entry)
    return isinstance(id, str) and _OF_A_HOST.fullmatch(id) is not None


def _merged(state: Mapping[str, Any], reached: Mapping[str, Any]) -> dict[str, Any]:
    """What stands there of others, an owner's own key or service, stays beside ours; what is another host's
    does not."""
    merged = dict(state)
    for name, own in reached.items():
        ids = set(map(_id, own))
        listed = state.get(name)
        kept = listed if isinstance(listed, list) else []
        others = [one for one in kept if _id(one) not in ids and not _is_a_hosts(one)]
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
