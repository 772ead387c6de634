"""Scheduled events, on a clock that the tests move: section 13."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.engine import Engine

NOW = "2023-11-14T22:13:20.000Z"
"""What the clock shows when a test begins: Tuesday, 40 seconds before a full minute."""

SECOND = 1_000
MINUTE = 60 * SECOND

BELL = """
ruleset bell {
  meta { shares timers, heard, timer }
  global {
    timers = function() { schedule:list() }
    timer = function(id) { schedule:get(id) }
    heard = function() { ent:heard.defaultsTo([]) }
  }
  rule at { select when bell at
    always { schedule bell event "ring" at time:add(time:now(), { "minutes": event:attrs{"in"} })
      attributes { "name": event:attrs{"name"} } setting(entry)
      raise bell event "planned" attributes { "entry": entry } } }
  rule every { select when bell every
    always { schedule bell event "ring" repeat event:attrs{"cron"} attributes { "name": "again" }
      setting(entry) raise bell event "planned" attributes { "entry": entry } } }
  rule dynamic { select when bell dynamic
    always { schedule event event:attrs{"event"} at event:attrs{"at"} setting(entry)
      raise bell event "planned" attributes { "entry": entry } } }
  rule planned { select when bell planned   send_directive("planned", event:attrs{"entry"}) }
  rule remove { select when bell remove   schedule:remove(event:attrs{"id"}) }
  rule clear { select when bell clear   schedule:clear() }
  rule ring { select when bell ring
    always { ent:heard := heard().append([{ "name": event:attrs{"name"}, "at": event:time }]) } }
  rule quiet { select when bell quiet
    always { ent:heard := heard().append([{ "attrs": event:attrs, "eci": event:eci }]) } }
}
"""


@pytest.fixture
def bell(engine: Engine) -> Engine:
    engine.install(BELL)
    return engine


def planned(engine: Engine, event: str, /, **attrs: Any) -> dict[str, Any]:
    """Schedule something; the entry."""
    [(_, entry)] = engine.send(event, **attrs)
    kept: dict[str, Any] = entry
    return kept


def names(engine: Engine) -> list[Any]:
    return [one["name"] for one in engine.query("bell/heard")]


def test_an_entry_says_what_is_to_come(bell: Engine) -> None:
    """`setting` names it; `schedule:list` has all of them in order, `schedule:get` one."""
    at = planned(bell, "bell:at", **{"in": 5, "name": "foo"})
    every = planned(bell, "bell:every", cron="*/1 * * * *")
    assert (at["type"], at["time"]) == ("at", bell.clock.time_ms + 5 * MINUTE)
    assert at["event"]["domain"] + ":" + at["event"]["name"] == "bell:ring"
    assert at["event"]["data"] == {"attrs": {"name": "foo"}}
    assert (every["type"], every["timespec"]) == ("repeat", "*/1 * * * *")
    assert bell.query("bell/timers") == [at, every]
    assert bell.query("bell/timer", id=every["id"]) == every
    assert bell.query("bell/timer", id="nonsense") is None


def test_a_scheduled_event_comes_once_and_on_time(bell: Engine) -> None:
    """FIX 6: with its time in `event:time`. Then its entry is gone."""
    due = planned(bell, "bell:at", **{"in": 5, "name": "foo"})["time"]
    bell.move(5 * MINUTE - 1)
    assert names(bell) == []
    bell.move(1)
    assert bell.query("bell/heard") == [{"name": "foo", "at": due}]
    assert bell.query("bell/timers") == []
    bell.move(60 * MINUTE)
    assert names(bell) == ["foo"]


def test_all_of_several_come(bell: Engine) -> None:
    """FIX 4: in the order of their times, whatever order they were scheduled in."""
    for minutes, name in [(3, "c"), (1, "a"), (2, "b")]:
        planned(bell, "bell:at", **{"in": minutes, "name": name})
    for _ in range(3):
        bell.move(MINUTE)
    assert names(bell) == ["a", "b", "c"]


def test_a_time_in_the_past_is_now(bell: Engine) -> None:
    planned(bell, "bell:at", **{"in": -10, "name": "late"})
    bell.settle()
    assert names(bell) == ["late"]


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [
        ("* * * * *", [40, 100, 160]),
        ("*/30 * * * * *", [10, 40, 70, 100, 130, 160]),
        ("15 22 * * TUE", [100]),
    ],
)
def test_repetitions(bell: Engine, cron: str, seconds: list[int]) -> None:
    """Five fields or six, the first of six for seconds; names of days are known."""
    start = bell.clock.time_ms
    planned(bell, "bell:every", cron=cron)
    for _ in range(16):
        bell.move(10 * SECOND)
    assert [(one["at"] - start) / SECOND for one in bell.query("bell/heard")] == seconds


def test_removing_one_leaves_the_others(bell: Engine) -> None:
    """FIX 5. Clearing takes all."""
    first = planned(bell, "bell:at", **{"in": 1, "name": "a"})
    planned(bell, "bell:at", **{"in": 1, "name": "b"})
    bell.send("bell:remove", id=first["id"])
    bell.move(MINUTE)
    assert names(bell) == ["b"]
    planned(bell, "bell:at", **{"in": 1, "name": "c"})
    bell.send("bell:clear")
    bell.move(MINUTE)
    assert names(bell) == ["b"]


def test_the_dynamic_form_works(bell: Engine) -> None:
    """FIX 3 and 6: domain and type from a text; without attributes there are none; over the channel of
    the event that scheduled it."""
    planned(bell, "bell:dynamic", event="bell:quiet", at=bell.clock.time_ms + 1)
    bell.move(1)
    assert bell.query("bell/heard") == [{"attrs": {}, "eci": bell.host.root_eci()}]


@pytest.mark.parametrize("at", ["soon", None, {}, "2023-13-45"])
def test_a_time_that_is_none_is_a_fault(bell: Engine, at: Any) -> None:
    assert bell.fault("bell:dynamic", event="bell:quiet", at=at)
    assert bell.query("bell/timers") == []


def test_entries_survive_a_restart(bell: Engine) -> None:
    """What was missed meanwhile comes at start; missed repetitions do not."""
    planned(bell, "bell:at", **{"in": 1, "name": "once"})
    planned(bell, "bell:every", cron="* * * * *")
    bell.restart(after_ms=10 * MINUTE)
    assert names(bell) == ["once"]
    bell.move(MINUTE)
    assert names(bell) == ["once", "again"]
    assert len(bell.query("bell/timers")) == 1


def test_a_failing_event_takes_its_schedule_back(engine: Engine) -> None:
    """A timer is set by the commit, like everything else."""
    engine.install("""
      ruleset f { meta { shares timers } global { timers = function() { schedule:list() } }
        rule r { select when f f always { schedule f event "g" at time:now(); x = 1 - "x" } } }
    """)
    engine.fault("f:f")
    assert engine.query("f/timers") == []


def test_uninstalling_cancels(bell: Engine) -> None:
    planned(bell, "bell:at", **{"in": 1, "name": "never"})
    bell.uninstall("bell")
    bell.move(MINUTE)
    bell.install(BELL)
    assert (bell.query("bell/timers"), names(bell)) == ([], [])


def test_a_deleted_pico_is_not_woken(engine: Engine) -> None:
    """And nobody else is disturbed."""
    child = engine.make_child("orphan")
    engine.install(BELL, eci=child)
    engine.send("bell:every", child, cron="* * * * *")
    assert [one["type"] for one in engine.query("bell/timers", child)] == ["repeat"]
    [known] = engine.query("io.picolabs.wrangler/children")
    engine.send("wrangler:child_deletion_request", eci=known["eci"])
    engine.move(10 * MINUTE)
    assert engine.query("io.picolabs.wrangler/children") == []
    assert engine.host.tree().children == []


def test_timers_of_one_ruleset_are_its_own(bell: Engine) -> None:
    bell.install(BELL.replace("ruleset bell", "ruleset other"))
    planned_twice = bell.send("bell:at", **{"in": 5, "name": "x"})
    assert len(planned_twice) == 4  # each ruleset hears of each plan
    assert len(bell.query("bell/timers")) == len(bell.query("other/timers")) == 1


def test_half_matched_events_and_timers_have_one_clock(engine: Engine) -> None:
    """`within` counts a scheduled event at the time it came."""
    engine.install("""
      ruleset w {
        meta { shares n }
        global { n = function() { ent:n } }
        rule plan { select when w a always { schedule w event "b" at time:add(time:now(), {"seconds": 4}) } }
        rule both { select when w a before w b within 5 seconds always { ent:n := ent:n + 1 } }
      }
    """)
    engine.send("w:a")
    engine.move(4 * SECOND)
    assert engine.query("w/n") == "null1"
