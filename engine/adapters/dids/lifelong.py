"""`engine.ports.LifelongLogs`: logs of picos, with keys that follow from the engine's own.

Entry n is signed with the n-th key of the pico and promises the next. The keys in its document, which
messages are made with, are others: they last as long as the engine's. Whatever else was promised beside
that, an owner's key of which only the hash is known, is promised again, so that it holds until it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from engine.adapters.dids.documents import DIDCOMM, DIDCOMM_V2
from engine.adapters.dids.locations import NOWHERE, WEBVH
from engine.adapters.dids.log_entries import hash_key, log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_verification import VerifiedLog, verify_log
from engine.adapters.dids.log_writing import (
    UNBORN_NAME,
    CannotWrite,
    Changes,
    create_log,
    move_state,
    unborn_did,
    update_log,
)
from engine.adapters.dids.own import own_multikeys
from engine.adapters.dids.proofs import SeedSigner
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.witnesses import (
    Approval,
    approvals_from_json,
    approvals_to_json,
    newest_approvals,
)
from engine.core.dids import Did
from engine.ports import BadLog, KeptLog, Keys
from engine.runtime.identities import CURVES, life_purpose

CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
HOST = "PicomeshHost"
"""The service that says which engine hosts the pico: its DID."""


class LifelongLogs:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def begin(self, pico: str, url: str | None, host: Did, recovery: str | None, now_s: float) -> KeptLog:
        promised = () if recovery is None else (recovery,)
        changes = Changes(next_keys=(self._key(pico, 2).multikey,), next_key_hashes=promised)
        try:
            entry = create_log(self._document(pico, url, host), self._key(pico, 1), now_s, changes)
            return _keep(verify_log([entry], now_s))
        except (DidRefused, CannotWrite) as problem:
            raise BadLog(str(problem)) from problem

    def address(self, pico: str, kept: KeptLog, url: str | None, host: Did, now_s: float) -> KeptLog:
        log, place = _read(kept, now_s), _place(pico, url)
        if log.deactivated:
            return kept
        before = log.newest.entry.state
        served = before if log.did == f"{WEBVH}{log.scid}:{place}" else move_state(log, place)
        after = _merged(served, self._reached(pico, host))
        return kept if after == before else self._go_on(pico, kept, now_s, after)

    def rotate(self, pico: str, kept: KeptLog, now_s: float) -> KeptLog:
        return self._go_on(pico, kept, now_s, None)

    def _go_on(self, pico: str, kept: KeptLog, now_s: float, state: Mapping[str, Any] | None) -> KeptLog:
        """One more entry; without `state`, with the document that there is."""
        log = _read(kept, now_s)
        own, following = self._key(pico, log.epoch + 1), self._key(pico, log.epoch + 2)
        promised = log.newest.parameters.next_key_hashes
        if hash_key(own.multikey) not in promised:
            raise BadLog(
                "the key of this engine was not promised by the newest entry; if its keys were lost, "
                "`picomesh did recover` goes on with the owner's key"
            )
        others = tuple(one for one in promised if one != hash_key(own.multikey))
        changes = Changes(next_keys=(following.multikey,), next_key_hashes=others)
        try:
            entry = update_log(log, own, now_s, state=state, changes=changes)
            return _keep(verify_log([*log.entries, entry], now_s, known=log), _approvals(kept))
        except (DidRefused, CannotWrite) as problem:
            raise BadLog(str(problem)) from problem

    def extend(self, pico: str, kept: KeptLog, more: KeptLog, now_s: float) -> KeptLog:
        try:
            log, approvals = _read(kept, now_s), (*_approvals(kept), *_approvals(more))
            longer = verify_log([*log.entries, *log_from_jsonl(more.lines)], now_s, approvals, log)
        except DidRefused as problem:
            raise BadLog(str(problem)) from problem
        if longer.epoch != log.epoch + 1:
            raise BadLog("one entry at a time")
        if (
            hash_key(self._key(pico, longer.epoch + 1).multikey)
            not in longer.newest.parameters.next_key_hashes
        ):
            raise BadLog("the entry does not promise the next key of this engine, which could not go on")
        return _keep(longer, approvals)

    def describe(self, pico: str, kept: KeptLog, now_s: float) -> Mapping[str, Any]:
        log = _read(kept, now_s)
        return {
            "did": log.name,
            "webvh": log.did,
            "epoch": log.epoch,
            "since": log.versions[0].entry.version_time,
            "changed": log.newest.entry.version_time,
            "next_key": self._key(pico, log.epoch + 2).multikey,
            "promised": len(log.newest.parameters.next_key_hashes),
        }

    def _key(self, pico: str, number: int) -> SeedSigner:
        return SeedSigner(self._keys.derive(f"log/{pico}/{number}"))

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


def _read(kept: KeptLog, now_s: float) -> VerifiedLog:
    try:
        return verify_log(log_from_jsonl(kept.lines), now_s, _approvals(kept))
    except DidRefused as problem:
        raise BadLog(str(problem)) from problem


def _approvals(kept: KeptLog) -> tuple[Approval, ...]:
    return approvals_from_json(kept.approvals) if kept.approvals else ()


def _keep(log: VerifiedLog, approvals: Sequence[Approval] = ()) -> KeptLog:
    needed = newest_approvals([entry.version_id for entry in log.entries], approvals)
    return KeptLog(log_to_jsonl(log.entries), approvals_to_json(needed) if needed else "")
