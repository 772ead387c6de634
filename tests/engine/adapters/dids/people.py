"""Keys, documents and logs to test with: real ones, the same at every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.dids import (
    UNBORN_NAME,
    Approval,
    Changes,
    Entry,
    SeedSigner,
    VerifiedLog,
    WitnessRule,
    approve,
    create_log,
    did_of_key,
    unborn_did,
    update_log,
    verify_log,
)

NOW_S = 1_763_000_000.0
UNCHANGED = Changes()
PLACE = "pico.site.example:picos:7"
X25519 = "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"


def signer(number: int) -> SeedSigner:
    return SeedSigner(number.to_bytes(32, "big"))


def state(place: str = PLACE, **more: Any) -> dict[str, Any]:
    """The document of a pico that is not born yet."""
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": unborn_did(place),
        "alsoKnownAs": [UNBORN_NAME],
        "verificationMethod": [{"id": "#key-1", "type": "Multikey", "publicKeyMultibase": X25519}],
        "keyAgreement": ["#key-1"],
        **more,
    }


def rule(threshold: int, witnesses: Sequence[SeedSigner]) -> WitnessRule:
    return WitnessRule(threshold, tuple(did_of_key(one.multikey) for one in witnesses))


@dataclass
class Diary:
    """A log that grows, an hour apart, each entry approved by whoever is named."""

    log: VerifiedLog
    now_s: float = NOW_S
    approvals: list[Approval] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        first: SeedSigner,
        changes: Changes = UNCHANGED,
        *,
        witnesses: Sequence[SeedSigner] = (),
        portable: bool = True,
        place: str = PLACE,
    ) -> Diary:
        entry = create_log(state(place), first, NOW_S, changes, portable=portable)
        approvals = [approve(entry.version_id, one, NOW_S) for one in witnesses]
        return cls(verify_log([entry], NOW_S, approvals), approvals=approvals)

    def write(
        self,
        by: SeedSigner,
        changes: Changes = UNCHANGED,
        *,
        state: dict[str, Any] | None = None,
        witnesses: Sequence[SeedSigner] = (),
    ) -> VerifiedLog:
        self.now_s += 3600
        return self.add(update_log(self.log, by, self.now_s, state=state, changes=changes), witnesses)

    def add(self, entry: Entry, witnesses: Sequence[SeedSigner] = ()) -> VerifiedLog:
        approvals = [*self.approvals, *(approve(entry.version_id, one, self.now_s) for one in witnesses)]
        self.log = verify_log([*self.log.entries, entry], self.now_s, approvals, self.log)
        self.approvals = approvals
        return self.log


def three_entries() -> Diary:
    """Keys promised each time, the second entry elsewhere."""
    diary = Diary.begin(signer(1), Changes(next_keys=(signer(2).multikey,)))
    diary.write(signer(2), Changes(next_keys=(signer(3).multikey,)))
    diary.write(signer(3), Changes(next_keys=(signer(4).multikey,)))
    return diary
