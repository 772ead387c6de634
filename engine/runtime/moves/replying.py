"""What is said to a message of a move over the connection along which it came.

The first message that the tables have for its sender goes back like that, if whoever sent it wants so and it
is ready soon; all others are posted as usual. What gets lost is repeated, whichever way it went.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from contextlib import suppress
from typing import Any

from engine.core.didcomm.messages import Message

SOON_S = 1.0
"""For which a connection is kept waiting: a large state takes longer to fetch."""


class Reply:
    """To one message that was heard, while what it led to is under way."""

    def __init__(self) -> None:
        self._work: set[Task[None]] = set()
        self._said: Future[Message] = asyncio.get_running_loop().create_future()

    def wait_for(self, work: Task[None]) -> None:
        """Something that it led to, and that may have an answer."""
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def give(self, message: Message) -> bool:
        """Whether it goes back over the connection."""
        if self._said.done():
            return False
        self._said.set_result(message)
        return True

    async def said(self) -> Message | None:
        """What goes back; nothing is taken any more then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                while self._work and not self._said.done():
                    waited_for: set[Future[Any]] = {*self._work, self._said}
                    await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        if self._said.done():
            return self._said.result()
        self._said.cancel()
        return None
