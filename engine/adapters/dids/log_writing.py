"""Making a pico's log: its first entry, further ones, and the last ("Create", "Update", "Deactivate").

What is made here is not believed here either: `verify_log` decides, as it does for everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.adapters.dids.documents import rename
from engine.adapters.dids.locations import NOWHERE, SCID, WEBVH
from engine.adapters.dids.log_entries import PLACEHOLDER, Entry, fill_in, hash_entry, hash_key, hash_value
from engine.adapters.dids.log_parameters import METHOD, WitnessRule
from engine.adapters.dids.log_times import write_time
from engine.adapters.dids.log_verification import VerifiedLog
from engine.adapters.dids.proofs import Signer, prove

UNBORN = WEBVH + PLACEHOLDER
"""How the did:webvh of a log begins before its SCID is known; ":host:path" follows."""
UNBORN_NAME = SCID + PLACEHOLDER
"""The name for life, before it is known."""


class CannotWrite(ValueError):
    """An entry that every verifier would refuse. The message says why."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an entry changes about the rules of the log; None leaves it as it is."""

    update_keys: tuple[str, ...] | None = None
    next_keys: tuple[str, ...] | None = None
    """Multikeys that may sign the entry after; only their hashes are published. `()` promises nothing."""
    next_key_hashes: tuple[str, ...] = ()
    """Hashes of further such keys, which others have and do not show: an owner's, guardians'."""
    witness: WitnessRule | None = None
    without_witnesses: bool = False
    watchers: tuple[str, ...] | None = None
    ttl_s: int | None = None


def unborn_did(location: str = NOWHERE) -> str:
    """`location` is a host with segments as in a DID: `example.com%3A8443:picos:7`."""
    return f"{UNBORN}:{location}"


def create_log(
    state: Mapping[str, Any],
    signer: Signer,
    now_s: float,
    changes: Changes = Changes(),
    *,
    portable: bool = True,
) -> Entry:
    """The first entry, for a document that has `{SCID}` wherever its SCID will be."""
    if not str(state.get("id", "")).startswith(f"{UNBORN}:"):
        raise CannotWrite(f"the id of the first document begins with {UNBORN}:")
    parameters = {
        "method": METHOD,
        "scid": PLACEHOLDER,
        "portable": portable,
        "updateKeys": list(changes.update_keys or (signer.multikey,)),
        **_parameters(replace(changes, update_keys=None)),
    }
    draft = Entry(PLACEHOLDER, write_time(now_s), parameters, state)
    scid = hash_value(draft.unsigned())
    return sign_entry(_numbered(fill_in(draft, scid), 1, scid), signer, now_s)


def update_log(
    log: VerifiedLog,
    signer: Signer,
    now_s: float,
    *,
    state: Mapping[str, Any] | None = None,
    changes: Changes = Changes(),
) -> Entry:
    """The next entry; without `state`, with the document that there is."""
    draft = draft_entry(log, (signer.multikey,), now_s, state=state, changes=changes)
    return sign_entry(draft, signer, now_s)


def draft_entry(
    log: VerifiedLog,
    keys: tuple[str, ...],
    now_s: float,
    *,
    state: Mapping[str, Any] | None = None,
    changes: Changes = Changes(),
) -> Entry:
    """The next entry, which one of these keys is to sign. Its versionId is final, so it can be approved."""
    if log.deactivated:
        raise CannotWrite(f"{log.name} has ended; nothing can follow its entry {log.epoch}")
    changes = _keep_promises(log, keys, changes)
    document = log.newest.entry.state if state is None else state
    return _number(Entry("", _next_time(log, now_s), _parameters(changes), document), log)


def sign_entry(entry: Entry, signer: Signer, now_s: float) -> Entry:
    return replace(entry, proof=(prove(entry.unsigned(), signer, now_s),))


def deactivate_log(log: VerifiedLog, signer: Signer, now_s: float) -> Entry:
    """The last entry: no key may sign another one."""
    promised = bool(log.newest.parameters.next_key_hashes)
    keys = (signer.multikey,) if promised else ()
    entry = update_log(log, signer, now_s, changes=Changes(update_keys=keys, next_keys=()))
    ended = replace(entry, parameters={**entry.parameters, "deactivated": True})
    return sign_entry(_number(ended, log), signer, now_s)


def move_state(log: VerifiedLog, location: str) -> dict[str, Any]:
    """The document for an entry that serves the log elsewhere ("DID Portability").

    It knows the name it had until now, and not all those before: it would grow with every move.
    """
    moved = rename(log.newest.entry.state, log.did, f"{WEBVH}{log.scid}:{location}")
    others = [name for name in moved["alsoKnownAs"] if not name.startswith(f"{WEBVH}{log.scid}:")]
    return {**moved, "alsoKnownAs": [*others, log.did]}


def _keep_promises(log: VerifiedLog, signing: tuple[str, ...], changes: Changes) -> Changes:
    """While keys are promised, an entry names its own and promises the next, or ends that expressly."""
    rules = log.newest.parameters
    if not rules.next_key_hashes:
        for multikey in signing:
            if multikey not in rules.update_keys:
                raise CannotWrite(f"{multikey} may not sign entry {log.epoch + 1} of {log.name}")
        return changes
    keys = changes.update_keys or signing
    for multikey in (*signing, *keys):
        if hash_key(multikey) not in rules.next_key_hashes:
            raise CannotWrite(f"{multikey} was not promised by entry {log.epoch} of {log.name}")
    if changes.next_keys is None and not changes.next_key_hashes:
        raise CannotWrite("an entry after promised keys promises the next ones, or says next_keys=()")
    return replace(changes, update_keys=keys, next_keys=changes.next_keys or ())


def _parameters(changes: Changes) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if changes.update_keys is not None:
        parameters["updateKeys"] = list(changes.update_keys)
    if changes.next_keys is not None or changes.next_key_hashes:
        promised = (*map(hash_key, changes.next_keys or ()), *changes.next_key_hashes)
        parameters["nextKeyHashes"] = list(dict.fromkeys(promised))
    if changes.without_witnesses:
        parameters["witness"] = {}
    elif changes.witness is not None:
        parameters["witness"] = changes.witness.to_json()
    if changes.watchers is not None:
        parameters["watchers"] = list(changes.watchers)
    if changes.ttl_s is not None:
        parameters["ttl"] = changes.ttl_s
    return parameters


def _next_time(log: VerifiedLog, now_s: float) -> str:
    """Later than the entry before, by a second if the clock has not moved on; verifiers allow minutes."""
    return write_time(max(now_s, log.newest.time_s + 1))


def _number(draft: Entry, log: VerifiedLog) -> Entry:
    return _numbered(draft, log.epoch + 1, log.newest.entry.version_id)


def _numbered(draft: Entry, number: int, before: str) -> Entry:
    return replace(draft, version_id=f"{number}-{hash_entry(draft, before)}", proof=())
