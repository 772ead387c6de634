"""Questions that picos have asked after their turns, none of which waits for the answer.

Such a question is in the journal from the commit of its turn until the commit in which its answer is
put into an inbox. So it is asked at least once, under the same key each time, and told exactly once. An
answer with `again` says that nothing came of it yet: then it is asked again, after longer and longer.
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
from engine.ports import Call
from engine.runtime.equipment import Equipment

logger = logging.getLogger(__name__)

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 10 * 60 * 1_000
"""Between two attempts; each is twice as long as the one before, and up to half of it more, so that those who
wait for the same engine do not all come back at once."""

Deliver = Callable[[PicoId, EventId, SendEvent | None], None]
"""End the errand of that pico and name by sending the event, if there is one."""

Key = tuple[PicoId, EventId]


class Errands:
    """Those of one engine that are under way."""

    def __init__(self, equipment: Equipment, deliver: Deliver) -> None:
        self._equipment = equipment
        self._deliver = deliver
        self._is_on = False
        self._under_way: dict[Key, Task[None]] = {}
        self._waiting: dict[Key, Call] = {}
        """Those that are to be asked again."""

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
        if self._is_on and key not in self._under_way and key not in self._waiting:
            self._start(key, errand, 0)

    def _start(self, key: Key, errand: AskLater, failed: int) -> None:
        task = asyncio.get_running_loop().create_task(self._run(key, errand, failed))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._under_way.pop(key, None))

    async def _run(self, key: Key, errand: AskLater, failed: int) -> None:
        answer = await self._equipment.questions.answer(key[0], errand.question)
        if answer.get("again") and self._is_on:
            logger.info("an errand of pico %s is tried again: %s", key[0], answer.get("error"))
            self._wait(key, errand, failed + 1, self._equipment.clock.now_ms() + self._patience_ms(failed))
        elif not answer.get("again"):
            self._deliver(key[0], errand.name, report(errand, answer))

    def _patience_ms(self, failed: int) -> int:
        wait_ms = min(FIRST_WAIT_MS << min(failed, 20), LONGEST_WAIT_MS)
        return wait_ms + int(self._equipment.entropy.seed()[:4], 16) * wait_ms // (2 << 16)

    def _wait(self, key: Key, errand: AskLater, failed: int, until_ms: int) -> None:
        def look() -> None:
            # Clocks may call sooner.
            del self._waiting[key]
            if self._equipment.clock.now_ms() < until_ms:
                self._wait(key, errand, failed, until_ms)
            else:
                self._start(key, errand, failed)

        self._waiting[key] = self._equipment.clock.call_at(until_ms, look)

    def forget(self, pico: PicoId) -> None:
        """It is gone, and so is everything that the journal had of it."""
        for (owner, _), task in list(self._under_way.items()):
            if owner == pico:
                task.cancel()
        for key in [key for key in self._waiting if key[0] == pico]:
            self._waiting.pop(key).cancel()

    async def wait_rested(self) -> None:
        """Return when nothing is under way. What waits to be tried again may do so for days."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    def stop(self) -> None:
        """Leave everything to the next start, also what is under way."""
        self._is_on = False
        for task in self._under_way.values():
            task.cancel()
        for call in self._waiting.values():
            call.cancel()
        self._waiting.clear()
