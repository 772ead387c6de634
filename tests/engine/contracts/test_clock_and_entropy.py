"""What the shell may expect of time and chance, of the real ones and of those tests use instead."""

from __future__ import annotations

import os

import pytest

from engine.adapters.local.clock import SystemClock
from engine.adapters.local.entropy import DRAWN_AT_ONCE, SystemEntropy
from engine.ports import Clock, Entropy
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy

YEAR_2020_MS = 1_577_836_800_000


@pytest.mark.parametrize("clock", [SystemClock(), SetClock()], ids=["system", "set"])
def test_a_clock_counts_milliseconds_since_1970(clock: Clock) -> None:
    """A whole number, of this century."""
    now = clock.now_ms()
    assert isinstance(now, int)
    assert YEAR_2020_MS < now < 10 * YEAR_2020_MS


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
