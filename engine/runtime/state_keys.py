"""The keys under which states of picos are sealed: one for each pico and epoch, random, kept in the journal.

There they are wrapped under a key of the engine's. Beside a state that leaves the engine they lie in boxes:
one for the engine, whose key file opens it, and one for each owner who was named, so that nothing of the
engine has to be left for a pico to be brought back. One more opens with a key of which each guardian has a
share, in a box of its own. A box is made once for what is in it: else the same state would have other blocks
each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.blocks.errors import WrongKey
from engine.core.blocks.keys_block import pack_keys, unpack_keys
from engine.core.blocks.sealing import KEY_BYTES
from engine.core.blocks.shares import Share, pack_share
from engine.core.did_keys import DidKey
from engine.core.model import PicoId
from engine.core.multiformats import from_multibase, to_multibase
from engine.ports import Journal, Keys, SetFact
from engine.runtime.pico_owners import PicoOwners

FORMAT = 1
OPENING = "opens sealed states"
"""What an engine's key, or an owner's, is derived for that opens boxes."""
WRAPPING = "wraps state keys"

Draw = Callable[[int], bytes]


class Boxes(Protocol):
    """See `engine.adapters.keys.boxes`."""

    def wrap(self, secret: bytes, key: bytes) -> bytes:
        """The secret, so that only this key shows it."""

    def unwrap(self, wrapped: bytes, key: bytes) -> bytes | None:
        """It again; None with any other key."""

    def name(self, seed: bytes) -> DidKey:
        """Whose seed that is."""

    def box(self, secret: bytes, owner: DidKey) -> bytes:
        """The secret, so that only its owner can have it."""

    def unbox(self, box: bytes, seed: bytes) -> bytes | None:
        """What is in a box; None if it is for somebody else."""

    def split(self, needed: int, count: int) -> tuple[bytes, Mapping[int, bytes]]:
        """A new key, and so many shares of it by their numbers, of which it takes so many to have it."""

    def join(self, given: Mapping[int, bytes]) -> bytes:
        """The key that these are of; with too few of them, or others, some key."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """So many of them, together, open what is sealed."""

    needed: int = 0
    members: tuple[DidKey, ...] = ()


UNGUARDED = Guarded()


@dataclass(frozen=True, slots=True)
class Ring:
    """The state keys of a pico by epoch, and the boxes in which they leave the engine."""

    keys: Mapping[int, bytes]
    boxes: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Ring(epochs {sorted(self.keys)})"


class StateKeys:
    def __init__(self, journal: Journal, keys: Keys, boxes: Boxes, draw: Draw) -> None:
        self._journal = journal
        self._keys = keys
        self._boxes = boxes
        self._draw = draw
        self._own = boxes.name(keys.derive(OPENING))
        """By which the engine itself opens a box."""
        self.owners = PicoOwners(journal)

    async def ring(self, pico: PicoId, did: str, epoch: int, guarded: Guarded = UNGUARDED) -> Ring:
        """With a key of that epoch, which is made if there is none, and durable; or with a newer one, if
        somebody has the newest who is to have none any more. Raises `WrongKey`."""
        kept = self._kept(pico)
        keys, owners, before = self._unwrap(pico, kept), self._recipients(pico), _guarded(kept)
        is_as_before = list(kept.get("boxes", ())) == list(owners) and before == guarded
        if epoch in keys and is_as_before and kept["did"] == did:
            return Ring(keys, tuple(map(from_multibase, (*kept["boxes"].values(), *kept.get("shares", ())))))
        if not set(kept.get("boxes", ())) <= set(owners) or before not in (guarded, UNGUARDED):
            epoch = max(epoch, *(known + 1 for known in keys))
        keys.setdefault(epoch, self._draw(KEY_BYTES))
        boxes = {owner: self._boxes.box(pack_keys(did, keys), owner) for owner in owners}
        shares = self._share_out(did, keys, guarded) if guarded.members else ()
        await self._journal.commit([self.writes(pico, did, keys, boxes, guarded, shares)])
        return Ring(keys, (*boxes.values(), *shares))

    def _share_out(self, did: str, keys: Mapping[int, bytes], guarded: Guarded) -> Sequence[bytes]:
        """Boxes of shares, and what these open together."""
        key, shares = self._boxes.split(guarded.needed, len(guarded.members))
        parts = (Share(did, guarded.needed, number, secret) for number, secret in shares.items())
        boxes = [
            self._boxes.box(pack_share(part), member)
            for part, member in zip(parts, guarded.members, strict=True)
        ]
        return [self._boxes.wrap(pack_keys(did, keys), key), *boxes]

    def writes(
        self,
        pico: PicoId,
        did: str,
        keys: Mapping[int, bytes],
        boxes: Mapping[DidKey, bytes],
        guarded: Guarded = UNGUARDED,
        shares: Sequence[bytes] = (),
    ) -> SetFact:
        """What the journal keeps. Without boxes they are made when they are next needed."""
        wrapped = self._boxes.wrap(pack_keys(did, keys), self._keys.derive(WRAPPING))
        kept: dict[str, Any] = {
            "format": FORMAT,
            "did": did,
            "keys": to_multibase("u", wrapped),
            "boxes": {owner: to_multibase("u", box) for owner, box in boxes.items()},
        }
        if shares:
            kept["guarded"] = {"needed": guarded.needed, "of": guarded.members}
            kept["shares"] = [to_multibase("u", box) for box in shares]
        return SetFact(_fact(pico), json.dumps(kept))

    def forgotten(self, pico: PicoId) -> SetFact:
        """By which they are here no more."""
        return SetFact(_fact(pico), "")

    def known(self, pico: PicoId) -> dict[int, bytes]:
        """Those that there are. Raises `WrongKey`."""
        return self._unwrap(pico, self._kept(pico))

    def _kept(self, pico: PicoId) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._journal.fact(_fact(pico)) or "{}")
        return found

    def _unwrap(self, pico: PicoId, kept: Mapping[str, Any]) -> dict[int, bytes]:
        if not kept:
            return {}
        plain = self._boxes.unwrap(from_multibase(kept["keys"]), self._keys.derive(WRAPPING))
        if plain is None:
            raise WrongKey(
                f"the state keys of pico {pico} were wrapped with another engine.key; put a copy of that "
                "one in its place"
            )
        return unpack_keys(kept["did"], plain)

    def _recipients(self, pico: PicoId) -> tuple[DidKey, ...]:
        return tuple(dict.fromkeys((self._own, *(one.key for one in self.owners.of(pico)))))


def _guarded(kept: Mapping[str, Any]) -> Guarded:
    told = kept.get("guarded")
    return UNGUARDED if told is None else Guarded(told["needed"], tuple(map(DidKey, told["of"])))


def _fact(pico: PicoId) -> str:
    return f"state keys of {pico}"


Opens = Callable[[str, Sequence[bytes]], Mapping[int, bytes]]
"""The state keys of the pico with that DID, out of one of these boxes. Raises `WrongKey`."""


def opened_with(seeds: Sequence[bytes], boxes: Boxes) -> Opens:
    """With one of these seeds, each derived for `OPENING` from an engine's key file or an owner's."""

    def opens(pico: str, given: Sequence[bytes]) -> Mapping[int, bytes]:
        for seed in seeds:
            for box in given:
                if (plain := boxes.unbox(box, seed)) is not None:
                    return unpack_keys(pico, plain)
        raise WrongKey(
            f"the state of {pico} is sealed for {len(given)} keys, and none of those at hand is among them: "
            "take the file of its owner's key, or a copy of the engine.key of the engine that sealed it"
        )

    return opens


def opened_together(shares: Sequence[Share], boxes: Boxes) -> Opens:
    """With what guardians have given."""

    def opens(pico: str, given: Sequence[bytes]) -> Mapping[int, bytes]:
        parts = {one.number: one.secret for one in shares if one.pico == pico}
        needed = max((one.needed for one in shares if one.pico == pico), default=1)
        if len(parts) < needed:
            raise WrongKey(f"{needed} guardians of {pico} open its state together, and {len(parts)} did")
        key = boxes.join(parts)
        for box in given:
            if (plain := boxes.unwrap(box, key)) is not None:
                return unpack_keys(pico, plain)
        raise WrongKey(
            f"what the guardians of {pico} gave is not of this head: a share is of another one, or was "
            "changed; ask them for this head"
        )

    return opens
