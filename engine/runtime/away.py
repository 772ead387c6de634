"""Places where nobody answered lately: one message at a time finds out whether somebody does again.

A pico may have a thousand messages for an engine that is gone, and each attempt may take seconds. Without
this they would stand in the way of those for others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 15_000
"""Between two attempts on one place; whoever wants to send something has patience of their own on top."""
REMEMBERED = 1_024
"""Places. Of one that is forgotten it has to be found out again."""


@dataclass(frozen=True, slots=True)
class _Absence:
    failed: int
    until_ms: int
    reason: str


class Away:
    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._absences: OrderedDict[str, _Absence] = OrderedDict()

    def reason(self, place: str) -> str | None:
        """Why nothing should be sent there now. Whoever is told to go ahead is the only one for a while."""
        absence = self._absences.get(place)
        if absence is None:
            return None
        if self._now_ms() < absence.until_ms:
            return absence.reason
        self._remember(place, absence.failed + 1, absence.reason)
        return None

    def failed(self, place: str, reason: str) -> None:
        """Nobody answered. Those who find out together count once."""
        absence = self._absences.get(place)
        if absence is None or self._now_ms() >= absence.until_ms:
            self._remember(place, 1 if absence is None else absence.failed + 1, reason)

    def answered(self, place: str) -> None:
        self._absences.pop(place, None)

    def _remember(self, place: str, failed: int, reason: str) -> None:
        self._absences[place] = _Absence(failed, self._now_ms() + _wait_ms(failed), reason)
        self._absences.move_to_end(place)
        if len(self._absences) > REMEMBERED:
            self._absences.popitem(last=False)


def _wait_ms(failed: int) -> int:
    return min(FIRST_WAIT_MS << min(failed - 1, 20), LONGEST_WAIT_MS)
