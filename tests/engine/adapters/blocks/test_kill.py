"""A process that is killed in the middle of its work, and what the next one finds."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.blocks import Database, LocalBlocks
from tests.engine.adapters.blocks.sealing_process import state

ROOT = Path(__file__).resolve().parents[4]


def last_acknowledged(path: Path, lines: int) -> int:
    """Kill it as soon as it has said so much."""
    command = [sys.executable, "-m", "tests.engine.adapters.blocks.sealing_process", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])


@pytest.mark.parametrize("lines", [1, 2, 5, 17])
def test_what_was_acknowledged_is_there_when_the_process_was_killed(lines: int, tmp_path: Path) -> None:
    """The last state, whole and pinned; and at most what was superseded or begun besides."""
    hour = last_acknowledged(tmp_path / "blocks.db", lines)
    assert hour >= lines - 1

    async def look() -> None:
        database = Database(tmp_path / "blocks.db")
        store = LocalBlocks(database, lambda: (hour + 9) * 3_600_000)
        roots = await store.roots()
        assert state(hour).root in roots
        assert roots <= {state(number).root for number in (hour - 1, hour, hour + 1)}
        for number in range(hour + 2):
            if state(number).root in roots:
                assert await store.get_many(state(number).blocks) == state(number).blocks
        await store.collect()
        kept = {
            cid for number in range(hour + 2) if state(number).root in roots for cid in state(number).blocks
        }
        assert (await store.statistics()).blocks == len(kept)
        await database.close()

    asyncio.run(look())
