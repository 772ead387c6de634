"""Recovery of a pico by m of n guardians, within the rules of did:webvh 1.0.

A log knows two powers: a key that was promised (`nextKeyHashes`) signs the next entry, and so many witnesses
approve it. Any one promised key suffices, so each guardian is promised one; and guardians are witnesses with
a threshold of m, so one alone gets nowhere. What the entries of every day need is a choice, made by who else
is a witness:

* nobody: m guardians approve every entry. A host, even a hostile one, changes nothing that they do not let
  pass, and cannot lock the owner out. Guardians that are programs let pass what `keeps_guardians` finds
  nothing wrong with.
* parties that may act alone (the host, the owner): each is m witnesses by itself, with m keys, as witnesses
  have no weights. Entries then wait for nobody, and m guardians together can still take the pico back from a
  host that is gone; but a hostile host that acts first could lock them out.

Everybody's verifier understands it, since nothing of it is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.adapters.dids.log_entries import hash_key
from engine.adapters.dids.log_parameters import WitnessRule
from engine.adapters.dids.log_verification import VerifiedLog
from engine.adapters.dids.log_writing import CannotWrite
from engine.adapters.dids.proofs import did_of_key


@dataclass(frozen=True, slots=True)
class Guardian:
    """`approving` is a multikey that everybody sees; of the other key only its hash, until it is used."""

    approving: str
    recovery_hash: str


@dataclass(frozen=True, slots=True)
class Guardians:
    """`threshold` of them, together, are the owner."""

    threshold: int
    members: tuple[Guardian, ...]

    @property
    def recovery_hashes(self) -> tuple[str, ...]:
        """To promise in every entry, besides the key of the host: `Changes.next_key_hashes`."""
        return tuple(member.recovery_hash for member in self.members)

    def rule(self, acting_alone: Sequence[Sequence[str]] = ()) -> WitnessRule:
        """`acting_alone` has the multikeys of each party that needs no guardian: as many as the threshold."""
        if not 1 <= self.threshold <= len(self.members):
            raise CannotWrite(f"{self.threshold} of {len(self.members)} guardians cannot be")
        if any(len(keys) != self.threshold for keys in acting_alone):
            raise CannotWrite(f"who may act alone has {self.threshold} keys, neither more nor fewer")
        keys = [member.approving for member in self.members] + [
            key for party in acting_alone for key in party
        ]
        if len(set(keys)) != len(keys):
            raise CannotWrite("no two of them may have the same key: it would count once")
        return WitnessRule(self.threshold, tuple(map(did_of_key, keys)))


def recovery_guardian(approving: str, recovery_key: str) -> Guardian:
    """From the two multikeys of somebody."""
    return Guardian(approving, hash_key(recovery_key))


def keeps_guardians(log: VerifiedLog, guardians: Guardians) -> str | None:
    """What is wrong with the newest entry for a guardian who lets pass what leaves the guardians their power.

    None if nothing is. `log` was verified with the candidate as its newest entry, but for its witnesses.
    """
    rules = log.newest.parameters
    if rules.deactivated:
        return "it ends the pico"
    missing = set(guardians.recovery_hashes) - set(rules.next_key_hashes)
    if missing:
        return f"it does not promise the recovery keys of {len(missing)} guardians"
    names = {did_of_key(member.approving) for member in guardians.members}
    if rules.witness is None or not names <= set(rules.witness.witnesses):
        return "it has not all guardians as witnesses"
    if rules.witness.threshold != guardians.threshold:
        return f"{rules.witness.threshold} approvals are not {guardians.threshold}"
    others = len(rules.witness.witnesses) - len(names)
    before = log.versions[-2].parameters.witness if log.epoch > 1 else rules.witness
    if before is None or others > len(before.witnesses) - len(names):
        return "it lets others approve who could not before"
    return None
