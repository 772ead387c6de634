"""Event expressions as sequences of events and whether the rule is selected: section 9.

Each row is an expression, with `lamp` as the domain of every event, and a play: event names in
order, a capital letter where the rule is selected. Attributes, where they matter, stand behind.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.engine import Engine


def ruleset(expression: str, *names: str) -> str:
    """A ruleset that tells `names` whenever its expression is satisfied."""
    options = "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"
    return f'ruleset lamp {{ rule r {{ select when {expression} send_directive("it", {options}) }} }}'


def play(engine: Engine, plot: str) -> str:
    """Send lower-cased names; give back the plot with capitals where the rule was selected."""
    return "".join(
        name.upper() if engine.send(f"lamp:{name}") else name for name in plot.lower().replace(" ", "")
    )


@pytest.mark.parametrize(
    ("expression", "plot"),
    [
        # before: in that order, anything may come between
        ("lamp a before lamp b", "aB b b aaxB aB"),
        ("before(lamp a, lamp b, lamp c)", "abC acbC cbabC"),
        # after: the other way round
        ("lamp a after lamp b", "abA a a b x A"),
        ("after(lamp a, lamp b, lamp c)", "cbA abcbA"),
        # then: nothing else that the rule knows may come between, and what disturbs is used up
        ("lamp a then lamp b", "aB b aab aB axB"),
        ("then(lamp a, lamp b, lamp c)", "abC abbc abC"),
        # and: any order, each once
        ("lamp a and lamp b", "aB bA bbbA aaaB"),
        ("and(lamp a, lamp b, lamp c)", "abC caB bcA aabbC"),
        # or
        ("lamp a or lamp b", "A B x A A"),
        ("or(lamp a, lamp b, lamp c, lamp d)", "A B C D x"),
        # between and not between
        ("lamp a between (lamp b, lamp c)", "baC bcaC babC baaC"),
        ("lamp a not between (lamp b, lamp c)", "bC bac bC c c bbC abC"),
        # any
        ("any 2 (lamp a, lamp b, lamp c)", "aaB cA bbC"),
        # count and repeat
        ("count 3 (lamp a)", "aaA aaA a"),
        ("repeat 3 (lamp a)", "aaAAAA"),
        ("count 1 (lamp a)", "AAA"),
        ("repeat 1 (lamp a)", "AAA"),
        # combined; and binds closer than or, before closer than and
        ("(lamp a and lamp b) or lamp c", "C acB acB"),
        ("lamp a and (lamp b or lamp c)", "aB cA aB"),
        ("lamp a or lamp b and lamp c", "A bC cB"),
        ("lamp a and lamp b before lamp c", "bcA bacA"),
        ("(lamp a before lamp b) or (lamp c before lamp d)", "acdB cD"),
        # two alternatives that begin with the same event are both followed
        ("(lamp a before lamp b) or (lamp a before lamp c)", "aB aC aBc"),
        ("(lamp a before lamp a) or lamp a", "AAA"),
        ("lamp a not between (lamp b, lamp a)", "abA"),
        ("(lamp a and lamp b) or lamp b", "B aBB aBBB"),
        ("(lamp a and lamp b) or (lamp c and lamp a)", "aC aB cA bA"),
        # a colon may stand between domain and name
        ("lamp:a before lamp:b", "aB"),
    ],
)
def test_sequences(engine: Engine, expression: str, plot: str) -> None:
    """Every operator, alone and combined."""
    engine.install(ruleset(expression))
    plot = plot.replace(" ", "")
    assert play(engine, plot) == plot


@pytest.mark.parametrize(
    ("expression", "plot"),
    [
        # for `repeat` this means: so many in a row
        ("repeat 3 (lamp a n re#ok#)", "a a A A -a a a A"),
        ("count 2 (lamp a n re#ok#)", "a -a a A a A"),
        # for `before`, the first step is lost as well
        ("lamp a before lamp b n re#ok#", "a -b b a B"),
        ("lamp a then lamp b n re#ok#", "a B b a -b b"),
        # a condition counts like an attribute match
        ('lamp a before lamp b where event:attrs{"n"} == "ok"', "a -b b a B"),
        # and an event that nothing in the expression waits for does not matter
        ("lamp a before lamp b n re#ok#", "a -a -c B"),
    ],
)
def test_an_event_that_does_not_fit_loses_what_was_half_matched(
    engine: Engine, expression: str, plot: str
) -> None:
    """KEEP: domain and type are awaited, its attributes do not fit. A dash marks such an event."""
    engine.install(ruleset(expression))
    for step in plot.split():
        name = step.strip("-").lower()
        told = engine.send(f"lamp:{name}", n="bad" if step.startswith("-") else "ok")
        assert bool(told) is step.isupper(), step


AGGREGATES: list[tuple[str, list[Any], list[Any]]] = [
    (r"count 3 (lamp a n re#(\d+)#) max(m)", [3, 8, 5, 1, 0, 0, 0, 0, 7], [8, 1, 7]),
    (r"repeat 3 (lamp a n re#(\d+)#) min(m)", [5, 3, 4, 5, 6], [3, 3, 4]),
    (r"repeat 3 (lamp a n re#(\d+)#) min(m)", [5, 3, None, 3, 8, 1, 2, 3, 4], [1, 1, 1, 2]),
    (r"repeat 3 (lamp a n re#(\d+)#) sum(m)", [1, 2, 3, 4], [6, 9]),
    (r"repeat 3 (lamp a n re#(\d+)#) avg(m)", [1, 2, 3, 100], [2, 35]),
    (r"repeat 3 (lamp a n re#(\d+)#) push(m)", [1, 2, 3, "x", 5, 6, 7], [["1", "2", "3"], ["5", "6", "7"]]),
    ("count 2 (lamp a n re#(.*)#) push(m)", ["a", "b", "c", "d"], [["a", "b"], ["c", "d"]]),
    ("count 2 (lamp a n re#(.*)#) sum(m)", ["2", "two"], [2]),
    ("count 2 (lamp a n re#(.*)#) max(m)", ["-2", "nothing"], [0]),
]


@pytest.mark.parametrize(("expression", "given", "told"), AGGREGATES)
def test_aggregates(engine: Engine, expression: str, given: list[Any], told: list[Any]) -> None:
    """Over the last n events: `count` starts a new list each round, `repeat` slides; what is no number
    counts as 0."""
    engine.install(ruleset(expression, "m"))
    replies = [engine.send("lamp:a", n=one) for one in given]
    assert [options["m"] for reply in replies for _, options in reply] == told


def test_an_aggregator_binds_its_names_to_captures_by_position(engine: Engine) -> None:
    """Over all matches of the event; a name too many is given nulls."""
    engine.install(
        ruleset("repeat 2 (lamp a p re#(.)# q re#(.) (.*)#) push(a, b, c, d)", "a", "b", "c", "d"),
        ruleset("count 2 (lamp a p re#(.)# q re#(.)#) sum(a, b)", "a", "b").replace("lamp {", "sums {"),
    )
    engine.send("lamp:a", p="1", q="2 two")
    pushed, summed = engine.send("lamp:a", p="3", q="4 four")
    assert pushed == ("it", {"a": ["1", "3"], "b": ["2", "4"], "c": ["two", "four"], "d": [None, None]})
    assert summed == ("it", {"a": 4, "b": 6})


def test_an_aggregator_without_captures_gives_null(engine: Engine) -> None:
    """FIX 25: there is nothing to aggregate, which is no reason to fail."""
    engine.install(ruleset("count 2 (lamp a) max(m)", "m"))
    assert engine.send("lamp:a") == []
    assert engine.send("lamp:a") == [("it", {"m": None})]


# --- what is captured ------------------------------------------------------------------------------


def test_captures_accumulate_until_the_rule_is_selected(engine: Engine) -> None:
    """For one name the latest wins; after that they are forgotten."""
    engine.install(
        ruleset("before(lamp a n re#(.*)# setting(x), lamp b n re#(.*)# setting(y, x), lamp c)", "x", "y")
    )
    assert [engine.send(f"lamp:{name}", n=name) for name in "abc"][-1] == [("it", {"x": None, "y": "b"})]


def test_first_captured_values_stay_in_and(engine: Engine) -> None:
    """A repeat of an operand that has been seen is not looked at."""
    engine.install(ruleset("lamp a n re#(.*)# setting(x) and lamp b", "x"))
    engine.send("lamp:a", n="first")
    engine.send("lamp:a", n="second")
    assert engine.send("lamp:b") == [("it", {"x": "first"})]


def test_each_alternative_sets_its_own_names(engine: Engine) -> None:
    """The other's are null, whichever came before."""
    engine.install(ruleset("lamp a n re#^(.*)$# setting(x) or lamp b n re#^(.*)$# setting(y)", "x", "y"))
    assert engine.send("lamp:a", n="1") == [("it", {"x": "1", "y": None})]
    assert engine.send("lamp:b", n="2") == [("it", {"x": None, "y": "2"})]
    assert engine.send("lamp:a") == [("it", {"x": "", "y": None})]


def test_alternatives_on_the_same_event_are_each_tried(engine: Engine) -> None:
    """FIX 9: one that does not fit is no obstacle to one that does, nor to its captures."""
    engine.install(ruleset("lamp a n re#^x(.)# setting(x) or lamp a n re#^y(.)# setting(y)", "x", "y"))
    assert engine.send("lamp:a", n="x1") == [("it", {"x": "1", "y": None})]
    assert engine.send("lamp:a", n="y2") == [("it", {"x": None, "y": "2"})]
    assert engine.send("lamp:a", n="z3") == []


def test_an_alternative_without_captures_may_come_first(engine: Engine) -> None:
    """FIX 26."""
    engine.install(ruleset("lamp a or lamp b n re#(.*)# setting(v)", "v"))
    assert engine.send("lamp:a") == [("it", {"v": None})]


def test_and_may_contain_not_between(engine: Engine) -> None:
    """FIX 27."""
    engine.install(ruleset("lamp d and lamp a not between (lamp b, lamp c)"))
    plot = "bcDdbaC"
    assert play(engine, plot) == "bcDdbac"
    assert play(engine, "bc") == "bC"


# --- attributes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attrs", "pattern", "is_selected"),
    [
        ({"n": 0}, "0", True),
        ({"n": None}, "null", True),
        ({"n": False}, "false", True),
        ({"n": ""}, "", True),
        ({"n": ""}, "^$", True),
        ({}, "^$", True),
        ({}, "null", False),
        ({"n": {"a": 1}}, r"^\[Map\]$", True),
        ({"n": [1]}, r"^\[Array\]$", True),
        ({"n": 1.5}, r"^1\.5$", True),
        ({"n": "somewhere in it"}, "in", True),
        ({"n": "YES"}, "yes", False),
    ],
)
def test_attributes_match_as_text(
    engine: Engine, attrs: dict[str, Any], pattern: str, is_selected: bool
) -> None:
    """Searched, not matched in full; a missing attribute is the empty text."""
    engine.install(ruleset(f"lamp a n re#{pattern}#"))
    assert bool(engine.send("lamp:a", **attrs)) is is_selected


def test_captures_are_bound_by_position_over_all_matches(engine: Engine) -> None:
    """A group that took no part is null, and so is a name too many; a capture too many is ignored."""
    engine.install(ruleset("lamp a m re#(.)(x)?# n re#(.)(.)# setting(p, q, r, s, t)", *"pqrst"))
    told = {"p": "1", "q": None, "r": "2", "s": "3", "t": None}
    assert engine.send("lamp:a", m="1", n="23") == [("it", told)]


def test_a_condition_sees_what_was_just_captured(engine: Engine) -> None:
    """And globals, but not attributes of the same name: a word in `setting` hides a global."""
    engine.install("""
      ruleset lamp {
        global { limit = "5" wanted = "yes" }
        rule a { select when lamp a n re#(.*)# setting(limit) where limit == wanted send_directive("a") }
        rule b { select when lamp b n re#(.*)# setting(n) where n == limit send_directive("b") }
        rule c { select when lamp c where event:attrs{"n"} like re#^x# && event:name == "c"
          send_directive("c") }
      }
    """)
    assert engine.names("lamp:a", n="yes", wanted="no", limit="no") == ["a"]
    assert engine.names("lamp:a", n="5") == []
    assert engine.names("lamp:b", n="5", limit="7") == ["b"]
    assert [engine.names("lamp:c", n=n) for n in ("xy", "yx")] == [["c"], []]


def test_conditions_see_what_earlier_events_captured(engine: Engine) -> None:
    engine.install(
        ruleset("lamp a n re#(.*)# setting(x) before lamp b n re#(.*)# setting(y) where x == y", "x")
    )
    engine.send("lamp:a", n="1")
    assert engine.send("lamp:b", n="1") == [("it", {"x": "1"})]


@pytest.mark.parametrize(
    ("condition", "is_selected"),
    [("1", True), ('"0"', True), ("[]", True), ("0", False), ('""', False), ("null", False)],
)
def test_where_in_an_event_expression_asks_for_truth(
    engine: Engine, condition: str, is_selected: bool
) -> None:
    engine.install(ruleset(f"lamp a where {condition}"))
    assert bool(engine.send("lamp:a")) is is_selected


@pytest.mark.parametrize(
    ("condition", "is_selected"),
    [("true", True), ("1 == 1", True), ("1", False), ('"true"', False), ("null", False)],
)
def test_select_where_asks_for_true_itself(engine: Engine, condition: str, is_selected: bool) -> None:
    """KEEP: stricter than everywhere else, and asked about every event of the pico."""
    engine.install(f'ruleset all {{ rule r {{ select where {condition} send_directive("it") }} }}')
    for event in ("any:thing", "other:event"):
        assert bool(engine.send(event)) is is_selected


def test_select_where_can_watch_for_what_another_event_stored(engine: Engine) -> None:
    engine.install("""
      ruleset watch {
        rule tell { select where true
          send_directive("tell", {"domain": event:domain, "name": event:name, "attrs": event:attrs}) }
        rule set { select where (event:domain == "watch") && (event:name == "set")
          always { ent:watched := event:attrs{"domain"} } }
        rule seen { select where event:domain == ent:watched send_directive("seen") }
      }
    """)
    assert engine.send("door:open") == [("tell", {"domain": "door", "name": "open", "attrs": {}})]
    assert engine.names("watch:set", domain="door") == ["tell"]
    assert engine.names("door:open") == ["tell", "seen"]


# --- what is half-matched is state of the pico ------------------------------------------------------


def test_half_matched_events_outlive_the_engine(engine: Engine) -> None:
    """CHOOSE: they are state like any other, captures included."""
    engine.install(ruleset("lamp a n re#(.*)# setting(v) before lamp b", "v"))
    engine.send("lamp:a", n="kept")
    engine.restart()
    assert engine.send("lamp:b") == [("it", {"v": "kept"})]


def test_half_matched_events_outlive_a_new_text_that_leaves_the_rule_alone(engine: Engine) -> None:
    text = ruleset("lamp a n re#(.*)# setting(v) before lamp b", "v")
    engine.install(text)
    engine.send("lamp:a", n="kept")
    engine.flush(text.replace('"it"', '"renamed"'))
    assert engine.send("lamp:b") == [("renamed", {"v": "kept"})]


def test_any_needs_more_alternatives_than_it_takes(engine: Engine) -> None:
    assert engine.codes(ruleset("any 2 (lamp a, lamp b)")) == ["K312"]
