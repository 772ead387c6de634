"""The engines that this one knows, and those it has heard of.

Whom it has met is in the journal. What was only heard of is in memory: it comes again, and whoever tells of
ten thousand engines fills no disk with it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.core.mesh.acquaintances import Acquaintance, find_named, free_name, pack, unpack
from engine.core.mesh.adverts import Advert, BadAdvert, check_newer, read_advert, read_kept
from engine.core.signatures import Verify
from engine.ports import Journal, SetFact, Write

logger = logging.getLogger(__name__)

MOST_MET = 10_000
MOST_HEARD = 4_096
MOST_BY_ONE = 1_024
"""Engines that one other may tell of, so that nobody fills the memory alone."""
FACT = "acquaintance "

Change = Callable[[Acquaintance], Acquaintance]


class TooMany(Exception):
    """There is no room for another engine."""


@dataclass(frozen=True, slots=True)
class _Heard:
    known: Acquaintance
    by: str
    """The engine that told of it first."""


class Acquaintances:
    def __init__(self, journal: Journal, me: str, verify: Verify, now_ms: Callable[[], int]) -> None:
        """`me` is this engine, of which nobody else tells anything new."""
        self._journal = journal
        self._me = me
        self._verify = verify
        self._now_ms = now_ms
        self._met = {one.engine: one for one in self._read()}
        self._heard: dict[str, _Heard] = {}
        self._changed: set[str] = set()
        """Of whom something was noted that is not durable yet."""

    def _read(self) -> Iterator[Acquaintance]:
        for name in self._journal.fact_names(FACT):
            kept = self._journal.fact(name)
            if not kept:
                continue
            try:
                known = unpack(json.loads(kept))
                # It was verified before it was kept.
                advert = read_kept(known.jws, lambda key, message, signature: True) if known.jws else None
            except (ValueError, KeyError, TypeError) as problem:
                logger.warning("what is known of an engine cannot be read, and is left alone: %s", problem)
                continue
            yield replace(known, advert=advert)

    # --- who there is ------------------------------------------------------------------------------

    def met(self) -> Sequence[Acquaintance]:
        return list(self._met.values())

    def all(self) -> Sequence[Acquaintance]:
        """Also those that were only heard of."""
        return [*self._met.values(), *(one.known for one in self._heard.values())]

    def find(self, engine: str) -> Acquaintance | None:
        if engine in self._met:
            return self._met[engine]
        heard = self._heard.get(engine)
        return None if heard is None else heard.known

    def named(self, name: str) -> Acquaintance:
        """Raises `NoSuchEngine`."""
        return find_named(name, self.all())

    # --- what changes ------------------------------------------------------------------------------

    async def keep(self, known: Acquaintance, *writes: Write) -> Acquaintance:
        """Somebody that was met, durable when this returns; called as nobody else is. Raises `TooMany`."""
        if known.engine not in self._met and len(self._met) >= MOST_MET:
            raise TooMany(
                f"{MOST_MET:,} engines are known here already; `picomesh engines remove` forgets one"
            )
        named = replace(known, name=free_name(known.name, known.engine, self._met.values()))
        self._met[known.engine] = named
        self._heard.pop(known.engine, None)
        self._changed.discard(known.engine)
        await self._journal.commit([_write(named), *writes])
        return named

    async def forget(self, engine: str) -> None:
        """Durable when this returns. What is under way with it changes nothing any more."""
        self._heard.pop(engine, None)
        self._changed.discard(engine)
        if self._met.pop(engine, None) is not None:
            await self._journal.commit([SetFact(FACT + engine, "")])

    def note(self, engine: str, change: Change) -> None:
        """Something that was measured or told; durable with the next `flush`. Nothing of who was removed."""
        known = self._met.get(engine)
        if known is not None:
            self._met[engine] = change(known)
            self._changed.add(engine)

    async def flush(self) -> None:
        changed, self._changed = self._changed, set()
        if changed:
            await self._journal.commit([_write(self._met[engine]) for engine in changed])

    # --- adverts -----------------------------------------------------------------------------------

    def hear(self, jws: str, by: str, is_own: bool) -> Acquaintance | None:
        """An advert that the engine `by` told, of itself or another one. None if it says nothing new. Raises
        `BadAdvert`."""
        advert = read_advert(jws, self._verify, self._now_ms() // 1000)
        if is_own and advert.engine != by:
            raise BadAdvert("stranger", "it is about another engine than the one that sends it")
        return None if advert.engine == self._me else self._take(advert, jws, by)

    def _take(self, advert: Advert, jws: str, by: str) -> Acquaintance | None:
        known = self.find(advert.engine)
        if known is not None and known.trust == "blocked":
            raise BadAdvert("blocked", "it is about an engine that is blocked here")
        if known is not None and known.jws == jws:
            return None
        check_newer(None if known is None else known.advert, advert)
        if advert.engine in self._met:
            self.note(advert.engine, lambda one: replace(one, did=advert.did, jws=jws, advert=advert))
        else:
            self._remember(advert, jws, by)
        return self.find(advert.engine)

    def _remember(self, advert: Advert, jws: str, by: str) -> None:
        heard = self._heard.get(advert.engine)
        teller = by if heard is None else heard.by
        if heard is None and self._is_full(by):
            raise BadAdvert("too-many", "so many engines were heard of already that another one is left out")
        known = Acquaintance(
            advert.engine, advert.did, advert.name, "heard", self._now_ms() // 1000, jws, advert
        )
        self._heard[advert.engine] = _Heard(known, teller)

    def _is_full(self, by: str) -> bool:
        told = sum(one.by == by for one in self._heard.values())
        return told >= MOST_BY_ONE or len(self._heard) >= MOST_HEARD

    def sweep(self) -> None:
        """What was heard of once and is not heard of any more goes."""
        now_s = self._now_ms() // 1000
        for engine, one in list(self._heard.items()):
            if one.known.advert is None or one.known.advert.expires_s <= now_s:
                del self._heard[engine]


def _write(known: Acquaintance) -> SetFact:
    return SetFact(FACT + known.engine, json.dumps(pack(known)))
