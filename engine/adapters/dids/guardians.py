"""Recovery of a pico by m of n guardians, within the rules of did:webvh 1.0.

A log knows two powers: a key that was promised (`nextKeyHashes`) signs the next entry, and so many
witnesses approve it. Any one promised key suffices, so the key of each guardian is promised; and guardians
are witnesses with a threshold of m, so one alone gets nowhere. By that a log says who they are: witnesses
whose keys are promised. What the entries of every day need is a choice, made by who else is a witness:

* nobody: m guardians approve every entry. A host, even a hostile one, changes nothing that they do not let
  pass, and cannot lock the owner out. Guardians that are programs let pass what `keeps_guardians` finds
  nothing wrong with.
* parties that may act alone (the host, the owner): each is m witnesses by itself, with m keys, as witnesses
  have no weights. Entries then wait for nobody, and m guardians together can still take the pico back from a
  host that is gone; but a hostile host that acts first could lock them out.

Everybody's verifier understands it, since nothing of it is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.dids.did_key import DID_KEY, PEER_0, resolve_did_key
from engine.adapters.dids.did_peer_2 import resolve_did_peer_2
from engine.adapters.dids.documents import normalise
from engine.adapters.dids.limits import WITNESSES
from engine.adapters.dids.log_entries import hash_key
from engine.adapters.dids.log_parameters import Parameters, WitnessRule
from engine.adapters.dids.log_writing import CannotWrite
from engine.adapters.dids.multikeys import key_of, to_multikey
from engine.adapters.dids.proofs import did_of_key
from engine.adapters.dids.refused import DidRefused
from engine.core.dids import show_did


@dataclass(frozen=True, slots=True)
class Guardians:
    """`threshold` of them, together, are the owner. Each is the did:key of an Ed25519 key."""

    threshold: int
    members: tuple[str, ...]

    @property
    def multikeys(self) -> tuple[str, ...]:
        return tuple(member.removeprefix(DID_KEY) for member in self.members)

    @property
    def promises(self) -> tuple[str, ...]:
        """To promise in every entry, besides the key of the host: `Changes.next_key_hashes`."""
        return tuple(map(hash_key, self.multikeys))

    def rule(self, acting_alone: Sequence[Sequence[str]] = ()) -> WitnessRule:
        """`acting_alone` has the did:keys of each party that needs no guardian: as many as the threshold."""
        if not 1 <= self.threshold <= len(self.members):
            raise CannotWrite(
                f"{self.threshold} of {len(self.members)} guardians cannot be: "
                "need one at least, and no more than are named"
            )
        if any(len(keys) != self.threshold for keys in acting_alone):
            raise CannotWrite(f"who may act alone has {self.threshold} keys, neither more nor fewer")
        witnesses = (*self.members, *(key for party in acting_alone for key in party))
        if len(set(witnesses)) != len(witnesses):
            raise CannotWrite("no two of them may have the same key: it would count once")
        if len(witnesses) > WITNESSES:
            raise CannotWrite(
                f"a log has at most {WITNESSES} witnesses; these guardians would take {len(witnesses)}"
            )
        return WitnessRule(self.threshold, witnesses)


def guardian_of(did: str) -> str:
    """The did:key under which whoever has this DID is a guardian. Raises `CannotWrite`.

    Only of DIDs that carry their key: a log is verified by people who cannot look up another's document.
    """
    try:
        document = normalise(did, _document(did))
        method = _first_method(document)
        key = None if method is None else key_of(method)
    except DidRefused as problem:
        raise CannotWrite(f"{show_did(did)} can be nobody's: {problem.reason}") from None
    if key is None or key.curve != "Ed25519":
        raise CannotWrite(
            f"{show_did(did)} has no key of Ed25519 to sign with; such a did:key begins with z6Mk"
        )
    return did_of_key(to_multikey(key))


def guardians_of(rules: Parameters) -> Guardians | None:
    """Those whom a log names, if any."""
    if rules.witness is None:
        return None
    promised = set(rules.next_key_hashes)
    members = (one for one in rules.witness.witnesses if hash_key(one.removeprefix(DID_KEY)) in promised)
    found = Guardians(rules.witness.threshold, tuple(members))
    return found if found.members else None


def parties_alone(rules: Parameters) -> int:
    """How many may write entries without any guardian."""
    guardians = guardians_of(rules)
    if guardians is None or rules.witness is None:
        return 0
    return (len(rules.witness.witnesses) - len(guardians.members)) // guardians.threshold


def keeps_guardians(before: Parameters, after: Parameters) -> str | None:
    """What is wrong with an entry for a guardian who lets pass what leaves the guardians their power.

    None if nothing is.
    """
    guardians, then = guardians_of(before), guardians_of(after)
    if guardians is None:
        return None
    if after.deactivated:
        return "it ends the pico"
    if then is None:
        return "there are no guardians any more"
    missing = set(guardians.members) - set(then.members)
    if missing:
        return f"{len(missing)} of the guardians are none any more"
    if then.threshold != guardians.threshold:
        return f"{then.threshold} approvals suffice or are needed then, and not {guardians.threshold}"
    if len(then.members) > len(guardians.members):
        return "there are more guardians than before, with as many approvals needed"
    if parties_alone(after) > parties_alone(before):
        return "somebody may write entries without any guardian who could not before"
    return None


def _document(did: str) -> Mapping[str, Any]:
    if did.startswith((DID_KEY, PEER_0)):
        return resolve_did_key(did)
    if did.startswith("did:peer:2"):
        return resolve_did_peer_2(did)
    raise CannotWrite(
        f"{show_did(did)} does not carry its key; a guardian is named by a did:key, or by the did:peer:2 "
        "that `picomesh did show --me` prints"
    )


def _first_method(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What its owner proves to be himself with."""
    wanted = next(iter(document.get("authentication", ())), None)
    found: Mapping[str, Any] | None = next(
        (one for one in document["verificationMethod"] if one["id"] == wanted), None
    )
    return found
