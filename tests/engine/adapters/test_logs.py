"""What log entries look like, and that those of libraries look the same."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from engine.adapters.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the whole process; other tests get it back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_entries_are_json() -> None:
    """One object a line, with level, logger and time; the same for a library's entry."""
    stream = io.StringIO()
    configure_logs(stream, "auto", "info")
    structlog.get_logger("picomesh.http").warning("a thing", eci="x")
    logging.getLogger("library").warning("another %s", "thing")
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "a thing", "eci": "x", "level": "warning", "logger": "picomesh.http"}
    assert (theirs["event"], theirs["logger"]) == ("another thing", "library")


def test_on_a_terminal_entries_are_for_people() -> None:
    """Readable, in colour."""
    stream = Terminal()
    configure_logs(stream, "auto", "info")
    structlog.get_logger("picomesh").info("a thing", eci="x")
    assert "a thing" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    """Ours and the libraries'."""
    stream = io.StringIO()
    configure_logs(stream, "json", "warning")
    structlog.get_logger("picomesh").info("quiet")
    logging.getLogger("library").info("quiet")
    assert stream.getvalue() == ""


def test_an_exception_is_part_of_its_entry() -> None:
    """A traceback does not break the one-object-a-line form."""
    stream = io.StringIO()
    configure_logs(stream, "json", "info")
    try:
        raise ValueError("told")
    except ValueError:
        structlog.get_logger("picomesh").exception("a bug")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: told" in json.loads(line)["exception"]


def test_requests_of_our_own_are_no_news() -> None:
    """Of one in thirty seconds nobody wants to read, and what is secret in a URL stays out."""
    stream = io.StringIO()
    configure_logs(stream, "json", "info")
    logging.getLogger("httpx").info("HTTP Request: POST http://127.0.0.1/?secret=1")
    logging.getLogger("httpx").warning("a real problem")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["a real problem"]
