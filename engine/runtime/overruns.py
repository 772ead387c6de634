"""What was too much for the engine's own process lately, pico by pico, so that it is not tried there again.

Trying costs every other pico the ten milliseconds of a whole budget, each time, and the worker runs the
turn from its beginning anyway. That a kind of event was too much once says nothing certain of the next, so
after a while it is tried here once more.
"""

from __future__ import annotations

from engine.core.messages import Query, Turn

Kind = tuple[str, ...]

TIMES_ELSEWHERE = 64
"""Runs of a kind that go straight to a worker before it is tried here again."""

MOST_KINDS = 64
"""That are remembered of one pico; strangers choose the names."""


class Overruns:
    """Of one pico."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[Kind, int] = {}

    def note(self, kind: Kind) -> None:
        """It was too much."""
        if kind in self._left or len(self._left) < MOST_KINDS:
            self._left[kind] = TIMES_ELSEWHERE

    def take(self, kind: Kind) -> bool:
        """Whether a run of that kind, which is about to begin, should not even be tried here."""
        left = self._left.get(kind)
        if left is None:
            return False
        if left == 1:
            del self._left[kind]
        else:
            self._left[kind] = left - 1
        return True


def kind_of(turn: Turn) -> Kind:
    """Turns that are likely to need as much as each other."""
    kind = "event", turn.event.domain, turn.event.name
    return kind if turn.query is None else kind + kind_of_query(turn.query)


def kind_of_query(query: Query) -> Kind:
    return "query", query.rid, query.name
