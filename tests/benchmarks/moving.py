"""What a move costs: how long senders wait, what goes over the wire, how many a second, how much memory.

Two real engines on this machine, which talk to each other as engines on two machines would. Where bytes are
counted, what they send each other goes through a relay; else nothing stands between them.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from rich.table import Table

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.following import Followers
from engine.commands.hints import traveller_ruleset
from engine.commands.two_engines import NAMES, TwoEngines, Wanderer
from engine.core.cids import to_url
from tests.benchmarks.measure import cpu_s, resident_mib

LARGE = """
ruleset large {
  meta { shares size }
  global { size = function() { ent:large.defaultsTo({}).length() } }
  rule fill {
    select when large fill
    foreach event:attrs{"part"} setting(value, key)
    always { ent:large{[key]} := value }
  }
  rule change {
    select when large change
    fired { ent:large{event:attrs{"key"}} := event:attrs{"value"} }
  }
}
"""
VALUE_BYTES = 1_000
PART = 250
"""Entries that one event brings."""

SIZES = {"10 KB": (10, 60), "10 MB": (10_000, 12)}
"""Entries, and moves that are measured."""
QUIET_MOVES = 6
STAY_S = 0.25
"""Between two moves."""
HERD = 100
"""Small picos that move at once."""
AT_ONCE = 8
"""Clients that give orders."""
LONGEST_S = 300.0


def report_moving() -> Iterator[Table | str]:
    yield "Two engines on this machine; one sender that sends as fast as it is answered."
    yield _show_pauses()
    yield _show_bytes()
    yield _show_memory()
    yield _tell_herd()


# --- the pause --------------------------------------------------------------------------------------


def _show_pauses() -> Table:
    columns = ("pico", "moves", "pause p50, ms", "p99, ms", "longest, ms", "whole move p50, ms", "CPU, ms")
    table = Table(*columns, title="the pause, and the CPU time of both engines for a move without a sender")
    for name, (entries, moves) in SIZES.items():
        pauses, whole = _measure_pauses(entries, moves)
        p99 = quantiles(pauses, n=100, method="inclusive")[98]
        table.add_row(
            name,
            str(moves),
            f"{median(pauses):,.0f}",
            f"{p99:,.0f}",
            f"{max(pauses):,.0f}",
            f"{median(whole):,.0f}",
            f"{_measure_cpu(entries):,.0f}",
        )
    return table


def _measure_cpu(entries: int) -> float:
    """Milliseconds of both engines for one move, there or back, when nobody sends anything."""
    with _wanderer(entries) as (engines, wanderer):
        _travel(wanderer, 2)
        time.sleep(1)
        before = sum(cpu_s(process.pid) for process in engines.processes)
        for _ in range(QUIET_MOVES):
            wanderer.move("it is measured", look_s=1.0)
        return (sum(cpu_s(process.pid) for process in engines.processes) - before) / QUIET_MOVES * 1e3


def _measure_pauses(entries: int, moves: int) -> tuple[list[float], list[float]]:
    """Milliseconds: the longest that the sender waited around each move, and what the move took."""
    with _wanderer(entries) as (engines, wanderer):
        _travel(wanderer, 2)  # each of them has the texts and the state then, as after any first visit
        followers = Followers(engines.urls, wanderer.eci, 1, has_tickets=False)
        followers.start()
        pauses, whole = [], []
        for _ in range(moves):
            time.sleep(STAY_S)
            began_s = time.monotonic()
            journey = wanderer.move("it is measured")
            time.sleep(STAY_S)
            pauses.append(followers.course.slowest_since(began_s) * 1e3)
            whole.append(journey.took_s * 1e3)
        course = followers.stop()
        if course.unanswered:
            raise Failure(f"{len(course.unanswered)} events were not answered")
        return pauses, whole


def _travel(wanderer: Wanderer, moves: int) -> None:
    for _ in range(moves):
        wanderer.move("it is measured")


@contextmanager
def _wanderer(
    entries: int, relays: tuple[Relay, Relay] | None = None
) -> Iterator[tuple[TwoEngines, Wanderer]]:
    """A pico of that size, on the first of two engines, which talk through the relays if there are some."""
    settings = ("", "") if relays is None else (relays[0].setting, relays[1].setting)
    with tempfile.TemporaryDirectory(prefix="picomesh-moving-") as folder:
        path = Path(folder) / "large.krl"
        path.write_text(LARGE, "utf-8")
        with TwoEngines(Path(folder), settings) as engines:
            for relay, client in zip(relays or (), engines.clients, strict=False):
                relay.lead_to(client.url)
            engines.introduce()
            wanderer = Wanderer(engines, path)
            _fill(wanderer, entries)
            yield engines, wanderer


def _fill(wanderer: Wanderer, entries: int) -> None:
    for first in range(0, entries, PART):
        part = {f"entry {number}": _value(number) for number in range(first, min(first + PART, entries))}
        wanderer.here.send_event(wanderer.eci, ("large", "fill"), {"part": part})


def _value(number: int) -> str:
    return f"{number} ".ljust(VALUE_BYTES, "abcdefghij"[number % 10])


# --- bytes ------------------------------------------------------------------------------------------


@dataclass
class Relay:
    """What stands before an engine and counts what comes for it, and what it answers."""

    count: int = 0
    _door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _target: tuple[str, int] = ("127.0.0.1", 0)

    def __post_init__(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def setting(self) -> str:
        return f'public_url = "http://127.0.0.1:{self._door.getsockname()[1]}"\n'

    def lead_to(self, url: str) -> None:
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                inside, _ = self._door.accept()
            except OSError:
                return
            outside = socket.create_connection(self._target)
            for one, other in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                self.count += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


def _show_bytes() -> Table:
    table = Table("move of a pico of 10 MB", "bytes on the wire", title="what goes over the wire, both ways")
    relays = Relay(), Relay()
    try:
        with _wanderer(SIZES["10 MB"][0], relays) as (_, wanderer):
            for what in ("the first", "back at once", "again, after one entry of 10,000 was changed"):
                if what.startswith("again"):
                    change = {"key": "entry 7", "value": _value(8)}
                    wanderer.here.send_event(wanderer.eci, ("large", "change"), change)
                before = sum(relay.count for relay in relays)
                wanderer.move("it is measured")
                time.sleep(1)  # `taken`, and what is said afterwards
                table.add_row(what, f"{sum(relay.count for relay in relays) - before:,}")
    finally:
        for relay in relays:
            relay.close()
    return table


# --- memory -----------------------------------------------------------------------------------------


@dataclass
class Watch:
    """The most memory that a process had, in MiB, seen every few milliseconds."""

    pid: int
    before_mib: float = 0.0
    most_mib: float = 0.0
    is_over: bool = False

    def look(self) -> None:
        self.before_mib = self.most_mib = resident_mib(self.pid)
        while not self.is_over:
            self.most_mib = max(self.most_mib, resident_mib(self.pid))
            time.sleep(0.003)


def _show_memory() -> Table:
    table = Table(
        "engine", "before, MiB", "most, MiB", "more, MiB", title="memory in the first move of 10 MB"
    )
    with _wanderer(SIZES["10 MB"][0]) as (engines, wanderer):
        watches = [Watch(process.pid) for process in engines.processes]
        threads = [threading.Thread(target=watch.look, daemon=True) for watch in watches]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        wanderer.move("it is measured")
        time.sleep(1)
        for watch, thread in zip(watches, threads, strict=True):
            watch.is_over = True
            thread.join()
        for name, watch in zip(("source", "target"), watches, strict=True):
            more = watch.most_mib - watch.before_mib
            table.add_row(name, f"{watch.before_mib:.0f}", f"{watch.most_mib:.0f}", f"{more:.0f}")
    return table


# --- many at once -----------------------------------------------------------------------------------


def _tell_herd() -> str:
    temporary = tempfile.TemporaryDirectory(prefix="picomesh-moving-")
    with temporary as folder, TwoEngines(Path(folder)) as engines:
        engines.introduce()
        source = engines.clients[0]
        ecis = _breed(source, HERD)
        began_s = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as clients:
            order = {"to": NAMES[1], "why": "all of them go"}
            list(clients.map(lambda eci: source.send_event(eci, ("traveller", "go"), order), ecis))
        _wait_gone(source, HERD)
        took_s = time.monotonic() - began_s
    return f"{HERD} small picos that go at once: {HERD / took_s:,.1f} moves a second"


def _breed(engine: EngineClient, count: int) -> list[str]:
    """Picos that go where they are told."""
    root = engine.root_eci()
    text = traveller_ruleset().read_text("utf-8")
    url = to_url(engine.push_ruleset(text)["hash"])
    for number in range(count):
        engine.send_event(root, ("wrangler", "new_child_request"), {"name": f"pico {number}"})
    ecis = [str(child["eci"]) for child in _children(engine, count)]
    for eci in ecis:
        engine.grant(eci, "engine", True)
        engine.install(eci, url, {})
    return ecis


def _children(engine: EngineClient, count: int) -> list[dict[str, object]]:
    end_s = time.monotonic() + LONGEST_S
    while time.monotonic() < end_s:
        children: list[dict[str, object]] = engine.tree()["children"]
        if len(children) == count and all(one["eci"] is not None for one in children):
            return children
        time.sleep(0.1)
    raise Failure("not all picos were born")


def _wait_gone(engine: EngineClient, count: int) -> None:
    end_s = time.monotonic() + LONGEST_S
    while sum(one["phase"] == "gone" for one in engine.moves()) < count:
        if time.monotonic() > end_s:
            raise Failure("not all picos left")
        time.sleep(0.1)
