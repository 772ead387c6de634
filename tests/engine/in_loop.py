"""Tests written as coroutines, each run in an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")

FOREVER_S = 20
"""Longer than any of these tests takes: what hangs fails, and says where."""


def in_loop_within(
    seconds: float,
) -> Callable[[Callable[P, Awaitable[None]]], Callable[P, None]]:
    """For the few that take longer."""

    def decorate(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
        @wraps(test)
        def run(*arguments: P.args, **named: P.kwargs) -> None:
            async def within_time() -> None:
                async with asyncio.timeout(seconds):
                    await test(*arguments, **named)

            asyncio.run(within_time())

        return run

    return decorate


def in_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an `async def` test to its end."""
    return in_loop_within(FOREVER_S)(test)
