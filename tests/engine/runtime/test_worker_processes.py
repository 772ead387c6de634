"""Worker processes: what they are given, how they are ended, and that none is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvloop

from engine.core.messages import Done, SendEvent
from engine.core.model import RulesetHash
from engine.runtime.crew import MOST_WAITING_EACH
from engine.runtime.workshop import Workshop
from tests.engine.in_loop import in_loop
from tests.engine.runtime.overruns import (
    BIG,
    ENDLESS,
    LIMITS,
    LOOP,
    Library,
    Overrun,
    library_of,
    over,
    workshop,
)

WORK = "pre { x = 0.range(999).map(function(n) { 0.range(99).length() }) } fired { ent:x := x.length() }"
"""Too much for the engine's own process, and little for a worker."""

on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into Linux's /proc")


def is_there(pid: int) -> bool:
    """Whether there is such a process, be it a dead one that nobody has asked about."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_all(open_workshop: Workshop) -> None:
    for pid in open_workshop.pids:
        os.kill(pid, signal.SIGKILL)


# --- what ends a turn that no count ends -----------------------------------------------------------


async def refused(one: Overrun, open_workshop: Workshop) -> str:
    """Why a turn failed, which its log and the pico's own rules are told as well."""
    failed = await one.refused(open_workshop)
    assert failed.fault.code == "R706"
    assert failed.fault.places == one.failed.fault.places
    assert failed.log[-1].message == failed.fault.message
    (told,) = failed.effects
    assert isinstance(told, SendEvent)
    assert told.attrs["data"] == failed.fault.message
    return failed.fault.message


@in_loop
async def test_a_turn_that_takes_too_much_memory_is_ended() -> None:
    """Many strings, none of them too long and all of them together too much."""
    hoard = over(
        """pre {
             s = 0.range(16).reduce(function(s, n) { s + s }, "ten chars.")
             x = 0.range(9999).map(function(n) { s + n })
           }"""
    )
    work = over(WORK)
    limits = replace(ENDLESS, memory_bytes=64 << 20)
    async with workshop(library_of(hoard.bench, work.bench), limits) as open_workshop:
        reason = await refused(hoard, open_workshop)
        assert reason == "more memory than there is for one order; the limit is 64 MiB"
        assert isinstance(await work.retried(open_workshop), Done)


@in_loop
async def test_a_turn_that_computes_for_too_long_is_ended() -> None:
    """The same whatever else the machine has to do: what counts is its own time on a processor."""
    loop = over(LOOP)
    async with workshop(library_of(loop.bench), replace(ENDLESS, cpu_s=1)) as open_workshop:
        assert await refused(loop, open_workshop) == "more than 1 s of computing"


@in_loop
async def test_a_turn_that_does_not_come_to_an_end_is_ended() -> None:
    """At the deadline its worker is killed; the next turn gets a new one."""
    loop = over(LOOP)
    library = library_of(loop.bench)
    async with workshop(library, replace(ENDLESS, deadline_s=0.5)) as open_workshop:
        assert await refused(loop, open_workshop) == "more than 0.5 s in a worker process"
        assert open_workshop.pids == []


@dataclass
class KillingLibrary(Library):
    """Kills the worker that asks for a text, which it does in the middle of a turn."""

    kill: Callable[[], None] = lambda: None

    def find(self, digest: RulesetHash) -> str | None:
        self.kill()
        return super().find(digest)


@in_loop
async def test_a_turn_whose_worker_is_killed_fails_and_the_next_one_does_not() -> None:
    """Nobody waits for ever, and there is a new worker when there is work."""
    work = over(WORK)
    library = KillingLibrary(library_of(work.bench).texts)
    async with workshop(library) as open_workshop:
        library.kill = lambda: kill_all(open_workshop)
        assert "was killed" in await refused(work, open_workshop)
        library.kill = lambda: None
        assert isinstance(await work.retried(open_workshop), Done)


@in_loop
async def test_a_worker_that_is_killed_while_it_has_nothing_to_do_is_not_missed() -> None:
    """Whether or not its end has been noticed by the time of the next turn."""
    work = over(WORK)
    async with workshop(library_of(work.bench)) as open_workshop:
        first = await work.retried(open_workshop)
        kill_all(open_workshop)
        assert await work.retried(open_workshop) == first


@in_loop
async def test_a_worker_that_cannot_be_started_fails_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only that: later it may be possible again."""
    work = over(WORK)
    async with workshop(library_of(work.bench)) as open_workshop:
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/nowhere/python")
            assert "no worker process can be started" in await refused(work, open_workshop)
        assert isinstance(await work.retried(open_workshop), Done)


# --- who has to wait -------------------------------------------------------------------------------


@in_loop
async def test_no_worker_is_started_before_there_is_work() -> None:
    """Most engines never need one. Without any a failure stays what it is."""
    work = over(WORK)
    async with workshop(library_of(work.bench), size=3) as open_workshop:
        assert open_workshop.pids == []
        await work.retried(open_workshop)
        assert len(open_workshop.pids) == 1
    async with workshop(library_of(work.bench), size=0) as nobody:
        assert await work.retried(nobody) is work.failed


@in_loop
async def test_several_workers_work_at_once() -> None:
    """A turn ends beside one that does not."""
    loop, work = over(LOOP), over(WORK)
    async with workshop(library_of(loop.bench, work.bench), ENDLESS, size=2) as open_workshop:
        looping = asyncio.ensure_future(loop.retried(open_workshop))
        assert isinstance(await work.retried(open_workshop), Done)
        assert not looping.done()
        looping.cancel()


@in_loop
async def test_one_pico_cannot_have_all_others_wait() -> None:
    """One that wants much is served after each other one, and what goes too far is not served at all."""
    greedy, modest = over(WORK), over(WORK)
    modest = replace(modest, pico=replace(modest.pico, id="modest"))  # type: ignore[arg-type]
    order: list[str] = []

    async def served(name: str, one: Overrun) -> None:
        outcome = await one.retried(open_workshop)
        order.append(name if isinstance(outcome, Done) else f"{name} is refused")

    async with workshop(library_of(greedy.bench)) as open_workshop:
        many = [served("greedy", greedy) for _ in range(MOST_WAITING_EACH + 1)]
        await asyncio.gather(*many, served("modest", modest))
    assert order[:3] == ["greedy is refused", "greedy", "modest"]
    assert order[3:] == ["greedy"] * (MOST_WAITING_EACH - 1)


@in_loop
async def test_nothing_is_run_for_somebody_who_has_gone() -> None:
    """A caller who gave up while waiting costs no worker's time."""
    loop, work = over(LOOP), over(WORK)
    library = library_of(loop.bench, work.bench)
    async with workshop(library, replace(LIMITS, budget=replace(BIG, steps=200_000))) as open_workshop:
        waiting = [asyncio.ensure_future(one.retried(open_workshop)) for one in (work, loop, work)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        assert [type(await waiting[0]), type(await waiting[2])] == [Done, Done]
    assert loop.pico.rulesets[0].hash not in library.asked


# --- what a worker has, and that none outlives its engine ------------------------------------------


@on_linux
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_worker_inherits_nothing(
    new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret from the environment, no open file of the engine's, no place in its folders; whatever
    the event loop has to say in that."""
    monkeypatch.setenv("PICOMESH_SECRET", "of the engine")
    inside, outside = os.pipe()
    os.set_inheritable(inside, True)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_look_into_a_worker())
    os.close(inside)
    os.close(outside)


async def _look_into_a_worker() -> None:
    work = over(WORK)
    async with workshop(library_of(work.bench)) as open_workshop:
        await work.retried(open_workshop)
        process = Path(f"/proc/{open_workshop.pids[0]}")
        environment = (process / "environ").read_bytes().rstrip(b"\0").split(b"\0")
        assert [entry.split(b"=")[0] for entry in environment] == [b"PYTHONPATH"]
        # 3 is the way back to the engine, which the worker opened itself: see `_keep_output`.
        assert sorted(file.name for file in (process / "fd").iterdir()) == ["0", "1", "2", "3"]
        assert (process / "cwd").readlink() == Path("/")
        assert "Max core file size        0 " in (process / "limits").read_text()


@in_loop
async def test_closing_leaves_no_process_behind() -> None:
    """Neither one that works nor one that waits for work."""
    loop, work = over(LOOP), over(WORK)
    async with workshop(library_of(loop.bench, work.bench), ENDLESS, size=2) as open_workshop:
        looping = asyncio.ensure_future(loop.retried(open_workshop))
        await work.retried(open_workshop)
        pids = open_workshop.pids
        assert len(pids) == 2
    assert not any(map(is_there, pids))
    assert open_workshop.pids == []
    assert not looping.done(), "whoever still waits is not told anything that is not so"
    looping.cancel()


def own_children() -> set[int]:
    """The processes that this one has started. One that has ended is gone once it was waited for."""
    own = str(os.getpid())
    stats = {int(one.name): one / "stat" for one in Path("/proc").iterdir() if one.name.isdigit()}
    found: set[int] = set()
    for pid, stat in stats.items():
        with suppress(OSError):  # it may have ended meanwhile
            if stat.read_text().rpartition(")")[2].split()[1] == own:
                found.add(pid)
    return found


@on_linux
@in_loop
async def test_closing_while_a_worker_is_being_started_leaves_none() -> None:
    """At whichever moment of that: there is no new child of ours afterwards."""
    work = over(WORK)
    before = own_children()
    for moment in range(8):
        async with workshop(library_of(work.bench)) as open_workshop:
            working = asyncio.ensure_future(work.retried(open_workshop))
            for _ in range(moment):
                await asyncio.sleep(0)
        working.cancel()
        assert own_children() <= before


@on_linux
def test_a_worker_ends_with_its_engine() -> None:
    """However suddenly that dies and whatever the worker is doing: an endless loop, here.

    Both hold the other end of the pipe that is read; it comes to its end when neither is left.
    """
    script = "from tests.engine.runtime.test_worker_processes import die_at_work; die_at_work()"
    path = os.pathsep.join(filter(None, sys.path))
    died = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, stderr=subprocess.PIPE, timeout=30
    )
    assert died.returncode == -signal.SIGKILL
    assert died.stderr == b"at work\n"


@in_loop
async def die_at_work() -> None:
    """Be an engine that is killed while its worker is busy."""
    loop, work = over(LOOP), over(WORK)
    open_workshop = Workshop(library_of(loop.bench, work.bench).find, ENDLESS, size=1)
    assert isinstance(await work.retried(open_workshop), Done)
    pid = open_workshop.pids[0]
    idle = computed(pid)
    looping = asyncio.ensure_future(loop.retried(open_workshop))
    while computed(pid) < idle + 20:
        await asyncio.sleep(0)
    assert not looping.done()
    sys.stderr.write("at work\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def computed(pid: int) -> int:
    """What a process has had of the processors, in hundredths of a second."""
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(behind_the_name[11]) + int(behind_the_name[12])
