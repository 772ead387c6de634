"""What each form of event expression selects, what it captures, and what it keeps between two events.

`play("…", "ab")` shows the events a and b; events that selected the rule come back as capitals.
"""

from __future__ import annotations

import pytest

from pico_lang.errors import BudgetSpent
from pico_lang.event_patterns import MOST_PLACES, base_events, build_machine, pattern_fingerprint, problems
from tests.pico_lang.event_playing import Rule, expression, play, play_values

# --- the forms -------------------------------------------------------------------------------------


def test_a_base_event_selects_on_its_domain_and_name() -> None:
    """Every such event selects the rule, no other does, and nothing is ever half-matched."""
    assert play("e a", "abaa") == "AbAA"
    rule = Rule("e a")
    assert (rule.show("a").state, rule.show("b").state) == (None, None)


def test_a_machine_says_which_events_it_listens_to() -> None:
    """Domain and name of every base event, wherever in the expression it stands."""
    machine = build_machine(expression("x:a not between (x:b, count 2 (y:c))"))
    assert machine.listens == {("x", "a"), ("x", "b"), ("y", "c")}


def test_a_name_alone_is_not_enough() -> None:
    """An event of the same name in another domain is another event."""
    rule = Rule("x:a before e:a")
    assert [rule.show("a").fired, rule.show("a").fired] == [False, False]


@pytest.mark.parametrize("text", ["e a or e b", "or(e a, e b)"])
def test_or_selects_on_either(text: str) -> None:
    """Each operand selects by itself."""
    assert play(text, "abcb") == "ABcB"


@pytest.mark.parametrize("text", ["e a and e b", "and(e a, e b)"])
def test_and_selects_when_all_have_come_in_any_order(text: str) -> None:
    """Then it begins anew."""
    assert play(text, "abba") == "aBbA"


def test_and_ignores_repeats_of_an_event_already_seen() -> None:
    """They neither count nor disturb."""
    assert play("e a and e b", "aacab") == "aacaB"
    assert play("and(e a, e b, e c)", "cacbb") == "cacBb"


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_and_of_three_takes_every_order(order: str) -> None:
    """The call form gathers all of its operands; only the last one selects."""
    assert play("and(e a, e b, e c)", order) == order[:2] + order[2].upper()


def test_infix_and_leans_left() -> None:
    """`a and b and c` is `(a and b) and c`: an operand that was begun is finished before the next."""
    assert play("e a and e b and e c", "acbc") == "acbC"
    assert play("and(e a, e b, e c)", "acbc") == "acBc"


def test_and_of_equal_events_wants_each_once() -> None:
    """Two operands that say the same need two events."""
    assert play("e a and e a", "aaa") == "aAa"


@pytest.mark.parametrize("text", ["e a before e b", "before(e a, e b)"])
def test_before_wants_an_order_and_lets_others_come_between(text: str) -> None:
    """A second first event changes nothing."""
    assert play(text, "bacaabb") == "bacaaBb"


@pytest.mark.parametrize("text", ["e a after e b", "after(e a, e b)"])
def test_after_is_before_in_reverse(text: str) -> None:
    """B, then A."""
    assert play(text, "abbcaa") == "abbcAa"


@pytest.mark.parametrize("text", ["after(e a, e b, e c)", "e a after e b after e c"])
def test_after_of_three_runs_from_the_last_to_the_first(text: str) -> None:
    """C, then B, then A."""
    assert play(text, "abccba") == "abccbA"


@pytest.mark.parametrize("text", ["e a then e b", "then(e a, e b)"])
def test_then_bears_no_other_event_of_the_rule_in_between(text: str) -> None:
    """The disturbing event sends it to the start and is consumed: it does not begin the next round."""
    assert play(text, "abaab") == "aBaab"
    assert play(text, "aaab") == "aaaB"


def test_then_is_not_disturbed_by_events_the_rule_does_not_mention() -> None:
    """Whatever they are, they are not shown to the machine."""
    assert play("e a then e b", "axyb") == "axyB"


def test_then_of_three_is_strict_in_both_gaps() -> None:
    """A wrong event in either gap is the end of the round."""
    for text in ("then(e a, e b, e c)", "e a then e b then e c"):
        assert play(text, "abcacbabac") == "abCacbabac"


def test_then_within_a_longer_expression_falls_back_to_its_own_start() -> None:
    """What came before the `then` is not lost."""
    assert play("e x before (e a then e b)", "xaaab") == "xaaaB"
    assert play("e a then (e b then e c)", "abbbc") == "abbbC"
    assert play("(e a then e b) then e c", "abbbc") == "abbbc"


def test_between_is_opening_event_closing() -> None:
    """B, then A, then C."""
    assert play("e a between (e b, e c)", "acbcabaac") == "acbcabaaC"


def test_not_between_is_reset_by_the_excluded_event() -> None:
    """B then C with no A in between."""
    assert play("e a not between (e b, e c)", "bcbacbcc") == "bCbacbCc"


def test_not_between_prefers_closing_over_excluding() -> None:
    """If one event is both, the expression is satisfied."""
    assert play("e a not between (e b, e a)", "aba") == "abA"


def test_not_between_gives_up_closing_while_a_longer_excluded_event_is_under_way() -> None:
    """As with `or`: once a first step is taken, the other way out is not tracked."""
    assert play("(e a before e d) not between (e b, e c)", "bacdcbc") == "bacdcbC"


def test_not_between_inside_and_works() -> None:
    """Its reset loses its own progress and nothing else."""
    text = "(e a not between (e b, e c)) and e d"
    assert play(text, "bacdbc") == "bacdbC"
    assert play(text, "dbabc") == "dbabC"
    assert play(text, "bcd") == "bcD"


def test_any_wants_different_ones_of_the_list_in_any_order() -> None:
    """A repeat does not count twice; selecting begins a new round."""
    assert play("any 2 (e a, e b, e c)", "aabca") == "aaBcA"


def test_any_one_is_or() -> None:
    """Each event selects by itself."""
    assert play("any 1 (e a, e b)", "ab") == "AB"


def test_count_selects_on_every_nth_and_starts_anew() -> None:
    """Three, six, nine."""
    assert play("count 3 (e a)", "aabaaaaa") == "aabAaaAa"


def test_repeat_selects_on_the_nth_and_every_one_after() -> None:
    """Others in between do no harm."""
    assert play("repeat 3 (e a)", "aabaaba") == "aabAAbA"


def test_repeat_as_a_part_still_needs_all_of_its_events() -> None:
    """Another alternative does not stand in for them."""
    assert play("repeat 2 (e a) or e b", "baaa") == "BaAA"


def test_repeat_in_front_goes_on_while_the_next_event_is_awaited() -> None:
    """And so disturbs no `then`; the captures move on with it."""
    assert play("repeat 2 (e a) then e b", "aaaabab") == "aaaaBab"
    rule = Rule("repeat 2 (e a n re#(.*)# setting(v)) before e b")
    for value in "123":
        rule.show("a", n=value)
    assert rule.show("b").bindings == {"v": "3"}


def test_repeat_at_the_end_of_any_selects_again_but_begins_nothing_else() -> None:
    """When enough are gathered, only the repeat goes on."""
    assert play("any 2 (e b, e c, repeat 2 (e a))", "baaaca") == "baAAcA"


# --- consequences of being a set of states ---------------------------------------------------------


def test_progress_survives_any_number_of_unrelated_events() -> None:
    """Without `within`, a half-matched expression waits for ever."""
    rule = Rule("e a before e b")
    rule.show("a", time_ms=0)
    for _ in range(100):
        assert rule.show("z").why == "waiting"
    assert rule.show("b", time_ms=10**12).fired


def test_other_alternatives_are_not_tracked_after_a_first_step() -> None:
    """The state moves as a whole."""
    assert play("(e a before e b) or (e c before e d)", "acd") == "acd"
    assert play("(e a before e b) or (e c before e d)", "acdb") == "acdB"


def test_alternatives_that_share_a_first_event_are_both_tracked() -> None:
    """Whichever goes on first selects."""
    text = "(e a before e b) or (e a before e c)"
    assert (play(text, "ab"), play(text, "ac")) == ("aB", "aC")


def test_a_shorter_alternative_wins() -> None:
    """A target that is the end selects, whatever else would be reached."""
    assert play("(e a before e a) or e a", "aa") == "AA"
    assert play("(e a and e b) or e b", "babba") == "BaBBa"


def test_a_step_says_what_the_event_did() -> None:
    """`why` is for logs: it also tells apart what ends in the same state."""
    rule = Rule("e a n re#ok# before e b n re#ok#")
    shown = [("z", ""), ("a", "no"), ("a", "ok"), ("a", "no"), ("b", "no"), ("a", "ok"), ("b", "ok")]
    said = [rule.show(name, n=n).why for name, n in shown]
    assert said == ["waiting", "refused", "advanced", "waiting", "reset", "advanced", "selected"]


@pytest.mark.parametrize("text", ["e a not between (e b, e c)", "e b then e c or e a before e c"])
def test_a_round_that_falls_back_to_the_start_is_a_reset(text: str) -> None:
    """Being excluded or disturbed ends it, too, though every test was passed."""
    rule = Rule(text)
    rule.show("b")
    assert rule.show("a") == (None, False, {}, "reset")


# --- matches that fail -----------------------------------------------------------------------------


def test_an_awaited_event_that_does_not_fit_resets_the_whole_machine() -> None:
    """Surprising for `before`, and what `repeat` relies on."""
    rule = Rule("e a before e b n re#ok#")
    fired = [rule.show(name, n=n).fired for name, n in [("a", ""), ("b", "no"), ("b", "ok")]]
    assert not any(fired)
    rule = Rule("repeat 3 (e a n re#ok#)")
    fired = [rule.show("a", n=n).fired for n in ["ok", "ok", "no", "ok", "ok", "ok", "ok", "no", "ok"]]
    assert fired == [False, False, False, False, False, True, True, False, False]


def test_an_event_that_is_not_awaited_now_cannot_reset_by_not_fitting() -> None:
    """Only what waits for it is tested."""
    rule = Rule("e a n re#ok# before e b")
    fired = [rule.show(name, n=n).fired for name, n in [("a", "ok"), ("a", "no"), ("b", "")]]
    assert fired == [False, False, True]


def test_of_two_alternatives_on_one_event_one_that_fits_is_enough() -> None:
    """Whether the first or the second one fails."""
    text = "e a n re#(1)# setting(v) or e a n re#(2)# setting(v)"
    assert play_values(text, "a", ["1", "2", "3"]) == [{"v": "1"}, {"v": "2"}, None]
    rule = Rule("(e a n re#(1)# setting(v) before e b) or (e a n re#(2)# setting(w) before e c)")
    rule.show("a", n="2")
    assert rule.show("c").bindings == {"w": "2"}


def test_a_base_event_is_tested_once_per_event() -> None:
    """Even where it stands at several places, and not at all where it is not awaited."""
    rule = Rule("(e a n re#1# before e b) or (e a n re#1# before e c n re#1#)")
    rule.show("a", n="1")
    assert rule.asked == [0]
    rule.show("c", n="1")
    assert rule.asked == [0, 2]


def test_a_base_event_with_nothing_to_test_asks_nobody() -> None:
    """Domain and name decide."""
    rule = Rule("e a before e b")
    rule.show("a")
    rule.show("b")
    assert rule.asked == []


# --- captures --------------------------------------------------------------------------------------


def test_captures_are_bound_by_position() -> None:
    """Fewer captures than names leave null; more are ignored."""
    assert play_values("e a n re#(.)(.)# setting(x, y, z)", "a", ["12"]) == [{"x": "1", "y": "2", "z": None}]
    assert play_values("e a n re#(.)(.)# setting(x)", "a", ["12"]) == [{"x": "1"}]


def test_captures_accumulate_and_the_latest_wins() -> None:
    """Over the events of one round."""
    rule = Rule("e a n re#(.)# setting(x) before e b n re#(.)(.)# setting(y, x)")
    rule.show("a", n="1")
    assert rule.show("b", n="23").bindings == {"x": "3", "y": "2"}


def test_the_first_captures_of_and_stay() -> None:
    """A repeat of an event already seen is ignored, captures and all."""
    rule = Rule("e a n re#(.)# setting(x) and e b")
    rule.show("a", n="1")
    rule.show("a", n="2")
    assert rule.show("b").bindings == {"x": "1"}


def test_captures_are_gone_once_the_rule_was_selected() -> None:
    """An alternative without captures then leaves the names null."""
    rule = Rule("e d or e a n re#(.)# setting(v)")
    assert rule.show("d").bindings == {}
    assert rule.show("a", n="1").bindings == {"v": "1"}
    assert rule.show("d").bindings == {}


def test_captures_are_gone_after_a_reset() -> None:
    """However the round ended."""
    rule = Rule("(e x n re#(.)# setting(v) then e y) or e z")
    rule.show("x", n="1")
    rule.show("x", n="2")
    assert rule.show("z").bindings == {}


def test_every_selection_of_repeat_has_its_own_captures() -> None:
    """What an earlier one captured is cleared."""
    rule = Rule("repeat 1 (e a n re#(1)?# setting(v))")
    assert [rule.show("a", n="1").bindings, rule.show("a", n="2").bindings] == [{"v": "1"}, {"v": None}]


# --- aggregators -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "result"),
    [("max", 8.0), ("min", 1.0), ("sum", 12.0), ("avg", 4.0), ("push", ["3", "8", "1"])],
)
def test_aggregators_see_the_last_n_events(function: str, result: object) -> None:
    """As numbers, but for `push`, which keeps the strings."""
    text = f"count 3 (e a n re#(.*)#) {function}(m)"
    assert play_values(text, "a", ["3", "8", "1"]) == [None, None, {"m": result}]


def test_count_starts_a_new_list_each_round() -> None:
    """The second result has nothing of the first round."""
    results = play_values("count 2 (e a n re#(.*)#) push(m)", "a", "1234")
    assert results == [None, {"m": ["1", "2"]}, None, {"m": ["3", "4"]}]


def test_repeat_slides_its_list() -> None:
    """Each result has the last n."""
    results = play_values("repeat 2 (e a n re#(.*)#) push(m)", "a", "1234")
    assert results == [None, {"m": ["1", "2"]}, {"m": ["2", "3"]}, {"m": ["3", "4"]}]


def test_a_failed_match_empties_the_list() -> None:
    """A reset is a reset of the aggregate, too."""
    results = play_values("repeat 2 (e a n re#([0-9])#) sum(m)", "a", "12x345")
    assert results == [None, {"m": 3.0}, None, None, {"m": 7.0}, {"m": 9.0}]


def test_what_is_no_number_counts_as_zero() -> None:
    """Missing captures are null, which is no number either."""
    assert play_values("count 2 (e a n re#(.*)#) sum(x, y)", "a", ["5", "five"])[1] == {"x": 5.0, "y": 0.0}
    assert play_values("count 2 (e a n re#(.*)#) push(x, y)", "a", ["5", "6"])[1] == {
        "x": ["5", "6"],
        "y": [None, None],
    }


def test_an_aggregator_without_attribute_matches_gives_null() -> None:
    """There is nothing to aggregate, and that is no failure."""
    assert play_values("count 1 (e a) max(m, n)", "a", ["5"]) == [{"m": None, "n": None}]


def test_an_aggregate_inside_a_longer_expression_starts_anew_each_round() -> None:
    """Its list begins with the first event it counts."""
    rule = Rule("e x before count 2 (e a n re#(.)#) push(m)")
    results = []
    for name, value in [("x", "1"), ("a", "1"), ("a", "2"), ("x", "1"), ("a", "3"), ("a", "4")]:
        step = rule.show(name, n=value)
        results += [step.bindings["m"]] if step.fired else []
    assert results == [["1", "2"], ["3", "4"]]


def test_of_two_aggregates_under_one_name_the_later_in_the_text_stays() -> None:
    """In whichever order the events of the expression are awaited."""
    first, second = "count 1 (e a n re#(.)#) push(m)", "count 1 (e a n re#(.)#) sum(m)"
    assert play_values(f"{first} or {second}", "a", "7") == [{"m": 7.0}]
    assert play_values(f"{second} or {first}", "a", "7") == [{"m": ["7"]}]
    rule = Rule(f"({first}) not between (e b, {second})")
    rule.show("b")
    assert rule.show("a", n="7").bindings == {"m": 7.0}


# --- within ----------------------------------------------------------------------------------------


def test_within_is_measured_from_the_event_that_left_the_start() -> None:
    """Equal to the limit still counts; one more does not."""
    for late, fired in [(5, True), (6, False)]:
        rule = Rule("before(e a, e b, e c)", within_ms=5)
        rule.show("a", time_ms=100)
        rule.show("b", time_ms=104)
        assert rule.show("c", time_ms=100 + late).fired is fired


def test_an_expired_round_restarts_with_the_current_event() -> None:
    """The event that comes too late may be the first of the next round; captures are dropped."""
    rule = Rule("e a n re#(.)# setting(v) before e b or e c n re#(.)# setting(w) before e b", within_ms=5)
    rule.show("a", time_ms=0, n="1")
    assert rule.show("c", time_ms=6, n="2").why == "expired, advanced"
    assert rule.show("b", time_ms=11).bindings == {"w": "2"}


def test_an_expired_round_leaves_nothing_half_matched() -> None:
    """When the current event does not begin another."""
    rule = Rule("e a before e b", within_ms=5)
    rule.show("a", time_ms=0)
    assert rule.show("b", time_ms=6) == (None, False, {}, "expired, waiting")


def test_a_round_after_a_selection_has_its_own_clock() -> None:
    """The limit of the next round is counted from that round's first event."""
    rule = Rule("e a before e b", within_ms=5_000)
    times = [("a", 0), ("b", 1_000), ("a", 3_000), ("b", 7_000)]
    assert [rule.show(name, time_ms=at).fired for name, at in times] == [False, True, False, True]


def test_repeat_is_measured_from_the_first_event_of_its_round() -> None:
    """Being selected does not end the round; the event that comes too late for it begins the next."""
    rule = Rule("repeat 2 (e a)", within_ms=5)
    fired = [rule.show("a", time_ms=at).fired for at in [0, 3, 5, 6, 11, 12]]
    assert fired == [False, True, True, False, True, False]


def test_the_clock_starts_again_while_the_machine_also_stands_at_the_start() -> None:
    """It is the latest event that left the start that counts."""
    text = "(e a not between (e b, e c)) or (e b before e a before e d)"
    rule = Rule(text, within_ms=5)
    for name, at in [("b", 0), ("a", 4), ("b", 5)]:
        rule.show(name, time_ms=at)
    assert rule.show("c", time_ms=10).fired


# --- state as data ---------------------------------------------------------------------------------


def test_state_fits_every_text_that_says_the_same() -> None:
    """Layout, comments, the call form and a changed `within` keep what is half-matched."""
    before = Rule("e a before e b n re#x# where true")
    before.show("a")
    after = Rule("before( e:a,\n // later\n e:b n re#x# where true )", within_ms=5, state=before.state)
    assert after.show("b", n="x").fired


DIFFERENT = [
    "e a before e c",
    "e a then e b n re#1#",
    "e a before e b n re#2#",
    "e a before e b m re#1#",
    "e a before e b n re#1#i",
    "e a before e b n re#1# setting(v)",
    "e a before e b n re#1# where v",
    "e a before e b n re#1# where w",
    "any 2 (e a, e b, e c)",
    "any 1 (e a, e b, e c)",
    "count 2 (e a)",
    "repeat 2 (e a)",
    "count 3 (e a)",
    "count 2 (e a) max(m)",
    "count 2 (e a) min(m)",
    "e a between (e b, e c)",
    "e a not between (e b, e c)",
    "e a and e b and e c",
    "and(e a, e b, e c)",
    "e a then (e b then e c)",
    "e a then e b then e c",
]


def test_what_changes_the_meaning_changes_the_fingerprint() -> None:
    """No two of these texts say the same."""
    assert len({pattern_fingerprint(expression(text)) for text in DIFFERENT}) == len(DIFFERENT)


def test_state_of_another_expression_is_dropped() -> None:
    """A changed rule begins anew, and the state it is given is not looked into."""
    old = Rule("e a before e b")
    old.show("a")
    assert not Rule("e a then e b", state=old.state).show("b").fired
    assert Rule("e b", state=old.state).show("b").fired


def test_fingerprints_are_the_same_in_every_release() -> None:
    """Half-matched rules of an older engine go on: change these only together with a migration."""
    assert pattern_fingerprint(expression("e a before e b")) == "be84f4eead879fe8"
    recorded = {
        "pattern": "be84f4eead879fe8",
        "places": ["1"],
        "bindings": {},
        "rows": {},
        "since": 0.0,
    }
    assert Rule("e a before e b", state=recorded).show("b").fired


def test_a_half_matched_state_is_shared_not_copied_while_nothing_happens() -> None:
    """Whoever stores it can see that nothing changed."""
    rule = Rule("e a before e b")
    rule.show("a")
    state = rule.state
    assert rule.show("z").state is state


# --- how large it gets -----------------------------------------------------------------------------


def test_and_of_many_events_stands_at_one_place() -> None:
    """Twelve operands have 479 million orders; the state remembers only which have come."""
    names = "abcdefghijkl"
    rule = Rule(f"and({', '.join(f'e {name}' for name in names)})")
    for name in names[:0:-1]:
        assert len(rule.show(name).state["places"]) == 1
    assert rule.show("a").fired


def test_and_of_many_equal_events_stands_at_one_place() -> None:
    """Equal operands are interchangeable."""
    assert play(f"and({', '.join(['e a'] * 30)})", "a" * 31) == "a" * 29 + "Aa"


def test_an_expression_that_stands_at_too_many_places_is_stopped() -> None:
    """Operands that all wait for the same events would double the places with each event."""
    many = ", ".join(f"e a n re#({number}|x)# setting(v{number})" for number in range(30))
    rule = Rule(f"and({many})")
    with pytest.raises(BudgetSpent, match="more than 1,000 places"):
        [rule.show("a", n="x") for _ in range(15)]
    assert len(rule.state["places"]) <= MOST_PLACES


def test_long_chains_need_no_deep_stack() -> None:
    """Infix operators lean left; a thousand of them are one chain."""
    assert play(" or ".join(["e a", "e b"] * 1_000), "bz") == "Bz"
    assert len(base_events(expression(" before ".join(["e a", "e b"] * 1_000)))) == 2


# --- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("any 3 (e a, e b, e c)", "K312", "`any 3` of 3 events"),
        ("any 0 (e a, e b)", "K312", "`any 0` of 2 events"),
        ("count 0 (e a)", "K312", "`count 0`"),
        ("repeat 0 (e a)", "K312", "`repeat 0`"),
        ("count 10001 (e a n re#(.)#) push(m)", "K313", "10,001 events"),
    ],
)
def test_impossible_expressions_are_diagnosed_where_they_stand(text: str, code: str, said: str) -> None:
    """With the form that is wrong as the span, however deep it is; building a machine does not fail."""
    whole = expression(f"e x before (e y or {text})")
    (found,) = problems(whole)
    assert (found.code, said in found.message) == (code, True)
    assert (found.span.end - found.span.start) == len(text)
    assert build_machine(whole).listens >= {("e", "x"), ("e", "y")}


def test_all_problems_are_found_at_once() -> None:
    """In the order of the text."""
    found = problems(expression("count 0 (e a) or any 5 (e b, e c) or repeat 0 (e d)"))
    assert [one.message.split("`")[1] for one in found] == ["count 0", "any 5", "repeat 0"]


def test_expressions_that_are_nested_too_deeply_are_refused() -> None:
    """Infix `and` nests, since it leans left; `or` does not, however long it is."""
    (found,) = problems(expression(" and ".join(["e a"] * 1_000)))
    assert (found.code, found.hint) == ("K105", "`and(…)` takes any number of events at once")
    assert problems(expression(" or ".join(["e a"] * 1_000))) == []
    assert problems(expression(f"and({', '.join(['e a'] * 1_000)})")) == []


def test_the_deepest_expression_that_is_accepted_runs() -> None:
    """A hundred levels, gathered from the inside out."""
    text = " and ".join(f"e a{number}" for number in range(100))
    assert problems(expression(text)) == []
    rule = Rule(text)
    assert [rule.show(f"a{number}").fired for number in range(100)] == [False] * 99 + [True]


def test_possible_expressions_have_no_problems() -> None:
    """Numbers just within their limits included."""
    for text in (
        "any 1 (e a, e b)",
        "count 1 (e a)",
        "count 10000 (e a n re#(.)#) max(m)",
        "count 99999 (e a)",
    ):
        assert problems(expression(text)) == []
