"""When picos are sealed: some time after a change, a few at a time, and all that is left as the engine stops.

Nothing waits for it. What was not sealed when the engine ended is found at the next start, because it is
known of each pico which turn is the newest and which one was sealed. A turn in which a pico hears that it was
sealed is no reason to seal it again.
"""

from __future__ import annotations

import asyncio
from asyncio import Event, Task
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from engine.core.blocks.errors import BlockError
from engine.core.blocks.heads import SignedHead
from engine.core.cids import Cid
from engine.core.codec import Unreadable
from engine.core.messages import Event as PicoEvent
from engine.core.model import PicoId
from engine.core.records import decode_record
from engine.ports import Journal, JournalFailed, StoreFailed
from engine.runtime.background import Background
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.seals import HURRY, Seals

log = structlog.get_logger("picomesh.seals")

AT_ONCE = 2
"""Picos that are sealed at a time."""
REST = 9.0
"""Pauses while a state is written, in lengths of the work: so sealing has a tenth of the time, not half."""
SHARE = 0.01
"""Of the loop's time, for each of those, while it is busy with other things. Then a pico may be sealed later
than it should; nothing is lost by that, and before the engine ends all of them are sealed."""
AGAIN_S = 30.0
"""After which a pico is tried again that could not be sealed."""
COLLECT_EVERY_S = 3600.0
PAGE = 200
"""Picos that are looked at together at start."""
DOMAIN, NAME = "engine", "sealed"
"""The event by which a pico hears of it."""


Remove = Callable[[], Awaitable[object]]
"""Removes blocks that nothing needs."""
Watch = Callable[[], Awaitable[None]]
"""Looks what heads of these picos there are in stores; see `engine.runtime.meeting_heads`."""


class News(Protocol):
    """See `engine.runtime.seal_news`."""

    async def tell(self, pico: PicoId, signed: SignedHead) -> None: ...


@dataclass(frozen=True, slots=True)
class When:
    is_on: bool = False
    """Without being asked."""
    after_s: float = 60.0
    """From the first change that is not sealed on."""


def _is_here(pico: PicoId) -> bool:
    """Where picos stay."""
    return False


class Sealing:
    """`start` it when the engine knows how it is reached, because that stands in the logs of picos."""

    def __init__(
        self,
        seals: Seals,
        journal: Journal,
        when: When,
        remove_garbage: Remove,
        has_blocks: Callable[[], bool],
        watch: Watch,
    ) -> None:
        self.seals = seals
        self._watch = watch
        self._has_blocks = has_blocks
        self._remove_garbage = remove_garbage
        self._journal = journal
        self._when = when
        self._background = Background(SHARE)
        self.is_elsewhere: Callable[[PicoId], bool] = _is_here
        """Whether a pico has moved away."""
        self._left: dict[PicoId, None] = {}
        """Those that an earlier run of the engine has left; they come first."""
        self._due: dict[PicoId, float] = {}
        """By when, in that order: all wait for the same time."""
        self._troubles: dict[PicoId, str] = {}
        """Why picos could not be sealed the last time."""
        self._changed = Event()
        self._tasks: list[Task[None]] = []
        self._is_running = False
        self._is_stopped = False

    # --- what has to be sealed ---

    def note(self, pico: PicoId, event: PicoEvent | None = None) -> None:
        """A pico has committed a turn, of that event."""
        if self._when.is_on and pico not in self._due and not _is_news(pico, event):
            self._due[pico] = asyncio.get_running_loop().time() + self._when.after_s
            self._changed.set()

    def forget(self, pico: PicoId) -> None:
        """It was deleted."""
        self._left.pop(pico, None)
        self._due.pop(pico, None)
        self._troubles.pop(pico, None)
        self._spawn(self._forget(pico))

    async def _forget(self, pico: PicoId) -> None:
        await self._try(pico, self.seals.forget)

    @property
    def waiting(self) -> int:
        """Picos that have changed and are not sealed yet."""
        return len(self._left.keys() | self._due.keys())

    @property
    def troubles(self) -> dict[PicoId, str]:
        return dict(self._troubles)

    @property
    def is_on(self) -> bool:
        return self._when.is_on

    # --- doing it ---

    def start(self) -> None:
        """Seal what has to be, from now on; and let picos hear of it, also of what is sealed by hand."""
        if self._is_running:
            return
        self._is_running = True
        if self._has_blocks():
            self._spawn(self._release_gone())
            self._spawn(self._keep_watch())
        if self._when.is_on:
            self._spawn(self._look_round())
            self._spawn(self._collect())
            for _ in range(AT_ONCE):
                self._spawn(self._work())

    async def drain(self) -> None:
        """Seal all that is left, as quickly as can be. Whoever has no time for it cancels it: the next start
        finds what was not done."""
        await self._stop_tasks()
        while waiting := [*self._left, *self._due][:AT_ONCE]:
            for pico in waiting:
                self._take(pico)
            await asyncio.gather(*(self._seal(pico, HURRY) for pico in waiting))

    async def close(self) -> None:
        self._is_stopped = True
        await self._stop_tasks()

    async def _stop_tasks(self) -> None:
        self._is_running = False
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._is_stopped:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._let_go)

    def _let_go(self, task: Task[None]) -> None:
        if task in self._tasks:
            self._tasks.remove(task)

    async def _work(self) -> None:
        while True:
            wait_s = self._wait_s()
            if wait_s is not None and wait_s <= 0:
                pico = self._take(next(iter(self._left or self._due)))
                try:
                    await self._background.run(self._seal(pico, REST))
                except asyncio.CancelledError:
                    self._left[pico] = None  # whoever drains seals it without rests
                    raise
                continue
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def _wait_s(self) -> float | None:
        """Until the next one is due; None if there is none."""
        if self._left:
            return 0.0
        due_s = next(iter(self._due.values()), None)
        return None if due_s is None else due_s - asyncio.get_running_loop().time()

    def _take(self, pico: PicoId) -> PicoId:
        self._left.pop(pico, None)
        self._due.pop(pico, None)
        return pico

    async def _seal(self, pico: PicoId, rest: float) -> None:
        if self.is_elsewhere(pico):
            return  # its new engine does that

        async def seal(pico: PicoId) -> None:
            await self.seals.seal(pico, rest)

        if await self._try(pico, seal):
            self._troubles.pop(pico, None)
        elif rest != HURRY and self._journal.beside(pico) is not None:
            asyncio.get_running_loop().call_later(AGAIN_S, self.note, pico)

    async def _try(self, pico: PicoId, act: Callable[[PicoId], Coroutine[Any, Any, None]]) -> bool:
        try:
            await act(pico)
        except (CannotSeal, BlockError, StoreFailed, JournalFailed, Unreadable) as problem:
            self._note_trouble(pico, str(problem))
            return False
        except Exception as problem:
            log.exception("sealing met a bug", pico=pico)
            self._note_trouble(pico, repr(problem))
            return False
        return True

    def _note_trouble(self, pico: PicoId, why: str) -> None:
        if self._troubles.get(pico) != why:
            self._troubles[pico] = why
            log.warning("a pico was not sealed; it is tried again", pico=pico, why=why)

    def spread(self, news: News, pico: PicoId, signed: SignedHead) -> None:
        """Let the pico hear of it, unless the engine is about to stop."""
        if self._is_running:
            self._spawn(self._tell(news, pico, signed))

    async def _tell(self, news: News, pico: PicoId, signed: SignedHead) -> None:
        async def tell(pico: PicoId) -> None:
            await news.tell(pico, signed)

        await self._try(pico, tell)

    async def _keep_watch(self) -> None:
        """At start, and then each hour."""
        while True:
            await self._watch()
            await asyncio.sleep(COLLECT_EVERY_S)

    async def _collect(self) -> None:
        """What seals have superseded goes by and by."""
        while True:
            await asyncio.sleep(COLLECT_EVERY_S)
            try:
                await self.publish_left()
                await self._remove_garbage()
            except StoreFailed as problem:
                log.warning("blocks that nothing needs were not removed", why=str(problem))

    async def publish_left(self) -> None:
        """Pin each newest head that a crash has kept from it, or its blocks would be taken for garbage."""
        after, published = "", await (await self.seals.stores()).roots()
        while page := self._journal.picos(after, PAGE):
            for pico in page:
                await self._try(pico, partial(self._publish_left, published))
            after = page[-1]

    async def _publish_left(self, published: Collection[Cid], pico: PicoId) -> None:
        newest = self.seals.newest(pico)
        if newest is not None and newest.cid not in published:
            await self.seals.publish(pico)
        await asyncio.sleep(0)

    # --- at start ---

    async def _release_gone(self) -> None:
        try:
            await self.seals.release_gone()
        except StoreFailed as problem:
            log.warning("what picos had that are no more is released at the next start", why=str(problem))

    async def _look_round(self) -> None:
        """Find what an earlier run of the engine has left, and who was never sealed."""
        after, published = "", await (await self.seals.stores()).roots()
        while page := self._journal.picos(after, PAGE):
            for pico in page:
                if self._is_unsealed(pico, published):
                    self._left[pico] = None
                    self._changed.set()
                await asyncio.sleep(0)
            after = page[-1]

    def _is_unsealed(self, pico: PicoId, published: Collection[Cid]) -> bool:
        end = self._journal.end(pico)
        try:
            newest = self.seals.newest(pico)
        except BlockError as problem:
            self._note_trouble(pico, str(problem))
            return False
        if newest is None or newest.cid not in published:
            return True
        since = 0 if end is None else end[0] - newest.head.sequence
        return since > 1 or (since == 1 and not self._was_news(pico, newest.head.sequence + 1))

    def _was_news(self, pico: PicoId, seq: int) -> bool:
        bodies = self._journal.records(pico, seq, seq)
        try:
            return bool(bodies) and _is_news(pico, decode_record(bodies[0]).turn.event)
        except Unreadable:
            return False


def _is_news(pico: PicoId, event: PicoEvent | None) -> bool:
    """Whether a turn was about nothing but that the pico was sealed."""
    return event is not None and (event.domain, event.name, event.sender) == (DOMAIN, NAME, pico)
