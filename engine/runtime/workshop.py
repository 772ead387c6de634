"""A second chance for turns and queries that were too much for the budget of the engine's own process.

They are run again, from the same pico and with the same inputs, in a few worker processes that have
more of everything and can be killed. Being pure they may be run as often as one likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import cast

from engine.core.codec import Plain
from engine.core.messages import Answered, Failed, Fault, Outcome, Query, Turn
from engine.core.model import Inputs, Pico
from engine.core.outcomes import read_outcome, retell
from engine.runtime.courtesy import let_others
from engine.runtime.crew import Crew
from engine.runtime.equipment import Looked
from engine.runtime.orders import WorkerLimits, write_query_order, write_turn_order
from engine.runtime.worker_process import FindText


class Workshop:
    """The workers of one engine. Without any there are no second chances.

    `first` tells what a run comes to in the engine itself: it is asked when no worker takes it or comes to an
    end with it.
    """

    def __init__(self, find_text: FindText, limits: WorkerLimits, size: int, plugins: Plain = ()) -> None:
        self._crew = Crew(find_text, limits, size, plugins)

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of the workers that are there."""
        return self._crew.pids

    async def react(self, pico: Pico, turn: Turn, first: Callable[[], Outcome]) -> Outcome:
        """What a turn comes to with a bigger budget."""
        return cast(Outcome, await self._run(pico, partial(write_turn_order, pico, turn), first))

    async def answer(self, pico: Pico, query: Query, inputs: Inputs, first: Callable[[], Looked]) -> Looked:
        """What a query comes to with a bigger budget."""
        order = partial(write_query_order, pico, query, inputs)
        return cast(Looked, await self._run(pico, order, first))

    async def close(self) -> None:
        """End all workers. Whoever still waits for one will not be told."""
        await self._crew.close()

    async def _run(
        self, pico: Pico, write_order: Callable[[], bytes], first: Callable[[], Outcome | Answered]
    ) -> Outcome | Answered:
        # Whoever carries it out writes it, but for this pico: see `engine.runtime.courtesy.let_others`.
        given = self._crew.give(pico.id, partial(copy_context().run, write_order))
        if given is None:
            # That there is too much to do says nothing of the ruleset; that there are no workers is final.
            outcome = first()
            is_final = not self._crew.is_there or not isinstance(outcome, Failed)
            return outcome if is_final else replace(cast(Failed, outcome), unable=())
        told = await given
        if isinstance(told, Fault):
            outcome = first()
            return _blame(outcome, told) if isinstance(outcome, Failed) else outcome
        # In a thread: carrying out many changes takes its time, and the others shall have theirs.
        return await asyncio.to_thread(_read_outcome, told, pico)


def _blame(failed: Failed, fault: Fault) -> Failed:
    """The same failure, for what the worker came to grief of."""
    return retell(failed, Fault(fault.code, fault.message, failed.fault.places))


def _read_outcome(body: bytes, pico: Pico) -> Outcome | Answered:
    return read_outcome(body, pico, let_others)
