"""What texts mean which times, and where adding to a time leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.calendar import DAY_MS, HOUR_MS, LIMIT_MS, fields
from engine.core.timekeeping import add, parse_time, to_iso, unit_name

NOW = 1_286_389_555_123
"""2010-10-06T18:25:55.123Z"""

TIMES = st.integers(-LIMIT_MS, LIMIT_MS)


def read(text: str) -> str | None:
    """What a text means, as ISO again."""
    found = parse_time(text, NOW)
    return None if found is None else to_iso(found)


# --- writing ---------------------------------------------------------------------------------------


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_written_as_the_standard_library_writes_it(at: datetime) -> None:
    """With exactly three decimals and a Z."""
    ms = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert to_iso(ms) == at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
        (LIMIT_MS, "+275760-09-13T00:00:00.000Z"),
        (-LIMIT_MS, "-271821-04-20T00:00:00.000Z"),
        (1.9, "1970-01-01T00:00:00.001Z"),
        (-1.9, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_the_far_ends_of_time_are_written_as_javascript_writes_them(ms: float, text: str) -> None:
    """A sign and six digits where four do not suffice; fractions of a millisecond are cut off."""
    assert to_iso(ms) == text


@pytest.mark.parametrize("ms", [LIMIT_MS + 1, -LIMIT_MS - 1, float("inf"), float("nan")])
def test_a_time_beyond_the_limit_is_refused(ms: float) -> None:
    """The sentence says how far times reach."""
    with pytest.raises(ValueError, match="than times reach"):
        to_iso(ms)


# --- reading ---------------------------------------------------------------------------------------


@given(TIMES)
def test_what_was_written_is_read_back(ms: int) -> None:
    """Every time there is, as long as its year has four digits or a sign and six."""
    assert parse_time(to_iso(ms), NOW) == ms


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2010-08-08", "2010-08-08T00:00:00.000Z"),
        ("20100808", "2010-08-08T00:00:00.000Z"),
        ("2010-08", "2010-08-01T00:00:00.000Z"),
        ("201008", "2010-08-01T00:00:00.000Z"),
        ("2010", "2010-01-01T00:00:00.000Z"),
        ("+012010-08-08", "+012010-08-08T00:00:00.000Z"),
        ("-0020100808", "-002010-08-08T00:00:00.000Z"),
        (" 2010-08-08", "2010-08-08T00:00:00.000Z"),
    ],
)
def test_calendar_dates(text: str, iso: str) -> None:
    """Extended and basic form; a missing month or day is the first."""
    assert read(text) == iso


@pytest.mark.parametrize(
    ("text", "iso"),
    [("1967342", "1967-12-08"), ("1967-342", "1967-12-08"), ("2024-366", "2024-12-31"), ("2023-366", None)],
)
def test_ordinal_dates(text: str, iso: str | None) -> None:
    """The day counted from the start of the year; only leap years have 366."""
    assert read(text) == (iso and f"{iso}T00:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2011-W20-6", "2011-05-21"),
        ("2011W206", "2011-05-21"),
        ("2011-W20", "2011-05-16"),
        ("2011W20", "2011-05-16"),
        ("2020-W53-7", "2021-01-03"),
        ("2008-W01-1", "2007-12-31"),
        ("2021-W53-1", None),
        ("2021-W00-1", None),
        ("2021-W01-8", None),
        ("2021-W01-0", None),
    ],
)
def test_week_dates(text: str, iso: str | None) -> None:
    """A week without a day begins on Monday; week 53 is not in every year."""
    assert read(text) == (iso and f"{iso}T00:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2010-08-08T05", "05:00:00.000"),
        ("2010-08-08T05:06", "05:06:00.000"),
        ("2010-08-08 05:06:07", "05:06:07.000"),
        ("2010-08-08T05:06:07.8", "05:06:07.800"),
        ("2010-08-08T05:06:07,8989", "05:06:07.898"),
        ("20100808T0506", "05:06:00.000"),
        ("20100808T050607.089Z", "05:06:07.089"),
        ("2010-08-08T05:06 Z", "05:06:00.000"),
    ],
)
def test_times_of_day(text: str, clock: str) -> None:
    """To the millisecond; further decimals are cut off."""
    assert read(text) == f"2010-08-08T{clock}Z"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2011W206T1345-0600", "2011-05-21T19:45:00.000Z"),
        ("2010-08-08T00:30+01:00", "2010-08-07T23:30:00.000Z"),
        ("2010-08-08T05+05", "2010-08-08T00:00:00.000Z"),
        ("2010-08-08T05:00-0530", "2010-08-08T10:30:00.000Z"),
    ],
)
def test_offsets_lead_to_utc(text: str, iso: str) -> None:
    """With or without a colon, with or without minutes. None at all is UTC."""
    assert read(text) == iso


@pytest.mark.parametrize(
    ("text", "clock"),
    [("083023Z", "08:30:23"), ("08:30", "08:30:00"), ("23", "23:00:00"), ("10:00+02:00", "08:00:00")],
)
def test_a_time_alone_is_that_of_today(text: str, clock: str) -> None:
    """Today is the day of the given now."""
    assert read(text) == f"2010-10-06T{clock}.000Z"


def test_midnight_at_the_end_of_a_day_is_that_of_the_next() -> None:
    """24:00 is a time, 24:01 is none."""
    assert read("2010-08-08T24:00") == "2010-08-09T00:00:00.000Z"
    assert read("2010-08-08T24:00:00.001") is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "67342", "wat", "2010-13-01", "2010-00-01", "2010-02-29", "2010-02-00", "2010-8-8"),
        *("2010-08-08T25", "2010-08-08T05:60", "2010-08-08T05:06:60", "2010-08-08T", "2010-08-08T05:"),
        *("2010-08-08T0506", "20100808T05:06", "2010-08T05", "2010T05", "2010-W20T05"),
        *(
            "2010-08-08T05+0",
            "2010-08-08T05+05:",
            "2010-08-08Z",
            "+999999-01-01",
            "２０１０-08-08",
            "2010-08-08\n",
        ),
    ],
)
def test_what_is_no_time(text: str) -> None:
    """Days the calendar has not, mixtures of the two forms, times after something that is not a day."""
    assert read(text) is None


# --- reckoning -------------------------------------------------------------------------------------


def later(iso: str, **spec: float) -> str:
    """A time plus some units."""
    found = parse_time(iso, NOW)
    assert found is not None
    return to_iso(add(found, spec)).removesuffix("T00:00:00.000Z")


@pytest.mark.parametrize(
    ("iso", "spec", "result"),
    [
        ("2024-01-31", {"months": 1}, "2024-02-29"),
        ("2023-01-31", {"months": 1}, "2023-02-28"),
        ("2024-03-31", {"months": -1}, "2024-02-29"),
        ("2024-02-29", {"years": 1}, "2025-02-28"),
        ("2024-11-30", {"quarters": 1}, "2025-02-28"),
        ("2017-01-01", {"months": -22}, "2015-03-01"),
        ("2017-01-01", {"years": -2017}, "0000-01-01"),
        ("2024-01-31", {"months": 1, "days": 1}, "2024-03-01"),
        ("2024-01-15", {"months": 1.5}, "2024-03-15"),
        ("2024-01-15", {"months": -1.5}, "2023-11-15"),
        ("2024-01-15", {"years": 0.5}, "2024-07-15"),
    ],
)
def test_months_move_in_the_calendar(iso: str, spec: dict[str, float], result: str) -> None:
    """To the same day, or to the last of a shorter month; parts of a month are rounded."""
    assert later(iso, **spec) == result


@pytest.mark.parametrize(
    ("spec", "result"),
    [
        ({"weeks": 5}, "2010-09-12"),
        ({"days": -10}, "2010-07-29"),
        ({"days": 1.4}, "2010-08-09"),
        ({"days": 1.5}, "2010-08-10"),
        ({"days": -1.5}, "2010-08-06"),
        ({"weeks": 0.5}, "2010-08-12"),
        ({"hours": 1.5}, "2010-08-08T01:30:00.000Z"),
        ({"minutes": 2, "seconds": 90}, "2010-08-08T00:03:30.000Z"),
        ({"milliseconds": 1.9}, "2010-08-08T00:00:00.001Z"),
        ({"hours": -0.5, "days": 1}, "2010-08-08T23:30:00.000Z"),
    ],
)
def test_days_are_whole_and_shorter_units_are_exact(spec: dict[str, float], result: str) -> None:
    """Half a day is a whole one, half an hour is half an hour."""
    assert later("2010-08-08", **spec) == result


@pytest.mark.parametrize(
    ("short", "unit"),
    [
        *(("y", "years"), ("Q", "quarters"), ("M", "months"), ("w", "weeks"), ("d", "days"), ("h", "hours")),
        *(("m", "minutes"), ("s", "seconds"), ("ms", "milliseconds"), ("month", "months"), ("Days", "days")),
        *(("MS", "milliseconds"), ("isoWeek", "weeks"), ("D", None), ("secondz", None), ("", None)),
    ],
)
def test_units_have_short_and_singular_names(short: str, unit: str | None) -> None:
    """Only M and m differ in case alone."""
    assert unit_name(short) == unit


def test_keys_that_are_no_unit_are_ignored() -> None:
    """And of two names for one unit the later counts."""
    assert add(NOW, {"secondz": 5}) == NOW
    assert add(NOW, {"h": 1, "hours": 2}) == NOW + 2 * HOUR_MS


@given(st.integers(-(10**13), 10**13), st.integers(-5_000, 5_000))
def test_adding_months_keeps_the_time_of_day_and_never_skips_a_month(ms: int, months: int) -> None:
    """The month is the one that was asked for, the day the same or the month's last."""
    before, after = fields(ms), fields(add(ms, {"months": months}))
    assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == months
    assert after.day <= before.day
    assert (add(ms, {"months": months}) - ms) % DAY_MS == 0


@pytest.mark.parametrize(
    "spec", [{"years": 1e300}, {"days": float("inf")}, {"seconds": float("nan")}, {"years": 300_000}]
)
def test_what_leads_beyond_time_is_refused(spec: dict[str, float]) -> None:
    """Whatever the unit."""
    with pytest.raises(ValueError, match="than times reach"):
        add(NOW, spec)
