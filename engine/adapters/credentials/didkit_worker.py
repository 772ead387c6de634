"""The program of the process in which didkit runs: one call for each line of JSON, one line of answer.

Started by `didkit_process` and of no use to anybody else. It is a process of its own because a document can
overflow didkit's stack, which ends the process, or keep it computing for minutes, which nothing in the same
process could stop; and because its threads crash an interpreter that is about to end. Once it has begun it
can open neither files nor sockets, so that it cannot fetch what a stranger's document names.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import didkit

CALLS: dict[str, Callable[..., Any]] = {
    "issue_credential": didkit.issue_credential,
    "verify_credential": didkit.verify_credential,
    "issue_presentation": didkit.issue_presentation,
    "verify_presentation": didkit.verify_presentation,
}
# The types that come with didkit take this class for one of its instances.
Refusal = cast(type[Exception], didkit.DIDKitException)
MEMORY_BYTES = 512 << 20
"""Address space besides what it has when it begins."""


async def carry_out(line: bytes) -> dict[str, str]:
    request = json.loads(line)
    try:
        answer = CALLS[request["call"]](*request["words"])
        # Version 0.2 answers at once, 0.3 with something to wait for.
        return {"answer": await answer if inspect.isawaitable(answer) else answer}
    except (Refusal, ValueError) as problem:
        return {"refused": str(problem)}


def serve(loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin.buffer:
        report = loop.run_until_complete(carry_out(line))
        sys.stdout.buffer.write(json.dumps(report).encode() + b"\n")
        sys.stdout.buffer.flush()


async def _warm_up() -> None:
    """Have didkit open what it needs: its threads wait on a descriptor of their own."""
    key = didkit.generate_ed25519_key()
    waiting = didkit.key_to_verification_method("key", key)
    if inspect.isawaitable(waiting):
        await waiting


def _shut_in() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_memory() -> None:
    # Address space counts for something on Linux alone; elsewhere the size of what is read has to do.
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_warm_up())
    _bound_memory()
    _shut_in()
    serve(loop)
    os._exit(0)  # an orderly end is what didkit's threads do not survive


if __name__ == "__main__":
    main()
