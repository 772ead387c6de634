"""When a cron expression is due next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.calendar import DAY_MS, LIMIT_MS, fields
from engine.core.cron import next_after, parse_cron
from engine.core.timekeeping import parse_time, to_iso
from tests.campaign import examples

WEDNESDAY = "2010-10-06T18:25:55.123Z"


def after(spec: str, start: str = WEDNESDAY, times: int = 1) -> str | None:
    """When an expression is due for the n-th time, in short."""
    ms = parse_time(start, 0)
    for _ in range(times):
        assert ms is not None
        ms = next_after(spec, ms)
    return None if ms is None else to_iso(ms).removesuffix(".000Z").removesuffix(":00")


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ("* * * * *", "2010-10-06T18:26"),
        ("*/5 * * * *", "2010-10-06T18:30"),
        ("0 9 * * *", "2010-10-07T09:00"),
        ("25 18 * * *", "2010-10-07T18:25"),
        ("0 0 1 * *", "2010-11-01T00:00"),
        ("0 0 1 1 *", "2011-01-01T00:00"),
        ("0 12 * * 1", "2010-10-11T12:00"),
        ("0 12 * * 0", "2010-10-10T12:00"),
        ("0 12 * * 7", "2010-10-10T12:00"),
        ("10-20/5 * * * *", "2010-10-06T19:10"),
        ("40/10 * * * *", "2010-10-06T18:40"),
        ("1,31,59 * * * *", "2010-10-06T18:31"),
        ("? ? ? ? ?", "2010-10-06T18:26"),
        (" 0\t9  * * * ", "2010-10-07T09:00"),
    ],
)
def test_five_fields(spec: str, due: str) -> None:
    """Minute, hour, day of the month, month, day of the week; on the full minute."""
    assert after(spec) == due


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ("* * * * * *", "2010-10-06T18:25:56"),
        ("*/20 * * * * *", "2010-10-06T18:26"),
        ("30 0 9 * * *", "2010-10-07T09:00:30"),
        ("55 25 18 * * *", "2010-10-07T18:25:55"),
    ],
)
def test_six_fields_begin_with_seconds(spec: str, due: str) -> None:
    """The second that has begun is over, even for less than a second of it."""
    assert after(spec) == due


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ("0 0 * feb *", "2011-02-01T00:00"),
        ("0 0 * JAN-Mar *", "2011-01-01T00:00"),
        ("0 0 * * sat,SUN", "2010-10-09T00:00"),
        ("0 0 * * fri-sun", "2010-10-08T00:00"),
        ("0 0 * * 5-7", "2010-10-08T00:00"),
        ("0 0 * * sun-tue", "2010-10-10T00:00"),
        ("0 0 * * mon/3", "2010-10-07T00:00"),
    ],
)
def test_months_and_days_have_names(spec: str, due: str) -> None:
    """In either case; Sunday can begin a range or end it."""
    assert after(spec) == due


def test_a_range_that_ends_with_sunday_includes_it() -> None:
    """Friday, Saturday, Sunday, and Friday again."""
    assert [after("0 0 * * fri-sun", times=n) for n in (1, 2, 3, 4)] == [
        f"2010-10-{day}T00:00" for day in ("08", "09", "10", "15")
    ]


def test_two_restricted_day_fields_are_alternatives() -> None:
    """The thirteenth and every Friday, as cron has always read it."""
    assert [after("0 0 13 * 5", times=n) for n in (1, 2, 3)] == [
        "2010-10-08T00:00",
        "2010-10-13T00:00",
        "2010-10-15T00:00",
    ]


def test_days_that_not_every_month_has() -> None:
    """Months without them are passed over, and century years without a leap day, too."""
    assert after("0 0 31 * *", "2010-11-01") == "2010-12-31T00:00"
    assert after("0 0 29 2 *", "2096-02-29T00:00") == "2104-02-29T00:00"


def test_an_expression_that_is_never_due() -> None:
    """There is no February 30, and nothing after the end of time."""
    assert after("0 0 30 2 *") is None
    assert next_after("* * * * *", LIMIT_MS) is None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", r"has 0"),
        ("* * * *", r"five fields .* six with seconds in front; .* has 4"),
        ("* * * * * * *", r"has 7"),
        ("60 * * * *", r"'60' is no minute; that field takes numbers from 0 to 59"),
        ("* 24 * * *", r"'24' is no hour"),
        ("* * 0 * *", r"'0' is no day of the month; that field takes numbers from 1 to 31"),
        ("* * * 13 *", r"'13' is no month; .* or one of jan, feb,"),
        ("* * * * 8", r"'8' is no day of the week; .* or one of sun, mon,"),
        ("* * * * wed-mon", r"'wed-mon' in the day of the week field runs backwards; write '3-7,0-1'"),
        ("30-10 * * * *", r"runs backwards; write '30-59,0-10'"),
        ("*/0 * * * *", r"'/0' in the minute field is no step; .* from 1, as in '\*/5'"),
        ("*/ * * * *", r"'/' in the minute field is no step"),
        ("*/-5 * * * *", r"is no step"),
        ("-5 * * * *", r"'' is no minute"),
        ("1,,2 * * * *", r"'' is no minute"),
        ("mon * * * *", r"'mon' is no minute"),
        ("٣ * * * *", r"is no minute"),
    ],
)
def test_a_mistake_is_told_with_what_is_right(spec: str, said: str) -> None:
    """One sentence: what is wrong, and what the field takes."""
    with pytest.raises(ValueError, match=said):
        parse_cron(spec)


# --- against looking at every second ---------------------------------------------------------------


def _values(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted).map(lambda two: f"{two[0]}-{two[1]}")
    stepped = st.builds("{}/{}".format, st.one_of(st.just("*"), span), st.integers(1, high))
    return st.lists(st.one_of(number.map(str), span, stepped), min_size=1, max_size=3).map(",".join)


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), _values(low, high))


SPECS = st.tuples(
    _field(0, 59), _field(0, 59), _field(0, 23), _field(1, 31), _field(1, 12), _field(0, 7)
).map(" ".join)
STARTS = st.integers(-(10**12), 4 * 10**12)


def _numbers(text: str, low: int, high: int) -> set[int]:
    """An independent reading of one field, by trying every number."""
    return {number for number in range(low, high + 1) for part in text.split(",") if _has(part, number, low)}


def _has(part: str, number: int, low: int) -> bool:
    span, _, step = part.partition("/")
    first, _, last = span.replace("*", f"{low}-99").partition("-")
    return int(first) <= number <= int(last or first) and (number - int(first)) % int(step or 1) == 0


RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _fitting(spec: str) -> Callable[[int], bool]:
    """Whether a time fits, decided field by field."""
    seconds, minutes, hours, days, months, weekdays = (
        _numbers(text, *bounds) for text, bounds in zip(spec.split(), RANGES, strict=True)
    )
    weekdays = {number % 7 for number in weekdays}
    either = len(days) < 31 and len(weekdays) < 7

    def fits(ms: int) -> bool:
        at = fields(ms)
        in_month, in_week = at.day in days, at.weekday in weekdays
        return (
            at.second in seconds
            and at.minute in minutes
            and at.hour in hours
            and at.month in months
            and ((in_month or in_week) if either else (in_month and in_week))
        )

    return fits


@settings(max_examples=examples(300))
@given(SPECS, STARTS)
def test_what_is_due_fits_the_expression(spec: str, start: int) -> None:
    """It lies after the start, on a whole second, and every field allows it."""
    found = next_after(spec, start)
    if found is not None:
        assert found > start
        assert found % 1000 == 0
        assert _fitting(spec)(found)


@settings(max_examples=examples(60))
@given(_values(0, 59), _values(0, 59), _field(0, 23), STARTS)
def test_nothing_earlier_in_the_day_would_have_fitted(
    second: str, minute: str, hour: str, start: int
) -> None:
    """Every second between the start and what was found, for the next 50 minutes, is tried."""
    spec = f"{second} {minute} {hour} * * *"
    found = next_after(spec, start)
    assert found is not None
    seconds = range((start // 1000 + 1) * 1000, min(found, start + 3_000_000), 1000)
    assert not any(map(_fitting(spec), seconds))


@settings(max_examples=examples(150))
@given(_field(1, 31), _field(1, 12), _field(0, 7), STARTS)
def test_no_earlier_day_would_have_fitted(day: str, month: str, week: str, start: int) -> None:
    """Every day between the start and what was found is tried; when nothing was found, two years of them."""
    spec = f"0 0 0 {day} {month} {week}"
    found = next_after(spec, start)
    end = start + 731 * DAY_MS if found is None else found
    midnights = range((start // DAY_MS + 1) * DAY_MS, min(end, start + 731 * DAY_MS), DAY_MS)
    assert not any(map(_fitting(spec), midnights))
