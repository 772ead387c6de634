"""Whether a did:webvh 1.0 log is to be believed: every entry, from the first on ("Read (Resolve)").

Hashes, signatures, who may sign, promised keys, times, parameters, names, witnesses. A log that was verified
before is continued where it ended, and never changes its past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.dids.documents import Document, normalise, rename
from engine.adapters.dids.limits import LOG_ENTRIES
from engine.adapters.dids.locations import pico_name, read_webvh
from engine.adapters.dids.log_entries import (
    Entry,
    hash_entry,
    hash_first,
    hash_key,
    read_version_id,
    same_beginning,
)
from engine.adapters.dids.log_parameters import Parameters, WitnessRule, first_parameters, next_parameters
from engine.adapters.dids.log_times import read_time
from engine.adapters.dids.proofs import verify
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.witnesses import Approval, Approvals
from engine.core.dids import Did, show_did

TOLERANCE_S = 300.0
"""How far ahead another's clock may be."""


@dataclass(frozen=True, slots=True)
class Version:
    """An entry that was verified, and what follows from it."""

    entry: Entry
    number: int
    time_s: float
    parameters: Parameters
    """In force for the entry after it."""
    rule: WitnessRule | None
    """Who had to approve this one."""

    @property
    def did(self) -> Did:
        return Did(self.entry.state["id"])


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """Nobody but `verify_log` makes one."""

    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def epoch(self) -> int:
        """The number of the newest entry: whoever acts by an older one is not up to date."""
        return self.newest.number

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(version.entry for version in self.versions)

    @property
    def scid(self) -> str:
        return self.newest.parameters.scid

    @property
    def name(self) -> Did:
        """The pico's name for life."""
        return pico_name(self.scid)

    @property
    def did(self) -> Did:
        """The did:webvh of today, which says where the log is served."""
        return self.newest.did

    @property
    def deactivated(self) -> bool:
        return self.newest.parameters.deactivated

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """Those that may sign the next entry, unless keys were promised by their hashes."""
        return () if self.newest.parameters.next_key_hashes else self.newest.parameters.update_keys

    def document(self, number: int | None = None) -> Document:
        """That of the pico under its name for life, which `alsoKnownAs` the place of its log."""
        return self.document_called(self.name, number)

    def document_called(self, did: Did, number: int | None = None) -> Document:
        """Under the name for life, or a did:webvh that the log has or had: it is the same pico."""
        if did != self.name and all(version.did != did for version in self.versions):
            raise DidRefused("wrong-name", f"the log of {self.name} was never called {show_did(did)}")
        version = self.version(number)
        state = version.entry.state
        return normalise(did, state if did == version.did else rename(state, version.did, did))

    def version(self, number: int | None = None) -> Version:
        """The newest, or that with a number. A log that has ended has documents of the past only."""
        if number is None:
            if self.deactivated:
                raise DidRefused("deactivated", f"{self.name} has ended with its entry {self.epoch}")
            return self.newest
        if not 1 <= number <= len(self.versions):
            raise DidRefused("not-found", f"{self.name} has no entry {number}")
        return self.versions[number - 1]


def verify_log(
    entries: Sequence[Entry],
    now_s: float,
    approvals: Iterable[Approval] = (),
    known: VerifiedLog | None = None,
) -> VerifiedLog:
    """`known` is what was verified of this log before: it saves work, and settles which past is true."""
    shared, versions = _verify_entries(entries, now_s, known.versions if known else ())
    _check_witnesses(versions, shared, approvals)
    log = VerifiedLog(tuple(versions))
    if known:
        check_past(known, log)
    return log


def verify_longer(
    entries: Sequence[Entry], now_s: float, approvals: Iterable[Approval], seen: Sequence[Version]
) -> VerifiedLog:
    """The same for entries of which some may have been `seen` before, of whatever log. That saves work, and
    nothing else follows from it."""
    _, versions = _verify_entries(entries, now_s, seen)
    _check_witnesses(versions, 0, approvals)
    return VerifiedLog(tuple(versions))


def _verify_entries(
    entries: Sequence[Entry], now_s: float, seen: Sequence[Version]
) -> tuple[int, list[Version]]:
    """How many of them were seen, and all of them."""
    if not 0 < len(entries) <= LOG_ENTRIES:
        raise DidRefused("bad-log", f"a log has 1 to {LOG_ENTRIES:,} entries, not {len(entries)}")
    shared = same_beginning([one.entry for one in seen], entries)
    versions = list(seen[:shared])
    for entry in entries[shared:]:
        number = len(versions) + 1
        try:
            versions.append(_verify_entry(entry, number, versions[-1] if versions else None, now_s))
        except DidRefused as problem:
            raise problem.in_version(number) from None
    return shared, versions


def verify_draft(log: VerifiedLog, entry: Entry, now_s: float) -> Version:
    """What would follow from one more entry, which may not be signed or approved yet."""
    try:
        version = _verify_unsigned(entry, log.epoch + 1, log.newest, now_s)
        if entry.proof:
            check_signed(log, entry)
    except DidRefused as problem:
        raise problem.in_version(log.epoch + 1) from None
    return version


def check_signed(log: VerifiedLog, entry: Entry) -> None:
    """Whether the next entry is signed, and by nobody but those who may."""
    _check_proofs(entry, _allowed_keys(_read_parameters(entry, log.newest), log.newest))


def _verify_entry(entry: Entry, number: int, before: Version | None, now_s: float) -> Version:
    version = _verify_unsigned(entry, number, before, now_s)
    _check_proofs(entry, _allowed_keys(version.parameters, before))
    return version


def _verify_unsigned(entry: Entry, number: int, before: Version | None, now_s: float) -> Version:
    if before and before.parameters.deactivated:
        raise DidRefused("after-deactivation", "the log has ended before")
    parameters = _read_parameters(entry, before)
    _check_chain(entry, number, before.entry.version_id if before else parameters.scid)
    if before is None and hash_first(entry, parameters.scid) != parameters.scid:
        raise DidRefused("wrong-scid", "the SCID is not the hash of the first entry")
    time_s = _check_time(entry, before, now_s)
    _check_name(entry.state, parameters, before)
    _check_promised(parameters, before)
    rule = before.parameters.witness if before else None
    return Version(entry, number, time_s, parameters, rule or parameters.witness)


def _read_parameters(entry: Entry, before: Version | None) -> Parameters:
    if before is None:
        return first_parameters(entry.parameters)
    return next_parameters(before.parameters, entry.parameters)


def _check_chain(entry: Entry, number: int, before: str) -> None:
    found, digest = read_version_id(entry.version_id)
    if found != number:
        raise DidRefused("broken-chain", f"its number is {found}, not {number}")
    if hash_entry(entry, before) != digest:
        raise DidRefused("broken-chain", "its hash is not that of what it says after the entry before")


def _check_time(entry: Entry, before: Version | None, now_s: float) -> float:
    time_s = read_time(entry.version_time, "versionTime")
    if before and time_s <= before.time_s:
        raise DidRefused("bad-time", "it is not later than the entry before")
    if time_s > now_s + TOLERANCE_S:
        raise DidRefused("bad-time", f"{entry.version_time} is in the future")
    return time_s


def _check_name(state: Mapping[str, Any], parameters: Parameters, before: Version | None) -> None:
    did = state.get("id")
    if not isinstance(did, str):
        raise DidRefused("wrong-name", "the document has no id")
    if read_webvh(did).scid != parameters.scid:
        raise DidRefused("wrong-name", f"{show_did(did)} has another SCID than the log")
    if before is None or before.did == did:
        return
    if not before.parameters.portable:
        raise DidRefused("not-portable", f"{show_did(before.did)} may not become {show_did(did)}")
    also = state.get("alsoKnownAs")
    if not isinstance(also, list) or before.did not in also:
        raise DidRefused("not-portable", "the document does not know its name before (alsoKnownAs)")


def _check_promised(parameters: Parameters, before: Version | None) -> None:
    """Every key, also one that was there before ("Pre-Rotation Key Hash Generation and Verification")."""
    promised = before.parameters.next_key_hashes if before else ()
    if not promised:
        return
    for multikey in parameters.update_keys:
        if hash_key(multikey) not in promised:
            raise DidRefused("uncommitted-key", f"{multikey[:60]} was not promised by the entry before")


def _allowed_keys(parameters: Parameters, before: Version | None) -> tuple[str, ...]:
    """ "Authorized Keys": those of the entry before; its own where they were promised, and in the first."""
    if before is None or before.parameters.next_key_hashes:
        return parameters.update_keys
    return before.parameters.update_keys


def _check_proofs(entry: Entry, allowed: tuple[str, ...]) -> None:
    if not entry.proof:
        raise DidRefused("bad-proof", "it is not signed")
    for proof in entry.proof:
        multikey = verify(entry.unsigned(), proof)
        if multikey not in allowed:
            raise DidRefused("unauthorised-key", f"{multikey} may not sign it")


def _check_witnesses(versions: Sequence[Version], checked: int, approvals: Iterable[Approval]) -> None:
    """After everything else, as the specification wants it."""
    ruled = [version for version in versions[checked:] if version.rule]
    counted = Approvals([version.entry.version_id for version in versions], approvals)
    for version in ruled:
        assert version.rule is not None
        counted.check(version.number, version.rule)


def check_past(known: VerifiedLog, log: VerifiedLog) -> None:
    """Two logs that are both good, and differ in what was: somebody with a key has told two stories."""
    for old, new in zip(known.versions, log.versions, strict=False):
        if old.entry.version_id != new.entry.version_id:
            raise DidRefused("forked", "it differs from what was verified before", old.number)
