"""Places where nobody answered lately: one message at a time finds out whether somebody does again.

A pico may have a thousand messages for an engine that is gone, and each attempt may take seconds. Without
this they would stand in the way of those for others. Who waits for a place, and is told when somebody answers
there, is in `engine.runtime.places`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from engine.ports import CannotSend

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 15_000
"""Between two attempts on one place, whoever makes them: those who wait for it do so less and less often."""
REMEMBERED = 1_024
"""Places. Of one that is forgotten it has to be found out again."""

AWAY = "away"
"""In the answer to a question: the place where nobody answered, if that is why it has to be asked again."""
Told = Callable[[str], None]
"""Told of a place."""


def nobody(place: str) -> None:
    """Whoever is told where nobody waits."""


class NobodyThere(CannotSend):
    """At that place, now."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(reason, is_final=False)
        self.place = place


def away(problem: CannotSend) -> Mapping[str, str]:
    """What an answer says of the place, where it is to blame."""
    return {AWAY: problem.place} if isinstance(problem, NobodyThere) else {}


@dataclass(frozen=True, slots=True)
class _Absence:
    failed: int
    until_ms: int
    reason: str


class Away:
    def __init__(self, now_ms: Callable[[], int], back: Told = nobody, hope: Told = nobody) -> None:
        """`back` is told that somebody answered, `hope` that there is reason to look."""
        self._now_ms = now_ms
        self._back = back
        self._hope = hope
        self._absences: OrderedDict[str, _Absence] = OrderedDict()

    def is_any(self) -> bool:
        return bool(self._absences)

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
        self._back(place)

    def let_through(self, place: str) -> None:
        """The next one may try, however soon that is."""
        absence = self._absences.get(place)
        if absence is not None:
            self._absences[place] = replace(absence, until_ms=self._now_ms())

    def heard_from(self, place: str) -> None:
        """Something came from there. That proves nothing, since anybody may name a place as theirs; so it is
        a reason to look, and no more."""
        self.let_through(place)
        self._hope(place)

    def _remember(self, place: str, failed: int, reason: str) -> None:
        self._absences[place] = _Absence(failed, self._now_ms() + _wait_ms(failed), reason)
        self._absences.move_to_end(place)
        if len(self._absences) > REMEMBERED:
            self._absences.popitem(last=False)


def _wait_ms(failed: int) -> int:
    return min(FIRST_WAIT_MS << min(failed - 1, 20), LONGEST_WAIT_MS)
