"""Scheduled events: what the statement keeps, what a ruleset sees of it, and what firing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import scheduling
from engine.core.cron import next_after
from engine.core.failures import fail_turn
from engine.core.messages import Done, Event, Failed, Fault, LogLine, Outcome, SendEvent, Turn
from engine.core.model import Eci, Inputs, Timer
from engine.core.records import begin, decode_snapshot, encode_snapshot, fold, seal
from engine.core.scheduling import firing, missing
from pico_lang.errors import TypeFault
from pico_lang.values import Value
from tests.engine.core.bench import Bench, names_of
from tests.engine.core.making import NOW_MS, ROOT, SEED, make_turn
from tests.engine.core.test_kernel_events import tell

NOON = "2023-11-15T12:00:00.000Z"
NOON_MS = 1_700_049_600_000
HOURLY = "0 * * * *"
HOUR_MS = 3_600_000


def planner(statement: str) -> Bench:
    """A pico that has run this statement, with rules for what may come of it."""
    bench = Bench(
        f"""
        ruleset planner {{
          meta {{ shares timers, timer }}
          global {{
            timers = function() {{ schedule:list() }}
            timer = function(id) {{ schedule:get(id) }}
          }}
          rule plan {{ select when plan it always {{ {statement} setting(entry) ent:entry := entry }} }}
          rule ring {{ select when bell ring send_directive("rang", event:attrs.put("at", event:time)) }}
          rule break {{ select when bell break always {{ ent:x := "a" - 1 }} }}
          rule remove {{ select when plan remove schedule:remove(event:attrs{{"id"}}) }}
          rule clear {{ select when plan clear schedule:clear() }}
        }}
        """
    )
    bench.run("plan", "it")
    return bench


def planned(statement: str) -> Value:
    """The entry of a scheduled event, without its id."""
    bench = planner(statement)
    assert isinstance(bench.outcomes[-1], Done), bench.outcomes[-1]
    (entry,) = bench.query("planner", "timers")
    assert bench.pico.entities["planner"]["entry"] == entry  # type: ignore[index]
    assert bench.query("planner", "timer", {"id": entry["id"]}) == entry
    return {key: value for key, value in entry.items() if key != "id"}


def plan_another(bench: Bench) -> Outcome:
    """Run the statement once more, with chance of its own: ids must differ."""
    turn = make_turn("plan", "it", seq=bench.pico.seq + 1)
    return bench.run_turn(replace(turn, inputs=Inputs(NOW_MS, f"{bench.pico.seq:032x}")))


def due(bench: Bench) -> Timer:
    """The only timer of the pico."""
    (timer,) = bench.pico.timers.values()
    return timer


def fire(bench: Bench, timer: Timer | None = None, time_ms: int | None = None) -> Done | Failed:
    """Run the turn of a timer at a time, which is the one it is due at if nothing is said."""
    timer = timer or due(bench)
    inputs = Inputs(timer.due_ms if time_ms is None else time_ms, SEED)
    outcome = bench.run_turn(Turn(firing(ROOT, timer), inputs))
    assert isinstance(outcome, Done | Failed)
    return outcome


# --- the statement ---------------------------------------------------------------------------------

RING = {"eci": ROOT, "domain": "bell", "name": "ring", "data": {"attrs": {}}}


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        (f'schedule bell event "ring" at "{NOON}"', {"type": "at", "time": float(NOON_MS), "event": RING}),
        (f'schedule event "bell:ring" at {NOON_MS}', {"type": "at", "time": float(NOON_MS), "event": RING}),
        ('schedule event " bell : ring " at "12:00"', {"type": "at", "time": NOON_MS - 864e5, "event": RING}),
        ('schedule bell event "ring" at 5', {"type": "at", "time": 5.0, "event": RING}),
        (
            'schedule bell event "ring" repeat "0 9 * * mon-fri"',
            {"type": "repeat", "timespec": "0 9 * * mon-fri", "event": RING},
        ),
        (
            'schedule event "bell:ring" repeat "*/10 * * * * *" attributes {"a": [1, null]}',
            {
                "type": "repeat",
                "timespec": "*/10 * * * * *",
                "event": {**RING, "data": {"attrs": {"a": [1.0, None]}}},
            },
        ),
    ],
)
def test_a_scheduled_event_is_kept_as_the_statement_says(statement: str, entry: Value) -> None:
    """The name in either form, the time in either form, attributes or none; `setting` has the entry."""
    assert planned(statement) == entry


@pytest.mark.parametrize(
    ("timing", "message"),
    [
        ('at "tomorrow"', "schedule .. at expected a timestamp but got String"),
        ("at null", "schedule .. at expected a timestamp but got Null"),
        ("at true", "schedule .. at expected a timestamp but got Boolean"),
        ("at {}", "schedule .. at expected a timestamp but got Map"),
        ("at 1000000000000 * 10000", "schedule .. at expected a timestamp but got Number"),
        ('at "2023-02-29"', "schedule .. at expected a timestamp but got String"),
        ("repeat 5", "schedule .. repeat expected a cron expression but got Number"),
        ('repeat "* * *"', "'* * *' has 3"),
        ('repeat "61 * * * *"', "'61' is no minute; that field takes numbers from 0 to 59"),
        ('repeat "0 0 30 2 *"', "'0 0 30 2 *' is never due"),
    ],
)
def test_a_timing_that_means_nothing_is_a_fault(timing: str, message: str) -> None:
    """It says what was expected; nothing is scheduled."""
    bench = planner(f'schedule bell event "ring" {timing}')
    failed = bench.outcomes[-1]
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R601"
    assert message in failed.fault.message
    assert bench.pico.timers == {}


@pytest.mark.parametrize("kind", ["at", "repeat"])
def test_a_text_too_long_for_a_time_is_not_even_read(kind: str) -> None:
    """Looking for a time in ten million blanks would take seconds."""
    with pytest.raises(TypeFault, match=f"schedule .. {kind} expected"):
        scheduling.read_timing("at" if kind == "at" else "repeat", " " * 10_000_000, NOW_MS)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ('schedule bell event "" at 5', "R606"),
        ('schedule event "bellring" at 5', "R606"),
        ('schedule bell event "ring" at 5 attributes "x"', "R606"),
    ],
)
def test_an_event_that_is_none_is_a_fault(statement: str, code: str) -> None:
    """The same as in `raise`."""
    failed = planner(statement).outcomes[-1]
    assert isinstance(failed, Failed)
    assert failed.fault.code == code


def test_a_pico_has_only_so_many_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, and the event that wanted it changes nothing."""
    monkeypatch.setattr(scheduling, "MOST_TIMERS", 2)
    bench = planner('schedule bell event "ring" at 5')
    plan_another(bench)
    failed = plan_another(bench)
    assert isinstance(failed, Failed)
    assert (failed.fault.code, len(failed.pico.timers)) == ("R607", 2)


def test_a_rule_that_uninstalled_its_ruleset_schedules_nothing() -> None:
    """It runs to its end, but has nothing left to hang a timer on."""
    bench = Bench(tell("r", 'select when d t ctx:uninstall("r") fired { schedule d event "u" at 5 }'))
    assert bench.done("d", "t").pico.timers == {}


# --- the module ------------------------------------------------------------------------------------


def test_a_list_is_in_the_order_of_scheduling() -> None:
    """Whatever is due first, also after the pico was read from a snapshot."""
    bench = Bench(
        tell(
            "r",
            """select when d t foreach [300, 100, 200] setting(s) always {
                 schedule d event "u" at event:time + s
               }""",
            """select when d list
               send_directive("l", schedule:list().map(function(e) { e{"time"} - event:time }))""",
        )
    )
    bench.done("d", "t")
    for _ in range(2):
        assert bench.done("d", "list").directives[0]["options"] == [300.0, 100.0, 200.0]
        bench.pico = decode_snapshot(encode_snapshot(begin(bench.pico))).pico


def test_removing_takes_one_and_leaves_the_others() -> None:
    """An id that is none removes nothing."""
    bench = planner('schedule bell event "ring" at 5')
    plan_another(bench)
    first, second = bench.pico.timers
    assert set(bench.done("plan", "remove", {"id": "none"}).pico.timers) == {first, second}
    assert set(bench.done("plan", "remove", {"id": first}).pico.timers) == {second}
    assert bench.query("planner", "timer", {"id": first}) is None


def test_clearing_takes_all() -> None:
    bench = planner('schedule bell event "ring" at 5')
    plan_another(bench)
    assert bench.done("plan", "clear").pico.timers == {}


def test_a_ruleset_has_nothing_to_do_with_the_timers_of_another() -> None:
    """It neither sees nor removes them."""
    bench = planner('schedule bell event "ring" at 5')
    timer = due(bench)
    bench.install(
        bench.publish(
            tell(
                "stranger",
                'select when s see send_directive("s", [schedule:list(), schedule:get(event:attrs{"id"})])',
                'select when s take every { schedule:remove(event:attrs{"id"}) schedule:clear() }',
            )
        )
    )
    assert bench.done("s", "see", {"id": timer.id}).directives[0]["options"] == [[], None]
    assert bench.done("s", "take", {"id": timer.id}).pico.timers == {timer.id: timer}


# --- firing ----------------------------------------------------------------------------------------


def test_a_fired_event_is_used_up() -> None:
    """Its rules run with its attributes and the time of the turn; afterwards there is no timer."""
    bench = planner(f'schedule bell event "ring" at "{NOON}" attributes {{"a": 1}}')
    done = fire(bench, time_ms=NOON_MS + 7)
    assert isinstance(done, Done)
    assert [one["options"] for one in done.directives] == [{"a": 1.0, "at": NOON_MS + 7.0}]
    assert done.pico.timers == {}


def test_a_past_time_is_due_at_once_and_not_before_others() -> None:
    """Nobody gets ahead of what was due earlier by asking for 1970."""
    assert due(planner('schedule bell event "ring" at 5')).due_ms == NOW_MS


@pytest.mark.parametrize("late_ms", [0, 1, HOUR_MS - 1, 100 * HOUR_MS])
def test_a_repetition_is_due_next_in_the_future(late_ms: int) -> None:
    """However late it was; what was missed in between is not made up for."""
    bench = planner(f'schedule bell event "ring" repeat "{HOURLY}"')
    timer = due(bench)
    time_ms = timer.due_ms + late_ms
    assert names_of(fire(bench, time_ms=time_ms)) == ["rang"]  # type: ignore[arg-type]
    following = due(bench)
    assert following.due_ms == next_after(HOURLY, time_ms)
    assert following.due_ms > time_ms
    assert replace(following, due_ms=timer.due_ms) == timer


def test_a_repetition_does_not_happen_again_when_the_clock_is_set_back() -> None:
    """The next one is after the one that was."""
    bench = planner(f'schedule bell event "ring" repeat "{HOURLY}"')
    timer = due(bench)
    fire(bench, time_ms=timer.due_ms - HOUR_MS)
    assert due(bench).due_ms == timer.due_ms + HOUR_MS


@pytest.mark.parametrize("timing", ["at 5", f'repeat "{HOURLY}"'])
def test_a_timer_fires_once_for_a_time(timing: str) -> None:
    """The same turn again finds the timer used up, and does nothing."""
    bench = planner(f'schedule bell event "ring" {timing}')
    timer = due(bench)
    fire(bench, timer)
    after = bench.pico
    again = fire(bench, timer)
    assert isinstance(again, Done)
    assert (again.directives, again.changes) == ((), ())
    assert again.pico == replace(after, seq=after.seq + 1)


def test_a_removed_timer_does_not_fire() -> None:
    """Not even when its turn had been waiting already."""
    bench = planner('schedule bell event "ring" at 5')
    timer = due(bench)
    bench.done("plan", "clear")
    done = fire(bench, timer)
    assert isinstance(done, Done)
    assert done.directives == ()


@pytest.mark.parametrize(("timing", "left"), [("at 5", 0), (f'repeat "{HOURLY}"', 1)])
def test_an_event_that_fails_is_used_up_as_well(timing: str, left: int) -> None:
    """Nothing else stays of the turn; the failure is told to the pico's own rules."""
    bench = planner(f'schedule bell event "break" {timing}')
    before = bench.pico
    timer = due(bench)
    failed = fire(bench)
    assert isinstance(failed, Failed)
    assert len(failed.pico.timers) == left
    assert all(one.due_ms > timer.due_ms for one in failed.pico.timers.values())
    assert failed.pico == replace(before, seq=before.seq + 1, timers=failed.pico.timers)
    assert [one.name for one in failed.effects if isinstance(one, SendEvent)] == ["error"]


def test_a_repetition_that_was_missed_is_passed_over() -> None:
    """Nothing happens but that the next time is set, which may be the very time at which somebody is
    there again; the same upkeep again changes nothing."""
    bench = planner(f'schedule bell event "ring" repeat "{HOURLY}"')
    timer = due(bench)
    turn = Turn(missing(ROOT, timer, timer.due_ms + 2 * HOUR_MS), Inputs(timer.due_ms + 9 * HOUR_MS, SEED))
    done = bench.run_turn(turn)
    assert isinstance(done, Done)
    assert (done.directives, due(bench).due_ms) == ((), timer.due_ms + 2 * HOUR_MS)
    again = bench.run_turn(turn)
    assert isinstance(again, Done)
    assert again.changes == ()


def test_passing_over_a_timer_that_is_gone_is_nothing() -> None:
    bench = planner(f'schedule bell event "ring" repeat "{HOURLY}"')
    timer = due(bench)
    bench.done("plan", "clear")
    done = bench.run_turn(Turn(missing(ROOT, timer, timer.due_ms + 1), Inputs(timer.due_ms + 1, SEED)))
    assert isinstance(done, Done)
    assert done.changes == ()


@pytest.mark.parametrize("event", ["ring", "break"])
@pytest.mark.parametrize("timing", ["at 5", f'repeat "{HOURLY}"'])
def test_a_record_of_a_fired_event_folds_to_the_same_pico(event: str, timing: str) -> None:
    """So a restart finds the timer as the turn left it, whether the turn failed or not."""
    bench = planner(f'schedule bell event "{event}" {timing}')
    head = begin(bench.pico)
    outcome = fire(bench)
    after, body = seal(head, bench.turns[-1], outcome)
    assert fold(head, [body]) == after
    assert after.pico == outcome.pico


def test_a_turn_given_up_by_the_engine_uses_up_its_timer() -> None:
    """For whatever reason it had to be given up."""
    bench = planner('schedule bell event "ring" at 5')
    turn = Turn(firing(ROOT, due(bench)), Inputs(NOW_MS, SEED))
    failed = fail_turn(bench.pico, turn, Fault("R699", "no"))
    assert (failed.pico.timers, failed.pico.seq) == ({}, bench.pico.seq + 1)


@pytest.mark.parametrize("timing", ["at event:time + 5", f'repeat "{HOURLY}"'])
def test_an_event_whose_channel_is_gone_is_lost(timing: str) -> None:
    """The log says so, once: channels do not come back, so neither does a repetition."""
    bench = Bench(
        tell(
            "r",
            'select when d make ctx:newChannel(["door"]) setting(c) fired { ent:eci := c{"id"} }',
            f'select when d plan fired {{ schedule d event "ring" {timing} }}',
            "select when d close ctx:delChannel(ent:eci)",
            'select when d ring send_directive("rang")',
        )
    )
    bench.done("d", "make")
    eci = bench.pico.entities["r"]["eci"]  # type: ignore[index]
    bench.run_turn(Turn(Event(eci, "d", "plan", {}, "e"), Inputs(NOW_MS, SEED)))  # type: ignore[arg-type]
    assert due(bench).eci == eci
    bench.done("d", "close")
    done = fire(bench)
    assert isinstance(done, Done)
    assert (done.directives, done.pico.timers) == ((), {})
    message = f"scheduled event d:ring is lost: its channel {eci} is gone"
    assert done.log == (LogLine("warn", "r", None, message),)


def test_an_event_of_the_engines_own_domain_is_an_ordinary_one_when_scheduled() -> None:
    """A ruleset cannot have the engine tend its pico by scheduling it to."""
    bench = planner('schedule $engine event "uninstall" at 5 attributes {"rid": "planner"}')
    fire(bench)
    assert [one.rid for one in bench.pico.rulesets] == ["planner"]


def test_a_scheduled_event_schedules_the_next_over_the_same_channel() -> None:
    """A rule may plan one event after the other for ever; each has an id of its own."""
    bench = Bench(tell("r", 'select when d t fired { schedule d event "t" at event:time + 1000 }'))
    bench.done("d", "t")
    seen = set()
    for number in range(1, 4):
        timer = due(bench)
        seen.add(firing(ROOT, timer).eid)
        assert (timer.due_ms, timer.eci) == (NOW_MS + 1000 * number, Eci(ROOT))
        fire(bench)
    assert len(seen) == 3


# --- what timers survive ---------------------------------------------------------------------------


def test_timers_go_with_their_ruleset() -> None:
    """When it is uninstalled; installed anew it has none."""
    bench = planner('schedule bell event "ring" at 5')
    bench.done("$engine", "uninstall", {"rid": "planner"})
    assert bench.pico.timers == {}


def test_timers_survive_a_new_text() -> None:
    """The rule that is there when the event is due handles it."""
    bench = planner('schedule bell event "ring" at 5')
    timer = due(bench)
    new = 'ruleset planner { rule r { select when bell ring send_directive("new text") } }'
    bench.install(bench.publish(new))
    assert bench.pico.timers == {timer.id: timer}
    assert names_of(fire(bench)) == ["new text"]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["at", "repeat"])
def test_a_time_is_not_as_long_as_a_book(kind: str) -> None:
    """It is read in one go, which no budget can stop in the middle."""
    text = " " * scheduling.LONGEST_TEXT + ("2023-11-15T12:00:00Z" if kind == "at" else HOURLY)
    outcome = planner(f'schedule bell event "ring" {kind} "{text}"').outcomes[-1]
    assert isinstance(outcome, Failed)
    assert outcome.fault.code == "R601"
