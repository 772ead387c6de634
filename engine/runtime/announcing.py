"""An engine that is somewhere else than it was tells the engines it knows, until each has heard.

Until then messages to the DIDs of its channels go where it was; what waits to be sent finds it afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, show_did
from engine.core.protocols.trust_ping import PING
from engine.ports import CannotSend, Clock, Entropy, Envelopes, JournalFailed
from engine.runtime.identities import Identities
from engine.runtime.letters import Letters
from engine.runtime.whereabouts import Known, Place, Whereabouts

logger = logging.getLogger(__name__)

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 10 * 60 * 1_000
AT_ONCE = 16


class Announcing:
    def __init__(
        self,
        whereabouts: Whereabouts,
        identities: Identities,
        envelopes: Envelopes,
        letters: Letters,
        clock: Clock,
        entropy: Entropy,
        keep_ms: int,
    ) -> None:
        """Whoever is not reached within `keep_ms` after the move is told when they are heard from again."""
        self._whereabouts = whereabouts
        self._identities = identities
        self._envelopes = envelopes
        self._letters = letters
        self._clock = clock
        self._entropy = entropy
        self._keep_ms = keep_ms
        self._task: Task[None] | None = None

    def start(self) -> None:
        self.stop()
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _go_on(self) -> None:
        try:
            await self._whereabouts.settle()
            while True:
                await self._tell_all()
                await self._whereabouts.news.wait()
        except JournalFailed as problem:
            logger.warning("what others know of this engine cannot be noted: %s", problem)

    async def _tell_all(self) -> None:
        """Until there is nobody left, or nobody for whom it is worth another try."""
        wait_ms = FIRST_WAIT_MS
        while untold := self._wanted():
            await self._announce(untold)
            if self._wanted():
                await self._wait(wait_ms)
                wait_ms = min(wait_ms * 2, LONGEST_WAIT_MS)

    def _wanted(self) -> dict[str, Known]:
        untold, since_s = self._whereabouts.untold(), self._whereabouts.place().since_s
        met, self._whereabouts.met_again = self._whereabouts.met_again, set()
        self._whereabouts.news.clear()
        if self._clock.now_ms() < since_s * 1000 + self._keep_ms:
            return untold
        return {keys: known for keys, known in untold.items() if keys in met}

    async def _announce(self, untold: dict[str, Known]) -> None:
        place, at_once = self._whereabouts.place(), asyncio.Semaphore(AT_ONCE)

        async def tell(known: Known) -> None:
            async with at_once:
                for did in known.at:
                    await self._tell(place, did)

        await asyncio.gather(*map(tell, untold.values()))

    async def _tell(self, place: Place, to: Did) -> None:
        """A ping, since what answers it comes to the new DID: then it has been heard."""
        assert place.prior is not None, "nobody is told of the first place"
        now_s = self._clock.now_ms() // 1000
        message = Message(
            self._entropy.seed(),
            PING,
            {"response_requested": True},
            place.did,
            (to,),
            created_time=now_s,
            from_prior=self._identities.moved(place.prior, place.since_s),
            headers={"return_route": "all"},
        )
        try:
            posted = await self._letters.send(message, to)
            if posted.reply is not None:
                await self._envelopes.open(posted.reply, now_s)  # noted as it is opened
        except (CannotSend, Refused) as problem:
            logger.info("%s has not heard yet where this engine is: %s", show_did(to), problem)

    async def _wait(self, wait_ms: int) -> None:
        until_ms, reached = self._clock.now_ms() + wait_ms, asyncio.Event()
        while self._clock.now_ms() < until_ms:  # clocks may call sooner
            reached.clear()
            self._clock.call_at(until_ms, reached.set)
            await reached.wait()
