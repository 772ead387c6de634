"""What a durable, waited event costs, beside a request that does nothing on the same server."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.table import Table

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.benchmarks.bare import PATH
from tests.benchmarks.measure import REQUESTS, Measured, measure

PICOS = 1_000


def report_events() -> Iterator[Table | str]:
    """Bare Starlette, then one pico, then many, at each concurrency; and how long installing takes."""
    with bare_server() as (pid, url):
        bare = {connections: measure(pid, url, [PATH], connections) for connections in REQUESTS}
    yield _table("Starlette no-op", bare, bare)
    with counting_engine() as (process, engine, root, install_ms):
        yield f"installing examples/counter: {install_ms:.0f} ms, compiling included"
        one = [event_path(root)]
        yield _table("one pico", _measure_all(process, engine, one), bare)
        many = [event_path(eci) for eci in make_picos(engine)]
        yield _table(f"{PICOS:,} picos", _measure_all(process, engine, many), bare)


def _measure_all(process: EngineProcess, engine: EngineClient, paths: list[str]) -> dict[int, Measured]:
    return {connections: measure(process.pid, engine.url, paths, connections) for connections in REQUESTS}


def event_path(eci: str) -> str:
    return f"/c/{eci}/event-wait/counter/increment"


@contextmanager
def bare_server() -> Iterator[tuple[int, str]]:
    """The yardstick's process and URL."""
    command = [sys.executable, "-m", "tests.benchmarks.bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline().strip()
        process.terminate()


@contextmanager
def counting_engine() -> Iterator[tuple[EngineProcess, EngineClient, str, float]]:
    """An engine whose root pico counts, and the milliseconds that installing took."""
    with tempfile.TemporaryDirectory(prefix="picomesh-bench-") as folder:
        process = EngineProcess(Path(folder) / "home")
        try:
            engine = process.start()
            began = time.perf_counter()
            install_ruleset(engine, "root", counter_ruleset().as_uri(), {})
            yield process, engine, engine.root_eci(), (time.perf_counter() - began) * 1e3
        finally:
            process.end()


def make_picos(engine: EngineClient) -> list[str]:
    """Children of the root pico, each with the counter; a channel of each."""
    for number in range(PICOS):
        engine.send_event("root", ("wrangler", "new_child_request"), {"name": f"p{number}"})
    channels = [child["eci"] for child in engine.tree()["children"]]
    for eci in channels:
        install_ruleset(engine, eci, counter_ruleset().as_uri(), {})
    return channels


def _table(title: str, found: dict[int, Measured], bare: dict[int, Measured]) -> Table:
    table = Table("connections", "per second", "p50 ms", "p99 ms", "CPU µs", "CPU ÷ bare", title=title)
    for connections, one in found.items():
        ratio = one.cpu_us / bare[connections].cpu_us
        figures = (f"{one.per_s:,.0f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", f"{one.cpu_us:.0f}")
        table.add_row(str(connections), *figures, f"{ratio:.1f}")
    return table
