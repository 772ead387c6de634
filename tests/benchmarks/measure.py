"""What one load did to a server: throughput, latency, and CPU time of the server process alone."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from tests.benchmarks.load import Load

REQUESTS = {1: 2_000, 8: 6_000, 64: 10_000}
"""Requests for each number of connections; enough for some seconds at most."""

WARM_UP = 500


@dataclass(frozen=True)
class Measured:
    """One row of the report."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def measure(
    pid: int, url: str, paths: list[str], connections: int, count: int = 0, warm_up: int = WARM_UP
) -> Measured:
    """Send requests to a server that is otherwise idle; so many, or what is usual for the connections."""
    port = urlsplit(url).port
    assert port is not None
    if warm_up:
        send(Load(port, paths, connections, warm_up))
    count = count or REQUESTS[connections]
    cpu_before = cpu_s(pid)
    times, wall_s = send(Load(port, paths, connections, count))
    cuts = quantiles(times, n=100)
    cpu_us = (cpu_s(pid) - cpu_before) / count * 1e6
    return Measured(count / wall_s, cuts[49] * 1e3, cuts[98] * 1e3, cpu_us)


def send(load: Load) -> tuple[list[float], float]:
    """How long each request took, and all of them together (without the generator's own start)."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    done = subprocess.run(command, input=load.to_json(), capture_output=True, text=True, check=True)
    times: list[float] = json.loads(done.stdout)
    return times, sum(times) / load.connections


def cpu_s(pid: int) -> float:
    """CPU seconds that the threads of a process have used so far; not a number elsewhere than on Linux."""
    tasks = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9 if tasks else math.nan


def resident_mib(pid: int) -> float:
    """Memory that a process holds; not a number elsewhere than on Linux."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), math.nan)


def best_of(function: Callable[[], object], repeat: int = 5) -> float:
    """Seconds of the fastest of several calls: what the code costs when nothing disturbs it."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)
