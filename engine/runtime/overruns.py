"""What was too much for the engine's own process lately, pico by pico, so that it is not tried there again.

Trying costs every other pico the ten milliseconds of a whole budget, each time, and the worker runs the
turn from its beginning anyway. That a kind of event was too much once says nothing certain of the next, so
after a while it is tried here once more.
"""

from __future__ import annotations

from engine.core.messages import Query, Turn

Kind = tuple[str, ...]

TIMES_ELSEWHERE = 64
MOST_TIMES_ELSEWHERE = 4_096
"""Runs of a kind that go straight to a worker before it is tried here again: twice as many each time that it
was too much once more."""

MOST_KINDS = 64
"""That are remembered of one pico; strangers choose the names."""


class Overruns:
    """Of one pico."""

    __slots__ = ("_left", "_times")

    def __init__(self) -> None:
        self._left: dict[Kind, int] = {}
        """Runs elsewhere until the next one here."""
        self._times: dict[Kind, int] = {}

    def note(self, kind: Kind) -> None:
        """It was too much."""
        if kind in self._times or len(self._times) < MOST_KINDS:
            times = min(self._times.get(kind, TIMES_ELSEWHERE // 2) * 2, MOST_TIMES_ELSEWHERE)
            self._left[kind] = self._times[kind] = times

    def take(self, kind: Kind) -> bool:
        """Whether a run of that kind, which is about to begin, should not even be tried here."""
        left = self._left.get(kind, 0)
        if left == 0:
            return False
        self._left[kind] = left - 1
        return True


def kind_of(turn: Turn) -> Kind:
    """Turns that are likely to need as much as each other."""
    kind = "event", turn.event.domain, turn.event.name
    return kind if turn.query is None else kind + kind_of_query(turn.query)


def kind_of_query(query: Query) -> Kind:
    return "query", query.rid, query.name
