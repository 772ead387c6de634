"""What passes between rulesets and Python, and what does not."""

from __future__ import annotations

import datetime
import enum
from collections import OrderedDict
from typing import Any

import pytest

from engine.plugins.values import ForeignValue, from_python, to_python


class Colour(enum.StrEnum):
    RED = "red"


class Loud(float):
    def __float__(self) -> float:
        raise AssertionError("nothing of a foreign class is called")


class Whole(int):
    pass


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, None),
        (True, True),
        (3, 3.0),
        (2.5, 2.5),
        (10**400, None),
        (float("nan"), None),
        (float("inf"), None),
        ("text", "text"),
        (Colour.RED, "red"),
        (Loud(1.5), 1.5),
        (Whole(7), 7.0),
        ((1, [2]), [1.0, [2.0]]),
        (OrderedDict(b=1, a=2), {"b": 1.0, "a": 2.0}),
        ({"b": 1, "10": 2, "9": 3}, {"9": 3.0, "10": 2.0, "b": 1.0}),
    ],
)
def test_what_a_ruleset_gets(given: Any, value: Any) -> None:
    """Numbers are floats, tuples arrays, maps in JavaScript's order, and all of the classes we have."""
    found = from_python(given)
    assert repr(found) == repr(value)
    assert type(found) is type(value)


def nested(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (datetime.date(2026, 1, 1), "an object of the class date"),
        (b"bytes", "an object of the class bytes"),
        ([{"a": {1, 2}}], "an object of the class set"),
        (len, "an object of the class builtin_function_or_method"),
        ({1: 2}, "a dict with the key 1"),
        (nested(300), "nested more than 256 levels"),
        (CIRCLE, "nested more than 256 levels"),
    ],
)
def test_what_no_ruleset_can_have(given: Any, reason: str) -> None:
    with pytest.raises(ForeignValue, match=reason):
        from_python(given)


def test_nothing_is_shared() -> None:
    """Whatever either side does with its copy, the other does not see it."""
    inner: list[Any] = [1.0]
    given = {"a": inner}
    there, back = to_python(given), from_python(given)
    inner.append(2.0)
    assert there == back == {"a": [1.0]}
