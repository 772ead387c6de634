"""When a repeated timer is due next: cron expressions of five fields, or six with seconds in front.

`next_after("0 9 * * mon-fri", ms)` is the first time after `ms` that fits. Times are UTC, because a
pico that moves to an engine elsewhere must not change its habits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.core.calendar import DAY_MS, LIMIT_MS, civil_date, day_number, days_in_month, weekday

LONGEST_WAIT_YEARS = 8
"""February 29 can be eight years away, across a year like 2100; nothing that fits is further."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of an expression may hold."""

    name: str
    low: int
    high: int
    names: Mapping[str, int]

    @property
    def last(self) -> int:
        """The last number without its second name: what `*` and `a/step` end with."""
        return 6 if self.high == 7 else self.high


def _numbered(names: str, first: int) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


FIELDS = (
    Field("second", 0, 59, {}),
    Field("minute", 0, 59, {}),
    Field("hour", 0, 23, {}),
    Field("day of the month", 1, 31, {}),
    Field("month", 1, 12, _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1)),
    # 7 is Sunday as well as 0, so that ranges can end with it.
    Field("day of the week", 0, 7, _numbered("sun mon tue wed thu fri sat", 0)),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: the numbers that fit in each field, ascending."""

    seconds: Sequence[int]
    minutes: Sequence[int]
    hours: Sequence[int]
    days: Sequence[int]
    months: Sequence[int]
    weekdays: Sequence[int]

    def next_after(self, ms: int) -> int | None:
        """The first time after `ms` that fits, in whole seconds; None when none ever does."""
        days, seconds = divmod(ms // 1000 + 1, DAY_MS // 1000)
        for day in self._days_from(days):
            second = self._second_from(seconds if day == days else 0)
            if second is not None:
                found = day * DAY_MS + second * 1000
                return found if found <= LIMIT_MS else None
        return None

    def _days_from(self, first: int) -> Iterator[int]:
        """Days that fit, as day numbers."""
        year, month, day = civil_date(first)
        for months in range(12 * LONGEST_WAIT_YEARS + 1):
            here = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
            if here[1] in self.months:
                start = day if months == 0 else 1
                yield from (one for one in self._days_of_month(*here) if one >= day_number(*here, start))

    def _days_of_month(self, year: int, month: int) -> Iterator[int]:
        first = day_number(year, month, 1)
        for day in range(1, days_in_month(year, month) + 1):
            if self._fits_day(day, weekday(first + day - 1)):
                yield first + day - 1

    def _fits_day(self, day: int, day_of_week: int) -> bool:
        """When both fields of days restrict, either is enough: that is how cron has always been."""
        in_month, in_week = day in self.days, day_of_week in self.weekdays
        if len(self.days) < 31 and len(self.weekdays) < 7:
            return in_month or in_week
        return in_month and in_week

    def _second_from(self, first: int) -> int | None:
        """The first second of a day from `first` on that fits."""
        hour, rest = divmod(first, 3600)
        for here in self.hours[bisect_left(self.hours, hour) :]:
            found = self._second_of_hour(rest if here == hour else 0)
            if found is not None:
                return here * 3600 + found
        return None

    def _second_of_hour(self, first: int) -> int | None:
        minute, second = divmod(first, 60)
        for here in self.minutes[bisect_left(self.minutes, minute) :]:
            index = bisect_left(self.seconds, second if here == minute else 0)
            if index < len(self.seconds):
                return here * 60 + self.seconds[index]
        return None


def next_after(spec: str, ms: int) -> int | None:
    """The first time after `ms` that fits a cron expression; None when none ever does.

    Raises ValueError, as `parse_cron` does.
    """
    return parse_cron(spec).next_after(ms)


@lru_cache(maxsize=1024)
def parse_cron(spec: str) -> Cron:
    """Read a cron expression. Raises ValueError with a sentence that says what is wrong and what is right."""
    texts = spec.split()
    if len(texts) == 5:
        texts = ["0", *texts]
    if len(texts) != 6:
        raise ValueError(
            f"a cron expression has five fields (minute, hour, day of the month, month, day of the week) "
            f"or six with seconds in front; '{spec}' has {len(texts)}"
        )
    numbers = [_read_field(text, field) for text, field in zip(texts, FIELDS, strict=True)]
    weekdays = {number % 7 for number in numbers[5]}
    return Cron(*(tuple(sorted(one)) for one in (*numbers[:5], weekdays)))


def _read_field(text: str, field: Field) -> set[int]:
    """Parts between commas add up."""
    return {number for part in text.split(",") for number in _read_part(part, field)}


def _read_part(part: str, field: Field) -> range:
    """`*`, `a`, `a-b`, and each with `/step`; `a/step` runs to the end."""
    span, slash, step_text = part.partition("/")
    step = _read_step(step_text, field) if slash else 1
    if span in ("*", "?"):
        return range(field.low, field.last + 1, step)
    first, dash, last = span.partition("-")
    low = _read_number(first, field)
    high = _read_end(last, field) if dash else field.last if slash else low
    if low > high:
        mended = f"{low}-{field.high},{field.low}-{high}"
        raise ValueError(f"'{span}' in the {field.name} field runs backwards; write '{mended}'")
    return range(low, high + 1, step)


def _read_end(text: str, field: Field) -> int:
    """The end of a range, where `sun` is the end of the week."""
    number = _read_number(text, field)
    return 7 if number == 0 and field.high == 7 and text.lower() in field.names else number


def _read_step(text: str, field: Field) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise ValueError(
            f"'/{text}' in the {field.name} field is no step; a step is a number from 1, as in '*/5'"
        )
    return int(text)


def _read_number(text: str, field: Field) -> int:
    if text.lower() in field.names:
        return field.names[text.lower()]
    if text.isascii() and text.isdigit() and field.low <= int(text) <= field.high:
        return int(text)
    names = f" or one of {', '.join(field.names)}" if field.names else ""
    raise ValueError(
        f"'{text}' is no {field.name}; that field takes numbers from {field.low} to {field.high}{names}, "
        f"'*', lists with ',', ranges with '-' and steps with '/'"
    )
