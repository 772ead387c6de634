"""How a command runs that takes its time with blocks: a bar on a terminal, what stores warn of on stderr, and
what goes wrong told by its name."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog

from engine.adapters.logs import configure_logs
from engine.commands.blocks_wrong import WRONG, explained
from engine.commands.failure import Failure
from engine.commands.progress import Tell, progress

Came = TypeVar("Came")


def run_long(run: Callable[[Tell], Coroutine[None, None, Came]]) -> Came:
    """What came of it. Raises `Failure`."""
    try:
        with _logs_on_stderr(), progress() as tell:
            return asyncio.run(run(tell))
    except WRONG as problem:
        raise explained(problem) from None
    except OSError as problem:
        raise Failure(f"it could not be done: {problem}; nothing was changed") from None


@contextmanager
def _logs_on_stderr() -> Iterator[None]:
    """What stores warn of: for people, and not among what a program reads."""
    configuration, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs(sys.stderr, "console", "warning")
    try:
        yield
    finally:
        structlog.configure(**configuration)
        root.handlers, root.level = handlers, level
