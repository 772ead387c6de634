"""How log entries become lines. Entries are made with structlog anywhere above the pure kernel; those of
libraries, made with the standard `logging`, go the same way.
"""

from __future__ import annotations

import logging
from typing import TextIO

import structlog
from structlog.dev import plain_traceback
from structlog.typing import Processor


def configure_logs(stream: TextIO, form: str, level: str) -> None:
    """Write entries of this level and above to a stream. `form` is auto, console or json."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    readable = form == "console" or (form == "auto" and stream.isatty())
    structlog.configure(
        processors=[*_preparation(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(readable, stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # uvicorn tells of every start and stop in its own words; we do that in ours.
    logging.getLogger("uvicorn").setLevel(max(threshold, logging.WARNING))
    # httpx tells of every request, with its URL: what is looked for by the clock would fill the log.
    logging.getLogger("httpx").setLevel(max(threshold, logging.WARNING))


def _preparation() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(readable: bool, coloured: bool) -> logging.Formatter:
    last: list[Processor]
    if readable:
        last = [structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=plain_traceback)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_preparation(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
