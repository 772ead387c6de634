"""`within` on event time: how long a half-matched expression waits. Section 9."""

from __future__ import annotations

import pytest

from tests.compatibility.engine import Engine

START_MS = 10_000_000_000_000
SECOND = 1_000
DAY = 86_400 * SECOND


def is_selected(engine: Engine, event: str, at_ms: float, n: str = "ok") -> bool:
    """Send an event at a time after the start; whether the rule told anything."""
    engine.clock.time_ms = START_MS + int(at_ms)
    return bool(engine.send(f"lamp:{event}", n=n))


def install(engine: Engine, expression: str) -> None:
    engine.install(f'ruleset lamp {{ rule r {{ select when {expression} send_directive("it") }} }}')


@pytest.mark.parametrize(
    ("limit", "limit_ms"),
    [
        ("1 + 3 second", 4 * SECOND),
        ("5 minutes", 300 * SECOND),
        ("0.5 hour", 1800 * SECOND),
        ("1 day", DAY),
        ("2 weeks", 14 * DAY),
        ("1 month", 30 * DAY),
        ("1 year", 365 * DAY),
        ('"3" seconds', 3 * SECOND),
    ],
)
def test_equal_to_the_limit_still_counts(engine: Engine, limit: str, limit_ms: float) -> None:
    """A month has 30 days and a year 365; the amount is an expression."""
    install(engine, f"lamp a before lamp b within {limit}")
    assert not is_selected(engine, "a", 0)
    assert is_selected(engine, "b", limit_ms)
    assert not is_selected(engine, "a", 0)
    assert not is_selected(engine, "b", limit_ms + 1)


def test_time_may_go_backwards(engine: Engine) -> None:
    """A clock that is set back makes nothing late."""
    install(engine, "lamp a before lamp b within 5 minutes")
    is_selected(engine, "a", 900 * SECOND)
    assert is_selected(engine, "b", 0)


def test_an_event_that_comes_too_late_begins_the_next_round(engine: Engine) -> None:
    install(engine, "lamp a or (lamp b and lamp c) within 1 year")
    assert is_selected(engine, "a", 0)
    assert not is_selected(engine, "c", 0)
    assert not is_selected(engine, "b", 366 * DAY)
    assert is_selected(engine, "c", 400 * DAY)


def test_the_limit_is_for_the_whole_expression(engine: Engine) -> None:
    """Counted from the event that left the start, not from the one before."""
    install(engine, "before(lamp a, lamp b, lamp c) within 5 seconds")
    is_selected(engine, "a", 0)
    is_selected(engine, "b", 4 * SECOND)
    assert not is_selected(engine, "c", 6 * SECOND)


def test_repeat_within_is_measured_from_the_first_of_its_round(engine: Engine) -> None:
    """A round ends when an event comes too late or does not fit, not when the rule is selected."""
    install(engine, "repeat 3 (lamp a n re#ok#) within 2 seconds")
    times = [0, 1, 1_002, 2_003, 2_004, 2_005, 2_006]
    assert [is_selected(engine, "a", at) for at in times] == [False, False, True, False, False, True, True]
    assert not is_selected(engine, "a", 2_007, "no")
    assert [is_selected(engine, "a", at) for at in (2_008, 2_009, 4_008)] == [False, False, True]


def test_a_round_begun_after_a_selection_has_its_own_clock(engine: Engine) -> None:
    """FIX 24: the peer measures it from the first event of the round before."""
    install(engine, "lamp a before lamp b within 5 seconds")
    plot = [("a", 0), ("b", 1), ("a", 3), ("b", 7)]
    assert [is_selected(engine, name, at * SECOND) for name, at in plot] == [False, True, False, True]


def test_captures_are_forgotten_with_their_round(engine: Engine) -> None:
    """What the late event captures itself is kept."""
    engine.install("""
      ruleset lamp {
        rule r {
          select when (lamp a0 or lamp a1 n re#^(.*)$# setting(one))
            and (lamp b1 n re#^(.*)$# setting(two) or lamp b0) within 1 second
          send_directive("it", { "one": one, "two": two })
        }
      }
    """)

    def told(event: str, at_ms: int) -> list[object]:
        engine.clock.time_ms = START_MS + at_ms
        return [options for _, options in engine.send(f"lamp:{event}", n=str(at_ms))]

    assert told("a1", 0) == []
    assert told("b1", 7) == [{"one": "0", "two": "7"}]
    assert told("a1", 100) == told("a0", 7_000) == []
    assert told("b1", 7_007) == [{"one": None, "two": "7007"}]
    assert told("a1", 7_008) == []
    assert told("b0", 7_009) == [{"one": "7008", "two": None}]


def test_the_limit_is_computed_once(engine: Engine) -> None:
    """When the ruleset is initialised, so that it can use what `global` declares."""
    engine.install("""
      ruleset lamp {
        global { patience = function() { 2 * base } base = 1 }
        rule r { select when lamp a before lamp b within patience() seconds send_directive("it") }
      }
    """)
    is_selected(engine, "a", 0)
    assert not is_selected(engine, "b", 2_001)
    is_selected(engine, "a", 3_000)
    assert is_selected(engine, "b", 5_000)


def test_a_limit_that_is_no_number_is_refused(engine: Engine) -> None:
    """When the ruleset is installed, not when the first event comes."""
    message = engine.install_fault(
        'ruleset lamp { rule r { select when lamp a before lamp b within "soon" days noop() } }'
    )
    assert "within needs a number, not soon" in message
