"""A second chance for turns and queries that were too much for the budget of the engine's own process.

They are run again, from the same pico and with the same inputs, in a few worker processes that have
more of everything and can be killed. Being pure they may be run as often as one likes. Whoever needs
this waits here; everybody else does not even notice.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from engine.core.codec import from_bytes
from engine.core.messages import Answered, Asks, Failed, Fault, Outcome, Query, Turn
from engine.core.model import Inputs, Pico
from engine.core.outcomes import retell, unpack_outcome
from engine.runtime.fair_queue import FairQueue
from engine.runtime.orders import WorkerLimits, write_query_order, write_turn_order
from engine.runtime.worker_process import FindText, WorkerProcess

MOST_WAITING_EACH = 8
"""Second chances that one pico may wait for. It has one turn at a time, but its queries are many."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """An order that waits, or is carried out, and who is told of it."""

    write_order: Callable[[], bytes]
    """Written when it is needed: a pico can be large, and many may wait."""
    told: Future[bytes | Fault]


class Workshop:
    """The workers of one engine. Without any there are no second chances."""

    def __init__(self, find_text: FindText, limits: WorkerLimits, size: int) -> None:
        self._workers = [WorkerProcess(limits, find_text) for _ in range(size)]
        self._idle = list(self._workers)
        self._at_work: set[Task[None]] = set()
        self._waiting: FairQueue[Job] = FairQueue(MOST_WAITING_EACH)

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of the workers that are there. They are started when first needed, and stay."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def react(self, pico: Pico, turn: Turn, failed: Failed) -> Outcome:
        """What a turn that has failed comes to with a bigger budget."""
        return cast(Outcome, await self._retry(pico, partial(write_turn_order, pico, turn), failed))

    async def answer(
        self, pico: Pico, query: Query, inputs: Inputs, failed: Failed
    ) -> Answered | Asks | Failed:
        """What a query that has failed comes to with a bigger budget."""
        order = partial(write_query_order, pico, query, inputs)
        return cast(Answered | Asks | Failed, await self._retry(pico, order, failed))

    async def close(self) -> None:
        """End all workers. Whoever still waits for one will not be told."""
        self._idle.clear()
        for task in list(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _retry(
        self, pico: Pico, write_order: Callable[[], bytes], failed: Failed
    ) -> Outcome | Answered:
        job = Job(write_order, asyncio.get_running_loop().create_future())
        if not self._workers or not self._waiting.put(pico.id, job):
            return failed
        self._call_worker()
        told = await job.told
        if isinstance(told, Fault):
            return retell(failed, Fault(told.code, told.message, failed.fault.places))
        # In a thread: carrying out many changes takes its time, and the others shall have theirs.
        return await asyncio.to_thread(_read_outcome, told, pico)

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
        # In a thread, as what comes back is read: a pico can be large.
        told = await worker.run(await asyncio.to_thread(job.write_order))
    except Exception as mistake:
        if not job.told.done():
            job.told.set_exception(mistake)
    else:
        if not job.told.done():
            job.told.set_result(told)


def _read_outcome(body: bytes, pico: Pico) -> Outcome | Answered:
    return unpack_outcome(from_bytes(body), pico)
