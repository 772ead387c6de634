"""`engine.ports.Succession`: who may go on with the log of a pico, and how somebody else takes it up.

Every entry is drafted first. What the engine can sign and approve by itself it publishes; for the rest there
is a request to those who have to (see `log_requests`), and nothing has changed until they did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.adapters.dids.guardians import Guardians, guardian_of, guardians_of, parties_alone
from engine.adapters.dids.kept_logs import desk_keys, keep, read_approvals, read_kept, signing_key
from engine.adapters.dids.log_entries import Entry, hash_key
from engine.adapters.dids.log_parameters import WitnessRule
from engine.adapters.dids.log_requests import LogRequest, make_request, request_to_json, why_not_yet
from engine.adapters.dids.log_verification import VerifiedLog, verify_log
from engine.adapters.dids.log_writing import CannotWrite, Changes, deactivate_log, draft_entry, sign_entry
from engine.adapters.dids.proofs import Signer, did_of_key
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.witnesses import approve
from engine.core.dids import Did
from engine.ports import (
    BadLog,
    Forget,
    Guard,
    KeptLog,
    Keys,
    LogChange,
    NewHost,
    OwnChange,
    OwnersKey,
    Promise,
    Recover,
    Rotate,
)

Address = Callable[[VerifiedLog, str, str | None, Did], Mapping[str, Any]]
"""The document of a log as it is where this engine, with that URL and DID, hosts the pico."""
NOT_OURS = (
    "the key of this engine was not promised by the newest entry; if its keys were lost, "
    "`picomesh did recover` goes on with the owner's key, or by the guardians"
)
WATCHED = "guardians have to approve each entry of this log"
ANOTHERS_KEY = (
    "the log promises a key of an owner besides, which would not suffice any more: give it with "
    "--recovery-key FILE so that it still does, or have it promised no longer with --drop-recovery-key"
)


class LogSuccession:
    def __init__(self, keys: Keys, address: Address) -> None:
        self._keys = keys
        self._address = address

    def change(self, pico: str, kept: KeptLog, change: OwnChange, now_s: float) -> KeptLog:
        request = self._request(pico, kept, change, "", now_s)
        missing = why_not_yet(request)
        if missing is not None:
            raise BadLog(f"{WATCHED}: {missing}. --ask FILE writes a request to them")
        return _published(request, now_s)

    def ask(self, pico: str, kept: KeptLog, change: LogChange, note: str, now_s: float) -> str:
        request = self._request(pico, kept, change, note, now_s)
        if why_not_yet(request) is None:
            raise BadLog("nobody has to approve this; do it without --ask")
        return request_to_json(request)

    def end(self, pico: str, kept: KeptLog, now_s: float) -> KeptLog:
        log = read_kept(kept, now_s)
        if log.deactivated:
            return kept
        try:
            entry = deactivate_log(log, signing_key(self._keys, pico, log.epoch + 1), now_s)
            request = make_request(log, read_approvals(kept), entry, now_s)
        except (CannotWrite, DidRefused) as problem:
            raise BadLog(str(problem)) from problem
        request = self._approved(pico, request, now_s)
        missing = why_not_yet(request)
        if missing is not None:
            raise BadLog(f"{WATCHED}: {missing}")
        return _published(request, now_s)

    def release(
        self, pico: str, kept: KeptLog, to: NewHost, document: Mapping[str, Any], now_s: float
    ) -> KeptLog:
        """The log with the entry that names another engine, which alone can write the next one."""
        log = read_kept(kept, now_s)
        own = signing_key(self._keys, pico, log.epoch + 1)
        try:
            changes = self._released(pico, log, own, to)
            draft = draft_entry(log, (own.multikey,), now_s, state=document, changes=changes)
            request = make_request(log, read_approvals(kept), sign_entry(draft, own, now_s), now_s)
        except (CannotWrite, DidRefused) as problem:
            raise BadLog(str(problem)) from problem
        request = self._approved(pico, request, now_s)
        missing = why_not_yet(request)
        if missing is not None:
            raise BadLog(f"{WATCHED}: {missing}")
        return _published(request, now_s, kept)

    def check_own(self, pico: str, kept: KeptLog, now_s: float) -> None:
        """That this engine can write the next entry. Raises `BadLog`."""
        log = read_kept(kept, now_s)
        if log.deactivated:
            raise BadLog("the log has ended")
        own = signing_key(self._keys, pico, log.epoch + 1)
        if hash_key(own.multikey) not in log.newest.parameters.next_key_hashes:
            raise BadLog(NOT_OURS)

    def _released(self, pico: str, log: VerifiedLog, own: Signer, to: NewHost) -> Changes:
        """What owner and guardians can do stays as it is; what this engine could, the other one can."""
        rules = log.newest.parameters
        if hash_key(own.multikey) not in rules.next_key_hashes:
            raise BadLog(NOT_OURS)
        others = tuple(one for one in rules.next_key_hashes if one != hash_key(own.multikey))
        changes = Changes(next_key_hashes=(to.next_hash, *others))
        guardians = guardians_of(rules)
        if guardians is None or rules.witness is None:
            return changes
        mine = set(_dids(desk_keys(self._keys, pico, guardians.threshold)))
        alone = [one for one in rules.witness.witnesses if one not in (*guardians.members, *mine)]
        needed = guardians.threshold
        parties: list[Sequence[str]] = [alone[at : at + needed] for at in range(0, len(alone), needed)]
        if mine <= set(rules.witness.witnesses):
            parties.insert(0, to.desk[:needed])
        return replace(changes, witness=guardians.rule(parties))

    # --- drafts ------------------------------------------------------------------------------------

    def _request(self, pico: str, kept: KeptLog, change: LogChange, note: str, now_s: float) -> LogRequest:
        """With the signature and the approvals of this engine, where they count."""
        log = read_kept(kept, now_s)
        try:
            entry = self._draft(pico, log, change, now_s)
            if not isinstance(change, Recover):
                entry = sign_entry(entry, signing_key(self._keys, pico, log.epoch + 1), now_s)
            request = make_request(log, read_approvals(kept), entry, now_s, note)
        except (CannotWrite, DidRefused) as problem:
            raise BadLog(str(problem)) from problem
        return request if isinstance(change, Recover) else self._approved(pico, request, now_s)

    def _approved(self, pico: str, request: LogRequest, now_s: float) -> LogRequest:
        rule = request.rule
        if rule is None:
            return request
        own = desk_keys(self._keys, pico, rule.threshold)
        counting = (one for one in own if did_of_key(one.multikey) in rule.witnesses)
        given = tuple(approve(request.entry.version_id, one, now_s) for one in counting)
        return replace(request, approvals=(*request.approvals, *given))

    def _draft(self, pico: str, log: VerifiedLog, change: LogChange, now_s: float) -> Entry:
        following = signing_key(self._keys, pico, log.epoch + 2).multikey
        if isinstance(change, Recover):
            return self._recovering(pico, log, change, following, now_s)
        own, promised = signing_key(self._keys, pico, log.epoch + 1), log.newest.parameters.next_key_hashes
        if hash_key(own.multikey) not in promised:
            raise BadLog(NOT_OURS)
        others = tuple(one for one in promised if one != hash_key(own.multikey))
        changes = Changes(next_keys=(following,), next_key_hashes=others)
        if isinstance(change, Promise):
            changes = _promised(log, change.owner, changes)
        if isinstance(change, Forget):
            changes = _forgotten(log, change, changes)
        if isinstance(change, Guard):
            changes = self._guarded(pico, log, change, changes)
        state = change.document if isinstance(change, Rotate) else None
        return draft_entry(log, (own.multikey,), now_s, state=state, changes=changes)

    def _guarded(self, pico: str, log: VerifiedLog, change: Guard, changes: Changes) -> Changes:
        before = guardians_of(log.newest.parameters)
        spent = () if before is None else before.promises
        owners = tuple(one for one in changes.next_key_hashes if one not in spent)
        owner = () if change.owner is None else (change.owner.hash,)
        if not change.of:
            promises = dict.fromkeys((*owners, *owner))
            return replace(changes, next_key_hashes=tuple(promises), without_witnesses=True)
        if not change.forgets_owner and set(owners) - set(owner):
            raise BadLog(ANOTHERS_KEY)
        guardians = Guardians(change.needed, tuple(map(guardian_of, change.of)))
        rule = self._rule(pico, guardians, change.watching, change.owner)
        return replace(changes, next_key_hashes=(*owner, *guardians.promises), witness=rule)

    def _recovering(
        self, pico: str, log: VerifiedLog, change: Recover, following: str, now_s: float
    ) -> Entry:
        """What somebody put beside the promises of owner and guardians is not promised again: it may be a
        thief's."""
        guardians = guardians_of(log.newest.parameters)
        if change.signer is None and guardians is None:
            raise BadLog("this log names no guardians; only a key that it promises goes on with it")
        signing = (change.signer,) if change.signer is not None else guardians.multikeys if guardians else ()
        owner = () if change.owner is None else (change.owner.hash,)
        changes = Changes(next_keys=(following,), next_key_hashes=owner)
        if guardians is not None:
            watching = change.watching or not _has_host_alone(log, change.owner)
            rule = self._rule(pico, guardians, watching, change.owner)
            changes = replace(changes, next_key_hashes=(*owner, *guardians.promises), witness=rule)
        state = self._address(log, pico, change.url, change.host)
        return draft_entry(log, signing, now_s, state=state, changes=changes)

    def _rule(self, pico: str, guardians: Guardians, watching: bool, owner: OwnersKey | None) -> WitnessRule:
        alone = [] if watching else [_dids(desk_keys(self._keys, pico, guardians.threshold))]
        if owner is not None and owner.approving:
            alone.append(list(owner.approving[: guardians.threshold]))
        return guardians.rule(alone)


def _has_host_alone(log: VerifiedLog, owner: OwnersKey | None) -> bool:
    """Whether a host could write without guardians. A log does not say who a party is; an owner who goes on
    with the same keys to approve with is known by them."""
    rules = log.newest.parameters
    witnesses = rules.witness.witnesses if rules.witness else ()
    is_owner_one = owner is not None and any(key in witnesses for key in owner.approving[:1])
    return parties_alone(rules) > is_owner_one


def _promised(log: VerifiedLog, owner: OwnersKey, changes: Changes) -> Changes:
    """Where there are guardians the owner becomes one more party that needs none of them."""
    rules = log.newest.parameters
    if owner.hash in rules.next_key_hashes:
        raise BadLog("the log promises this key already")
    changes = replace(changes, next_key_hashes=(*changes.next_key_hashes, owner.hash))
    return _with_parties(log, changes, [owner.approving], owner.approving)


def _forgotten(log: VerifiedLog, change: Forget, changes: Changes) -> Changes:
    """Where there are guardians, the party that the owner is goes too."""
    left = tuple(one for one in changes.next_key_hashes if one not in change.hashes)
    return _with_parties(log, replace(changes, next_key_hashes=left), [], change.approving)


def _with_parties(
    log: VerifiedLog, changes: Changes, more: Sequence[Sequence[str]], without: Sequence[str]
) -> Changes:
    """With other parties that need no guardian, where there are guardians."""
    rules = log.newest.parameters
    guardians = guardians_of(rules)
    if guardians is None or rules.witness is None:
        return changes
    size = guardians.threshold
    others = [one for one in rules.witness.witnesses if one not in guardians.members]
    parties = [others[at : at + size] for at in range(0, len(others), size)]
    left = [party for party in parties if not set(party) & set(without)]
    return replace(changes, witness=guardians.rule([*left, *(one[:size] for one in more)]))


def _dids(keys: Iterable[Signer]) -> list[str]:
    return [did_of_key(one.multikey) for one in keys]


def _published(request: LogRequest, now_s: float, before: KeptLog | None = None) -> KeptLog:
    try:
        entries = [*request.log.entries, request.entry]
        after = verify_log(entries, now_s, request.approvals, request.log)
        return keep(after, request.approvals, before)
    except DidRefused as problem:
        raise BadLog(str(problem)) from problem
