"""What engines say of their own mistakes: in a simulation none of it is normal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import structlog

from engine.ports import JournalFailed


class Mistakes(logging.Handler):
    """Those that are logged the usual way."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        problem = record.exc_info[1] if record.exc_info else None
        if not isinstance(problem, JournalFailed):  # a disk that fails is part of the game
            self._found.append(f"{record.getMessage()}: {problem!r}")


@contextmanager
def mistakes() -> Iterator[list[str]]:
    """All that are made meanwhile."""
    found: list[str] = []
    handler, root, before = Mistakes(found), logging.getLogger(), structlog.get_config()
    structlog.configure(processors=[partial(note, found)], cache_logger_on_first_use=False)
    root.addHandler(handler)
    try:
        yield found
    finally:
        root.removeHandler(handler)
        structlog.configure(**before)


def note(found: list[str], logger: Any, level: str, entry: MutableMapping[str, Any]) -> NoReturn:
    problem = sys.exc_info()[1]
    if level in ("error", "exception", "critical") and not isinstance(problem, JournalFailed):
        found.append(f"{entry}: {problem!r}")
    raise structlog.DropEvent
