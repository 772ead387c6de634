"""An event on its way through a pico's mailbox, and those who wait to hear of it."""

from __future__ import annotations

import asyncio
from asyncio import Future
from dataclasses import dataclass, field

from engine.core.messages import Event, Query
from engine.core.model import Inputs
from engine.runtime.replies import Reply


@dataclass(slots=True, eq=False)
class Request:
    """Taken once, run until it is committed, then answered."""

    event: Event
    query: Query | None = None
    is_kept: bool = False
    """Whether its record can be found by the event's id: somebody may send it again, or it is in the
    inbox. Ids that the engine made for callers who wait need no such entry."""
    inputs: Inputs | None = None
    """Drawn when it first runs; grows with every answer to a question."""
    waiters: list[Future[Reply]] = field(default_factory=list)

    def wait(self) -> Future[Reply]:
        """A future of one's own, so that a caller who goes away takes nobody else along."""
        waiter: Future[Reply] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return waiter

    def answer(self, reply: Reply) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(reply)
