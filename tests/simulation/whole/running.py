"""One world from one number, and how many there are in a run of the tests."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.whole.bugs import mistakes
from tests.simulation.whole.loop import simulate
from tests.simulation.whole.weather import ROUGH, Weather
from tests.simulation.whole.world import Broken, Plan, World


def plan_of(seed: int, weather: Weather = ROUGH) -> Plan:
    """Two to five engines."""
    return Plan(engines=2 + seed % 4, weather=weather)


def run(seed: int, plan: Plan | None = None) -> World:
    """Raises `Broken`, which names the seed."""
    worlds: list[World] = []

    async def live(folder: Path) -> None:
        worlds.append(World(seed, plan or plan_of(seed), folder))
        await worlds[0].run()

    try:
        with TemporaryDirectory() as folder, mistakes() as made:
            simulate(seed, lambda: live(Path(folder)))
    except* Broken as broken:
        raise Broken(f"seed {seed}: {broken.exceptions[0]}") from broken
    if made:
        raise Broken(f"seed {seed}: an engine made a mistake: {made[0]}")
    return worlds[0]
