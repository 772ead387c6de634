"""Approvals of entries by witnesses: the file `did-witness.json`, and whether there are enough of them.

did:webvh 1.0, "DID Witnesses". A witness who approves an entry has approved all before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.dids.limits import WITNESS_BYTES, WITNESS_PROOFS
from engine.adapters.dids.log_parameters import WitnessRule
from engine.adapters.dids.proofs import Signer, did_of_key, prove, signing_key, verify
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_json


@dataclass(frozen=True, slots=True)
class Approval:
    """One proof by one witness for one entry."""

    version_id: str
    proof: Mapping[str, Any]


def approve(version_id: str, witness: Signer, now_s: float) -> Approval:
    """Whoever does this has verified the entry, and wants it."""
    return Approval(version_id, prove({"versionId": version_id}, witness, now_s))


def approvals_to_json(approvals: Iterable[Approval]) -> str:
    """The text of a `did-witness.json`."""
    by_version: dict[str, list[Mapping[str, Any]]] = {}
    for one in approvals:
        by_version.setdefault(one.version_id, []).append(one.proof)
    listed = [{"versionId": version_id, "proof": proofs} for version_id, proofs in by_version.items()]
    return json.dumps(listed, separators=(",", ":"))


def approvals_from_json(text: str) -> tuple[Approval, ...]:
    if len(text) > WITNESS_BYTES:
        raise DidRefused("too-large", f"a file of witnesses has at most {WITNESS_BYTES:,} bytes")
    value = read_json(text, "not-witnessed", "the file of witnesses")
    approvals = tuple(_read_approvals(value))
    if len(approvals) > WITNESS_PROOFS:
        raise DidRefused("too-large", f"a file of witnesses has at most {WITNESS_PROOFS} proofs")
    return approvals


def _read_approvals(value: object) -> Iterator[Approval]:
    for one in value if isinstance(value, list) else [None]:
        if not isinstance(one, dict) or not isinstance(one.get("versionId"), str):
            raise DidRefused("not-witnessed", "a file of witnesses is a list of objects with a versionId")
        proofs = one.get("proof", [])
        for proof in proofs if isinstance(proofs, list) else [proofs]:
            if not isinstance(proof, dict):
                raise DidRefused("not-witnessed", "a proof of a witness is an object")
            yield Approval(one["versionId"], proof)


def newest_approvals(version_ids: Sequence[str], approvals: Iterable[Approval]) -> tuple[Approval, ...]:
    """The last two of each witness, which stand for all before them: with the newest entry, somebody who has
    fetched the log just before it was written still finds the one before approved."""
    numbers = {version_id: number for number, version_id in enumerate(version_ids, start=1)}
    by_witness: dict[str | None, dict[int, Approval]] = {}
    for one in approvals:
        if one.version_id in numbers:
            by_witness.setdefault(_claimed_witness(one), {})[numbers[one.version_id]] = one
    by_witness.pop(None, None)
    return tuple(given[number] for given in by_witness.values() for number in sorted(given)[-2:])


class Approvals:
    """Those for one log: how far each witness has approved it. Proofs are checked only if they matter."""

    def __init__(self, version_ids: Sequence[str], approvals: Iterable[Approval]) -> None:
        """Of entries that this log does not have (yet), nothing follows for those that it has."""
        numbers = {version_id: number for number, version_id in enumerate(version_ids, start=1)}
        self._given: dict[str, list[tuple[int, Approval]]] = {}
        for approval in approvals:
            witness = _claimed_witness(approval)
            if witness is not None and approval.version_id in numbers:
                self._given.setdefault(witness, []).append((numbers[approval.version_id], approval))
        self._reached: dict[str, int] = {}

    def check(self, number: int, rule: WitnessRule) -> None:
        """Raises `DidRefused` unless enough of the witnesses approve the entry, or a later one."""
        found = sum(self._reach(witness) >= number for witness in rule.witnesses)
        if found < rule.threshold:
            raise DidRefused(
                "not-witnessed", f"{found} of its witnesses approve it, {rule.threshold} have to", number
            )

    def _reach(self, witness: str) -> int:
        """The last entry that it approved; 0 if none."""
        if witness not in self._reached:
            latest_first = sorted(self._given.get(witness, ()), key=lambda pair: -pair[0])
            good = (number for number, approval in latest_first if is_good(approval))
            self._reached[witness] = next(good, 0)
        return self._reached[witness]


def approvers(version_ids: Sequence[str], approvals: Iterable[Approval]) -> frozenset[str]:
    """Who has really approved one of these entries: nobody else can have wanted to stand in that log."""
    ids = frozenset(version_ids)
    named = ((_claimed_witness(one), one) for one in approvals if one.version_id in ids)
    return frozenset(witness for witness, one in named if witness is not None and is_good(one))


def _claimed_witness(approval: Approval) -> str | None:
    """Whose the proof says it is. Others are ignored ("Verifying Witness Proofs During Resolution")."""
    try:
        return did_of_key(signing_key(approval.proof))
    except DidRefused:
        return None


def is_good(approval: Approval) -> bool:
    try:
        verify({"versionId": approval.version_id}, approval.proof)
    except DidRefused:
        return False
    return True
