"""Times as text after a pattern."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.strftime import strftime

WEDNESDAY = 1_286_389_555_123
"""2010-10-06T18:25:55.123Z"""
SUNDAY = 1_704_611_103_004
"""2024-01-07T07:05:03.004Z"""


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%F %T", "2010-10-06 18:25:55"),
        ("%A %d %b %Y", "Wednesday 06 Oct 2010"),
        ("year month", "year month"),
        ("%a %B %h", "Wed October Oct"),
        ("%C %y", "20 10"),
        ("%D|%R|%r|%v|%x|%X", "10/06/10|18:25|06:25:55 PM| 6-Oct-2010|10/06/10|06:25:55 PM"),
        ("%c", "Wed 06 Oct 2010 06:25:55 PM UTC"),
        ("%e|%k|%l|%I|%P|%p", " 6|18| 6|06|pm|PM"),
        ("%j %L %s", "279 123 1286389555"),
        ("%o", "6th"),
        ("%U %W %u %w", "40 40 3 3"),
        ("%z %:z %Z", "+0000 +00:00 UTC"),
        ("%n%t%%", "\n\t%"),
        ("%-d|%_d|%0e|%-H", "6| 6|06|18"),
        ("%Q %", "%Q %"),
    ],
)
def test_conversions(pattern: str, text: str) -> None:
    """What each letter stands for; an unknown one stays as it stands."""
    assert strftime(WEDNESDAY, pattern) == text


def test_a_sunday_morning() -> None:
    """Where weeks, weekdays and halves of the day differ from the other example."""
    assert strftime(SUNDAY, "%A %I %p %U %W %u %w %o %j %L") == "Sunday 07 AM 01 01 7 0 7th 007 004"


@pytest.mark.parametrize(
    ("day", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (22, "22nd"), (31, "31st")],
)
def test_ordinal_days(day: int, text: str) -> None:
    """The teens are all th."""
    assert strftime((day - 1) * 86_400_000, "%o") == text


def test_midnight_and_noon_are_twelve() -> None:
    """In the clock of twelve hours."""
    assert strftime(0, "%I %l %p") == "12 12 AM"
    assert strftime(12 * 3_600_000, "%I %p") == "12 PM"


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_what_c_also_has_is_what_c_says(at: datetime) -> None:
    """The standard library has the same conversions under the same letters."""
    pattern = "%a %A %b %B %d %H %I %j %m %M %p %S %U %w %W %y %Y %%"
    ms = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert strftime(ms, pattern) == at.strftime(pattern)
