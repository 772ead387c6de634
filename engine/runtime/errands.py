"""Questions that picos have asked after their turns, none of which waits for the answer.

Such a question is in the journal from the commit of its turn until the commit in which its answer is
put into an inbox. So it is asked at least once, under the same key each time, and told exactly once.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Callable

from engine.core.codec import Unreadable
from engine.core.messages import AskLater, SendEvent
from engine.core.model import EventId, PicoId
from engine.core.records import decode_errand
from engine.core.reports import report
from engine.runtime.equipment import Equipment

logger = logging.getLogger(__name__)

Deliver = Callable[[PicoId, EventId, SendEvent | None], None]
"""End the errand of that pico and name by sending the event, if there is one."""


class Errands:
    """Those of one engine that are under way."""

    def __init__(self, equipment: Equipment, deliver: Deliver) -> None:
        self._equipment = equipment
        self._deliver = deliver
        self._is_on = False
        self._under_way: dict[tuple[PicoId, EventId], Task[None]] = {}

    def start(self) -> None:
        """Begin with what an earlier run of the engine has left undone."""
        self._is_on = True
        for pico, body in self._equipment.journal.errands():
            try:
                self.begin(pico, decode_errand(body))
            except Unreadable:
                logger.exception("an errand of pico %s cannot be read; it goes on waiting", pico)

    def begin(self, pico: PicoId, errand: AskLater) -> None:
        """Ask, now that the journal has it. Unless `start` has been called it is left to that."""
        key = (pico, errand.name)
        if self._is_on and key not in self._under_way:
            task = asyncio.get_running_loop().create_task(self._run(pico, errand))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))

    async def _run(self, pico: PicoId, errand: AskLater) -> None:
        answer = await self._equipment.questions.answer(pico, errand.question)
        self._deliver(pico, errand.name, report(errand, answer))

    def forget(self, pico: PicoId) -> None:
        """It is gone, and so is everything that the journal had of it."""
        for (owner, _), task in list(self._under_way.items()):
            if owner == pico:
                task.cancel()

    async def wait_rested(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    def stop(self) -> None:
        """Leave everything to the next start, also what is under way."""
        self._is_on = False
        for task in self._under_way.values():
            task.cancel()
