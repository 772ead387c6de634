"""What was found out, for as long as it is good; past a number, what was not used for longest goes."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def get(self, key: str, now_s: float) -> T | None:
        found = self._kept.get(key)
        if found is None:
            return None
        value, until = found
        if now_s >= until:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: str, value: T, until: float = math.inf) -> None:
        self._kept[key] = value, until
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: str) -> None:
        self._kept.pop(key, None)
