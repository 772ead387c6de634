"""What happens in an engine, for whoever watches: turns that are durable, picos that are born and that end.

Nobody has a queue of their own, so that a watcher who does not keep up takes no memory. All look into one
ring of the newest happenings; who falls behind it is told that there is a gap. Of one pico nothing is ever
missed, since its records are in the journal.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from engine.core.messages import Event, Fault
from engine.core.model import PicoId
from engine.runtime.replies import Reply

KEPT = 4_096
"""Happenings of the whole engine that are remembered, each of some hundred bytes."""

Kind = Literal["turn", "born", "ended"]


class Happening(NamedTuple):
    """One, without what its event carried: that may be much, and is in the journal."""

    n: int
    kind: Kind
    pico: PicoId
    time_ms: int
    seq: int = 0
    eid: str | None = None
    eci: str | None = None
    event: tuple[str, str] | None = None
    sender: str | None = None
    failed: bool = False


class Feed:
    def __init__(self, now_ms: Callable[[], int], new_run: Callable[[], str]) -> None:
        self.is_closed = False
        self.watchers = 0
        self.turns = self.failed = self.born = self.ended = 0
        """So many since the engine started."""
        self._new_run = new_run
        self._run: str | None = None
        self._now_ms = now_ms
        self._newest = 0
        self._ring: deque[tuple[Any, ...]] = deque(maxlen=KEPT)
        """The parts of happenings: they are put together only for those who look."""
        self._news: Future[None] | None = None
        """There is one while somebody waits."""

    @property
    def run(self) -> str:
        """What tells this run of the engine from others: numbers begin again with each."""
        if self._run is None:
            self._run = self._new_run()
        return self._run

    @property
    def newest(self) -> int:
        return self._newest

    def note_turn(self, pico: PicoId, seq: int, event: Event | None, reply: Reply | None) -> None:
        """A turn is durable, or a pico that was born, which has no event."""
        n, now_ms = self._newest + 1, self._now_ms()
        if event is None:
            self.born += 1
            self._note((n, "born", pico, now_ms, seq))
            return
        named, failed = (event.domain, event.name), isinstance(reply, Fault)
        self.turns += 1
        self.failed += failed
        self._note((n, "turn", pico, now_ms, seq, event.eid, event.eci, named, event.sender, failed))

    def note_end(self, pico: PicoId) -> None:
        self.ended += 1
        self._note((self._newest + 1, "ended", pico, self._now_ms()))

    def _note(self, one: tuple[Any, ...]) -> None:
        self._newest = one[0]
        self._ring.append(one)
        if self._news is not None:
            self._wake()

    def after(self, n: int) -> list[Happening] | None:
        """Those that came after that one, oldest first; None when some of them are forgotten."""
        oldest = self._ring[0][0] if self._ring else 1
        if not oldest - 1 <= n <= self._newest:
            return None
        found = takewhile(lambda one: bool(one[0] > n), reversed(self._ring))
        return [Happening(*one) for one in found][::-1]

    async def wait_news(self, n: int) -> None:
        """Return when something came after that one, or nothing will any more."""
        while self._newest <= n and not self.is_closed:
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._news)

    def close(self) -> None:
        """Whoever watches has seen all."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)
