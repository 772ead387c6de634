"""A queue in which nobody can stand in everybody's way.

Those who want something often wait behind those who seldom do: next is always the one who was served
longest ago. How much each may have waiting is bounded.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_REMEMBERED = 10_000
"""Those of whom it is known when they were served. Whoever was served before them all counts as new."""


class FairQueue(Generic[T]):
    """Things that wait, each for somebody."""

    __slots__ = ("_most_each", "_served", "_services", "_waiting")

    def __init__(self, most_each: int) -> None:
        self._most_each = most_each
        self._waiting: dict[str, deque[T]] = {}
        self._served: OrderedDict[str, int] = OrderedDict()
        """When each was last served, counted in services; the latest comes last."""
        self._services = 0

    def put(self, who: str, thing: T) -> bool:
        """Let it wait, unless too much does for that one already; whether it does."""
        things = self._waiting.setdefault(who, deque())
        if len(things) >= self._most_each:
            return False
        things.append(thing)
        return True

    def take(self) -> T | None:
        """What is next, if anything is."""
        if not self._waiting:
            return None
        # Among several that are new, `min` finds the one that has waited longest.
        who = min(self._waiting, key=lambda one: self._served.get(one, 0))
        things = self._waiting[who]
        thing = things.popleft()
        if not things:
            del self._waiting[who]
        self._remember(who)
        return thing

    def _remember(self, who: str) -> None:
        self._services += 1
        self._served[who] = self._services
        self._served.move_to_end(who)
        if len(self._served) > MOST_REMEMBERED:
            self._served.popitem(last=False)
