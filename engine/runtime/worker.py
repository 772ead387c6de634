"""The program of a worker process: runs what would be too much for the engine's own.

Started by `engine.runtime.worker_process` and of no use to anybody else. It reads orders from its
standard input and reports on its standard output; it keeps nothing between two orders but compiled
rulesets. The order is run in a thread of its own, for the sake of a large stack, while the main thread
goes on reading: when the engine is gone, for whatever reason, the input ends and so does the process.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from engine.core.catalogue import Catalogue
from engine.core.codec import (
    Plain,
    from_bytes,
    unpack_inputs,
    unpack_pico,
    unpack_query,
    unpack_turn,
)
from engine.core.kernel import answer, react
from engine.core.messages import Answered, Failed, Outcome
from engine.core.model import RulesetHash
from engine.core.outcomes import write_outcome
from engine.core.programs import Programs
from engine.plugins.references import read_catalogue
from engine.runtime.compilation import run_compile_order
from engine.runtime.orders import (
    HEADER,
    MISTAKE,
    OUT_OF_MEMORY,
    OUTCOME,
    TEXT,
    TOO_LARGE,
    WANTS,
    Message,
    WorkerLimits,
    frame,
    read_limits,
)
from pico_lang.diagnostics import RulesetRefused
from pico_lang.host import Modules
from pico_lang.meter import Budget
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source

MOST_PROGRAMS = 256
"""Programs kept compiled."""

STACK_BYTES = 16 << 20
STACK_PER_CALL = 2048
"""Stack for each nested call of the budget. Most calls of a ruleset take none of it in CPython; those
that pass through an action or an operator take some 500 bytes."""

NICENESS = 10
"""Where processors are short the engine comes first: others wait for it, and for this only one does."""


class FetchedPrograms:
    """`engine.core.programs.Programs`, with texts from the engine, each of them once."""

    def __init__(self, fetch: Callable[[RulesetHash], str | None], modules: Modules) -> None:
        self._fetch = fetch
        self._modules = modules
        self._compiled: dict[RulesetHash, Program | None] = {}

    def get(self, digest: RulesetHash, /) -> Program | None:
        if digest not in self._compiled:
            text = self._fetch(digest)
            if text is None:
                return None
            if len(self._compiled) >= MOST_PROGRAMS:
                self._compiled.clear()
            self._compiled[digest] = _compile(text, digest, self._modules)
        return self._compiled[digest]


def _compile(text: str, digest: RulesetHash, modules: Modules) -> Program | None:
    try:
        return compile_ruleset(Source(text, digest[:12]), modules)
    except RulesetRefused:
        return None  # as in the engine, which has logged it


class Worker:
    """Carries out one order after the other."""

    def __init__(
        self,
        limits: WorkerLimits,
        catalogue: Catalogue,
        messages: SimpleQueue[Message],
        output: BinaryIO,
    ) -> None:
        self._limits = limits
        self._catalogue = catalogue
        self._messages = messages
        self._output = output
        self._programs = FetchedPrograms(self._ask_for_text, catalogue.modules)

    def work(self) -> None:
        """Never return. What nobody foresaw ends the process, and the engine sees how."""
        try:
            while True:
                _, order = self._messages.get()
                self._carry_out(order)
        except BaseException as end:
            if _is_shortage(end):
                os._exit(OUT_OF_MEMORY)
            traceback.print_exc()
            os._exit(1)

    def _carry_out(self, order: bytes) -> None:
        _allow(self._limits)
        try:
            report = self._run(from_bytes(order))
        except Exception as mistake:
            if _is_shortage(mistake):
                raise
            report = (MISTAKE, traceback.format_exc().encode())
        self._say(*report)

    def _run(self, order: Plain) -> Message:
        if "text" in order:
            return self._report(run_compile_order(order, self._catalogue.modules))
        outcome = run_order(order, self._programs, self._limits.budget, self._catalogue)
        if isinstance(outcome, Failed) and outcome.fault.code == "R706":
            raise MemoryError
        return self._report(write_outcome(outcome))

    def _report(self, body: bytes) -> Message:
        if len(body) > self._limits.outcome_bytes:
            return TOO_LARGE, str(len(body)).encode()
        return OUTCOME, body

    def _ask_for_text(self, digest: RulesetHash) -> str | None:
        self._say(WANTS, digest.encode())
        kind, text = self._messages.get()
        return text.decode("utf-8", "surrogatepass") if kind == TEXT else None

    def _say(self, kind: bytes, body: bytes) -> None:
        self._output.write(frame(kind, body))
        self._output.flush()


def _is_shortage(end: BaseException) -> bool:
    """Whether memory has run out. CPython says so in a way of its own when there is none for the frame
    of one more call: it fails, and forgets to say with what."""
    unnamed = isinstance(end, SystemError) and "without exception set" in str(end)
    return isinstance(end, MemoryError) or unnamed


def run_order(order: Plain, programs: Programs, budget: Budget, catalogue: Catalogue) -> Outcome | Answered:
    """Run what the engine could not finish, from the same pico and with the same inputs."""
    pico = unpack_pico(order["pico"])
    if "turn" in order:
        return react(pico, unpack_turn(order["turn"]), programs, budget, catalogue=catalogue)
    query, inputs = unpack_query(order["query"]), unpack_inputs(order["inputs"])
    return answer(pico, query, inputs, programs, budget, catalogue=catalogue)


def _allow(limits: WorkerLimits) -> None:
    """Bound what this process may use from now on. Only soft limits are set: they are moved on with
    every order, and a ruleset has no means to do the same."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + limits.cpu_s)
    # Address space counts for something on Linux alone. Elsewhere the budget has to do.
    with suppress(FileNotFoundError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_bytes)


def _limit(kind: int, soft: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _let_go() -> None:
    """Have no file of the engine's open: not every event loop closes them for those it starts."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2:
            with suppress(OSError):  # the listing itself took one
                os.close(int(name))


def _keep_output() -> BinaryIO:
    """The way to the engine, for messages alone: what plugins print goes where complaints go."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _step_back() -> None:
    """Leave the better places to the engine: processor time, and to live on when memory runs short."""
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _read_messages(source: BinaryIO) -> Iterator[Message]:
    """Until the input ends; an engine that was killed may leave half a message."""
    while len(header := source.read(HEADER.size)) == HEADER.size:
        kind, length = HEADER.unpack(header)
        body = source.read(length)
        if len(body) == length:
            yield kind, body


def main() -> None:
    _let_go()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for request in (signal.SIGINT, signal.SIGTERM):
        # Whoever stops a whole group of processes means the engine, which says when it needs no more.
        signal.signal(request, signal.SIG_IGN)
    _step_back()
    limits = read_limits(sys.argv[1])
    messages: SimpleQueue[Message] = SimpleQueue()
    output = _keep_output()
    catalogue = read_catalogue(from_bytes(os.fsencode(sys.argv[2])))
    worker = Worker(limits, catalogue, messages, output)
    threading.stack_size(STACK_BYTES + STACK_PER_CALL * limits.budget.depth)
    threading.Thread(target=worker.work, daemon=True).start()
    for message in _read_messages(sys.stdin.buffer):
        messages.put(message)
    # Not `sys.exit`: that would wait for a turn which may never end.
    os._exit(0)


if __name__ == "__main__":
    main()
