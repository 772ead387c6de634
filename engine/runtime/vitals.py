"""How an engine is, in figures: how many picos it has, what waits, and how much room there is.

Counted when somebody asks, from what is at hand or indexed; nothing here wakes a pico.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.timekeeping import to_iso
from engine.ports import Clock, Journal
from engine.ports.journal import DueTimer
from engine.runtime.pace import Pace
from engine.runtime.residents import Residents

Document = dict[str, Any]

PAGE = 5_000
"""Picos whose ids are read at a time."""
MOST_TIMERS = 1_000
"""That are counted; of more it is said that there are more."""


def unmeasured() -> Mapping[str, int]:
    """The room of an engine that lives in no folder."""
    return {}


class Vitals:
    def __init__(self, residents: Residents, journal: Journal, clock: Clock) -> None:
        self._residents = residents
        self._journal = journal
        self._clock = clock
        self._began_ms = clock.now_ms()
        self.room: Callable[[], Mapping[str, int]] = unmeasured
        """What the engine takes on the disk and in memory, and what is free, in bytes: for those who know."""
        self.pace = Pace()

    async def tell(self) -> Document:
        awake, now_ms = self._residents.awake(), self._clock.now_ms()
        waiting = {one.id: one.waiting for one in awake if one.waiting}
        busiest = sorted(waiting, key=lambda pico: -waiting[pico])[:5]
        return {
            "now": to_iso(now_ms),
            "up_s": (now_ms - self._began_ms) // 1000,
            "picos": {"here": await self._count_picos(), "awake": len(awake)},
            "queues": {
                "events": sum(waiting.values()),
                "busiest": [{"pico": pico, "events": waiting[pico]} for pico in busiest],
                "errands": len(self._journal.errands()),
                "mail": self._mail(),
                "timers": self._timers(),
            },
            "rulesets": len(self._journal.kept_rulesets()),
            "room": dict(self.room()),
            "pace": self.pace.tell(),
        }

    async def _count_picos(self) -> int:
        count, after = 0, ""
        while found := self._journal.picos(after, PAGE):
            count, after = count + len(found), found[-1]
            await asyncio.sleep(0)
        return count

    def _mail(self) -> Document:
        """What is kept for others to fetch."""
        size = self._journal.mail.size()
        return {"messages": size.messages, "bytes": size.bytes, "clients": self._journal.mail.count_clients()}

    def _timers(self) -> Document:
        found = self._journal.timers_after(DueTimer(-1, "", ""), MOST_TIMERS)  # type: ignore[arg-type]
        next_due = to_iso(found[0].due_ms) if found else None
        return {"count": len(found), "more": len(found) == MOST_TIMERS, "next": next_due}
