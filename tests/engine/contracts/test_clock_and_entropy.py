"""What the shell may expect of time and chance, of the real ones and of those tests use instead."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from engine.adapters.local.clock import LONGEST_WAIT_S, SystemClock
from engine.adapters.local.entropy import DRAWN_AT_ONCE, SystemEntropy
from engine.ports import Clock, Entropy
from engine.runtime.virtual_time import VirtualClock
from tests.engine.in_loop import in_loop
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy

YEAR_2020_MS = 1_577_836_800_000


@pytest.mark.parametrize(
    "clock",
    [SystemClock(), VirtualClock(YEAR_2020_MS + 1), SetClock()],
    ids=["system", "virtual", "set"],
)
def test_a_clock_counts_milliseconds_since_1970(clock: Clock) -> None:
    """A whole number, of this century."""
    now = clock.now_ms()
    assert isinstance(now, int)
    assert YEAR_2020_MS < now < 10 * YEAR_2020_MS


def nothing(clock: Clock) -> None:
    """Time passes by itself."""


def a_moment(clock: SetClock | VirtualClock) -> None:
    clock.move_to(clock.now_ms() + 1)


@pytest.mark.parametrize(
    ("clock", "let_pass"),
    [(SystemClock(), nothing), (VirtualClock(YEAR_2020_MS), a_moment), (SetClock(), a_moment)],
    ids=["system", "virtual", "set"],
)
@in_loop
async def test_a_clock_calls_when_it_is_time(clock: Any, let_pass: Callable[[Any], None]) -> None:
    """From the loop and not at once; a cancelled call does not come."""
    now_ms = clock.now_ms()
    past, soon, cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()
    clock.call_at(now_ms - 1, past.set)
    clock.call_at(now_ms + 1, soon.set)
    clock.call_at(now_ms, cancelled.set).cancel()
    assert not past.is_set()
    let_pass(clock)
    await past.wait()
    await soon.wait()
    assert not cancelled.is_set()


@in_loop
async def test_the_system_clock_calls_again_and_again_while_it_waits() -> None:
    """Somebody may have set it meanwhile."""
    loop = asyncio.get_running_loop()
    clock = SystemClock()
    call = clock.call_at(clock.now_ms() + 10**9, lambda: None)
    assert call.when() <= loop.time() + LONGEST_WAIT_S
    call.cancel()


@pytest.mark.parametrize("entropy", [SystemEntropy(), CountedEntropy()], ids=["system", "counted"])
def test_seeds_are_sixteen_bytes_and_never_the_same(entropy: Entropy) -> None:
    """In hex, however many are drawn."""
    seeds = [entropy.seed() for _ in range(3 * DRAWN_AT_ONCE)]
    assert all(len(bytes.fromhex(seed)) == 16 for seed in seeds)
    assert len(set(seeds)) == len(seeds)


def test_a_copy_of_the_process_draws_its_own_seeds() -> None:
    """What was drawn in advance is forgotten by a child process."""
    entropy = SystemEntropy()
    entropy.seed()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, entropy.seed().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() not in {entropy.seed() for _ in range(DRAWN_AT_ONCE - 1)}
    os.close(reading)
    os.close(writing)
