"""The times of a log, as text: UTC, to the second when written, with a fraction when read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.adapters.dids.refused import DidRefused

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|\+00:00)", re.ASCII)


def write_time(time_s: float) -> str:
    return datetime.fromtimestamp(int(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: object, what: str) -> float:
    """Seconds since 1970. Another zone, or none, is refused: it would be read differently elsewhere."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise DidRefused("bad-time", f"{what} is not a time in UTC, like 2026-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as problem:
        raise DidRefused("bad-time", f"{what} is no time: {problem}") from None
