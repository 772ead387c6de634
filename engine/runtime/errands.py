"""Questions that picos have asked after their turns, none of which waits for the answer.

Such a question is in the journal from the commit of its turn until the commit in which its answer is
put into an inbox. So it is asked at least once, under the same key each time, and told exactly once. An
answer with `again` says that nothing came of it yet. With `away` it names a place where nobody answers, and
all errands that lead there wait for it together: see `engine.runtime.places`. Else it is asked again after
longer and longer.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from engine.core.codec import Unreadable
from engine.core.correspondence import given_up_ms, recipient_of
from engine.core.far_events import FAR, place_of
from engine.core.messages import AskLater, SendEvent
from engine.core.model import EventId, PicoId
from engine.core.records import decode_errand
from engine.core.reports import report
from engine.ports import Call
from engine.runtime.away import AWAY, Away
from engine.runtime.equipment import Equipment
from engine.runtime.lanes import Lanes
from engine.runtime.places import MOST_RELAPSES, Pending, Places
from engine.runtime.questions import MISTAKE

logger = logging.getLogger(__name__)

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 10 * 60 * 1_000
"""Between two attempts of one that waits by itself; each is twice as long as the one before, and up to half
of it more, so that they do not all come back at once."""
LOOKS_OF_A_PICO, LOOKS_AT_ONCE = 2, 32
"""Attempts on places where nobody answered, at a time. Each may take seconds, and fewer than a pico may
have under way in all, so they do not hold up its messages for others."""

Deliver = Callable[[PicoId, EventId, SendEvent | AskLater | None], None]
"""End the errand of that pico and name by sending the event, or beginning the errand, if there is one."""

Key = tuple[PicoId, EventId]


def _is_free(pico: PicoId) -> bool:
    """Of an engine whose picos stay."""
    return False


class Errands:
    """Those of one engine that are under way."""

    def __init__(self, equipment: Equipment, deliver: Deliver) -> None:
        self._equipment = equipment
        self._deliver = deliver
        self.is_held: Callable[[PicoId], bool] = _is_free
        """Whether those of a pico have to wait, since it is about to be, or is, somewhere else."""
        self._is_on = False
        self._numbers = count()
        self._pending: dict[Key, Pending] = {}
        """All of them."""
        self._under_way: dict[Key, Task[None]] = {}
        self._waiting: dict[Key, Call] = {}
        """Those that are to be asked again and wait by themselves."""
        self._looking = Lanes(LOOKS_OF_A_PICO, LOOKS_AT_ONCE)
        clock = equipment.clock
        self._places = Places(clock, equipment.entropy, self._start, self._let_through)
        self.away = Away(clock.now_ms, self._places.back, self._places.hope)
        """Where nobody answered lately; whoever sends anything keeps to that."""

    def start(self) -> None:
        """Begin with what an earlier run of the engine has left undone, all at once only if they are few."""
        self._is_on = True
        recipients = set()
        for pico, body in self._equipment.journal.errands():
            if self.is_held(pico):
                continue
            try:
                one = self._expect(pico, decode_errand(body))
            except Unreadable:
                logger.exception("an errand of pico %s cannot be read; it goes on waiting", pico)
                continue
            if one.keeps_order:
                self._places.follow(one)
            elif one.line is None:
                self._start(one)
            else:
                recipients.add(one.line[1])
                self._places.put(one.line[1], one)
        for recipient in sorted(recipients):
            self._places.back(recipient)

    def resume(self, pico: PicoId) -> None:
        """Begin with what the journal has for a pico that was brought back."""
        kept = self._equipment.journal.beside(pico)
        for body in () if kept is None else kept.errands:
            self.begin(pico, decode_errand(body))

    def begin(self, pico: PicoId, errand: AskLater) -> None:
        """Ask, now that the journal has it. Unless `start` has been called it is left to that."""
        if self._is_on and (pico, errand.name) not in self._pending and not self.is_held(pico):
            one = self._expect(pico, errand)
            if one.keeps_order:
                self._places.follow(one)
            elif not self._places.join(one):
                self._start(one)

    def _expect(self, pico: PicoId, errand: AskLater) -> Pending:
        recipient = recipient_of(errand.question) or place_of(errand.question)
        line = None if recipient is None else (pico, recipient)
        until_ms = given_up_ms(errand.question, self._equipment.message_keep_ms)
        one = Pending(next(self._numbers), pico, errand, line, until_ms, errand.question.kind == FAR)
        self._pending[one.key] = one
        return one

    def _start(self, one: Pending, is_look: bool = False) -> None:
        task = asyncio.get_running_loop().create_task(self._run(one, is_look))
        self._under_way[one.key] = task
        task.add_done_callback(lambda task: self._rest(one, task))

    def _rest(self, one: Pending, task: Task[None]) -> None:
        if self._under_way.get(one.key) is task:
            del self._under_way[one.key]
            self._places.gone(one, arrived=False)

    def _let_through(self, place: str) -> None:
        self.away.let_through(place)

    async def _run(self, one: Pending, is_look: bool) -> None:
        answer = await self._ask(one, is_look)
        if answer is MISTAKE and one.line is not None:
            answer = {**MISTAKE, "again": True}  # a message is not lost because of a bug of ours
        if not answer.get("again"):
            self._pending.pop(one.key, None)
            self._deliver(*one.key, report(one.errand, answer))
            self._places.gone(one, arrived="error" not in answer)
        elif self._is_on:
            logger.info("an errand of pico %s is tried again: %s", one.pico, answer.get("error"))
            self._try_again(one, answer)

    async def _ask(self, one: Pending, is_look: bool) -> Mapping[str, Any]:
        if not is_look:
            return await self._equipment.questions.answer(one.pico, one.errand.question)
        async with self._looking.of(one.pico):
            return await self._equipment.questions.answer(one.pico, one.errand.question)

    def _try_again(self, one: Pending, answer: Mapping[str, Any]) -> None:
        if AWAY in answer and one.line is not None and one.relapses < MOST_RELAPSES:
            self._places.wait(answer[AWAY], one)
            return
        wait_ms = patience_ms(one.failed, int(self._equipment.entropy.seed()[:4], 16))
        self._wait(one, self._equipment.clock.now_ms() + wait_ms)
        one.failed += 1

    def _wait(self, one: Pending, until_ms: int) -> None:
        def look() -> None:
            # Clocks may call sooner.
            del self._waiting[one.key]
            if self._equipment.clock.now_ms() < until_ms:
                self._wait(one, until_ms)
            else:
                self._start(one)

        self._waiting[one.key] = self._equipment.clock.call_at(until_ms, look)

    def forget(self, pico: PicoId) -> None:
        """It is gone, and so is everything that the journal had of it."""
        for key in [key for key in self._pending if key[0] == pico]:
            del self._pending[key]
            if key in self._under_way:
                self._under_way[key].cancel()
            if key in self._waiting:
                self._waiting.pop(key).cancel()
        self._places.forget(pico)

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
        self._places.stop()


def patience_ms(failed: int, chance: int) -> int:
    """How long one waits that has failed so often before; `chance` is any number below 65,536."""
    wait_ms = min(FIRST_WAIT_MS << min(failed, 20), LONGEST_WAIT_MS)
    return wait_ms + chance * wait_ms // (2 << 16)
