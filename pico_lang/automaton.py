"""The tables bound to the productions: what one token does to a stack of states.

Two things here make parsing quick. The grammar's ladder of precedences turns every operand into a
chain of one-child reductions; where such a chain ends depends on three things only, so it is
remembered and leapt over. And what each reduction keeps and makes is looked up once, not per use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from pico_lang.productions import NODES, SHAPES
from pico_lang.tables import END, Reduction, Tables, tables

_LIGHT = frozenset({*SHAPES, "positional", "named", "map_entry", "declaration", "rung"})
"""Productions that are no level of nesting of their own but belong to the one around them."""


class Step(NamedTuple):
    """A reduction with everything looked up."""

    symbol: str
    size: int
    pick: Callable[[list[Any]], Sequence[Any]]
    """Takes the children that matter from the top of the stack of values."""
    node: Callable[..., Any] | None
    shape: Callable[..., Any] | None
    weight: int
    """1 if it nests what it contains one level deeper."""
    is_unit: bool


class Automaton:
    """What can be asked of the tables; holds nothing of a text, so one serves all parses."""

    def __init__(self, tables: Tables) -> None:
        self.actions = tables.actions
        self.starts = tables.starts
        self.steps = tuple(_step(reduction) for reduction in tables.reductions)
        self._gotos = tables.gotos
        self._landings: dict[tuple[int, str, str], int] = {}

    def land(self, below: int, symbol: str, kind: str) -> int:
        """The state after reducing to a symbol above `below`, one-child reductions that follow included."""
        landing = self._landings.get((below, symbol, kind))
        if landing is None:
            landing = self._landings[below, symbol, kind] = self._follow(below, symbol, kind)
        return landing

    def _follow(self, below: int, symbol: str, kind: str) -> int:
        state = self._gotos[below][symbol]
        while (action := self.actions[state].get(kind, 0)) < 0 and self.steps[~action].is_unit:
            state = self._gotos[below][self.steps[~action].symbol]
        return state

    def would_shift(self, states: Sequence[int], kind: str) -> bool:
        """Whether that kind could really come next. LALR(1) merges look-aheads, so the row alone lies:
        it may call for reductions and find only then that the token does not fit."""
        kept, above = len(states), list[int]()
        top = states[-1]
        while (action := self.actions[top].get(kind)) is not None and action < 0:
            step = self.steps[~action]
            kept -= max(0, step.size - len(above))
            above = above[: max(0, len(above) - step.size)]
            top = self.land(above[-1] if above else states[kept - 1], step.symbol, kind)
            above.append(top)
        return action is not None or (kind == END and self.is_accepting(top))

    def is_accepting(self, state: int) -> bool:
        return any(state == accepting for _, accepting in self.starts.values())

    def expected(self, states: Sequence[int]) -> frozenset[str]:
        """All kinds that could come next."""
        candidates = {*self.actions[states[-1]], END}
        return frozenset(kind for kind in candidates if self.would_shift(states, kind))


@cache
def automaton() -> Automaton:
    return Automaton(tables())


def _step(reduction: Reduction) -> Step:
    name = reduction.production
    if name is not None and name not in SHAPES and name not in NODES:
        raise KeyError(f"the grammar names {name!r}, and pico_lang.productions does not have it")
    return Step(
        symbol=reduction.symbol,
        size=reduction.size,
        pick=_picker(reduction.kept),
        node=NODES.get(name) if name else None,
        shape=SHAPES.get(name) if name else None,
        weight=0 if name is None or name in _LIGHT else 1,
        is_unit=reduction.is_unit,
    )


def _picker(kept: tuple[int, ...]) -> Callable[[list[Any]], Sequence[Any]]:
    if not kept:
        return _nothing
    if len(kept) == 1:
        # A slice, because `itemgetter` hands out a single item bare.
        return itemgetter(slice(kept[0], kept[0] + 1 or None))
    return itemgetter(*kept)


def _nothing(_: list[Any]) -> Sequence[Any]:
    return ()
