"""What sealing costs an engine: states sealed through a real IPFS node and brought back from it, and events.

States are sealed and restored by an engine in this process, so that CPU time can be told apart from waiting;
what has gone to the node is what the engine's stores say. Events are sent to engines of their own over HTTP:
to one that seals and one that does not, by turns.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import pytest
from rich.table import Table

from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import BlockCipher, KeyBoxes, SeedFile, SeedKeys
from engine.adapters.signing.ed25519 import verify
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.config import Settings
from engine.core.blocks.heads import SignedHead
from engine.core.model import Pico, PicoId
from engine.core.records import state_id
from engine.ipfs_choice import read_nodes
from engine.runtime.garbage import COLLECTOR
from engine.runtime.host import Host
from engine.runtime.replies import EventReply
from engine.runtime.restoring import Restored, Restoring
from engine.runtime.sealed_states import Trust
from engine.runtime.sealing import When
from engine.runtime.seals import Seals
from engine.runtime.state_keys import OPENING, opened_with
from engine.wiring import JOURNAL_FILE, SEED_FILE, Engine, open_engine
from engine.wiring_of_seals import channel_keys
from tests.benchmarks.events import event_path
from tests.benchmarks.measure import Measured, cpu_s, measure
from tests.support.ipfs_node import IpfsNode

LARGE = """
ruleset large {
  rule fill {
    select when large fill
    fired { ent:large := ent:large.defaultsTo({}).put(event:attrs{"part"}) }
  }
  rule change {
    select when large change
    fired { ent:large{event:attrs{"key"}} := {"n": event:attrs{"n"}, "text": "changed"} }
  }
}
"""
ENTRIES: Mapping[str, tuple[int, int]] = {
    "10 KB": (100, 70),
    "1 MB": (10_000, 70),
    "100 MB": (100_000, 1_000),
}
"""How many entries the one entity variable has, and how many characters each."""
PART = 5_000
"""Entries that come in one event."""
CHANGES = 7
PER_S = 100.0
"""Events that another pico gets while one is restored."""
QUIET_S = 4.0

LOADS = ((1, 1.0), (100, 1.0), (100, 10.0), (100, When().after_s))
"""Picos that get events in turn, and seconds after which a change is sealed: the last is what it is by
default, and takes some minutes."""
BLOCKS = 3
CONNECTIONS = 8
REQUESTS = 2_500
"""For each second of those, and three times as many at least: a block has to be longer than that."""


def report_sealing() -> Iterator[Table | str]:
    with tempfile.TemporaryDirectory(prefix="picomesh-bench-") as folder:
        try:
            running = IpfsNode(Path(folder) / "node")
        except pytest.skip.Exception as why:
            yield str(why)
            return
        with running as node:
            yield from asyncio.run(_states(Path(folder), node))
            yield _events(Path(folder), node)


# --- states ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Of one seal."""

    cpu_ms: float
    wall_s: float
    at_node_s: float
    """Until the node had it, pinned."""
    blocks: int
    bytes: int


async def _states(folder: Path, node: IpfsNode) -> list[Table]:
    COLLECTOR.start()  # as `picomesh serve` does
    sealed = Table(
        *("state", "first: CPU ms", "s", "s until pinned in the node", "blocks", "bytes"),
        *("one entry changed: CPU ms", "ms", "ms until pinned", "new blocks", "bytes"),
        title="A state sealed through an IPFS node",
    )
    back = Table(
        *("state", "s", "MB/s", "fetched: s", "CPU s", "another pico's p99 ms", "quiet p99 ms", "worst ms"),
        title=f"Brought back from that node, beside a pico with {PER_S:.0f} events per second",
    )
    for name, (entries, characters) in ENTRIES.items():
        home = folder / name.replace(" ", "")
        async with engine_in(home, node) as engine:
            await _fill(engine.host, entries, characters)
            first = await _seal(engine)
            changes = []
            for number in range(CHANGES):
                await _send(engine.host, "change", key=f"key-{number * entries // CHANGES}", n=number)
                changes.append(await _seal(engine))
            signed = _seals(engine).newest(_pico(engine))
            identity = state_id(await _state(engine))
        _add_costs(sealed, name, first, changes)
        assert signed is not None
        size = first.bytes
        back.add_row(name, *await _restore(home, folder / f"{home.name}-back", node, signed, identity, size))
    return [sealed, back]


def _add_costs(table: Table, name: str, first: Cost, changes: list[Cost]) -> None:
    """The median of the times, and the worst of what can be counted."""
    cpu_ms, wall_s, at_node_s = (
        median(getattr(one, what) for one in changes) for what in ("cpu_ms", "wall_s", "at_node_s")
    )
    blocks, size = max(one.blocks for one in changes), max(one.bytes for one in changes)
    table.add_row(
        *(name, f"{first.cpu_ms:,.0f}", f"{first.wall_s:.2f}", f"{first.at_node_s:.2f}"),
        *(f"{first.blocks:,}", f"{first.bytes:,}", f"{cpu_ms:.1f}", f"{wall_s * 1e3:.1f}"),
        *(f"{at_node_s * 1e3:.0f}", f"{blocks}", f"{size:,}"),
    )


@asynccontextmanager
async def engine_in(home: Path, node: IpfsNode) -> AsyncIterator[Engine]:
    """Without limits for what one event may bring, and nothing that it does by itself."""
    home.mkdir()
    settings = Settings(
        home=home,
        workers=0,
        turn_steps=1 << 40,
        pico_bytes=1 << 34,
        ipfs_api=read_nodes([node.url]),
        seal="off",
    )
    engine = await open_engine(settings)
    assert engine.host.mail is not None
    engine.host.mail.reached_at("http://127.0.0.1:1")
    try:
        file = home / "large.krl"
        file.write_text(LARGE)
        for url in (file.as_uri(), counter_ruleset().as_uri()):
            await engine.host.install(engine.host.root_eci(), url, {})
        yield engine
    finally:
        await engine.close()


async def _send(host: Host, name: str, **attrs: object) -> None:
    reply = await host.run_event(host.root_eci(), "large", name, attrs)
    assert isinstance(reply, EventReply), reply


async def _fill(host: Host, entries: int, characters: int) -> None:
    for begin in range(0, entries, PART):
        numbers = range(begin, min(begin + PART, entries))
        part = {f"key-{number}": {"n": float(number), "text": "x" * characters} for number in numbers}
        await _send(host, "fill", part=part)
    # The record of the newest turn is always sealed, and that of the last part has the whole variable in it.
    await _send(host, "change", key="key-0", n=0.0)


async def _seal(engine: Engine) -> Cost:
    stores = await engine.vault.stores()
    (before,) = await stores.standings()
    blocks, size = before.standing.blocks_sent, before.standing.bytes_sent
    gc.collect()
    began_s, cpu = time.perf_counter(), time.process_time()
    await _seals(engine).seal(_pico(engine))
    cpu_ms, wall_s = (time.process_time() - cpu) * 1e3, time.perf_counter() - began_s
    while (after := (await stores.standings())[0]).waiting:
        await asyncio.sleep(0.002)
    at_node_s = time.perf_counter() - began_s
    sent = after.standing
    return Cost(cpu_ms, wall_s, at_node_s, sent.blocks_sent - blocks, sent.bytes_sent - size)


def _seals(engine: Engine) -> Seals:
    assert engine.host.sealing is not None
    return engine.host.sealing.seals


def _pico(engine: Engine) -> PicoId:
    return engine.host.tree().id


async def _state(engine: Engine) -> Pico:
    mailbox = engine.host.find_mailbox(_pico(engine))
    assert mailbox is not None
    return mailbox.committed


# --- back ------------------------------------------------------------------------------------------


async def _restore(
    old: Path, new: Path, node: IpfsNode, signed: SignedHead, identity: str, size: int
) -> tuple[str, ...]:
    """On an engine that has never seen it, and whose own pico goes on counting."""
    keys = SeedKeys(SeedFile(old / SEED_FILE).open(None))
    async with engine_in(new, node) as engine:
        quiet = await _watched(engine.host, asyncio.sleep(QUIET_S))
        marks: list[float] = []

        async def bring() -> None:
            stores = await engine.vault.stores()
            await stores.bring(signed.cid)
            marks.append(time.perf_counter())
            opens = opened_with([keys.derive(OPENING)], KeyBoxes(os.urandom))
            own = SeedKeys(SeedFile(new / SEED_FILE).open(None))
            found: Restored = await _restoring(engine, own).restore(signed.cid, stores, opens)
            assert found.state_id == identity

        gc.collect()
        began_s, cpu = time.perf_counter(), time.process_time()
        beside = await _watched(engine.host, bring())
        wall_s, cpu = time.perf_counter() - began_s, time.process_time() - cpu
        fetched_s = marks[0] - began_s
    return (
        *(f"{wall_s:.2f}", f"{size / wall_s / 1e6:.1f}", f"{fetched_s:.2f}", f"{cpu:.2f}"),
        *(f"{_p99_ms(beside):.1f}", f"{_p99_ms(quiet):.1f}", f"{max(beside) * 1e3:.0f}"),
    )


def _restoring(engine: Engine, keys: SeedKeys) -> Restoring:
    seals, mail = _seals(engine), engine.host.mail
    assert mail is not None
    logs = LifelongLogs(SeedKeys(bytes(32)))
    trust = Trust(verify, lambda log: logs.acting(log, time.time()))
    return Restoring(
        *(engine.journal, seals.heads, mail.lives, seals.state_keys, seals.policies, trust, BlockCipher()),
        channel_keys(engine.journal, keys),
    )


async def _watched(host: Host, work: Awaitable[object]) -> list[float]:
    """How long the events of a pico took, sent at a steady pace while something else is done. Each counts
    from when it was to be sent, so that a loop that stands still is late for all of them."""
    task = asyncio.ensure_future(work)
    began_s, times = time.perf_counter(), list[float]()
    while not task.done():
        due_s = began_s + len(times) / PER_S
        await asyncio.sleep(due_s - time.perf_counter())
        await host.run_event(host.root_eci(), "counter", "increment", {"by": 1.0})
        times.append(time.perf_counter() - due_s)
    await task
    return times


def _p99_ms(times: list[float]) -> float:
    """The longest of a few."""
    return (quantiles(times, n=100)[98] if len(times) >= 100 else max(times)) * 1e3


# --- events ----------------------------------------------------------------------------------------


def _events(folder: Path, node: IpfsNode) -> Table:
    table = Table(
        *("picos", "sealed after s", "sealing on: per second", "off: per second", "ratio"),
        *("CPU µs on", "CPU µs off", "p99 ms on", "p99 ms off", "events", "seals", "CPU ms a seal"),
        title=f"Events, {CONNECTIONS} connections",
    )
    for count, after_s in LOADS:
        requests = int(REQUESTS * max(after_s, 3.0))
        here = folder / f"{count} {after_s}"
        with _counting(here / "on", count, (node, after_s)) as on, _counting(here / "off", count) as off:
            found: dict[str, list[Measured]] = {"on": [], "off": []}
            heads = _heads(on)
            for _ in range(BLOCKS):
                for name, one in (("on", on), ("off", off)):
                    found[name].append(measure(one.process.pid, one.url, one.paths, CONNECTIONS, requests))
                    _wait_idle([on.process.pid, off.process.pid])
            events, seals = requests * BLOCKS, _heads(on) - heads
            more_us = _typical(found["on"], "cpu_us") - _typical(found["off"], "cpu_us")
            shown = (f"{events:,}", f"{seals:,}", f"{more_us * events / seals / 1e3:.1f}")
            table.add_row(str(count), f"{after_s:g}", *_compare(found["on"], found["off"]), *shown)
    return table


def _compare(on: list[Measured], off: list[Measured]) -> tuple[str, ...]:
    """Medians of the blocks."""
    rates = _typical(on, "per_s"), _typical(off, "per_s")
    cpu = _typical(on, "cpu_us"), _typical(off, "cpu_us")
    p99 = _typical(on, "p99_ms"), _typical(off, "p99_ms")
    shown = (f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", f"{rates[0] / rates[1]:.2f}")
    return (*shown, *(f"{one:.0f}" for one in cpu), *(f"{one:.1f}" for one in p99))


def _typical(blocks: list[Measured], what: str) -> float:
    return float(median(getattr(one, what) for one in blocks))


@dataclass(frozen=True)
class Counting:
    process: EngineProcess
    url: str
    paths: list[str]


@contextmanager
def _counting(folder: Path, count: int, sealed: tuple[IpfsNode, float] | None = None) -> Iterator[Counting]:
    """An engine whose picos count, and which may seal them: through that node, after so many seconds."""
    home = folder / "home"
    home.mkdir(parents=True)
    if sealed is not None:
        node, after_s = sealed
        lines = ('seal = "on"', f"seal_after_s = {after_s}", f'ipfs_api = "{node.url}"')
        (home / "picomesh.toml").write_text("\n".join(lines))
    process = EngineProcess(home)
    try:
        client = process.start()
        for number in range(count):
            client.send_event("root", ("wrangler", "new_child_request"), {"name": f"p{number}"})
        channels = [str(child["eci"]) for child in client.tree()["children"]]
        for eci in channels:
            install_ruleset(client, eci, counter_ruleset().as_uri(), {})
        yield Counting(process, client.url, [event_path(eci) for eci in channels])
    finally:
        process.end()


def _heads(one: Counting) -> int:
    """How many seals there were, by its journal."""
    sql = "SELECT value FROM facts WHERE name LIKE 'newest head of %'"
    with closing(sqlite3.connect(one.process.home / JOURNAL_FILE)) as journal:
        return sum(json.loads(value)["count"] for (value,) in journal.execute(sql))


def _wait_idle(pids: list[int]) -> None:
    """Until what was begun is done: sealing goes on after the events, and is not to meet the others."""
    quiet = 0
    while quiet < 3:
        before = sum(map(cpu_s, pids))
        time.sleep(0.5)
        quiet = quiet + 1 if sum(map(cpu_s, pids)) - before < 0.025 else 0
