"""An engine with thousands of picos, for benchmarks: how they are made, and when that is done.

What the engine has on disk is looked up in its journal, by a second reader; nothing here writes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.wiring import JOURNAL_FILE
from tests.benchmarks.measure import Measured, cpu_s, measure

NURSERY = Path(__file__).with_name("nursery.krl")
LOOK_S = 0.05

WAYS = {"ctx:newPico": "nursery/child_wanted", "wrangler:new_child_request": "wrangler/new_child_request"}
"""Ways to make a child with a ruleset, and the events that ask the nursery for one."""


@dataclass(frozen=True)
class Births:
    """What making a number of picos came to."""

    per_s: float
    cpu_us: float
    told: Measured
    """Those who asked for them, until they were told."""


@contextmanager
def nursery(settings: str = "") -> Iterator[EngineProcess]:
    """An engine whose root pico makes children; it is ended in any case."""
    with TemporaryDirectory(prefix="picomesh-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "picomesh.toml").write_text(settings)
        process = EngineProcess(home)
        try:
            install_ruleset(process.start(), "root", NURSERY.as_uri(), {})
            yield process
        finally:
            process.end()


def give_birth(
    process: EngineProcess, engine: EngineClient, way: str, count: int, connections: int
) -> Births:
    """Have the root pico make so many children with the counter each, until the last has its ruleset."""
    began, cpu_before = time.perf_counter(), cpu_s(process.pid)
    told = measure(process.pid, engine.url, _wishes(engine, way, count), connections, count, warm_up=0)
    wait_done(process.home)
    wall_s, used_s = time.perf_counter() - began, cpu_s(process.pid) - cpu_before
    return Births(count / wall_s, used_s / count * 1e6, told)


def _wishes(engine: EngineClient, way: str, count: int) -> list[str]:
    path = f"/c/{engine.root_eci()}/event-wait/{WAYS[way]}?url={quote(counter_ruleset().as_uri(), safe='')}"
    return [f"{path}&name=p{number}" for number in range(count)]


def wait_done(home: Path) -> None:
    """Return when no accepted event waits any more."""
    while _ask_journal(home, "SELECT count(*) FROM inbox"):
        time.sleep(LOOK_S)


def count_picos(home: Path) -> int:
    return _ask_journal(home, "SELECT count(*) FROM picos")


def _ask_journal(home: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{home / JOURNAL_FILE}?mode=ro", uri=True)) as journal:
        return int(journal.execute(sql).fetchone()[0])


def disk_bytes(home: Path) -> int:
    """What the engine keeps of its picos: the journal with all that SQLite has beside it."""
    return sum(file.stat().st_size for file in home.glob(f"{JOURNAL_FILE}*"))
