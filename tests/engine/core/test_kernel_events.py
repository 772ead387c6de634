"""One event, all rulesets: what runs, in which order, and what it leaves behind."""

from __future__ import annotations

import pytest

from engine.core.messages import Change, Turn
from tests.engine.core.bench import Bench, names_of
from tests.engine.core.making import make_turn

COUNTER = """
ruleset counter {
  meta { shares count }
  global { count = function() { ent:n } }
  rule increment {
    select when counter increment
    send_directive("counted", {"before": ent:n})
    fired { ent:n := ent:n.defaultsTo(0) + 1 }
  }
}
"""


def tell(rid: str, *rules: str) -> str:
    """A ruleset of these rule bodies, in order; rule names are r0, r1, …"""
    numbered = [f"rule r{number} {{ {body} }}" for number, body in enumerate(rules)]
    return f"ruleset {rid} {{ {' '.join(numbered)} }}"


def test_an_event_leaves_a_change_a_directive_and_a_new_version() -> None:
    """The outcome says everything that happened, and nothing else did."""
    bench = Bench(COUNTER)
    done = bench.done("counter", "increment")
    assert done.changes == (Change("set_entity", ("counter", "n", 1.0)),)
    assert done.directives == (
        {
            "type": "directive",
            "name": "counted",
            "options": {"before": None},
            "meta": {"rid": "counter", "rule_name": "increment", "txnId": "event-2"},
        },
    )
    assert (done.pico.seq, done.effects, done.log) == (2, (), ())
    assert done.pico.entities == {"counter": {"n": 1.0}}


def test_an_event_nobody_listens_to_is_done_at_once() -> None:
    """It still counts as a turn."""
    bench = Bench(COUNTER)
    done = bench.done("counter", "decrement")
    assert (done.changes, done.directives, done.pico.seq, done.steps) == ((), (), 2, 0)


def test_rules_run_in_the_order_of_the_text_and_see_what_came_before() -> None:
    """A later rule's `where` already reads what an earlier rule wrote."""
    bench = Bench(
        tell(
            "a",
            'select when d t send_directive("first") fired { ent:x := 1 }',
            'select when d t where ent:x == 1 send_directive("second")',
            'select when d t where ent:x == 2 send_directive("never")',
        )
    )
    assert names_of(bench.done("d", "t")) == ["first", "second"]


def test_rulesets_run_in_the_order_of_installation() -> None:
    bench = Bench(*(tell(rid, f'select when d t send_directive("{rid}")') for rid in ("zeta", "alpha")))
    assert names_of(bench.done("d", "t")) == ["zeta", "alpha"]


def test_raised_events_wait_behind_everything_that_waits_already() -> None:
    """Breadth first: all rulesets see the event before any of them sees what the first one raised."""
    first = tell(
        "a",
        'select when d t send_directive("a t") fired { raise d event "u" }',
        'select when d u send_directive("a u") fired { raise d event "v" }',
    )
    second = tell(
        "b",
        'select when d t send_directive("b t")',
        'select when d u send_directive("b u")',
        'select when d v send_directive("b v")',
    )
    assert names_of(Bench(first, second).done("d", "t")) == ["a t", "b t", "a u", "b u", "b v"]


def test_a_raise_for_a_ruleset_reaches_that_one_alone() -> None:
    bench = Bench(
        tell(
            "a", 'select when d t fired { raise d event "u" for "b" }', 'select when d u send_directive("a")'
        ),
        tell("b", 'select when d u send_directive("b")'),
    )
    assert names_of(bench.done("d", "t")) == ["b"]


def test_a_raised_event_is_of_the_same_transaction() -> None:
    """It has the eid, channel and time of the event that led to it."""
    bench = Bench(
        tell(
            "a",
            'select when d t fired { raise event " d : u " attributes {"n": 1} }',
            "select when d u send_directive(event:eid, "
            '{"eci": event:eci, "n": event:attrs{"n"}, "time": event:time, "txn": meta:txnId})',
        )
    )
    (directive,) = bench.done("d", "t").directives
    assert directive["name"] == "event-2"
    assert directive["options"] == {
        "eci": "root-pico",
        "n": 1.0,
        "time": 1_700_000_000_000.0,
        "txn": "event-2",
    }


def test_attributes_are_copied_as_json_has_them() -> None:
    """Functions vanish, regular expressions become empty maps, nulls stay."""
    bench = Bench(
        tell(
            "a",
            'select when d t fired { raise d event "u" attributes '
            '{"f": function() { 1 }, "r": re#a#, "n": null, "l": [function() { 1 }]} }',
            'select when d u send_directive("u", event:attrs)',
        )
    )
    (directive,) = bench.done("d", "t").directives
    assert directive["options"] == {"r": {}, "n": None, "l": [None]}


@pytest.mark.parametrize(
    "statement",
    [
        'raise event "nocolon"',
        'raise event ":t"',
        'raise event "d:"',
        "raise d event null",
        'raise d event "u" attributes [1]',
        'raise d event "u" attributes "x"',
    ],
)
def test_a_malformed_raise_is_a_fault(statement: str) -> None:
    """Domain, name and a map of attributes are what an event has."""
    failed = Bench(tell("a", f"select when d t fired {{ {statement} }}")).failed("d", "t")
    assert failed.fault.code == "R606"


def test_last_skips_the_rest_of_its_ruleset_alone() -> None:
    """Other rulesets, and events already raised, go on."""
    bench = Bench(
        tell(
            "a",
            'select when d t send_directive("a0") fired { raise d event "u"; last; ent:never := 1 }',
            'select when d t send_directive("a1")',
            'select when d u send_directive("a2")',
        ),
        tell("b", 'select when d t send_directive("b")'),
    )
    assert names_of(bench.done("d", "t")) == ["a0", "b", "a2"]
    assert bench.pico.entities == {}


def test_an_error_statement_drops_all_that_waits_and_tells_its_own_ruleset() -> None:
    """`error error` stops the rule, its ruleset and everything queued; what was done stays done."""
    bench = Bench(
        tell(
            "a",
            'select when d t fired { ent:x := 1; raise d event "u"; error error {"why": "no"}; ent:y := 1 }',
            'select when d t send_directive("a1")',
            'select when system error send_directive("told", event:attrs)',
        ),
        tell("b", 'select when d t or d u or system error send_directive("b")'),
    )
    done = bench.done("d", "t")
    (directive,) = done.directives
    assert directive["options"] == {
        "level": "error",
        "data": {"why": "no"},
        "rid": "a",
        "rule_name": "r0",
        "genus": "user",
    }
    assert done.pico.entities == {"a": {"x": 1.0}}
    assert [(line.level, line.rule, line.message) for line in done.log] == [("error", "r0", {"why": "no"})]


def test_an_error_statement_of_a_lower_level_stops_nothing() -> None:
    bench = Bench(
        tell(
            "a",
            'select when d t fired { error warn "hm"; raise d event "u" }',
            'select when d t or d u send_directive("on")',
            'select when system error send_directive(event:attrs{"level"})',
        )
    )
    assert names_of(bench.done("d", "t")) == ["on", "warn", "on"]


def test_an_error_about_an_error_goes_to_the_log_alone() -> None:
    """A rule for `system:error` that makes errors itself does not go round for ever."""
    bench = Bench(
        tell(
            "a",
            'select when d t fired { error warn "one" }',
            'select when system error fired { error warn "two" }',
        )
    )
    assert [line.message for line in bench.done("d", "t").log] == ["one", "two"]


def test_half_matched_events_are_state_of_the_pico() -> None:
    """They survive although nothing of the pico is in memory any more."""
    bench = Bench(tell("a", 'select when d a before d b send_directive("both")'))
    assert names_of(bench.done("d", "a")) == []
    assert list(bench.pico.patterns["a"]) == ["r0"]  # type: ignore[index]
    bench.forget()
    assert names_of(bench.done("d", "b")) == ["both"]
    assert bench.pico.patterns == {}


def test_select_where_is_asked_about_every_event() -> None:
    bench = Bench(tell("a", "select where event:name like re#^o# send_directive(event:name)"))
    assert names_of(bench.done("d", "on")) == ["on"]
    assert names_of(bench.done("other", "off")) == ["off"]
    assert names_of(bench.done("d", "x")) == []


def test_a_sample_is_drawn_from_the_turns_own_chance() -> None:
    """Another seed may draw another action, the same seed never does."""
    text = tell("a", 'select when d t sample { send_directive("0") send_directive("1") send_directive("2") }')

    def drawn(seed: str) -> list[str]:
        turn = make_turn("d", "t")
        outcome = Bench(text).run_turn(Turn(turn.event, type(turn.inputs)(turn.inputs.time_ms, seed)))
        return names_of(outcome)  # type: ignore[arg-type]

    seeds = [f"{number:032x}" for number in range(20)]
    assert [drawn(seed) for seed in seeds] == [drawn(seed) for seed in seeds]
    assert {name for seed in seeds for name in drawn(seed)} == {"0", "1", "2"}


def test_logs_are_part_of_the_outcome() -> None:
    """`log` and `klog` leave lines that say who wrote them."""
    bench = Bench(tell("a", 'select when d t pre { x = 5.klog("five") } noop() fired { log info {"x": x} }'))
    lines = bench.done("d", "t").log
    assert [(line.level, line.rid, line.rule, line.message, line.value) for line in lines] == [
        ("klog", "a", "r0", "five", 5.0),
        ("info", "a", "r0", {"x": 5.0}, None),
    ]


def test_entity_variables_are_written_and_cleared_along_paths() -> None:
    bench = Bench(
        tell(
            "a",
            'select when d put fired { ent:m{["a", "b"]} := 1; ent:m{"c"} := null }',
            'select when d cut fired { clear ent:m{["a", "b"]} }',
            "select when d wipe fired { clear ent:m }",
        )
    )
    assert bench.done("d", "put").pico.entities == {"a": {"m": {"a": {"b": 1.0}, "c": None}}}
    assert bench.done("d", "cut").pico.entities == {"a": {"m": {"a": {}, "c": None}}}
    assert bench.done("d", "wipe").pico.entities == {}
