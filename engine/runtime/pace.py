"""How fast an engine is lately, as those see it who wait for the answer to an event: durable by then."""

from __future__ import annotations

from collections import deque
from typing import Any

KEPT = 1_000
"""Of the newest answers it is known how long they took."""


class Pace:
    def __init__(self) -> None:
        self.answered = 0
        self._took_s: deque[float] = deque(maxlen=KEPT)

    def note(self, took_s: float) -> None:
        self.answered += 1
        self._took_s.append(took_s)

    def tell(self) -> dict[str, Any]:
        """In milliseconds: the middle, and what one in a hundred takes longer than."""
        took = sorted(self._took_s)
        if not took:
            return {"answered": 0, "median_ms": None, "p99_ms": None}
        middle, late = took[len(took) // 2], took[min(len(took) * 99 // 100, len(took) - 1)]
        return {
            "answered": self.answered,
            "median_ms": round(middle * 1000, 2),
            "p99_ms": round(late * 1000, 2),
        }
