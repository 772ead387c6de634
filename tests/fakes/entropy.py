"""Seeds that are never the same twice and always the same in the next run of the test."""

from __future__ import annotations

from itertools import count


class CountedEntropy:
    """`engine.ports.Entropy`."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._count = count(1)

    def seed(self) -> str:
        return f"{self._name}{next(self._count):032x}"
