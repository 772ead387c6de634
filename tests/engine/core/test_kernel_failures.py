"""A turn that fails leaves nothing but its record, whatever it had done before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.core.messages import Failed, SendEvent
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import COUNTER, tell

BUSY = 'ent:x := 1; raise d event "u"'
"""What a rule had done before it failed."""


def test_everything_a_failed_turn_did_is_taken_back() -> None:
    """Entity variables, channels, children, messages, directives: the pico is as it was, a turn older."""
    bench = Bench(
        tell(
            "a",
            """select when d t every {
                 send_directive("said")
                 ctx:newChannel(["tag"])
                 ctx:newPico([])
                 ctx:event(meta:eci, "d", "u")
               }
               fired { ent:x := 1; ent:y := "a" - 1 }""",
        )
    )
    before = bench.pico
    failed = bench.failed("d", "t")
    assert failed.pico == replace(before, seq=before.seq + 1)
    assert [effect.name for effect in failed.effects if isinstance(effect, SendEvent)] == ["error"]
    assert len(failed.effects) == 1


def test_a_failure_says_where_and_why() -> None:
    """Code, sentence and the place in the text; the log has it too."""
    bench = Bench(tell("a", 'select when d t fired { ent:y := "a" - 1 }'))
    failed = bench.failed("d", "t")
    assert (failed.fault.code, failed.fault.places[0].rid, failed.fault.places[0].within) == (
        "R601",
        "a",
        "rule r0",
    )
    assert [(line.level, line.rule, line.message) for line in failed.log] == [
        ("error", "r0", failed.fault.message)
    ]
    assert not failed.retry_bigger


def test_a_failure_is_told_to_the_picos_own_rules_as_a_new_event() -> None:
    """`system:error` goes to the pico itself, with what an error statement says and the place."""
    bench = Bench(tell("a", 'select when d t fired { ent:y := "a" - 1 }'))
    (told,) = bench.failed("d", "t").effects
    assert isinstance(told, SendEvent)
    assert (told.eci, told.domain, told.name) == ("root-pico", "system", "error")
    assert {key: told.attrs[key] for key in ("level", "rid", "rule_name", "genus", "code", "eid")} == {
        "level": "error",
        "rid": "a",
        "rule_name": "r0",
        "genus": "system",
        "code": "R601",
        "eid": "event-2",
    }
    assert told.attrs["span"]["line"] == 1.0


def test_an_error_while_handling_an_error_is_told_to_nobody() -> None:
    """It is recorded like any other and ends there."""
    bench = Bench(tell("a", 'select when system error fired { ent:y := "a" - 1 }'))
    assert bench.failed("system", "error").effects == ()


def test_a_pico_goes_on_after_a_failure() -> None:
    """A poisonous event does not stop those behind it."""
    bench = Bench(COUNTER, tell("a", f'select when d t fired {{ {BUSY}; ent:y := "a" - 1 }}'))
    bench.done("counter", "increment")
    bench.failed("d", "t")
    assert bench.done("counter", "increment").pico.entities == {"counter": {"n": 2.0}}


RUNAWAYS = {
    "R701": "select when d t pre { x = 0.range(99999).map(function(n) { n }).map(function(n) { n }) }",
    "R702": "select when d t pre { f = function(n) { f(n + 1) } x = f(0) }",
    "R703": 'select when d t pre { x = 0.range(99).reduce(function(s, n) { s + s }, "ten chars.") }',
    "R705": 'select when d t or d u fired { raise d event "u" }',
}


@pytest.mark.parametrize("code", sorted(RUNAWAYS))
def test_a_runaway_is_stopped_by_its_budget(code: str) -> None:
    """Loops, recursion, growing strings and raises that never end are faults that a larger budget
    might allow; the pico is as it was."""
    bench = Bench(tell("a", RUNAWAYS[code]), budget=Budget(string_length=100_000))
    failed = bench.failed("d", "t")
    assert (failed.fault.code, failed.retry_bigger) == (code, True)
    assert failed.pico.entities == {}


def test_a_small_value_that_would_be_large_on_paper_is_stopped() -> None:
    """Parts that are shared in memory are written out once for every mention, so they cost that."""
    doubled = "0.range(40).reduce(function(v, n) { [v, v] }, [])"
    failed = Bench(tell("a", f"select when d t fired {{ ent:x := {doubled} }}")).failed("d", "t")
    assert failed.fault.code == "R701"


def test_a_long_key_counts_like_any_text() -> None:
    """Keys are written out as often as the maps they are in."""
    text = tell(
        "a",
        """select when d t
           pre {
             long = 0.range(16).reduce(function(s, n) { s + s }, "ten chars.")
             keyed = {}.put(long, 1)
           }
           fired { ent:x := 0.range(999).map(function(n) { keyed }) }""",
    )
    assert Bench(text).failed("d", "t").fault.code == "R701"


@pytest.mark.parametrize(
    "action",
    [
        'ctx:event(ctx:picoId, "d", long)',
        "ctx:newChannel([long])",
        "send_directive(long)",
        "ctx:newPico()",
    ],
)
def test_actions_cost_what_they_leave_behind(action: str) -> None:
    """A loop of them is stopped before its record is large, however short its text."""
    text = f"""
    ruleset a {{
      global {{ long = 0.range(9).reduce(function(s, n) {{ s + s }}, "ten chars.") }}
      rule r {{ select when d t foreach 0.range(1999) setting(n) {action} }}
    }}
    """
    assert Bench(text).failed("d", "t").fault.code == "R701"
    assert Bench(text.replace("1999", "9")).done("d", "t")


def test_a_variable_cannot_be_deepened_without_end() -> None:
    """Nested once more with every event, it is refused before any reader of JSON gives up on it."""
    bench = Bench(tell("a", "select when d t fired { ent:x := [ent:x] }"))
    codes = [outcome.fault.code for _ in range(300) if isinstance(outcome := bench.run("d", "t"), Failed)]
    assert set(codes) == {"R703"}


def test_a_path_is_no_way_around_the_limit_on_depth() -> None:
    keys = "0.range(99).map(function(n) { n })"
    bench = Bench(tell("a", f"select when d t fired {{ ent:x{{{keys}}} := 1 }}"))
    assert bench.failed("d", "t").fault.code == "R601"


def test_how_deep_a_turn_may_call_does_not_depend_on_who_runs_it() -> None:
    """The same turn passes or fails the same, from a shallow stack and from a deep one."""
    text = """
    ruleset deep {
      meta { shares down }
      global { down = function(n) { n == 0 => 0 | 1 + down(n - 1) } }
    }
    """
    bench = Bench(text, budget=Budget(depth=300))

    def reached(depth: int) -> bool:
        return not isinstance(bench.ask("deep", "down", {"n": float(depth)}), Failed)

    def from_deeper(frames: int, ask: Callable[[], bool]) -> bool:
        return ask() if frames == 0 else from_deeper(frames - 1, ask)

    limit = next(depth for depth in range(200, 400) if not reached(depth))
    for frames in (1, 2, 50, 200):
        assert from_deeper(frames, lambda: reached(limit - 1))
        assert not from_deeper(frames, lambda: reached(limit))


def test_a_failed_turn_does_not_spoil_what_is_kept_open() -> None:
    """An installation that was taken back leaves the ruleset that was there before in charge."""
    bench = Bench(COUNTER)
    old = bench.urls["file:///counter.krl"]
    bench.publish('ruleset counter { global { x = "a" - 1 } }')
    assert isinstance(bench.install("file:///counter.krl"), Failed)
    assert bench.pico.rulesets[0].hash == old.hash
    assert bench.done("counter", "increment").pico.entities == {"counter": {"n": 1.0}}


def test_what_a_failed_turn_opened_is_not_paid_for_by_the_next() -> None:
    """Having to open the old installation again is no more the next turn's doing than any waking."""
    costly = COUNTER.replace("global {", "global { xs = 0.range(999)")
    again = tell("a", 'select when d t ctx:install("file:///counter.krl") fired { ent:y := "a" - 1 }')
    bench = Bench(costly, again)
    steps = bench.done("counter", "increment").steps
    bench.failed("d", "t")
    assert bench.done("counter", "increment").steps == steps


def test_a_ruleset_whose_text_is_not_at_hand_stops_the_turn() -> None:
    """Events are not shown to only half of the rulesets; upkeep can still put things right."""
    bench = Bench(COUNTER)
    kept = dict(bench.programs)
    bench.forget()
    bench.programs.clear()
    assert bench.failed("counter", "increment").fault.code == "R609"
    bench.programs.update(kept)
    assert bench.done("counter", "increment").pico.entities == {"counter": {"n": 1.0}}
