"""What a pico notices of another one that runs away on the same engine: next to nothing, it is hoped.

One pico gets an event at a steady pace, by turns while all is quiet and beside a runaway, in short blocks on
one engine. Compared are the medians of the blocks' p99, so that what other programs on the machine do meets
both alike, and a moment of theirs decides nothing. What the runaway did is read from its own log.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from rich.table import Table

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.runtime.genesis import WRANGLER
from tests.benchmarks.events import event_path
from tests.benchmarks.load import Load
from tests.benchmarks.measure import cpu_s, resident_mib, send
from tests.benchmarks.population import nursery

RUNAWAYS = Path(__file__).with_name("runaways.krl")

PER_S = 100.0
BLOCK_S = 2.0
BLOCKS = 4
"""Of each kind, for each runaway."""
STARTS_S = 0.5
"""That a runaway has before its neighbour is watched."""
LOOK_S = 0.2
LONGEST_WAIT_S = 60.0
"""Until a worker must have ended the last turn of a runaway."""
CONNECTIONS = 2
"""Over which a runaway gets its events, each as soon as the last is answered."""
LINES = 12_000
"""Of the long ruleset; close to the longest that is taken."""

EVENTS = {
    "recursion without end": "run/recurse",
    "a loop of 100 million": "run/loop",
    "a string that doubles": "run/string",
    "more memory than there is": "run/memory",
    "2^40 shared parts, kept": "run/shared",
    "2^40 shared parts, compared": "run/compared",
    "a megabyte more each time": "run/texts",
    "10,000 numbers more each time": "run/entries",
    "events raised without end": "run/raises",
    "events sent to itself, two for one": "run/sends",
    "10,000 events sent to itself": "run/crowds",
    "a thousand timers each time": "run/timers",
}


@dataclass(frozen=True)
class Felt:
    """How long the events of the neighbour took."""

    p50_ms: float
    p99_ms: float
    worst_ms: float


class Comparison(NamedTuple):
    """The neighbour without and with the runaway, and how the runaway's last events ended."""

    quiet: Felt
    beside: Felt
    fates: Counter[str]


def report_neighbours(names: list[str] | None = None) -> Iterator[Table | str]:
    """For each runaway: the neighbour when all is quiet, the neighbour beside it, and the runaway's log."""
    columns = ("p99 ÷ quiet", "p50 ms", "worst ms", "engine MiB", "what became of its events")
    table = Table("beside", "quiet p99 ms", "p99 ms", *columns, title=f"{PER_S:.0f} events per second")
    with nursery() as process:
        process.stop()
        engine = process.start()
        victim = event_path(_make_child(engine, "neighbour", counter_ruleset().as_uri()))
        for name in names or [*EVENTS, HUGE]:
            quiet, beside, fates = _compare(process, engine, victim, name)
            figures = (f"{quiet.p99_ms:.1f}", f"{beside.p99_ms:.1f}", f"{beside.p99_ms / quiet.p99_ms:.1f}")
            rest = (f"{beside.p50_ms:.1f}", f"{beside.worst_ms:.0f}", f"{resident_mib(process.pid):.0f}")
            ends = ", ".join(f"{count} {end}" for end, count in fates.most_common(4))
            table.add_row(name, *figures, *rest, ends)
    yield table


HUGE = "installing a ruleset of a megabyte"


def _compare(process: EngineProcess, engine: EngineClient, victim: str, name: str) -> Comparison:
    """How the neighbour feels when all is quiet, and beside a runaway, which is another one in each block:
    a flood would go on for ever."""
    quiet, beside, fates = [], [], Counter[str]()
    for block in range(BLOCKS):
        child = f"{name} {block}"
        eci = _make_child(engine, child, RUNAWAYS.as_uri())
        _wait_idle(process.pid)
        quiet.append(_feel(engine, victim))
        with _running(engine, _paths(process, name, eci)):
            _feel(engine, victim, STARTS_S)
            beside.append(_feel(engine, victim))
        fates += _fates(engine, eci)
        _delete(engine, child)
    return Comparison(_typical(quiet), _typical(beside), fates)


def _wait_idle(pid: int) -> None:
    """Return when neither the engine nor its workers compute any more."""
    end = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < end:
        before = _family_cpu_s(pid)
        time.sleep(LOOK_S)
        if _family_cpu_s(pid) - before < LOOK_S / 20:
            return
    raise TimeoutError("the engine goes on computing, though its runaway is deleted")


def _family_cpu_s(pid: int) -> float:
    """Of a process and those that it has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for one in lists for child in one.read_text().split()]
    return sum(map(cpu_s, [pid, *children]))


def _typical(blocks: list[Felt]) -> Felt:
    """Of several blocks, with the worst that happened in any."""
    p50_ms, p99_ms = (median(getattr(one, name) for one in blocks) for name in ("p50_ms", "p99_ms"))
    return Felt(p50_ms, p99_ms, max(one.worst_ms for one in blocks))


def _paths(process: EngineProcess, name: str, eci: str) -> list[str]:
    if name != HUGE:
        return [f"/c/{eci}/event-wait/{EVENTS[name]}"]
    paths = []
    for number in range(20):  # each a text that nobody has compiled
        file = process.home.with_name(f"huge{number}.krl")
        file.write_text(_huge_ruleset(number))
        url = quote(file.as_uri(), safe="")
        paths.append(f"/c/{eci}/event-wait/wrangler/install_ruleset_request?url={url}")
    return paths


def _huge_ruleset(number: int) -> str:
    rules = (
        f"rule r{line} {{ select when huge e{line} fired {{ ent:n{line} := {number} + event:name }} }}"
        for line in range(LINES)
    )
    return f"ruleset huge{number} {{\n" + "\n".join(rules) + "\n}\n"


def _make_child(engine: EngineClient, name: str, url: str) -> str:
    """A channel of a new child of the root with that ruleset."""
    engine.send_event("root", ("wrangler", "new_child_request"), {"name": name})
    eci = next(str(child["eci"]) for child in engine.tree()["children"] if child["name"] == name)
    install_ruleset(engine, eci, url, {})
    return eci


def _delete(engine: EngineClient, name: str) -> None:
    """Have its parent delete it: its own mailbox may be full."""
    children = engine.query("root", (WRANGLER, "children"), {})
    (eci,) = [child["eci"] for child in children if child["name"] == name]
    engine.send_event("root", ("wrangler", "child_deletion_request"), {"eci": eci})


def _feel(engine: EngineClient, path: str, seconds: float = BLOCK_S) -> Felt:
    times, _ = send(Load(_port(engine), [path], 1, int(PER_S * seconds), per_s=PER_S))
    cuts = quantiles(times, n=100)
    return Felt(cuts[49] * 1e3, cuts[98] * 1e3, max(times) * 1e3)


@contextmanager
def _running(engine: EngineClient, paths: list[str]) -> Iterator[None]:
    """Meanwhile a runaway gets events, whatever becomes of them."""
    load = Load(_port(engine), paths, CONNECTIONS, 10**9, insists=False)
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as runaway:
        assert runaway.stdin is not None
        runaway.stdin.write(load.to_json().encode())
        runaway.stdin.close()
        try:
            yield
        finally:
            runaway.kill()


def _port(engine: EngineClient) -> int:
    port = urlsplit(engine.url).port
    assert port is not None
    return port


def _fates(engine: EngineClient, eci: str) -> Counter[str]:
    """How the last events of a runaway ended, from its log."""
    return Counter(_end(event) for event in engine.past("log", eci=eci, n=6)["events"])


def _end(event: Mapping[str, object]) -> str:
    fault = event.get("fault")
    return str(fault["code"]) if isinstance(fault, dict) else "done"
