"""Heads: somebody's word that a pico's state is this tree now. Those of one pico are a chain.

A head is a block of its own, in the open: DAG-CBOR of a map with `kind`, `format`, `pico` (its DID), `epoch`
(the entry of its log that says who runs it), `sequence` (the turn), `root`, `keys` (what opens it, see
`keys_block`), `previous` (the head before it, null for the first), `time` (ms), `by` (the did:key that
signed) and `signature`, which is Ed25519 over a sentence of its own and the map without `signature`.

`root` and `keys` are links, `previous` is the bytes of a CID: so who pins a head keeps one whole state, with
what it takes to open it, and not every state that there ever was.

Whoever acts as a pico signs one head for a turn at most. Two with one epoch and sequence that say different
things are an *equivocation*: `Evidence` holds both, and anybody can check it who knows whose keys they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.blocks.dag_cbor import Link, Node, decode, encode
from engine.core.blocks.errors import BlockError, BrokenHeads, ForgedHead, NewerFormat, NotEvidence, OldHead
from engine.core.cids import Cid, check_cid, cid_of, cid_text
from engine.core.did_keys import DidKey, NotADidKey, from_did_key, read_did_key
from engine.core.signatures import SIGNATURE_BYTES, Verify
from engine.core.timekeeping import to_iso

KIND = "picomesh head"
FORMAT = 1
LARGEST = 4096
"""Bytes; a head has some four hundred."""
LONGEST_NAME = 1024
"""Characters of a DID."""

EVIDENCE = "picomesh equivocation"
LARGEST_EVIDENCE = 2 * LARGEST + 256

Sign = Callable[[bytes], bytes]
"""Signs with Ed25519."""
MaySign = Callable[["StateHead"], bool]
"""Whether that key was to act as that pico in that epoch, as the pico's log says."""


@dataclass(frozen=True, slots=True)
class StateHead:
    """What is signed."""

    pico: str
    epoch: int
    sequence: int
    root: Cid
    keys: Cid
    previous: Cid | None
    time_ms: int
    by: DidKey

    @property
    def place(self) -> tuple[int, int]:
        """Heads are ordered by it, and of one pico there is one for each."""
        return self.epoch, self.sequence


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as it travels: what it says, and the block that it is."""

    head: StateHead
    block: bytes

    @property
    def cid(self) -> Cid:
        return cid_of(self.block)


def sign_head(head: StateHead, sign: Sign) -> SignedHead:
    """The head with the signature of the key that it names."""
    signature = sign(to_be_signed(head))
    return SignedHead(head, encode({**_plain(head), "signature": signature}))


def to_be_signed(head: StateHead) -> bytes:
    return f"This is my head (picomesh head signature {FORMAT})\n".encode() + encode(_plain(head))


def read_head(block: bytes, verify: Verify, may_sign: MaySign) -> SignedHead:
    """A head that was checked. Raises `ForgedHead` or `NewerFormat` for anything else."""
    node = _decode(block, LARGEST)
    if node.get("kind") != KIND:
        raise ForgedHead("this is not the head of a pico")
    if (version := node.get("format")) != FORMAT or isinstance(version, bool):
        raise NewerFormat("a head", version, [FORMAT])
    try:
        head, signature = _read(node)
    except (KeyError, TypeError, NotADidKey) as problem:
        raise ForgedHead(f"a head that is not what format {FORMAT} looks like: {problem}") from None
    if not verify(from_did_key(head.by), to_be_signed(head), signature):
        raise ForgedHead(f"the head was not signed with the key of {head.by}, or altered afterwards")
    if not may_sign(head):
        raise ForgedHead(f"{head.by} was not to sign heads of {head.pico} in epoch {head.epoch}")
    return SignedHead(head, block)


def _decode(block: bytes, most: int) -> Mapping[str, Node]:
    try:
        node = decode(block, most)
    except BlockError as problem:
        raise ForgedHead(f"this is not the head of a pico: {problem}") from None
    return node if isinstance(node, dict) else {}


def _plain(head: StateHead) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": FORMAT,
        "pico": head.pico,
        "epoch": head.epoch,
        "sequence": head.sequence,
        "root": Link(head.root),
        "keys": Link(head.keys),
        "previous": head.previous,
        "time": head.time_ms,
        "by": head.by,
    }


def _read(node: Mapping[str, Node]) -> tuple[StateHead, bytes]:
    pico, root, keys, signature = (node[name] for name in ("pico", "root", "keys", "signature"))
    epoch, sequence, time_ms = (_count(node, name) for name in ("epoch", "sequence", "time"))
    if not isinstance(pico, str) or not 0 < len(pico) <= LONGEST_NAME:
        raise TypeError("pico")
    if not isinstance(root, Link) or not isinstance(keys, Link):
        raise TypeError("root or keys")
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES or len(node) != 11:
        raise TypeError("signature")
    by, before = read_did_key(str(node["by"])), _previous(node["previous"])
    return StateHead(pico, epoch, sequence, root.cid, keys.cid, before, time_ms, by), signature


def _previous(given: Node) -> Cid | None:
    if given is None:
        return None
    if not isinstance(given, bytes):
        raise TypeError("previous")
    try:
        return check_cid(Cid(given))
    except ValueError:
        raise TypeError("previous") from None


def _count(node: Mapping[str, Node], name: str) -> int:
    number = node[name]
    if type(number) is not int or not 0 <= number < 2**63:
        raise TypeError(name)
    return number


# --- one after the other ---------------------------------------------------------------------------


def follow(before: SignedHead | None, after: SignedHead) -> None:
    """Raises `OldHead` or `BrokenHeads` unless a head follows from the one that was the newest.

    In a new epoch it need not name that one: if the newest state is lost, somebody goes on from an older one.
    """
    if before is None or before.head == after.head:
        return
    old, new = before.head, after.head
    if old.pico != new.pico:
        raise BrokenHeads(f"the head of {new.pico} cannot follow that of {old.pico}")
    if new.place <= old.place:
        raise OldHead(
            f"this head is of epoch {new.epoch}, turn {new.sequence}; the newest known one is of epoch "
            f"{old.epoch}, turn {old.sequence}"
        )
    if new.epoch == old.epoch and new.previous != before.cid:
        named = "none" if new.previous is None else cid_text(new.previous)
        raise BrokenHeads(
            f"the head of turn {new.sequence} names {named} as the one before it, and that is "
            f"{cid_text(before.cid)}"
        )


def refuse_old(known: SignedHead, offered: SignedHead) -> None:
    """Raises `OldHead` if a newer head of that pico is known, however many are between the two."""
    if known.head.pico != offered.head.pico:
        raise BrokenHeads(f"the head of {offered.head.pico} says nothing of {known.head.pico}")
    if offered.head.place < known.head.place:
        follow(known, offered)


def check_chain(heads: Iterable[SignedHead]) -> SignedHead | None:
    """The last of heads that are given from the oldest on; each has to follow from the one before."""
    newest: SignedHead | None = None
    for one in heads:
        follow(newest, one)
        newest = one
    return newest


# --- two for one -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two good heads of one pico for one epoch and sequence, in the order of their bytes."""

    heads: tuple[SignedHead, SignedHead]

    @property
    def by(self) -> tuple[DidKey, ...]:
        """Who signed them: mostly one key."""
        return tuple(dict.fromkeys(one.head.by for one in self.heads))


class TwoHeads(BlockError):
    """Somebody has signed two heads for one turn, so neither is to be gone by until people have decided."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, says = evidence, evidence.heads[0].head
        each = "".join(f"\n  {cid_text(one.cid)}  of {to_iso(one.head.time_ms)}" for one in evidence.heads)
        by = " and ".join(evidence.by)
        super().__init__(f"{by} signed both for turn {says.sequence} of epoch {says.epoch}{each}")


def contradictions(heads: Iterable[SignedHead]) -> list[Evidence]:
    """All that heads which were checked prove against whoever signed them."""
    by_place: dict[tuple[str, tuple[int, int]], SignedHead] = {}
    found = (equivocation(by_place.setdefault((one.head.pico, one.head.place), one), one) for one in heads)
    return [evidence for evidence in found if evidence is not None]


def equivocation(one: SignedHead, other: SignedHead) -> Evidence | None:
    """What two heads that were checked prove, if it is anything."""
    if (one.head.pico, one.head.place) != (other.head.pico, other.head.place) or one.head == other.head:
        return None
    first, second = sorted((one, other), key=lambda signed: signed.block)
    return Evidence((first, second))


def write_evidence(evidence: Evidence) -> bytes:
    """For whoever was not there."""
    return encode({"kind": EVIDENCE, "format": FORMAT, "heads": [one.block for one in evidence.heads]})


def read_evidence(data: bytes, verify: Verify, may_sign: MaySign) -> Evidence:
    """Checks everything anew. Raises `NotEvidence` unless it proves what it says."""
    try:
        node = _decode(data, LARGEST_EVIDENCE)
        match node:
            case {"kind": "picomesh equivocation", "format": 1, "heads": [bytes(one), bytes(other)]}:
                heads = read_head(one, verify, may_sign), read_head(other, verify, may_sign)
            case _:
                raise NotEvidence(
                    "this is not the evidence of an equivocation, or not of a format known here"
                )
    except (ForgedHead, NewerFormat) as problem:
        raise NotEvidence(f"this proves nothing: {problem}") from None
    evidence = equivocation(*heads)
    if evidence is None:
        raise NotEvidence("this proves nothing: the two heads may both be right")
    if write_evidence(evidence) != data:
        raise NotEvidence("this is not written as evidence is")
    return evidence
