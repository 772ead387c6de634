"""Channels of picos that came from another engine get DIDs by way of this one; who knows them hears of it.

A DID of a channel names the engine by way of which it is reached, so the ones that came along lead to where
nobody may be any more. Each is followed by a new one, which its own key says, in a turn of the pico like any
other rotation. A channel that goes by its pico's name for life has no part in that: the log says where it is.

All that waits until the log of the pico names this engine. Whoever follows a rotation hears no more of the
DID before: so a copy that somebody only looks at must not make friends turn away from a pico that lives.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable

from engine.core.codec import Unreadable
from engine.core.dids import Did
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, PicoId
from engine.ports import Journal, JournalFailed
from engine.runtime.channel_keys import ChannelKeys
from engine.runtime.identities import Identities
from engine.runtime.replies import EventReply

logger = logging.getLogger(__name__)

RelayOf = Callable[[Did], Did | None]
"""Who takes in messages for a DID, if it names somebody."""
Rotate = Callable[[Eci], Awaitable[EventReply | Refusal | Fault]]
"""Give a channel another DID, and tell those who know it."""
Acts = Callable[[PicoId], bool]
"""Whether the log of a pico says that this engine is to act as it."""


class Arrivals:
    def __init__(
        self,
        journal: Journal,
        brought: ChannelKeys,
        identities: Identities,
        relay_of: RelayOf,
        rotate: Rotate,
        acts: Acts,
    ) -> None:
        self._journal = journal
        self._brought = brought
        self._identities = identities
        self._relay_of = relay_of
        self._rotate = rotate
        self._acts = acts
        self._is_on = self._is_again = False
        self._task: Task[None] | None = None

    def start(self) -> None:
        """Now that this engine knows how it is called itself. A crash leaves it to the next start."""
        self._is_on = True
        self.look()

    def look(self) -> None:
        """Again, since a log has gone on."""
        self._is_again = True
        if self._is_on and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        self._is_on = False
        if self._task is not None:
            self._task.cancel()

    async def wait_rested(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _go_on(self) -> None:
        try:
            while self._is_again:
                self._is_again = False
                await self._look_round()
        except JournalFailed as problem:
            logger.warning("picos that came here are not reached here yet: %s", problem)

    async def _look_round(self) -> None:
        waiting = set[PicoId]()
        for eci in self._brought.channels():
            pico = self._journal.find_channel(eci)
            if pico is None:
                await self._brought.forget(eci)
            elif self._leads_elsewhere(eci) and pico not in waiting:
                if self._acts(pico):
                    await self._lead_here(eci)
                else:
                    waiting.add(pico)
            await asyncio.sleep(0)
        for pico in sorted(waiting):
            logger.warning(
                "those who know pico %s by DID are told that it is here when its log says so", pico
            )

    async def _lead_here(self, eci: Eci) -> None:
        try:
            reply = await self._rotate(eci)
        except Unreadable as problem:
            reply = Fault("R600", str(problem))
        if not isinstance(reply, EventReply):
            logger.warning("those who know channel %s are not told that it is reached here: %s", eci, reply)

    def _leads_elsewhere(self, eci: Eci) -> bool:
        """Whether the newest DID of a channel, of which the keys are here, is by way of another engine."""
        if self._identities.goes_by_name_for_life(eci):
            return False
        named = self._identities.known(eci)
        relay = None if named is None else self._relay_of(named)
        return (
            named is not None
            and relay is not None
            and not self._identities.is_engine(relay)
            and self._identities.has_keys(named)
        )
