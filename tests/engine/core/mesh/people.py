"""Engines that sign adverts, without anything else that an engine has."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from engine.adapters.dids.own import make_own_did
from engine.adapters.signing.ed25519 import sign
from engine.core.dids import Did
from engine.core.mesh.acquaintances import Acquaintance
from engine.core.mesh.adverts import Advert, engine_of, write_advert

NOW_S = 1_700_000_000


class Party:
    """An engine by its keys."""

    def __init__(self, name: str, url: str | None = "http://a.example/didcomm") -> None:
        self.name = name
        self._seed = sha256(name.encode()).digest()
        self._agreeing = sha256(name.encode() + b" agrees").digest()
        self.did = self.at(url)

    def at(self, url: str | None) -> Did:
        return make_own_did(self._seed, self._agreeing, url)

    @property
    def engine(self) -> str:
        return engine_of(self.did) or ""

    def sign(self, data: bytes) -> bytes:
        return sign(self._seed, data)

    def draft(self, **given: Any) -> Advert:
        return replace(Advert(self.did, 1, NOW_S, NOW_S + 900, self.name), **given)

    def advert(self, **given: Any) -> str:
        return write_advert(self.draft(**given), self.sign)

    def known(self, **given: Any) -> Acquaintance:
        """As somebody knows it who has its advert."""
        about = {name: given.pop(name) for name in list(given) if name in Advert.__slots__ and name != "name"}
        told = self.draft(**about)
        known = Acquaintance(self.engine, told.did, self.name, jws=write_advert(told, self.sign), advert=told)
        return replace(known, **given)
