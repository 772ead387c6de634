"""Points of time in credentials: whole seconds of UTC, written as RFC 3339 has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.adapters.credentials.refusals import NotRelied

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
LATEST_S = 253_402_300_799
"""The end of the year 9999, after which dates have no such form."""


def to_date(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_date(text: object) -> int:
    """Fractions of a second are left out."""
    if isinstance(text, str) and _TIME.fullmatch(text):
        try:
            return int(datetime.fromisoformat(text).timestamp())
        except (ValueError, OverflowError):
            pass  # a thirteenth month
    raise NotRelied("malformed", "a date that is none; one looks like 2026-05-01T12:00:00Z")


def from_numeric_date(number: object) -> int:
    """RFC 7519; didkit writes one with a fraction."""
    if isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= LATEST_S:
        return int(number)
    raise NotRelied("malformed", "a date that is none: seconds since 1970 are expected")
