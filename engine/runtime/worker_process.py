"""One worker process as the engine sees it: started when needed, given an order, ended when it must be.

What runs in it may be hostile, so nothing is taken for granted but that it can be killed. It gets no
environment, no open files and no secrets: a pico's state and the texts of its rulesets come to it with
the order.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio import IncompleteReadError, Task
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

from engine.core.codec import Plain, to_bytes
from engine.core.messages import Fault
from engine.core.model import RulesetHash
from engine.runtime.orders import (
    HEADER,
    MISTAKE,
    NO_TEXT,
    ORDER,
    OUT_OF_MEMORY,
    OUTCOME,
    TEXT,
    TOO_LARGE,
    WANTS,
    Message,
    WorkerLimits,
    frame,
    write_limits,
)

FindText = Callable[[RulesetHash], str | None]


class WorkerMistake(Exception):
    """A bug of ours showed itself in a worker; the message is the traceback there."""


class WorkerProcess:
    """At most one process at a time, and one order."""

    def __init__(self, limits: WorkerLimits, find_text: FindText, plugins: Plain = ()) -> None:
        """`plugins` are described as `engine.plugins.references` does."""
        self._limits = limits
        self._plugins = plugins
        self._find_text = find_text
        self._started: Task[Process] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        if self._started is None or not self._started.done():
            return None
        process = self._started.result()
        return process.pid if process.returncode is None else None

    async def run(self, order: bytes) -> bytes | Fault:
        """The outcome of an order, or why there is none. Raises `WorkerMistake`."""
        was_idle = self.pid is not None
        told = await self._run_in_time(order)
        if told is None and was_idle:
            # It may have been killed while it had nothing to do, which is not this order's fault.
            told = await self._run_in_time(order)
        return told or Fault("R706", "the worker process was killed; did the machine run out of memory?")

    async def stop(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        if self._started is not None:
            process = await self._started
            if process.returncode is None:
                process.kill()
            await self._wait_gone(process)

    # --- one order ---

    async def _run_in_time(self, order: bytes) -> bytes | Fault | None:
        """None when the process was killed, and not by us."""
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                return await self._run(order)
        except TimeoutError:
            await self.stop()
            return Fault("R706", f"more than {self._limits.deadline_s:g} s in a worker process")

    async def _run(self, order: bytes) -> bytes | Fault | None:
        try:
            process = await self._ensure_process()
        except OSError as problem:
            self._started = None
            return Fault("R706", f"no worker process can be started: {problem}")
        try:
            return self._read_report(await self._exchange(process, order))
        except (OSError, IncompleteReadError):
            return self._explain(await self._wait_gone(process))

    async def _exchange(self, process: Process, order: bytes) -> Message:
        """Give the order, and the texts it turns out to need; what the worker reports in the end."""
        await _send(process, ORDER, order)
        while (message := await _receive(process))[0] == WANTS:
            text = self._find_text(RulesetHash(message[1].decode()))
            if text is None:
                await _send(process, NO_TEXT, b"")
            else:
                await _send(process, TEXT, text.encode("utf-8", "surrogatepass"))
        return message

    def _read_report(self, report: Message) -> bytes | Fault:
        match report:
            case (kind, body) if kind == OUTCOME:
                return body
            case (kind, body) if kind == TOO_LARGE:
                limit = self._limits.outcome_bytes
                return Fault("R703", f"an outcome of {int(body):,} bytes; the limit is {limit:,}")
            case (kind, body) if kind == MISTAKE:
                raise WorkerMistake(body.decode())
        raise WorkerMistake(f"a report of an unknown kind: {report[0]!r}")

    def _explain(self, status: int) -> Fault | None:
        if status == -signal.SIGXCPU:
            return Fault("R706", f"more than {self._limits.cpu_s} s of computing")
        if status == OUT_OF_MEMORY:
            limit = self._limits.memory_bytes >> 20
            return Fault("R706", f"more memory than there is for one order; the limit is {limit:,} MiB")
        if status < 0:
            return None
        return Fault("R706", f"the worker process ended with status {status}")

    # --- the process ---

    async def _ensure_process(self) -> Process:
        if self._started is None or self.pid is None:
            self._started = asyncio.get_running_loop().create_task(_start(self._limits, self._plugins))
        # Shielded: a process that is being started when nobody wants it any more has to be ended too.
        return await asyncio.shield(self._started)

    async def _wait_gone(self, process: Process) -> int:
        status = await process.wait()
        self._started = None
        return status


async def _start(limits: WorkerLimits, plugins: Plain) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the folder it starts in is none to import from
        "-m",
        "engine.runtime.worker",
        write_limits(limits),
        to_bytes(plugins).decode(),
        stdin=PIPE,
        stdout=PIPE,
        # Standard error stays: what a worker says in distress belongs where the engine says such things.
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        start_new_session=True,
    )


async def _send(process: Process, kind: bytes, body: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(frame(kind, body))
    await process.stdin.drain()


async def _receive(process: Process) -> Message:
    assert process.stdout is not None
    kind, length = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
    return kind, await process.stdout.readexactly(length)
