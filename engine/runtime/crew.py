"""A few worker processes, and the orders that wait for one of them.

Whoever has given an order waits; everybody else does not even notice. Those who give many do not keep
others waiting, and how many may wait is bounded.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.core.codec import Plain
from engine.core.messages import Fault
from engine.runtime.fair_queue import FairQueue
from engine.runtime.orders import WorkerLimits
from engine.runtime.worker_process import FindText, WorkerProcess

MOST_WAITING_EACH = 8
"""Orders of one pico that may wait. It has one turn at a time, but its queries are many."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """An order that waits, or is carried out, and who is told of it."""

    write_order: Callable[[], bytes]
    """Written when it is needed: a pico can be large, and many may wait."""
    told: Future[bytes | Fault]


class Crew:
    """Workers of one kind."""

    def __init__(self, find_text: FindText, limits: WorkerLimits, size: int, plugins: Plain = ()) -> None:
        self._workers = [WorkerProcess(limits, find_text, plugins) for _ in range(size)]
        self._idle = list(self._workers)
        self._at_work: set[Task[None]] = set()
        self._waiting: FairQueue[Job] = FairQueue(MOST_WAITING_EACH)

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of the workers that are there. They are started when first needed, and stay."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    @property
    def is_there(self) -> bool:
        """Whether it has any workers."""
        return bool(self._workers)

    def give(self, who: str, write_order: Callable[[], bytes]) -> Future[bytes | Fault] | None:
        """Have an order carried out. None: there is nobody to do it, or too much waits for that one."""
        job = Job(write_order, asyncio.get_running_loop().create_future())
        if not self._workers or not self._waiting.put(who, job):
            return None
        self._call_worker()
        return job.told

    async def close(self) -> None:
        """End all workers. Whoever still waits for one will not be told."""
        self._idle.clear()
        for task in list(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    def _call_worker(self) -> None:
        if self._idle:
            task = asyncio.get_running_loop().create_task(self._work(self._idle.pop()))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _work(self, worker: WorkerProcess) -> None:
        """Have a worker do what there is to do."""
        while (job := self._waiting.take()) is not None:
            if not job.told.done():  # whoever asked may have gone
                await _carry_out(job, worker)
        self._idle.append(worker)


async def _carry_out(job: Job, worker: WorkerProcess) -> None:
    try:
        # In a thread, like whatever grows with a pico or a text.
        told = await worker.run(await asyncio.to_thread(job.write_order))
    except Exception as mistake:
        if not job.told.done():
            job.told.set_exception(mistake)
    else:
        if not job.told.done():
            job.told.set_result(told)
