"""The calendar, against the standard library where that reaches and against itself where it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.core.calendar import (
    DAY_MS,
    LIMIT_MS,
    civil_date,
    day_number,
    days_in_month,
    days_in_year,
    fields,
    week_start,
    weekday,
    weeks_in_year,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(MOMENTS)
def test_a_time_is_taken_apart_as_the_standard_library_does(at: datetime) -> None:
    """Every field, from year 1 to year 9999."""
    found = fields((at - EPOCH) // timedelta(milliseconds=1))
    assert found[:6] == (at.year, at.month, at.day, at.hour, at.minute, at.second)
    assert found.millisecond * 1000 == at.microsecond
    assert found.weekday == at.isoweekday() % 7
    assert found.day_of_year == at.timetuple().tm_yday


@given(st.integers(-LIMIT_MS // DAY_MS, LIMIT_MS // DAY_MS))
def test_a_day_number_and_its_date_are_the_same_day(days: int) -> None:
    """There and back, also before year 1 and after year 9999."""
    assert day_number(*civil_date(days)) == days
    assert day_number(*civil_date(days + 1)) == days + 1
    assert weekday(days + 1) == (weekday(days) + 1) % 7


def test_years_before_1_exist() -> None:
    """Year 0 is a leap year, like every year divisible by 400, and year -1 comes before it."""
    assert days_in_month(0, 2) == 29
    assert civil_date(day_number(0, 1, 1) - 1) == (-1, 12, 31)


def test_leap_years() -> None:
    """Every fourth year, but three of four centuries."""
    assert [days_in_year(year) for year in (1900, 2000, 2023, 2024)] == [365, 366, 365, 366]


@given(st.dates())
def test_iso_weeks_are_those_of_the_standard_library(day: date) -> None:
    """A week belongs to the year that has its Thursday."""
    year, week, number = day.isocalendar()
    assert week_start(year, week) + number - 1 == day_number(day.year, day.month, day.day)
    assert 1 <= week <= weeks_in_year(year) <= 53
