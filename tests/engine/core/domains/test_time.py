"""What the functions of `time` give. How times are read and reckoned is tested with `timekeeping`."""

from __future__ import annotations

import pytest

from engine.core.domains.time import FUNCTIONS
from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import Budget, Meter
from pico_lang.values import Value
from tests.engine.core.bench import Bench

NOW = 1_286_389_555_123
"""2010-10-06T18:25:55.123Z"""


def give(name: str, *arguments: Value) -> Value:
    """The value of `time:name(…)`."""
    return FUNCTIONS[name](Meter(Budget()), NOW, *arguments)


@pytest.mark.parametrize("options", [None, {}, {"tz": "Australia/Sydney"}])
def test_now_is_the_time_of_the_turn_in_utc(options: Value) -> None:
    """Whatever the options."""
    assert give("now", options) == "2010-10-06T18:25:55.123Z"


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("2010-08-08", "2010-08-08T00:00:00.000Z"),
        ("2011W206T1345-0600", "2011-05-21T19:45:00.000Z"),
        ("083023Z", "2010-10-06T08:30:23.000Z"),
        ("1967342", "1967-12-08T00:00:00.000Z"),
        (1967342000.0, "1970-01-23T18:29:02.000Z"),
        (-1.0, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_new_reads_texts_and_milliseconds(date: Value, iso: str) -> None:
    """And always answers in the one usual form."""
    assert give("new", date) == iso


@pytest.mark.parametrize(
    ("date", "spec", "iso"),
    [
        ("2017-01-01", {"months": -22.0}, "2015-03-01T00:00:00.000Z"),
        ("2017-01-01", {"minutes": 2.0, "seconds": "90"}, "2017-01-01T00:03:30.000Z"),
        (1967342.0, {"seconds": "five"}, "1967-12-08T00:00:00.000Z"),
        (1967342.0, {"secondz": 5.0, "hours": None, "days": [1.0]}, "1967-12-08T00:00:00.000Z"),
        ("2017-01-01", {}, "2017-01-01T00:00:00.000Z"),
    ],
)
def test_add_adds_what_it_understands(date: Value, spec: Value, iso: str) -> None:
    """A number is read as the text it prints as; what is no amount or no unit adds nothing."""
    assert give("add", date, spec) == iso


def test_strftime_writes_utc() -> None:
    """As the date was given, when it was given without an offset."""
    assert give("strftime", "2010-10-06T18:25:55", "%F %T") == "2010-10-06 18:25:55"
    assert give("strftime", "2010-10-06T18:25:55-06:00", "%d %R %Z") == "07 00:25 UTC"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("now", ([1.0],), r"a map of options, not \[Array\]"),
        ("new", (None,), "time:new needs a date$"),
        ("new", (0.0,), "time:new needs a date$"),
        ("new", ("67342",), "a form of ISO 8601 .* not 67342"),
        ("new", ([],), r"not \[Array\]"),
        ("new", (1e300,), "time:new was given a time further from 1970"),
        ("add", (None, {}), "time:add needs a date$"),
        ("add", ("2017-01-01", None), 'a map like {"days": 1}, not null'),
        ("add", ("2017-01-01", []), r"not \[Array\]"),
        ("add", ("2017-01-01", {"years": 1e300}), r"time:add was given 1e\+300 years"),
        ("strftime", ("", "%F"), "time:strftime needs a date$"),
        ("strftime", ("2017-01-01", None), 'a pattern like "%F %T", not null'),
        ("strftime", ("2017-01-01", ["%F"]), r"not \[Array\]"),
    ],
)
def test_a_mistake_is_a_fault_that_says_what_is_right(
    name: str, arguments: tuple[Value, ...], said: str
) -> None:
    """And what was given instead."""
    with pytest.raises(TypeFault, match=said):
        give(name, *arguments)


def test_a_pattern_is_paid_for_by_what_it_may_become() -> None:
    """A short pattern can make a text many times as long."""
    pattern = "%c" * 1_000
    assert len(give("strftime", "2010-10-06", pattern)) <= 16 * len(pattern)
    with pytest.raises(BudgetSpent):
        FUNCTIONS["strftime"](Meter(Budget(steps=100)), NOW, "2010-10-06", pattern)


def test_time_stands_still_within_a_turn() -> None:
    """`time:now()` and `event:time` are one and the same time."""
    bench = Bench("ruleset r { rule r { select when d t every { send_directive(time:now(), {}) } } }")
    assert [one["name"] for one in bench.done("d", "t").directives] == ["2023-11-14T22:13:20.000Z"]
