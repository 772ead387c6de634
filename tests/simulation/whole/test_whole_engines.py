"""Worlds of whole engines, real but for their disks, clocks and wires, whose picos move through disasters.

Each comes from one number, so a failure can be had again: `run(seed)`. `CAMPAIGN=10` runs ten times as
many, and others each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.campaign import examples, seed
from tests.simulation.whole.running import plan_of, run
from tests.simulation.whole.weather import CALM

SEEDS = 24
BATCH = 4
FAILED_ONCE = (0, 1, 2, 6, 28)
"""Worlds in which something was found to be wrong, beside those that other changes have made others."""


@pytest.mark.parametrize("batch", range(examples(SEEDS // BATCH)))
def test_nothing_is_lost_and_nothing_happens_twice(batch: int) -> None:
    """Each world looks itself whether what it promises is kept; see there."""
    first = seed(batch * BATCH)
    for number in range(first, first + BATCH):
        assert run(number).arrivals >= 25


@pytest.mark.parametrize("number", FAILED_ONCE)
def test_what_was_wrong_once_is_right_now(number: int) -> None:
    """And stays so."""
    run(number)


def trace_of(number: int) -> str:
    return sha256(repr(run(number).trace).encode()).hexdigest()


def test_a_seed_is_a_world() -> None:
    """The same one each time, also in another process, where sets have another order."""
    code = f"from tests.simulation.whole.test_whole_engines import trace_of; print(trace_of({2}))"
    surroundings = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, env=surroundings
    )
    assert trace_of(2) == other.stdout.strip()


def test_disasters_happen() -> None:
    """A world in which everything goes well would prove nothing."""
    worlds = [run(number) for number in range(4)]
    assert sum(world.crashes for world in worlds) > len(worlds)
    ends = [entry[3] for world in worlds for entry in world.trace if entry[1] == "end"]
    assert {"before", "after", "error"} <= {*ends}


def test_where_nothing_fails_nothing_is_forgiven() -> None:
    """Then it is only a matter of taking turns."""
    world = run(1, replace(plan_of(1), weather=CALM))
    assert not any(pico.forgiven for pico in world.picos)
    assert world.crashes == 0
