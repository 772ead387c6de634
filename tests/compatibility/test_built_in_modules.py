"""The modules math, random and time as pico-engine's own tests have them. Section 11."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.core.messages import Fault
from tests.compatibility.engine import Engine


def asked(engine: Engine, expression: str) -> Any:
    """Whatever comes back for a query that computes an expression."""
    engine.install(f"ruleset q {{ meta {{ shares it }} global {{ it = function() {{ {expression} }} }} }}")
    return engine.ask("q/it", {})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('math:base64encode("}{")', "fXs="),
        ('math:base64encode("ü")', "w7w="),
        ('math:base64encode(null) == math:base64encode("null")', True),
        ('math:base64decode("fXs=")', "}{"),
        ('math:hash("sha256", "hello").substr(0, 16)', "2cf24dba5fb0a30e"),
        ('math:hash("sha256", "hello", "base64")', "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
        ('math:hash("sha256", [1, 2]) == math:hash("sha256", "[Array]")', True),
        ('math:hash("sha1", null) == math:hash("sha1", "null")', True),
        ('math:hmac("sha256", "a secret", "some message").substr(0, 16)', "86de43245b44531a"),
        ('math:hmac("sha256", "a secret", "some message", "base64").substr(0, 11)', "ht5DJFtEUxr"),
        ('math:hashAlgorithms >< "sha256"', True),
        ("[math:abs(0.46), math:abs(-0.46)]", [0.46, 0.46]),
        ("[math:ceiling(0.46), math:ceiling(-0.46), math:ceiling(4001, -2)]", [1, 0, 4100]),
        ("[math:floor(0.46), math:floor(-0.46), math:floor(4099, -2)]", [0, -1, 4000]),
        ("[math:int(10.46), math:int(-10.46)]", [10, -10]),
        ("[math:round(0.5), math:round(-0.5), math:round(-0.46, 1)]", [1, 0, -0.5]),
        ("[math:round(4066, -1), math:round(4066, -3), math:round(4066, -4)]", [4070, 4000, 0]),
        # time, at 2023-11-14T22:13:20Z
        ("time:now()", "2023-11-14T22:13:20.000Z"),
        ('time:now({"tz": "Australia/Sydney"})', "2023-11-14T22:13:20.000Z"),
        ('time:new("2010-08-08")', "2010-08-08T00:00:00.000Z"),
        ('time:new("1967342")', "1967-12-08T00:00:00.000Z"),
        ('time:new("2011W206T1345-0600")', "2011-05-21T19:45:00.000Z"),
        ('time:new("083023Z")', "2023-11-14T08:30:23.000Z"),
        ("time:new(1967342000)", "1970-01-23T18:29:02.000Z"),
        ('time:add("2017-01-01", {"years": -2017})', "0000-01-01T00:00:00.000Z"),
        ('time:add("2017-01-01", {"months": -22})', "2015-03-01T00:00:00.000Z"),
        ('time:add("2020-01-31", {"months": 1})', "2020-02-29T00:00:00.000Z"),
        ('time:add("2017-01-01", {"minutes": 2, "seconds": 90})', "2017-01-01T00:03:30.000Z"),
        ('time:add("2010-08-08T05:00:00", {"hours": 3})', "2010-08-08T08:00:00.000Z"),
        ('time:add("2017-01-01", {"seconds": "five"})', "2017-01-01T00:00:00.000Z"),
        ('time:add("2017-01-01", {"secondz": 5})', "2017-01-01T00:00:00.000Z"),
        ('time:strftime("2010-10-06T18:25:55", "%F %T")', "2010-10-06 18:25:55"),
        ('time:strftime("2010-10-06T18:25:55", "%A %d %b %Y")', "Wednesday 06 Oct 2010"),
        ('time:strftime("2010-10-06T18:25:55", "year month")', "year month"),
    ],
)  # fmt: skip
def test_values(engine: Engine, expression: str, value: Any) -> None:
    """Arguments are converted where that makes sense; halves round up."""
    assert asked(engine, expression).value == value


@pytest.mark.parametrize(
    "expression",
    [
        "math:hash()",
        "math:hash(0, null)",
        'math:hash("0", null)',
        "math:hmac()",
        'math:hmac("foo", "", "")',
        "time:now([])",
        "time:new()",
        'time:new("67342")',
        "time:new(0)",
        'time:add("2017-01-01")',
        'time:add("67342", {"days": 1})',
        'time:add("2017-01-01", [])',
        "time:strftime()",
        'time:strftime("2010-10-06")',
        'time:strftime("67342", "%F")',
        'time:strftime("2010-10-06", ["%A"])',
    ],
)
def test_what_makes_no_sense_is_a_fault(engine: Engine, expression: str) -> None:
    assert isinstance(asked(engine, expression), Fault)


RANDOM = """
ruleset chance {
  global { many = 0.range(30) }
  rule draw { select when chance draw
    send_directive("drawn", {
      "uuid": many.map(function(i) { random:uuid() }),
      "word": many.map(function(i) { random:word() }),
      "one": many.map(function(i) { random:integer() }),
      "ten": many.map(function(i) { random:integer(10) }),
      "down": many.map(function(i) { random:integer(-7) }),
      "span": many.map(function(i) { random:integer(-3, 5) }),
      "text": many.map(function(i) { random:integer("4.49", -8) }),
      "words": many.map(function(i) { random:integer("four", -8) }),
      "real": many.map(function(i) { random:number(9.87, "-3.6") })
    }) }
}
"""


def test_chance(engine: Engine) -> None:
    """Bounds are included and swapped if need be; what is no number counts as missing."""
    engine.install(RANDOM)
    [(_, drawn)] = engine.send("chance:draw")
    assert all(re.fullmatch(r"c[a-z0-9]{24}", one) for one in drawn["uuid"])
    assert len(set(drawn["uuid"])) == 31
    assert all(re.fullmatch(r"\S+", one) for one in drawn["word"])
    assert set(drawn["one"]) == {0, 1}
    ranges = {"ten": (0, 10), "down": (-7, 0), "span": (-3, 5), "text": (-8, 4), "words": (-8, 0)}
    for name, (low, high) in ranges.items():
        assert all(low <= one <= high and one == int(one) for one in drawn[name]), name
        assert len(set(drawn[name])) > 2
    assert all(-3.6 <= one <= 9.87 for one in drawn["real"])


def test_chance_is_another_in_every_event(engine: Engine) -> None:
    engine.install(RANDOM)
    first, second = (engine.send("chance:draw")[0][1]["uuid"] for _ in range(2))
    assert not set(first) & set(second)


def test_what_does_not_exist_is_refused(engine: Engine) -> None:
    """Members that older engines had, and modules that this one has not."""
    for expression in ("math:sqrt(4)", "meta:rulesetName", "meta:callingRID", "engine:listPicos()", "app:x"):
        assert engine.codes(f"ruleset q {{ global {{ x = {expression} }} }}")
