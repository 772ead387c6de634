"""The time and the processes of a simulation: nothing happens but what follows from its seed.

Work for other threads is done in the loop, a little later; time passes when nobody has anything to do. Each
task and timer belongs to the process that began it, so that a process can die with all that it had under way.
"""

from __future__ import annotations

import asyncio
import random
import time
from asyncio import Future, Task, TimerHandle
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar
from unittest.mock import patch

from tests.fakes.virtual_loop import VirtualLoop

T = TypeVar("T")

EPOCH_MS = 1_700_000_000_000


class Process:
    """All that one run of an engine has under way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.context: Context = copy_context()
        self.context.run(RUNNING.set, self)
        self._tasks: dict[Task[Any], None] = {}
        """In order, unlike a set, since they end in this order."""

    def own(self, task: Task[Any]) -> None:
        if self.is_dead:
            task.cancel()  # begun by what was cancelled
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def spawn(self, work: Coroutine[Any, Any, T]) -> Task[T]:
        return asyncio.get_running_loop().create_task(work, context=self.context.copy())

    def die(self) -> None:
        self.is_dead = True
        for task in list(self._tasks):
            task.cancel()


RUNNING: ContextVar[Process | None] = ContextVar("the process that runs", default=None)


class SimulatedLoop(VirtualLoop):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.set_task_factory(begin)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        process = RUNNING.get() if context is None else context.get(RUNNING)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, call_if_alive, process, callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Future[T]:  # type: ignore[override]
        """Takes its time, like a thread."""
        done: Future[T] = self.create_future()
        self.call_later(self.chance.random() * 0.004, self._work, done, func, args)
        return done

    def _work(self, done: Future[T], func: Callable[..., T], args: tuple[Any, ...]) -> None:
        if done.cancelled():
            return
        try:
            result = func(*args)
        except Exception as problem:
            done.set_exception(problem)
        else:
            done.set_result(result)


def begin(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> Task[Any]:
    context = named.get("context")
    process = RUNNING.get() if context is None else context.get(RUNNING)
    task = Task(work, loop=loop, **named)
    if process is not None:
        process.own(task)
    return task


def call_if_alive(process: Process, callback: Callable[..., Any], *args: Any) -> None:
    if not process.is_dead:
        callback(*args)


@contextmanager
def standing_still(loop: SimulatedLoop) -> Iterator[None]:
    """Whoever looks how long something takes finds that it takes no time; what is drawn comes of the seed."""
    with (
        patch.object(time, "perf_counter", loop.time),
        patch.object(time, "monotonic", loop.time),
        patch("os.urandom", loop.chance.randbytes),
    ):
        yield


def simulate(seed: int, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What comes of it, the same each time."""
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(seed)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimulatedLoop)
        with standing_still(loop):
            return runner.run(work())


class VirtualClock:
    """`engine.ports.Clock` of one machine, which may be ahead of others."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self._since_ms = EPOCH_MS + ahead_ms

    def now_ms(self) -> int:
        return self._since_ms + int(asyncio.get_running_loop().time() * 1000 + 1e-6)

    def call_at(self, time_ms: int, call: Callable[[], None]) -> TimerHandle:
        return asyncio.get_running_loop().call_at((time_ms - self._since_ms) / 1000, call)
