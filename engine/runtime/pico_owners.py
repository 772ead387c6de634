"""The owners of picos, as the engine knows them: who opens what is sealed, and what logs are to promise them.

An owner is named for all picos of an engine, or came with one that was brought back. Kept are the name of the
key that opens, the hashes of the keys by which an owner takes logs up one after the other, and the names of
those to approve with where there are guardians: never a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.codec import Plain
from engine.core.did_keys import DidKey, NotADidKey, read_did_key
from engine.core.model import PicoId
from engine.ports import Journal, SetFact

EVERYWHERE = "owners of sealed states"
"""Those of all picos."""
OF_PICO = "owners of pico "
MOST_OWNERS = 16
"""Of an engine: each has a box beside each state, and a promise in each log."""
MOST_HASHES = 64


@dataclass(frozen=True, slots=True)
class PicoOwner:
    key: DidKey
    """Opens what is sealed."""
    hashes: tuple[str, ...] = ()
    """Of the keys to take logs up with, in their order. Without any, logs promise this owner nothing."""
    approving: tuple[str, ...] = ()
    named_ms: int = 0
    """When that was said last."""


class TooManyOwners(ValueError):
    """More than an engine has room for."""


class PicoOwners:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def everywhere(self) -> tuple[PicoOwner, ...]:
        """Of all picos of this engine."""
        return self._named(EVERYWHERE)

    def of(self, pico: PicoId) -> tuple[PicoOwner, ...]:
        return tuple(dict.fromkeys((*self.everywhere(), *self._named(_of(pico)))))

    def picos_of(self, key: DidKey) -> list[PicoId]:
        """Those that this owner came with."""
        facts = self._journal.fact_names(OF_PICO)
        return [PicoId(name.removeprefix(OF_PICO)) for name in facts if key in self._keys(name)]

    def everybody(self) -> tuple[PicoOwner, ...]:
        """Of whatever picos."""
        some = [key for name in self._journal.fact_names(OF_PICO) for key in self._keys(name)]
        return tuple(map(self.known, dict.fromkeys((*self._keys(EVERYWHERE), *some))))

    def known(self, key: DidKey) -> PicoOwner:
        """What is known of the owner with that key, also of one who is none any more."""
        kept: dict[str, Any] = json.loads(self._journal.fact(_about(key)) or "{}")
        told = tuple(kept.get("hashes", ())), tuple(kept.get("approving", ()))
        return PicoOwner(key, *told, kept.get("named", 0))

    async def name(self, owners: Iterable[PicoOwner]) -> None:
        """From now on these are owners of all picos too. Raises `TooManyOwners`."""
        await self._journal.commit(self.naming(owners))

    def naming(self, owners: Iterable[PicoOwner]) -> list[SetFact]:
        """By which they are. Raises `TooManyOwners`."""
        named = {one.key: one for one in owners}
        keys = list(dict.fromkeys((*self._keys(EVERYWHERE), *named)))
        if len(keys) > MOST_OWNERS:
            raise TooManyOwners(f"an engine has {MOST_OWNERS} owners at most, and these would be {len(keys)}")
        told = [write_about(one) for one in named.values()]
        return [SetFact(EVERYWHERE, json.dumps(keys)), *told]

    async def remove(self, key: DidKey) -> None:
        """Of nothing any more."""
        names = (EVERYWHERE, *self._journal.fact_names(OF_PICO))
        listed = {name: self._keys(name) for name in names}
        await self._journal.commit(
            [
                SetFact(name, json.dumps([one for one in keys if one != key]))
                for name, keys in listed.items()
                if key in keys
            ]
        )

    def writes(self, pico: PicoId, owners: Sequence[PicoOwner]) -> list[SetFact]:
        """By which they are the owners of a pico that is brought back. What is known of them here stays."""
        unknown = [one for one in owners if self._journal.fact(_about(one.key)) is None]
        keys = json.dumps([one.key for one in owners])
        return [SetFact(_of(pico), keys), *map(write_about, unknown)] if owners else []

    def _named(self, fact: str) -> tuple[PicoOwner, ...]:
        return tuple(map(self.known, self._keys(fact)))

    def _keys(self, fact: str) -> list[DidKey]:
        return list(map(DidKey, json.loads(self._journal.fact(fact) or "[]")))


def write_about(owner: PicoOwner) -> SetFact:
    """What is known of an owner."""
    told = {"hashes": owner.hashes, "approving": owner.approving, "named": owner.named_ms}
    return SetFact(_about(owner.key), json.dumps(told))


def pack_owners(owners: Iterable[PicoOwner]) -> list[Plain]:
    """As they are sealed with a pico."""
    return [{"key": one.key, "hashes": list(one.hashes), "approving": list(one.approving)} for one in owners]


def read_owner(given: object, named_ms: int) -> PicoOwner:
    """From what was sealed, or what somebody says: a key, alone or with what logs are to promise. Raises
    `NotADidKey`."""
    match given:
        case str():
            return PicoOwner(read_did_key(given), named_ms=named_ms)
        case {"key": str(key), **more}:
            hashes, approving = (_texts(more.get(name, [])) for name in ("hashes", "approving"))
            return PicoOwner(read_did_key(key), hashes, approving, named_ms)
    raise NotADidKey(f"{given!r} names no owner: it is a did:key, or an object with one as its key")


def _texts(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > MOST_HASHES:
        raise NotADidKey(f"what is known of an owner are lists of {MOST_HASHES} texts at most")
    if not all(isinstance(one, str) for one in given):
        raise NotADidKey("what is known of an owner are texts")
    return tuple(given)


def _of(pico: PicoId) -> str:
    return f"{OF_PICO}{pico}"


def _about(key: DidKey) -> str:
    return f"owner {key}"
