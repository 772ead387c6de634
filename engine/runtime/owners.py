"""Which picos have a ruleset, and what is said of a text when it is named to people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from engine.core.cids import to_cid
from engine.core.codec import Unreadable
from engine.core.messages import Refusal
from engine.core.model import Eci, InstalledRuleset, Pico, PicoId, Rid, RulesetHash
from engine.core.telling import Document
from engine.ports import Journal
from engine.runtime.shelf import Shelf


class Picos(Protocol):
    """See `engine.runtime.residents`."""

    def look(self, pico: PicoId) -> Pico | None:
        """The newest state of a pico."""


class Owners:
    """The picos of an engine by what they have."""

    def __init__(self, journal: Journal, shelf: Shelf, picos: Picos) -> None:
        self._journal = journal
        self._shelf = shelf
        self._picos = picos

    async def of(self, rid: Rid, eci: Eci | None) -> list[PicoId] | Refusal:
        """The pico that was named, or all that have the ruleset."""
        if eci is None:
            await self._shelf.note_unknown()
            found = list(self._all_with(rid))
            hint = "`picomesh rulesets` lists those there are"
            return found or Refusal("unknown", f"no pico has a ruleset {rid}", hint)
        pico = self._journal.find_channel(eci)
        if pico is None:
            return Refusal("unknown", f"no pico has a channel {eci}", "`picomesh tree` shows the picos")
        return lacks(rid) if self.held(pico, rid) is None else [pico]

    def _all_with(self, rid: Rid) -> Iterator[PicoId]:
        names = {kept.hash: kept.rid for kept in self._journal.kept_rulesets()}
        for place in self._journal.places():
            # Of texts that do not compile any more it may not be known what they are called.
            if names.get(place.hash) in (rid, None):
                holders = self._journal.holders(place.url, place.hash)
                yield from (pico for pico in holders if self._may_have(pico, rid))

    def _may_have(self, pico: PicoId, rid: Rid) -> bool:
        try:
            return self.held(pico, rid) is not None
        except Unreadable:
            return True  # whoever deals with it has to say so

    def look(self, pico: PicoId) -> Pico | None:
        """The newest state of a pico."""
        return self._picos.look(pico)

    def held(self, pico: PicoId, rid: Rid) -> InstalledRuleset | None:
        """The ruleset as a pico has it now. Raises `Unreadable` if its history is damaged."""
        found = self._picos.look(pico)
        return None if found is None else found.ruleset(rid)

    async def describe(self, digest: RulesetHash) -> Document:
        """A text by its name for ever, and by what it says of itself."""
        known = await self._shelf.version(digest)
        return {"cid": to_cid(digest), "version": None if known is None else known.version}


def lacks(rid: str) -> Refusal:
    hint = "`picomesh rulesets ECI` lists what a pico has"
    return Refusal("unknown", f"this pico does not have {rid}", hint)
