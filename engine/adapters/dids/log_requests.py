"""What guardians are asked to approve, and what they answer: two texts that are handed on by whatever way.

A request is a log and the entry that is to follow. It may be signed already, by an engine that needs
approvals; otherwise any guardian may sign it, and all do who approve: whose signature goes into the log does
not matter.
Nobody has to be reached for any of this, and a text that was changed on its way is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.adapters.dids.guardians import Guardians, guardians_of
from engine.adapters.dids.limits import LOG_BYTES, WITNESS_BYTES
from engine.adapters.dids.log_entries import Entry, log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_parameters import WitnessRule
from engine.adapters.dids.log_verification import VerifiedLog, Version, check_signed, verify_draft, verify_log
from engine.adapters.dids.log_writing import CannotWrite, sign_entry
from engine.adapters.dids.proofs import Signer, did_of_key
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_object
from engine.adapters.dids.witnesses import Approval, approvals_from_json, approvals_to_json, approve, is_good
from engine.core.dids import show_did

REQUEST = "request to guardians, 1"
APPROVAL = "approval by a guardian, 1"
"""What the texts say they are, and the version of their form."""
LONGEST_NOTE = 1000
LONGEST_REQUEST = 2 * (LOG_BYTES + WITNESS_BYTES)
"""In characters: the log stands in it as a text."""
LONGEST_APPROVAL = 8192


@dataclass(frozen=True, slots=True)
class LogRequest:
    log: VerifiedLog
    approvals: tuple[Approval, ...]
    """Of the log, and of the entry what there is already."""
    entry: Entry
    after: Version
    """What the entry makes of the log."""
    note: str = ""

    @property
    def guardians(self) -> Guardians | None:
        """Who can approve it: those named before it, or else by it."""
        return guardians_of(self.log.newest.parameters) or guardians_of(self.after.parameters)

    @property
    def rule(self) -> WitnessRule | None:
        """Whose approvals it takes."""
        return self.log.newest.parameters.witness or self.after.parameters.witness


@dataclass(frozen=True, slots=True)
class Assent:
    """What a guardian gives who approves. `signature` is None where the entry is signed already."""

    approval: Approval
    guardian: str
    signature: Mapping[str, Any] | None = None


def make_request(
    log: VerifiedLog, approvals: Sequence[Approval], entry: Entry, now_s: float, note: str = ""
) -> LogRequest:
    """Raises `DidRefused` when nobody could approve the entry."""
    if len(note) > LONGEST_NOTE:
        raise CannotWrite(f"a note has at most {LONGEST_NOTE} characters")
    return LogRequest(log, tuple(approvals), entry, verify_draft(log, entry, now_s), note)


def request_to_json(request: LogRequest) -> str:
    text = {
        "picomesh": REQUEST,
        "note": request.note,
        "did": request.log.name,
        "entry": log_to_jsonl([request.entry]),
        "log": log_to_jsonl(request.log.entries),
        "approvals": approvals_to_json(request.approvals),
    }
    return json.dumps(text, ensure_ascii=False, indent=1) + "\n"


def request_from_json(text: str, now_s: float) -> LogRequest:
    """Raises `DidRefused` when it is none, or when the log or the entry is not good."""
    members = _read(text, REQUEST, LONGEST_REQUEST, ("note", "did", "entry", "log", "approvals"))
    approvals = approvals_from_json(members["approvals"])
    log = verify_log(log_from_jsonl(members["log"]), now_s, approvals)
    if log.name != members["did"]:
        raise DidRefused("wrong-name", f"the request says that it is about {show_did(members['did'])}")
    entries = log_from_jsonl(members["entry"])
    return make_request(log, approvals, entries[0], now_s, members["note"])


def assent(request: LogRequest, signer: Signer, now_s: float) -> Assent:
    """What a guardian answers who has looked at it, and wants it."""
    me = did_of_key(signer.multikey)
    if request.guardians is None or me not in request.guardians.members:
        raise CannotWrite(f"{me} is no guardian of {request.log.name}")
    signature = None if request.entry.proof else sign_entry(request.entry, signer, now_s).proof[0]
    return Assent(approve(request.entry.version_id, signer, now_s), me, signature)


def assent_to_json(given: Assent) -> str:
    """In one line, so that it can be copied from a terminal."""
    text = {
        "picomesh": APPROVAL,
        "guardian": given.guardian,
        "versionId": given.approval.version_id,
        "approval": given.approval.proof,
        "signature": given.signature,
    }
    return json.dumps(text, separators=(",", ":")) + "\n"


def assent_from_json(text: str) -> Assent:
    found = _read(text, APPROVAL, LONGEST_APPROVAL, ("guardian", "versionId"), ("approval", "signature"))
    if not isinstance(found["approval"], dict) or not isinstance(found["signature"], dict | None):
        raise DidRefused("not-witnessed", "an approval has a proof, and a signature that is one too or null")
    return Assent(Approval(found["versionId"], found["approval"]), found["guardian"], found["signature"])


def add_assents(request: LogRequest, assents: Iterable[Assent]) -> LogRequest:
    """The request with what guardians gave, each of which has to be good. Raises `CannotWrite`."""
    given = tuple(assents)
    for one in given:
        _check(request, one)
    entry = request.entry
    for one in given:
        if not entry.proof and one.signature is not None:
            entry = replace(entry, proof=(one.signature,))
    return replace(request, entry=entry, approvals=(*request.approvals, *(one.approval for one in given)))


def why_not_yet(request: LogRequest) -> str | None:
    """What is missing until the entry can be published; None if nothing is."""
    if request.rule is not None:
        approved = {_witness(one) for one in request.approvals if one.version_id == request.entry.version_id}
        found = [witness for witness in request.rule.witnesses if witness in approved]
        if len(found) < request.rule.threshold:
            missing = [one for one in _names(request) if one not in approved]
            return (
                f"{request.rule.threshold} have to approve it, and {len(found)} of them did; "
                f"ask {' or '.join(missing)}"
            )
    return None if request.entry.proof else "nobody has signed it who may"


def _check(request: LogRequest, one: Assent) -> None:
    if one.approval.version_id != request.entry.version_id:
        raise CannotWrite(
            f"the approval of {one.guardian} is of another entry ({one.approval.version_id[:16]}…) than the "
            f"request ({request.entry.version_id[:16]}…): ask for one of this request"
        )
    if request.rule is None or one.guardian not in request.rule.witnesses:
        raise CannotWrite(f"{show_did(one.guardian)} is no guardian of {request.log.name}")
    if _witness(one.approval) != one.guardian or not is_good(one.approval):
        raise CannotWrite(f"the approval of {one.guardian} is not signed by that guardian, or was changed")
    if one.signature is not None:
        try:
            check_signed(request.log, replace(request.entry, proof=(one.signature,)))
        except DidRefused as problem:
            raise CannotWrite(f"the signature of {one.guardian} is not good: {problem.reason}") from None


def _witness(approval: Approval) -> str:
    return str(approval.proof.get("verificationMethod", "")).partition("#")[0]


def _names(request: LogRequest) -> tuple[str, ...]:
    return () if request.guardians is None else request.guardians.members


def _read(
    text: str, kind: str, longest: int, texts: Sequence[str], others: Sequence[str] = ()
) -> Mapping[str, Any]:
    what, _ = kind.split(",")
    if len(text) > longest:
        raise DidRefused(
            "too-large", f"the text is too long for the {what}: more than {longest:,} characters"
        )
    members = read_object(text.strip(), "bad-log", f"the {what}")
    if members.get("picomesh") != kind:
        raise DidRefused("bad-log", f"it is not the {what}, or of a version that is not known here")
    if set(members) != {"picomesh", *texts, *others} or not all(
        isinstance(members[name], str) for name in texts
    ):
        raise DidRefused("bad-log", f"the {what} has {', '.join((*texts, *others))} and nothing else")
    return members
