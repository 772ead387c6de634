"""What is under way for moves, as tasks: begun here, waited for and stopped here."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from engine.ports import CannotSend, JournalFailed, StoreFailed

log = structlog.get_logger("picomesh.moves")

T = TypeVar("T")
Key = tuple[str, str]
"""A pico, and what is done for it."""


class Work:
    def __init__(self) -> None:
        self._tasks: dict[Task[None], Key | None] = {}
        self._begun: set[Task[Any]] = set()
        """What somebody has asked for, which goes on if they do not wait for it."""

    def begin(self, work: Coroutine[Any, Any, None], key: Key | None = None) -> Task[None] | None:
        """Of one kind for one pico only one is under way: the tables ask for it again."""
        if key is not None and self.is_under_way(key):
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(_run(work))
        self._tasks[task] = key
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    async def to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Also if whoever has asked for it goes away: what is on the disk has to be in memory."""
        task = asyncio.get_running_loop().create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    def is_under_way(self, key: Key) -> bool:
        return key in self._tasks.values()

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks or self._begun)

    async def wait_rested(self) -> None:
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def stop(self) -> None:
        for task in [*self._tasks, *self._begun]:
            task.cancel()


async def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (JournalFailed, StoreFailed) as problem:
        log.warning("a move waits for this engine's disk", why=str(problem))
    except CannotSend as problem:
        log.debug("a message of a move did not get there", why=str(problem))
    except Exception:
        log.exception("a move met a bug")
