"""The engines that this one knows, for people and for whatever moves picos: one face of all of it.

What it tells is plain JSON. Nothing of it is in the state of a pico, unless one asks and keeps the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.core.acceptance import BadPolicy, Guests, Policy, Refused, Standing, pack
from engine.core.dids import Did, did_of
from engine.core.mesh.acquaintances import Acquaintance, NoSuchEngine, Trust
from engine.core.mesh.adverts import engine_of, is_name
from engine.core.mesh.offers import Offer, Wanted, describe, offers
from engine.core.messages import Refusal
from engine.runtime.mesh.accepting import Accepting, Came
from engine.runtime.mesh.acquaintances import Acquaintances, TooMany
from engine.runtime.mesh.gossip import Gossip
from engine.runtime.mesh.meeting import CannotMeet, Meeting
from engine.runtime.mesh.own_advert import OwnAdvert
from engine.runtime.mesh.survey import Survey

Document = dict[str, Any]


def unmeasured() -> float | None:
    """The load of a machine that nobody measures."""
    return None


class Engines:
    def __init__(
        self,
        acquaintances: Acquaintances,
        meeting: Meeting,
        own: OwnAdvert,
        gossip: Gossip,
        survey: Survey,
        accepting: Accepting,
        now_ms: Callable[[], int],
    ) -> None:
        self._acquaintances = acquaintances
        self._meeting = meeting
        self._own = own
        self._gossip = gossip
        self._survey = survey
        self._accepting = accepting
        self._now_ms = now_ms
        self.load: Callable[[], float | None] = unmeasured
        """How busy the machine is, from 0 to 1, for those who know."""

    def start(self) -> None:
        self._survey.start()

    def stop(self) -> None:
        self._survey.stop()

    async def look(self) -> None:
        """At all of them, now."""
        await self._survey.round()

    # --- who there is ------------------------------------------------------------------------------

    def known(self) -> Sequence[Acquaintance]:
        """Those that were met, the blocked ones too."""
        return self._acquaintances.met()

    def find(self, did: str) -> Acquaintance | None:
        """By any DID of it."""
        engine = engine_of(did_of(did))
        return None if engine is None else self._acquaintances.find(engine)

    def resolve(self, name: str) -> Acquaintance:
        """By what people write. Raises `NoSuchEngine`."""
        return self._acquaintances.named(name)

    def did_of(self, name: str) -> Did | None:
        try:
            return self.resolve(name).did
        except NoSuchEngine:
            return None

    def standing(self, did: str) -> Standing:
        return self._accepting.standing(did_of(did))

    def here(self) -> Document:
        """What this engine says of itself."""
        advert = self._own.draft()
        return {
            "name": advert.name,
            "did": advert.did,
            "price": advert.price,
            "free": {"picos": advert.free.picos, "bytes": advert.free.bytes},
            "features": list(advert.features),
            "fault_domain": advert.fault_domain,
            "software": advert.software,
            "formats": dict(advert.formats),
            "endpoints": list(advert.endpoints),
        }

    def offers(self, filter: Wanted) -> Sequence[Offer]:
        """Raises `engine.core.mesh.offers.BadFilter`."""
        return offers(self._acquaintances.all(), filter, self._now_ms() // 1000)

    def list(self, also_heard: bool = False) -> Document:
        now_s = self._now_ms() // 1000
        shown = self._acquaintances.all() if also_heard else self._acquaintances.met()
        told = [describe(one, now_s) for one in sorted(shown, key=lambda one: one.name.casefold())]
        heard = len(self._acquaintances.all()) - len(self._acquaintances.met())
        return {"here": self.here(), "engines": told, "heard": heard}

    # --- what people do ----------------------------------------------------------------------------

    async def invite(self, lasts_s: int | None, once: bool, trust: Trust) -> Document | Refusal:
        try:
            url = await self._meeting.invite(lasts_s, once, trust)
        except CannotMeet as problem:
            return _refusal(problem)
        return {"url": url, "once": once, "trust": trust, "lasts_s": lasts_s, "name": self._own.draft().name}

    async def add(self, text: str, name: str | None, trust: Trust) -> Document | Refusal:
        try:
            known = await self._meeting.accept(text, name, trust)
        except CannotMeet as problem:
            return _refusal(problem)
        except TooMany as problem:
            return Refusal("quota", str(problem))
        await self._survey.look_at(known.engine)
        await self._acquaintances.flush()
        return self._describe(known.engine)

    async def change(self, name: str, trust: Trust | None, new_name: str | None) -> Document | Refusal:
        """Trust an engine more or less, or call it otherwise. One that was only heard of is known then."""
        try:
            known = self.resolve(name)
        except NoSuchEngine as problem:
            return Refusal("unknown", str(problem), "`picomesh engines list --all` shows those heard of too")
        if new_name is not None and not is_name(new_name):
            return Refusal("malformed", f"an engine cannot be called '{new_name[:60]}'")
        if trust == "heard":
            return Refusal("malformed", "that is no trust that one gives", "known, trusted or blocked")
        kept = replace(known, trust=trust or known.trust, name=new_name or known.name)
        if kept.trust == "heard":
            kept = replace(kept, trust="known")
        try:
            await self._acquaintances.keep(kept)
        except TooMany as problem:
            return Refusal("quota", str(problem))
        return self._describe(known.engine)

    async def remove(self, name: str) -> Document | Refusal:
        """Forget an engine, and tell it so."""
        try:
            known = self.resolve(name)
        except NoSuchEngine as problem:
            return Refusal("unknown", str(problem))
        told = self._describe(known.engine)
        await self._acquaintances.forget(known.engine)
        self._gossip.forget(known.engine)
        has_heard = known.trust not in ("heard", "blocked") and await self._meeting.part(known)
        return {**told, "has_heard": has_heard}

    def _describe(self, engine: str) -> Document:
        known = self._acquaintances.find(engine)
        return {} if known is None else describe(known, self._now_ms() // 1000)

    # --- who may come ------------------------------------------------------------------------------

    def policy(self) -> Document:
        return self._tell(self._accepting.policy)

    async def accept(self, wishes: Mapping[str, Any]) -> Document | Refusal:
        """Take in others from now on."""
        try:
            return self._tell(await self._accepting.change(wishes))
        except BadPolicy as problem:
            return Refusal("malformed", str(problem))

    def _tell(self, policy: Policy) -> Document:
        guests, room = self._accepting.guests(), self._accepting.room()
        plain = {name: value for name, value in pack(policy).items() if name != "format"}
        return {
            **plain,
            "guests": {"count": guests.count, "bytes": guests.bytes},
            "free": {"picos": room.picos, "bytes": room.bytes},
        }

    def consider(
        self,
        pico: str,
        engine: str,
        bytes: int,
        rulesets: Sequence[Came] = (),
        price: int = 0,
        owners: Sequence[str] = (),
    ) -> Refused | None:
        """What is against taking in a pico that comes from that engine, now: each ruleset as rid, CID and
        signatures."""
        return self._accepting.consider(pico, engine, bytes, rulesets, price, owners)

    def close(self, why: str | None) -> None:
        """Take nobody in until it is called with None, or the engine ends."""
        self._accepting.closed = why

    def set_guests(self, guests: Callable[[], Guests]) -> None:
        """Who knows how many came from elsewhere, and live here."""
        self._accepting.guests = guests


def _refusal(problem: CannotMeet) -> Refusal:
    return Refusal("malformed" if problem.is_wrong else "undecided", str(problem), problem.hint)
