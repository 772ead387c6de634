"""What ten thousand picos cost: to make, to keep, to start with, to wake, and to serve all of them.

Every figure has its fellow from the same run beside it: an engine with no children, a pico that is awake
already, one pico that gets all the events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from rich.table import Table

from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from tests.benchmarks.events import event_path
from tests.benchmarks.measure import Measured, cpu_s, measure, resident_mib
from tests.benchmarks.population import (
    WAYS,
    Births,
    count_picos,
    disk_bytes,
    give_birth,
    nursery,
)

PICOS = 10_000
COLD = 2_000
"""Picos that are woken one after the other."""
CONNECTIONS = 64
STARTS = 3
FEW = 100
"""Picos kept in memory by an engine that has little of it."""


def report_scale(picos: int = PICOS) -> Iterator[Table | str]:
    """Births, then what the same picos cost at rest, at a start, when they wake and when all are busy."""
    for way in WAYS:
        with nursery() as process:
            births, bytes_each = _populate(process, way, picos)
            yield _births_table(way, picos, births, bytes_each)
            if way == list(WAYS)[-1]:
                yield from _report_life(process, picos)


def _populate(process: EngineProcess, way: str, picos: int) -> tuple[Births, float]:
    """Make the children; what that took, and how much each adds to the disk."""
    process.stop()  # which moves SQLite's log back into its file
    before = disk_bytes(process.home)
    births = give_birth(process, process.start(), way, picos, CONNECTIONS)
    if (found := count_picos(process.home)) != picos + 1:
        raise RuntimeError(f"{picos:,} children were asked for; there are {found - 1:,}")
    process.stop()
    return births, (disk_bytes(process.home) - before) / picos


def _report_life(process: EngineProcess, picos: int) -> Iterator[Table | str]:
    with nursery() as empty:
        empty.stop()
        yield _starts_table({"no children": empty, f"{picos:,} children": process}, picos)
    engine = process.start()
    began = time.perf_counter()
    channels = [child["eci"] for child in engine.tree()["children"]]
    yield f"a picture of all picos (/api/tree): {time.perf_counter() - began:.1f} s"
    yield _cold_table(process, channels)
    yield _spread_table(process, engine, channels)
    process.stop()
    yield _memory_table(process, channels)


# --- tables ----------------------------------------------------------------------------------------


def _births_table(way: str, picos: int, births: Births, bytes_each: float) -> Table:
    title = f"{picos:,} children with a ruleset each, by {way}"
    table = Table("per second", "CPU µs each", "asked to told, p50 ms", "p99 ms", "bytes each", title=title)
    told = births.told
    figures = (f"{births.per_s:,.0f}", f"{births.cpu_us:,.0f}", f"{told.p50_ms:.0f}", f"{told.p99_ms:.0f}")
    table.add_row(*figures, f"{bytes_each:,.0f}")
    return table


def _starts_table(engines: Mapping[str, EngineProcess], picos: int) -> Table:
    """From the command until requests are taken, and until the root has answered one."""
    title = f"start, the median of {STARTS}"
    table = Table("", "until it is ready, s", "to the root's answer, s", "CPU s", "MiB", title=title)
    for name, process in engines.items():
        starts = [_start(process) for _ in range(STARTS)]
        ready_s, wall_s, used_s, mib = (median(column) for column in zip(*starts, strict=True))
        table.add_row(name, f"{ready_s:.2f}", f"{wall_s:.2f}", f"{used_s:.2f}", f"{mib:.0f}")
    return table


def _start(process: EngineProcess) -> tuple[float, float, float, float]:
    """The root is the parent of all and by far the largest; memory is that of an engine nobody has used."""
    began = time.perf_counter()
    engine = process.start()
    ready_s, mib = time.perf_counter() - began, resident_mib(process.pid)
    engine.send_event("root", ("benchmark", "nothing"), {})
    found = ready_s, time.perf_counter() - began, cpu_s(process.pid), mib
    process.stop()
    return found


def _cold_table(process: EngineProcess, channels: Sequence[str]) -> Table:
    """The first event to each of some picos after a start, and the second."""
    process.stop()
    engine = process.start()
    engine.send_event("root", ("benchmark", "nothing"), {})
    paths = [event_path(eci) for eci in channels[:COLD]]
    table = _loads_table("one event after the other")
    for name in ("first event to each", "second event to each"):
        _add(table, name, measure(process.pid, engine.url, paths, 1, len(paths), warm_up=0))
    return table


def _spread_table(process: EngineProcess, engine: EngineClient, channels: Sequence[str]) -> Table:
    """All events to one pico, or each to the next of all; asleep before and awake."""
    process.stop()
    engine = process.start()
    hot, each = [event_path(channels[0])], [event_path(eci) for eci in channels]
    asked, each_asked = [query_path(channels[0])], [query_path(eci) for eci in channels]
    table = _loads_table(f"over {CONNECTIONS} connections")

    def load(name: str, paths: list[str], warm_up: int) -> None:
        found = measure(process.pid, engine.url, paths, CONNECTIONS, len(channels), warm_up)
        _add(table, name, found)

    load("events to one", hot, 500)
    load(f"to each of {len(each):,}, asleep", each, 0)
    load(f"to each of {len(each):,}, awake", each, 0)
    load("events to one, again", hot, 0)
    load("queries to one", asked, 500)
    load(f"queries to each of {len(each):,}", each_asked, 0)
    return table


def _memory_table(process: EngineProcess, channels: Sequence[str]) -> Table:
    """What stays in memory of picos that were all awake at some time."""
    table = Table("picos_in_memory", "MiB before", "after", "KiB each", title="every pico gets an event")
    for most in (FEW, len(channels) + 1):
        (process.home / "picomesh.toml").write_text(f"picos_in_memory = {most}\n")
        engine = process.start()
        engine.send_event("root", ("benchmark", "nothing"), {})
        before = resident_mib(process.pid)
        paths = [event_path(eci) for eci in channels]
        measure(process.pid, engine.url, paths, CONNECTIONS, len(paths), warm_up=0)
        after = resident_mib(process.pid)
        each = (after - before) * 1024 / len(channels)
        table.add_row(f"{most:,}", f"{before:.0f}", f"{after:.0f}", f"{each:.1f}")
        process.stop()
    return table


def query_path(eci: str) -> str:
    return f"/c/{eci}/query/counter/count"


def _loads_table(title: str) -> Table:
    return Table("", "per second", "p50 ms", "p99 ms", "CPU µs", title=title)


def _add(table: Table, name: str, found: Measured) -> None:
    figures = (f"{found.per_s:,.0f}", f"{found.p50_ms:.2f}", f"{found.p99_ms:.2f}", f"{found.cpu_us:,.0f}")
    table.add_row(name, *figures)
