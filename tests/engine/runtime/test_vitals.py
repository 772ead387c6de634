"""How an engine is, in figures: what is counted, and that nobody is woken for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.adapters.local.room import measure_room
from engine.core.model import Eci
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import prepared_disk, start_shell
from tests.fakes.tally_kernel import DOMAIN


@in_loop
async def test_picos_are_counted_and_stay_asleep() -> None:
    """All that are there, and of these the ones that are awake."""
    shell = await start_shell(prepared_disk("a", "b", "c"))
    assert (await shell.host.vitals.tell())["picos"] == {"here": 4, "awake": 0}
    await shell.add("a")
    assert (await shell.host.vitals.tell())["picos"] == {"here": 4, "awake": 1}


@in_loop
async def test_what_waits_is_told_with_where_it_waits() -> None:
    """Events that were taken and have not been run, most of them first."""
    shell = await start_shell(prepared_disk("a", "b"))
    waiting = [
        asyncio.ensure_future(shell.host.run_event(Eci(name), DOMAIN, "add", {})) for name in ("a", "b", "b")
    ]
    await asyncio.sleep(0)
    queues = (await shell.host.vitals.tell())["queues"]
    assert queues["events"] == 3
    assert queues["busiest"] == [{"pico": "b", "events": 2}, {"pico": "a", "events": 1}]
    await asyncio.gather(*waiting)
    assert (await shell.host.vitals.tell())["queues"]["events"] == 0


@in_loop
async def test_time_passes() -> None:
    """Since the engine began, in whole seconds."""
    shell = await start_shell()
    before = (await shell.host.vitals.tell())["up_s"]
    shell.clock.move_to(shell.clock.now_ms() + 61_000)
    assert (await shell.host.vitals.tell())["up_s"] == before + 61


def test_room_is_what_files_take(tmp_path: Path) -> None:
    """The journal with what SQLite has beside it, and all of the home."""
    (tmp_path / "journal.sqlite").write_bytes(b"x" * 100)
    (tmp_path / "journal.sqlite-wal").write_bytes(b"x" * 20)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_bytes(b"x" * 3)
    room = measure_room(tmp_path)
    assert (room["journal"], room["home"]) == (120, 123)
    assert room["free"] > 0
    assert room["memory_peak"] > 1 << 20
