"""Work that is short as a rule: begun on the event loop, and gone on with in a thread where it is long.

A detour through a thread costs more than a millisecond's work when the machine is busy, since whoever comes
back waits for the interpreter twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

from engine.runtime.courtesy import let_others

T = TypeVar("T")

BRIEF_S = 0.003
"""That the loop can spare."""


async def begin_here(work: Generator[object, None, T]) -> T:
    """The result of work that stops now and then."""
    end_s = time.perf_counter() + BRIEF_S
    while time.perf_counter() < end_s:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found
    return await asyncio.to_thread(go_on_gently, work)


def go_on_gently(work: Generator[object, None, T]) -> T:
    """To its end, while other threads go on."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found
        let_others()
