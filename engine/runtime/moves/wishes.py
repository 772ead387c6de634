"""Somebody wants a pico to move: whether it can, and the beginning of the attempt."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from engine.core.dids import Did, is_did, keys_in, show_did
from engine.core.mesh.acquaintances import NoSuchEngine
from engine.core.messages import Refusal
from engine.core.migration import source as leaving
from engine.core.migration.messages import Attempt, Confirmed, Seen, Wanted
from engine.core.model import PicoId
from engine.ports import BadLog, Hosting
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.moves.asking import Asking
from engine.runtime.moves.cases import Cases, name_of_engine
from engine.runtime.moves.office import Hooks, Office
from engine.runtime.moves.post import entry_of
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.work import Work

UNSURE = Refusal(
    "undecided",
    "not all engines where it was before have said yet that it went nowhere else",
    "try again soon, when they can be reached",
)
ANSWERS_S = 5.0
"""For which somebody waits who wants a pico to move, and others have not said yet that it may."""


class Wishes:
    def __init__(
        self, office: Office, hooks: Hooks, cases: Cases, steps: Steps, work: Work, asking: Asking
    ) -> None:
        self._office = office
        self._hooks = hooks
        self._cases = cases
        self._steps = steps
        self._work = work
        self._asking = asking
        self._lives = office.lives
        self._post = office.post

    async def wanted(self, pico: PicoId, to: str, reason: str = "", price: int = 0) -> str | Refusal:
        """Have a pico move. The name of the attempt, which is durable; what comes of it is told. Empty if it
        lives there already. `price` is what the other engine may ask for it a day at most."""
        return await self._work.to_the_end(self._begin(pico, to, reason, price))

    async def _begin(self, pico: PicoId, to: str, reason: str, price: int) -> str | Refusal:
        try:
            target = to if to.startswith("did:") else self._hooks.find_engine(to)
        except NoSuchEngine as problem:
            return Refusal("malformed", str(problem), "`picomesh engines list` shows them; a DID will do too")
        if target is None or not is_did(target) or keys_in(target) is None:
            return Refusal("malformed", f"{show_did(to)} is no engine", "`picomesh did show` prints its DID")
        if self._office.journal.fact(ROOT_PICO) == pico:
            return Refusal("denied", "the root pico stays: it is the engine's own", "move one below it")
        if name_of_engine(target) == self._post.me:
            return ""
        try:
            did = await self._lives.name(pico)
            hosting = await self._check_log(pico)
        except BadLog as problem:
            return Refusal("undecided", f"it cannot move: {problem}")
        answered = self._asking.answered(did)
        async with self._steps.alone(did):
            attempt = await self._want(did, pico, Did(target), hosting, reason, price)
        if attempt is UNSURE:
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), ANSWERS_S)
            async with self._steps.alone(did):
                attempt = await self._want(did, pico, Did(target), hosting, reason, price)
        return attempt

    async def _check_log(self, pico: PicoId) -> Hosting:
        """What its log says, if this engine can write the entry by which it goes. Raises `BadLog`."""
        logs, kept = self._office.logs, self._lives.kept(pico)
        assert kept is not None, "whoever has a name for life has a log"
        hosting = logs.hosting(kept, self._post.now_s())
        logs.check_release(pico, kept, self._office.identities.engine, self._post.now_s())
        return hosting

    async def _want(
        self, did: str, pico: PicoId, to: Did, at: Hosting, reason: str, price: int
    ) -> str | Refusal:
        entry, hosts = entry_of(at), at.hosts
        case = self._steps.case_here(did, pico, entry)
        if case.seat.source is not None and case.seat.source.entry != entry:
            await self._steps.take(did, Seen(entry), case)
            case = self._cases.get(did) or case
        if case.seat.source is not None and not case.seat.source.confirmed and not self._asking.whom(hosts):
            await self._steps.take(did, Confirmed(), case)
            case = self._cases.get(did) or case
        source = case.seat.source
        if source is None or source.phase is not leaving.Phase.LIVE:
            phase = "away" if source is None else source.phase.value
            return Refusal("undecided", f"it is {phase} already", "`picomesh moves` shows where that stands")
        if not source.confirmed:
            self._asking.begin(did, source.entry.number)
            return UNSURE
        name = self._office.entropy.seed().lower()
        attempt = Attempt(entry.number, source.numbered + 1, name, self._post.me, name_of_engine(to))
        await self._steps.take(
            did,
            Wanted(attempt),
            replace(case.met(to), reason=reason, price=price, to=None, box="", failed=""),
        )
        return name
