"""Now and then an engine looks how well it reaches those it knows, and tells them of itself and of others.

A ping measures the way there and back; then adverts are exchanged. With many engines it looks less often, so
that a thousand of them cost no more in a second than a few hundred.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from dataclasses import replace

from engine.core.didcomm.messages import Message
from engine.core.mesh.acquaintances import LONGEST_PROBLEM, Acquaintance, missed, reached
from engine.core.mesh.adverts import LONGEST_LIFE_S
from engine.core.protocols import engines as protocol
from engine.core.protocols.trust_ping import PING
from engine.ports import CannotSend, Clock, Entropy, JournalFailed
from engine.runtime.identities import Identities
from engine.runtime.mesh.acquaintances import Acquaintances
from engine.runtime.mesh.exchanges import Exchanges, Reported
from engine.runtime.mesh.gossip import Gossip

logger = logging.getLogger(__name__)

AT_ONCE = 16
MOST_IN_A_SECOND = 2
"""Engines that are looked at, where there are so many that they cannot all be in each round."""
ROUNDS_OF_AN_ADVERT = 3
"""So many rounds one may miss without its advert having expired."""
SHORTEST_LIFE_S = 900
EXPIRES_S = 60
"""After so long a message that got stuck on its way is worth nothing."""


def round_ms(every_ms: int, engines: int) -> int:
    """Between the beginnings of two rounds."""
    return max(every_ms, engines * 1000 // MOST_IN_A_SECOND)


def life_s(round_ms: int) -> int:
    """For so long an own advert is good."""
    return min(max(ROUNDS_OF_AN_ADVERT * round_ms // 1000, SHORTEST_LIFE_S), LONGEST_LIFE_S)


class Survey:
    def __init__(
        self,
        acquaintances: Acquaintances,
        gossip: Gossip,
        exchanges: Exchanges,
        identities: Identities,
        clock: Clock,
        entropy: Entropy,
        every_ms: int,
    ) -> None:
        self._acquaintances = acquaintances
        self._gossip = gossip
        self._exchanges = exchanges
        self._identities = identities
        self._clock = clock
        self._entropy = entropy
        self._every_ms = every_ms
        self._task: Task[None] | None = None
        self._warm: set[str] = set()
        """Those that were reached since the start."""
        self._wake = asyncio.Event()
        self._is_wanted = False

    def start(self) -> None:
        self.stop()
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def look_now(self) -> None:
        """There is somebody who has not been looked at."""
        self._is_wanted = True
        self._wake.set()

    async def _go_on(self) -> None:
        try:
            while True:
                began_ms = self._clock.now_ms()
                await self.round()
                await self._wait_until(began_ms + round_ms(self._every_ms, len(self._acquaintances.met())))
        except JournalFailed as problem:
            logger.warning("what is known of other engines cannot be noted: %s", problem)

    async def _wait_until(self, time_ms: int) -> None:
        """Or until somebody new is there. Clocks may call sooner."""
        while self._clock.now_ms() < time_ms and not self._is_wanted:
            self._wake.clear()
            call = self._clock.call_at(time_ms, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                call.cancel()
        self._is_wanted = False

    async def round(self) -> None:
        """All that are known and not blocked."""
        self._acquaintances.sweep()
        at_once = asyncio.Semaphore(AT_ONCE)

        async def look_at(known: Acquaintance) -> None:
            async with at_once:
                await self.look_at(known.engine)

        await asyncio.gather(*(look_at(one) for one in self._acquaintances.met() if one.trust != "blocked"))
        await self._acquaintances.flush()

    async def look_at(self, engine: str) -> None:
        """Measure one, and exchange adverts with it. What comes of it is noted, unless it was removed."""
        known = self._acquaintances.find(engine)
        if known is None:
            return
        try:
            await self._measure(known)
            await self._exchange(known)
        except Reported as problem:
            self._heard_report(known, problem)
        except CannotSend as problem:
            reason = str(problem)
            self._acquaintances.note(engine, lambda one: replace(one, measured=missed(one.measured, reason)))

    async def _measure(self, known: Acquaintance) -> None:
        """What the first message costs both, who look up names and agree on keys, is not the way."""
        if known.engine not in self._warm:
            await self._ping(known)
            self._warm.add(known.engine)
        began_ms = self._clock.now_ms()
        await self._ping(known)
        after_ms = self._clock.now_ms()
        self._acquaintances.note(
            known.engine,
            lambda one: replace(one, measured=reached(one.measured, after_ms - began_ms, after_ms // 1000)),
        )

    async def _ping(self, known: Acquaintance) -> None:
        now_s = self._clock.now_ms() // 1000
        message = Message(
            self._entropy.seed(),
            PING,
            {"response_requested": True},
            self._identities.engine,
            (known.did,),
            created_time=now_s,
            expires_time=now_s + EXPIRES_S,
            headers={"return_route": "all"},
        )
        await self._exchanges.ask(message, known.did)

    async def _exchange(self, known: Acquaintance) -> None:
        adverts, told = await self._gossip.tell(known.engine)
        me, now_s = self._identities.engine, self._clock.now_ms() // 1000
        message = protocol.adverts(self._entropy.seed(), me, known.did, adverts, now_s, now_s + EXPIRES_S)
        answer = await self._exchanges.ask(message, known.did)
        self._gossip.has_heard(known.engine, told)
        self._acquaintances.note(known.engine, lambda one: replace(one, left_s=0))
        refused = await self._gossip.take(known.engine, answer.message.body["adverts"])
        problem = "" if refused is None else f"its advert is refused, as {refused.code}: {refused}"
        self._tell_problem(known, problem)

    def _heard_report(self, known: Acquaintance, problem: Reported) -> None:
        """It was reached, and does not want to hear more."""
        now_s = self._clock.now_ms() // 1000
        if problem.code == protocol.NOT_MET:
            self._acquaintances.note(known.engine, lambda one: replace(one, left_s=one.left_s or now_s))
        self._tell_problem(known, str(problem))

    def _tell_problem(self, known: Acquaintance, problem: str) -> None:
        def tell(one: Acquaintance) -> Acquaintance:
            return replace(one, measured=replace(one.measured, problem=problem[:LONGEST_PROBLEM]))

        self._acquaintances.note(known.engine, tell)
