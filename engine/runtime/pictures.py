"""Pictures of a family: a pico and what is below it, as people look at them.

Each pico of it is read for that, most of them from the journal, so a large family takes a while. A walk
can therefore be interrupted after every pico, and others have their turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.core.codec import Unreadable
from engine.core.model import EMPTY, Eci, Pico, PicoId, Rid
from engine.runtime.genesis import WRANGLER
from engine.runtime.replies import PicoView
from engine.runtime.residents import Residents
from engine.runtime.rota import SLICE_S


def is_here(pico: PicoId) -> Mapping[str, str] | None:
    """Where picos stay."""
    return None


GENERATIONS = 100
"""In a picture of a whole family. Those who read it as JSON can follow that far."""

Walk = Generator[None, None, PicoView]
"""Stops after each pico; gives the picture in the end."""


class Pictures:
    """Of the picos of one engine."""

    def __init__(self, residents: Residents) -> None:
        self._residents = residents
        self.place_of: Callable[[PicoId], Mapping[str, str] | None] = is_here
        """Where a pico is that has moved away."""

    def draw(self, pico: Pico, generations: int = GENERATIONS) -> PicoView:
        """A pico and so many generations below it, all at once."""
        return _finish(self._walk(pico, generations))

    def draw_all(self, root: Pico, parentless: Sequence[PicoId]) -> PicoView:
        """The family of the root, and beside it those of others that have no parent."""
        return _finish(self._walk_all(root, parentless))

    async def draw_in_pieces(self, root: Pico, parentless: Sequence[PicoId]) -> PicoView:
        """The same, with others served in between; what they change meanwhile may be in it or not."""
        walk = self._walk_all(root, parentless)
        end = time.perf_counter() + SLICE_S
        while True:
            try:
                next(walk)
            except StopIteration as done:
                return _drawn(done)
            if time.perf_counter() > end:
                await asyncio.sleep(0)
                end = time.perf_counter() + SLICE_S

    def _walk_all(self, root: Pico, parentless: Sequence[PicoId]) -> Walk:
        found = yield from self._walk(root, GENERATIONS)
        views = {root.id: found}
        for pico in parentless:
            if pico not in views and (view := (yield from self._walk_to(pico, GENERATIONS))) is not None:
                views[pico] = view
        # A child may have come before its parent; then it is below that one.
        below = {one.id for view in views.values() for child in view.children for one in _family(child)}
        return replace(found, beside=[view for id, view in views.items() if id not in (root.id, *below)])

    def _walk(self, pico: Pico, generations: int) -> Walk:
        yield
        below: list[PicoView] = []
        shown = pico.children if generations else ()
        for child in shown:
            view = yield from self._walk_to(child.pico, generations - 1)
            below += () if view is None else (view,)
        return PicoView(
            pico.id,
            name_of(pico),
            open_channel(pico),
            [ruleset.rid for ruleset in pico.rulesets],
            below,
            is_cut=len(shown) < len(pico.children),
            quarantined=reasons(pico),
            moved=self.place_of(pico.id),
        )

    def _walk_long_gone(self, pico: PicoId, moved: Mapping[str, str], generations: int) -> Walk:
        """One of which nothing else is kept any more, and whom it has left behind."""
        below: list[PicoView] = []
        for child in self._residents.children(pico) if generations else ():
            view = yield from self._walk_to(child, generations - 1)
            below += () if view is None else (view,)
        return PicoView(pico, None, None, (), below, moved=moved)

    def _walk_to(self, pico: PicoId, generations: int) -> Generator[None, None, PicoView | None]:
        try:
            found = self._residents.look(pico)
        except Unreadable as problem:
            return PicoView(pico, None, None, (), (), damage=str(problem))
        if found is None and (moved := self.place_of(pico)) is not None:
            return (yield from self._walk_long_gone(pico, moved, generations))
        return None if found is None else (yield from self._walk(found, generations))


def _finish(walk: Walk) -> PicoView:
    while True:
        try:
            next(walk)
        except StopIteration as done:
            return _drawn(done)


def _family(pico: PicoView) -> Iterator[PicoView]:
    waiting = [pico]
    while waiting:
        waiting.extend((one := waiting.pop()).children)
        yield one


def _drawn(done: StopIteration) -> PicoView:
    view: PicoView = done.value
    return view


def name_of(pico: Pico) -> str | None:
    """The name that Wrangler keeps for a pico."""
    name = pico.entities.get(Rid(WRANGLER), EMPTY).get("name")
    return name if isinstance(name, str) else None


def reasons(pico: Pico) -> Mapping[Rid, str]:
    """Why rulesets of it do not run."""
    return {
        ruleset.rid: ruleset.quarantine.reason for ruleset in pico.rulesets if ruleset.quarantine is not None
    }


def open_channel(pico: Pico) -> Eci | None:
    """A channel that people may use: one meant for them, or else any that is no family matter."""
    usable = [one for one in pico.channels.values() if one.family is None]
    usable.sort(key=lambda one: ("ui" not in one.tags, one.eci))
    return usable[0].eci if usable else None
