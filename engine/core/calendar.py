"""The Gregorian calendar, extended without end in both directions, on milliseconds since 1970 UTC.

The standard library counts days from year 1 to 9999; rulesets reach further, as JavaScript lets them.
Since the calendar repeats every 400 years, the library does the counting within one such cycle.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import NamedTuple

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

LIMIT_MS = 100_000_000 * DAY_MS
"""The furthest time from 1970 that JavaScript can express (ECMAScript 2023, 21.4.1.1)."""

_CYCLE_YEARS = 400
_CYCLE_DAYS = 146_097
_CYCLE_START = date(2000, 1, 1).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()


class Fields(NamedTuple):
    """A time taken apart. Months and days count from 1; `weekday` from 0, which is Sunday."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int
    weekday: int

    @property
    def day_of_year(self) -> int:
        """From 1."""
        return day_number(self.year, self.month, self.day) - day_number(self.year, 1, 1) + 1


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01."""
    cycle, year_of_cycle = divmod(year - 2000, _CYCLE_YEARS)
    return date(2000 + year_of_cycle, month, day).toordinal() - _EPOCH + cycle * _CYCLE_DAYS


def fields(ms: int) -> Fields:
    """A time as people read it, in UTC."""
    days, ms_of_day = divmod(ms, DAY_MS)
    year, month, day = civil_date(days)
    seconds, millisecond = divmod(ms_of_day, SECOND_MS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return Fields(year, month, day, hour, minute, second, millisecond, weekday(days))


def civil_date(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day number."""
    cycle, day_of_cycle = divmod(days + _EPOCH - _CYCLE_START, _CYCLE_DAYS)
    found = date.fromordinal(_CYCLE_START + day_of_cycle)
    return found.year + cycle * _CYCLE_YEARS, found.month, found.day


def weekday(days: int) -> int:
    """The day of the week of a day number; 0 is Sunday."""
    return (days + 4) % 7


def days_in_month(year: int, month: int) -> int:
    return monthrange(2000 + year % _CYCLE_YEARS, month)[1]


def days_in_year(year: int) -> int:
    return day_number(year + 1, 1, 1) - day_number(year, 1, 1)


def week_start(year: int, week: int) -> int:
    """Day number of the Monday on which an ISO week begins: week 1 is the one with January 4."""
    fourth = day_number(year, 1, 4)
    return fourth - (weekday(fourth) - 1) % 7 + (week - 1) * 7


def weeks_in_year(year: int) -> int:
    """52 or 53."""
    return (week_start(year + 1, 1) - week_start(year, 1)) // 7
