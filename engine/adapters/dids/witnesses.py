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


class Approvals:
    """Those for one log, counted; each proof is checked once, and only if it matters."""

    def __init__(self, version_ids: Sequence[str], approvals: Iterable[Approval]) -> None:
        """Of entries that this log does not have (yet), nothing follows for those that it has."""
        numbers = {version_id: number for number, version_id in enumerate(version_ids, start=1)}
        known = [(numbers[one.version_id], one) for one in approvals if one.version_id in numbers]
        self._latest_first = sorted(known, key=lambda pair: -pair[0])[:WITNESS_PROOFS]
        self._good: dict[int, str | None] = {}

    def check(self, number: int, rule: WitnessRule) -> None:
        """Raises `DidRefused` unless enough of the witnesses approve the entry, or a later one."""
        found: set[str] = set()
        for place, (approved, approval) in enumerate(self._latest_first):
            if approved < number or len(found) >= rule.threshold:
                break
            witness = self._witness(place, approval, rule, found)
            if witness is not None:
                found.add(witness)
        if len(found) < rule.threshold:
            raise DidRefused(
                "not-witnessed", f"{len(found)} of its witnesses approve it, {rule.threshold} have to", number
            )

    def _witness(self, place: int, approval: Approval, rule: WitnessRule, found: set[str]) -> str | None:
        """The witness whose good proof it is, if it is one that still counts."""
        try:
            witness = did_of_key(signing_key(approval.proof))
            if witness not in rule.witnesses or witness in found:
                return None
            if place not in self._good:
                self._good[place] = None
                verify({"versionId": approval.version_id}, approval.proof)
                self._good[place] = witness
        except DidRefused:
            return None  # a proof that is none is ignored, says "Verifying Witness Proofs During Resolution"
        return self._good[place]
