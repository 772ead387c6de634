"""Rules as section 8 of the language reference has them: what a host is asked to do, and in what order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.running import open_instance, ruleset, run_rules

SELECT = "select when test tick"


def done(body: str, attrs: dict[str, Any] | None = None, declared: str = "") -> list[tuple[Any, ...]]:
    """What a host is asked by one rule with this body, leaving out that it fired."""
    host = run_rules(ruleset(f"rule r {{ {body} }}", declared=declared), attrs)
    return [entry for entry in host.done if entry != ("fired",)]


def logged(body: str, attrs: dict[str, Any] | None = None, declared: str = "") -> list[Any]:
    """The values that one rule with this body logs."""
    return [entry[2] for entry in done(body, attrs, declared) if entry[0] == "log"]


def test_a_rule_without_actions_fires() -> None:
    assert logged(f"{SELECT} fired {{ log info 1 }} else {{ log info 2 }}") == [1.0]


def test_a_false_condition_runs_no_action_and_the_rule_is_not_fired() -> None:
    body = f'{SELECT} if false then send_directive("x") fired {{ log info 1 }} else {{ log info 2 }}'
    assert done(body) == [("log", "info", 2.0)]


def test_notfired_is_the_other_way_round() -> None:
    body = (
        f"{SELECT} if false then noop() notfired {{ log info 1 }} else {{ log info 2 }} "
        "finally { log info 3 }"
    )
    assert logged(body) == [1.0, 3.0]


def test_finally_runs_after_either() -> None:
    assert logged(f"{SELECT} fired {{ log info 1 }} finally {{ log info 2 }}") == [1.0, 2.0]


def test_names_declared_in_fired_are_visible_in_finally() -> None:
    assert logged(f"{SELECT} fired {{ x = 5 }} finally {{ log info x }}") == [5.0]
    assert logged(f"{SELECT} if false then noop() fired {{ x = 5 }} finally {{ log info x }}") == [None]


def test_every_runs_all_actions_in_order() -> None:
    body = f'{SELECT} every {{ send_directive("a", {{"n":1}}) noop() send_directive("b") }}'
    assert done(body) == [("directive", "a", {"n": 1.0}), ("directive", "b", None)]


def test_choose_runs_the_labelled_action() -> None:
    body = (
        f'{SELECT} choose event:attrs{{"way"}} {{ left => send_directive("l") right => send_directive("r") }}'
    )
    body = body.replace('choose event:attrs{"way"}', "choose way()")
    declared = 'way = function(){ event:attrs{"way"} }'
    assert done(body, {"way": "right"}, declared) == [("directive", "r", None)]
    assert done(f"{body} fired {{ log info 1 }}", {"way": "up"}, declared) == [("log", "info", 1.0)]


def test_sample_runs_the_action_that_chance_names() -> None:
    program = ruleset(f'rule r {{ {SELECT} sample {{ send_directive("a") send_directive("b") }} }}')
    host = RecordingHost()
    host.sample = 1
    open_instance(program, host).rules[0].run({})
    assert ("directive", "b", None) in host.done


def test_setting_binds_what_an_action_gives_and_null_where_it_did_not_run() -> None:
    body = f'{SELECT} if C then door:open("front", wide = true) setting(got) always {{ log info got }}'
    assert logged(body.replace("C", "true")) == ["did open"]
    assert logged(body.replace("C", "false")) == [None]


def test_a_defaction_acts_and_returns_its_value_either_way() -> None:
    declared = 'greet = defaction(n){ m = n + 1; if n > 0 then send_directive("hi", {"m":m}) return m }'
    body = f"{SELECT} greet(N) setting(got) always {{ log info got }}"
    assert done(body.replace("N", "1"), declared=declared) == [
        ("directive", "hi", {"m": 2.0}),
        ("log", "info", 2.0),
    ]
    assert done(body.replace("N", "0"), declared=declared) == [("log", "info", 1.0)]


def test_defactions_may_mention_later_ones_and_themselves() -> None:
    declared = (
        "down = defaction(n){ if n > 0 then other(n) } other = defaction(n){ every { noop() down(n - 1) "
        'send_directive("n", n) } }'
    )
    assert [entry[2] for entry in done(f"{SELECT} down(2)", declared=declared)] == [1.0, 2.0]


def test_an_action_may_be_a_value() -> None:
    declared = 'hi = defaction(){ send_directive("hi") } twice = defaction(act){ every { act() act() } }'
    assert len(done(f"{SELECT} twice(hi)", declared=declared)) == 2


def test_something_that_is_no_action_is_a_fault() -> None:
    with pytest.raises(Exception, match="act is not an action"):
        done(f"{SELECT} run(1)", declared="run = defaction(act){ act() }")


# --- select ----------------------------------------------------------------------------------------


def test_captures_are_bound_by_position_over_all_matches() -> None:
    body = (
        "select when test tick a re#(.)(.)# b re#x(.)# setting(p, q, r, s) always { log info [p, q, r, s] }"
    )
    assert logged(body, {"a": "12", "b": "x3"}) == [["1", "2", "3", None]]


@pytest.mark.parametrize(
    ("attrs", "selected"),
    [({}, True), ({"a": ""}, True), ({"a": "x"}, False), ({"a": None}, False)],
)
def test_a_missing_attribute_matches_as_the_empty_string(attrs: dict[str, Any], selected: bool) -> None:
    assert bool(logged("select when test tick a re#^$# always { log info 1 }", attrs)) is selected


def test_where_sees_the_captured_names() -> None:
    body = "select when test tick n re#(.*)# setting(n) where n > 5 always { log info n }"
    assert logged(body, {"n": 6.0}) == ["6"]
    assert logged(body, {"n": 4.0}) == []


def test_select_where_wants_exactly_true() -> None:
    assert logged("select where 1 == 1 always { log info 1 }") == [1.0]
    assert logged("select where 1 always { log info 1 }") == []


def test_inactive_rules_do_not_run() -> None:
    assert run_rules(ruleset(f"rule r is inactive {{ {SELECT} }}")).done == []


# --- foreach ---------------------------------------------------------------------------------------


def test_foreach_over_an_array_a_map_and_a_string() -> None:
    loop = f"{SELECT} foreach E setting(v, k) always {{ log info [v, k] }}"
    assert logged(loop.replace("E", "[5,6]")) == [[5.0, 0.0], [6.0, 1.0]]
    assert logged(loop.replace("E", '{"a":1,"b":2}')) == [[1.0, "a"], [2.0, "b"]]
    assert logged(loop.replace("E", '"xy"')) == [["x", "0"], ["y", "1"]]


@pytest.mark.parametrize("nothing", ["null", "5", "[]", "{}"])
def test_an_empty_foreach_runs_nothing_at_all(nothing: str) -> None:
    assert done(f"{SELECT} foreach {nothing} setting(v) noop() always {{ log info 1 }}") == []


def test_inner_loops_see_outer_names_and_captures() -> None:
    body = (
        "select when test tick n re#(.*)# setting(n) foreach [n, 2] setting(a) foreach [a] setting(b) "
        "always { log info b }"
    )
    assert logged(body, {"n": "one"}) == ["one", 2.0]


def test_on_final_runs_once_in_the_last_iteration_of_all_loops() -> None:
    body = f"{SELECT} foreach [1,2] setting(a) foreach [3,4] setting(b) always {{ log info [a,b] on final }}"
    assert logged(body) == [[2.0, 4.0]]
    assert logged(f"{SELECT} always {{ log info 1 on final }}") == [1.0]


def test_the_second_iteration_does_not_see_a_declaration_of_the_first() -> None:
    body = f"{SELECT} foreach [1,2] setting(a) always {{ x = a if a == 1; log info x }}"
    assert logged(body) == [1.0, None]


# --- postlude --------------------------------------------------------------------------------------


def test_entity_variables_are_written_at_once() -> None:
    body = (
        f'{SELECT} always {{ ent:n := 1; ent:n := ent:n + 1; ent:m{{["a","b"]}} := ent:n; log info ent:m }}'
    )
    assert logged(body) == [{"a": {"b": 2.0}}]


def test_clear_takes_a_variable_or_a_path_away() -> None:
    body = (
        f'{SELECT} always {{ ent:m := {{"a":1,"b":2}}; clear ent:m{{"a"}}; log info ent:m; '
        "clear ent:m; log info ent:m }"
    )
    assert logged(body) == [{"b": 2.0}, None]


def test_raise_in_both_forms() -> None:
    body = f'{SELECT} always {{ raise a event "b" attributes {{"x":1}}; raise event "c:d" for "some.rid" }}'
    assert done(body) == [("raise", "a", "b", None, {"x": 1.0}), ("raise", None, "c:d", "some.rid", None)]


def test_schedule_binds_its_entry() -> None:
    body = f'{SELECT} always {{ schedule a event "b" at 5 attributes {{"x":1}} setting(id); log info id }}'
    assert done(body)[0] == ("schedule", "a", "b", "at", 5.0, {"x": 1.0})
    assert logged(body) == [{"id": "timer"}]


def test_guards() -> None:
    assert logged(f"{SELECT} always {{ log info 1 if 0; log info 2 if 1 }}") == [2.0]


def test_last_stops_the_rule_its_loops_and_the_rules_after_it() -> None:
    program = ruleset(
        f"rule a {{ {SELECT} foreach [1,2] setting(x) fired {{ log info x; last }} "
        "finally { log info 9 } }"
        f"rule b {{ {SELECT} always {{ log info 3 }} }}"
    )
    assert [entry[2] for entry in run_rules(program).done if entry[0] == "log"] == [1.0]


def test_error_stops_only_with_level_error() -> None:
    assert done(f"{SELECT} always {{ error warn 1; log info 2 }}") == [
        ("error", "warn", 1.0),
        ("log", "info", 2.0),
    ]
    assert done(f"{SELECT} always {{ error error 1; log info 2 }}") == [("error", "error", 1.0)]


def test_pre_may_shadow_a_name_of_its_own_rule_and_read_it() -> None:
    body = "select when test tick n re#(.*)# setting(n) pre { n = n + 1 } always { log info n }"
    assert logged(body, {"n": "4"}) == ["41"]


# --- rulesets --------------------------------------------------------------------------------------


def test_queries_take_arguments_by_name_and_by_place() -> None:
    program = ruleset("", "shares minus, answer", "minus = function(a, b){ a - b } answer = 42")
    instance = open_instance(program, RecordingHost())
    assert instance.query("minus", {"b": 1.0, "a": 5.0}) == 4.0
    assert instance.query("minus", {"0": 5.0, "1": 2.0}) == 3.0
    assert instance.query("answer", {}) == 42.0


def test_testing_describes_what_is_shared_and_selected() -> None:
    program = ruleset(
        'rule r { select when test tick a re#.# pre { x = event:attrs{"b"} y = event:attr("c") '
        'z = event:attrs.get("d") } always { log info [x, y, z] } }',
        "shares f",
        "f = function(a, b){ a + b }",
    )
    assert open_instance(program, RecordingHost()).query("__testing", {}) == {
        "queries": [{"name": "f", "args": ["a", "b"]}],
        "events": [{"domain": "test", "name": "tick", "attrs": ["a", "b", "c", "d"]}],
    }


def test_meta_texts() -> None:
    program = ruleset("", 'name "Clock" description <<tells time>> version "1.2" author "us"')
    assert program.meta == {"name": "Clock", "description": "tells time", "version": "1.2", "author": "us"}


def test_modules_get_their_configuration_and_give_what_they_provide() -> None:
    module = ruleset(
        "",
        'configure using unit = "m" provides label, tell, constant',
        "label = function(n){ n + unit } tell = defaction(n){ send_directive(label(n)) } "
        "constant = 7 hidden = 1",
    )
    user = ruleset(
        f"rule r {{ {SELECT} every {{ a:tell(1) b:tell(2) }} "
        "always { log info [a:label(3), 4.b:label(), a:constant] } }",
        'use module test.module alias a with unit = "km" use module test.module alias b',
    )
    host = RecordingHost()
    runtime = open_instance(module, host).runtime
    instance = user.instantiate(
        runtime, {}, lambda use, given: module.instantiate(runtime, given, lambda u, g: instance)
    )
    instance.rules[0].run({})
    assert [entry[1] for entry in host.done if entry[0] == "directive"] == ["1km", "2m"]
    assert host.done[-1] == ("log", "info", ["3km", "4m", 7.0])


def test_a_name_that_is_not_provided_is_a_fault_that_lists_what_is() -> None:
    user = ruleset(f"rule r {{ {SELECT} always {{ log info a:hidden }} }}", "use module test.module alias a")
    module = open_instance(ruleset("", "provides seen", "seen = 1 hidden = 2"), RecordingHost())
    instance = user.instantiate(module.runtime, {}, lambda use, given: module)
    with pytest.raises(Exception, match="module a does not provide hidden; it provides: seen"):
        instance.rules[0].run({})
