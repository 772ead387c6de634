"""What was found out, for as long as it is good; past a number or a weight, what was unused for longest goes.

Weights are characters, roughly: otherwise a stranger could fill the memory with a few thousand large things.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    def __init__(self, most: int, heaviest: int) -> None:
        """Of all that is kept."""
        self._most = most
        self._heaviest = heaviest
        self._weight = 0
        self._kept: OrderedDict[str, tuple[T, float, int]] = OrderedDict()

    def get(self, key: str, now_s: float) -> T | None:
        found = self._kept.get(key)
        if found is None:
            return None
        value, until, _ = found
        if now_s >= until:
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: str, value: T, weight: int, until: float = math.inf) -> None:
        self.drop(key)
        self._kept[key] = value, until, weight
        self._weight += weight
        while len(self._kept) > self._most or self._weight > self._heaviest:
            self.drop(next(iter(self._kept)))

    def drop(self, key: str) -> None:
        _, _, weight = self._kept.pop(key, (None, 0, 0))
        self._weight -= weight
