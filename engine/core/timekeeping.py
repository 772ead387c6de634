"""Times as rulesets write and reckon with them: ISO 8601 in and out, and adding calendar units.

A time is a whole number of milliseconds since 1970. Everything is UTC: what a ruleset answers must not
depend on where its engine happens to run. What is "now" is always an argument.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from engine.core.calendar import (
    DAY_MS,
    HOUR_MS,
    LIMIT_MS,
    MINUTE_MS,
    SECOND_MS,
    day_number,
    days_in_month,
    days_in_year,
    fields,
    week_start,
    weeks_in_year,
)

# --- writing ---------------------------------------------------------------------------------------


def to_iso(ms: float) -> str:
    """`2024-02-29T12:00:00.000Z`; years beyond four digits have a sign and six, as in JavaScript."""
    at = fields(_within_limit(ms))
    year = f"{at.year:04}" if 0 <= at.year <= 9999 else f"{at.year:+07}"
    clock = f"{at.hour:02}:{at.minute:02}:{at.second:02}.{at.millisecond:03}"
    return f"{year}-{at.month:02}-{at.day:02}T{clock}Z"


def _within_limit(ms: float) -> int:
    if not abs(ms) <= LIMIT_MS:
        raise ValueError("a time further from 1970 than times reach, which is 100,000,000 days")
    return int(ms)


# --- reading ---------------------------------------------------------------------------------------

_OFFSET = r"(?:(?P<zulu>\s*Z)|(?P<sign>[+-])(?P<offset_hours>\d\d)(?::?(?P<offset_minutes>\d\d))?)?"
_FRACTION = r"(?:[.,](?P<fraction>\d+))?"

_EXTENDED_TIME = rf"(?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d){_FRACTION})?)?{_OFFSET}"
_BASIC_TIME = rf"(?P<hour>\d\d)(?:(?P<minute>\d\d)(?:(?P<second>\d\d){_FRACTION})?)?{_OFFSET}"

_YEAR = r"(?P<year>\d{4})"
_LONG_YEAR = r"(?P<year>\d{4}|[+-]\d{6})"

_EXTENDED_DATES = (
    rf"{_LONG_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)",
    rf"{_YEAR}-W(?P<week>\d\d)-(?P<weekday>\d)",
    rf"{_YEAR}-(?P<ordinal>\d{{3}})",
)
_BASIC_DATES = (
    rf"{_LONG_YEAR}(?P<month>\d\d)(?P<day>\d\d)",
    rf"{_YEAR}W(?P<week>\d\d)(?P<weekday>\d)",
    rf"{_YEAR}(?P<ordinal>\d{{3}})",
)
_DATES_WITHOUT_TIME = (
    rf"{_YEAR}-W(?P<week>\d\d)",
    rf"{_YEAR}-(?P<month>\d\d)",
    rf"{_YEAR}W(?P<week>\d\d)",
    rf"{_YEAR}(?P<month>\d\d)",
    _YEAR,
)

_FORMS = tuple(
    re.compile(rf"\s*{form}", re.ASCII)
    for form in (
        *(rf"{date}(?:[T ]{_EXTENDED_TIME})?" for date in _EXTENDED_DATES),
        *(rf"{date}(?:[T ]{_BASIC_TIME})?" for date in _BASIC_DATES),
        *_DATES_WITHOUT_TIME,
    )
)
"""Extended dates go with extended times and basic with basic; ISO 8601 allows no mixture."""


def parse_time(text: str, now_ms: int) -> int | None:
    """The time a text means, or None. A time of day alone is that of today."""
    today = to_iso(now_ms).partition("T")[0]
    for candidate in (text, f"{today}T{text}", f"{today.replace('-', '')}T{text}"):
        found = _parse(candidate)
        if found is not None:
            return found
    return None


def _parse(text: str) -> int | None:
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _read(found.groupdict())
    return None


def _read(parts: Mapping[str, str | None]) -> int | None:
    day, clock = _read_day(parts), _read_clock(parts)
    if day is None or clock is None:
        return None
    ms = day * DAY_MS + clock - _read_offset(parts)
    return ms if abs(ms) <= LIMIT_MS else None


def _number(parts: Mapping[str, str | None], name: str, otherwise: int) -> int:
    return int(parts.get(name) or otherwise)


def _read_day(parts: Mapping[str, str | None]) -> int | None:
    """The day number of a date; None when the calendar has no such day."""
    year = _number(parts, "year", 0)
    if parts.get("ordinal") is not None:
        ordinal = _number(parts, "ordinal", 0)
        return day_number(year, 1, 1) + ordinal - 1 if 1 <= ordinal <= days_in_year(year) else None
    if parts.get("week") is not None:
        week, weekday = _number(parts, "week", 0), _number(parts, "weekday", 1)
        exists = 1 <= week <= weeks_in_year(year) and 1 <= weekday <= 7
        return week_start(year, week) + weekday - 1 if exists else None
    month, day = _number(parts, "month", 1), _number(parts, "day", 1)
    exists = 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)
    return day_number(year, month, day) if exists else None


def _read_clock(parts: Mapping[str, str | None]) -> int | None:
    """Milliseconds into the day. 24:00 is the end of a day; nothing else goes past 23:59:59.999."""
    hour, minute, second = (_number(parts, name, 0) for name in ("hour", "minute", "second"))
    if minute > 59 or second > 59:
        return None
    millisecond = int(((parts.get("fraction") or "") + "000")[:3])
    ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + millisecond
    return ms if hour < 24 or ms == DAY_MS else None


def _read_offset(parts: Mapping[str, str | None]) -> int:
    hours, minutes = _number(parts, "offset_hours", 0), _number(parts, "offset_minutes", 0)
    sign = -1 if parts.get("sign") == "-" else 1
    return sign * (hours * HOUR_MS + minutes * MINUTE_MS)


# --- reckoning -------------------------------------------------------------------------------------

_UNITS: Mapping[str, str] = {
    "y": "years",
    "Q": "quarters",
    "M": "months",
    "w": "weeks",
    "W": "weeks",
    "isoweek": "weeks",
    "isoweeks": "weeks",
    "d": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
}
_PLURALS = frozenset(_UNITS.values())


def unit_name(spelling: str) -> str | None:
    """The unit a key of a duration stands for: `years`, `year`, `Years` and `y` are one, `M` and `m` two."""
    if spelling in _UNITS or spelling == "D":
        return _UNITS.get(spelling)
    lower = spelling.lower()
    plural = lower if lower.endswith("s") else f"{lower}s"
    return plural if plural in _PLURALS else _UNITS.get(lower)


def add(ms: int, spec: Mapping[str, float]) -> int:
    """A time plus an amount of each unit; keys that are no unit are ignored.

    Years to months move in the calendar and stop at the end of a shorter month; weeks and days move by
    whole days; both are rounded if they are not whole. The rest are exact lengths of time.
    """
    of = {unit: amount for key, amount in spec.items() if (unit := unit_name(key)) is not None}
    for unit, amount in of.items():
        if not abs(amount) <= LIMIT_MS:
            raise ValueError(f"{amount:g} {unit}, which lead further from 1970 than times reach")
    months = of.get("months", 0) + of.get("quarters", 0) * 3 + of.get("years", 0) * 12
    days = of.get("days", 0) + of.get("weeks", 0) * 7
    exact = of.get("milliseconds", 0) + of.get("seconds", 0) * SECOND_MS
    exact += of.get("minutes", 0) * MINUTE_MS + of.get("hours", 0) * HOUR_MS
    moved = _add_months(ms, _round(months)) + _round(days) * DAY_MS
    return _within_limit(moved + exact)


def _round(amount: float) -> int:
    """Halves go away from zero."""
    whole = math.floor(abs(amount) + 0.5)
    return whole if amount >= 0 else -whole


def _add_months(ms: int, months: int) -> int:
    at = fields(ms)
    years, month = divmod(at.month - 1 + months, 12)
    year = at.year + years
    day = min(at.day, days_in_month(year, month + 1))
    return day_number(year, month + 1, day) * DAY_MS + ms % DAY_MS
