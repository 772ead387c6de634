"""Rules: order, loops, postludes, guards, `last`, `error` and `raise`. Sections 8 and 12."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.engine import Engine


def body(*rules: str, rid: str = "r", shared: str = "") -> str:
    """A ruleset of these rule bodies; `seen` is what its rules noted in `ent:seen`."""
    texts = " ".join(f"rule rule{number} {{ {text} }}" for number, text in enumerate(rules))
    return f"""
      ruleset {rid} {{
        meta {{ shares seen }}
        global {{
          seen = function() {{ ent:seen }}
          note = function(x) {{ ent:seen.defaultsTo([]).append([x]) }}
          {shared}
        }}
        {texts}
      }}
    """


# --- order -----------------------------------------------------------------------------------------


def test_rules_run_in_the_order_of_the_text(engine: Engine) -> None:
    """Actions, `fired` and `finally` of one rule are over before the next rule is looked at."""
    text = """
      select when d t send_directive("NAME")
      fired { ent:seen := note("NAME fired") } finally { ent:seen := note("NAME finally") }
    """
    engine.install(body(text.replace("NAME", "one"), text.replace("NAME", "two")))
    assert engine.names("d:t") == ["one", "two"]
    assert engine.query("r/seen") == ["one fired", "one finally", "two fired", "two finally"]


def test_a_rule_sees_what_an_earlier_one_stored(engine: Engine) -> None:
    """Also in its `where`."""
    engine.install(
        body(
            "select when d t fired { ent:n := 1 }",
            "select when d t where ent:n == 1 fired { ent:n := 2 }",
            'select when d t where ent:n == 2 send_directive("it")',
        )
    )
    assert engine.names("d:t") == ["it"]


def test_rulesets_run_in_the_order_of_their_installation(engine: Engine) -> None:
    """CHOOSE: for ever, also after a restart, where the peer goes over to the alphabet."""
    one = 'select when d t send_directive("RID") always { ent:seen := note("RID") }'
    engine.install(*[body(one.replace("RID", rid), rid=rid) for rid in ("zeta", "alpha", "mid")])
    assert engine.names("d:t") == ["zeta", "alpha", "mid"]
    engine.restart()
    assert engine.names("d:t") == ["zeta", "alpha", "mid"]
    assert engine.query("mid/seen") == ["mid", "mid"]


def test_raised_events_are_handled_breadth_first(engine: Engine) -> None:
    """All rulesets see an event before any of them sees what the first one raised."""
    engine.install(
        body(
            'select when d t send_directive("a t") fired { raise d event "u" }',
            'select when d u send_directive("a u") fired { raise d event "v" }',
            rid="a",
        ),
        body(
            'select when d t send_directive("b t")',
            'select when d u send_directive("b u")',
            'select when d v send_directive("b v")',
            rid="b",
        ),
    )
    assert engine.names("d:t") == ["a t", "b t", "a u", "b u", "b v"]


def test_an_inactive_rule_is_as_if_absent(engine: Engine) -> None:
    engine.install(
        """ruleset r {
          rule a is inactive { select when d t send_directive("a") }
          rule b is active { select when d t send_directive("b") }
        }"""
    )
    assert engine.names("d:t") == ["b"]


# --- foreach ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collection", "seen"),
    [
        ("[7, 8]", [[7, 0, None], [8, 1, None]]),
        ('{"b": 1, "a": 2}', [[1, "b", None], [2, "a", None]]),
        ('{"b": 1, "2": 2, "1": 3}', [[3, "1", None], [2, "2", None], [1, "b", None]]),
        ('"hé"', [["h", "0", None], ["é", "1", None]]),
        ("[]", []),
        ("{}", []),
        ("null", []),
        ("5", []),
        ("true", []),
    ],
)
def test_foreach_takes_values_and_keys(engine: Engine, collection: str, seen: list[Any]) -> None:
    """Arrays give numbers as keys, texts their indices as texts; a third name is null. Without
    anything to go over, not even `always` runs."""
    engine.install(
        body(
            f'select when d t foreach {collection} setting(v, k, more) send_directive("it", [v, k, more]) '
            "always { ent:seen := note(k) }"
        )
    )
    assert [options for _, options in engine.send("d:t")] == seen
    assert (engine.query("r/seen") or []) == [key for _, key, _ in seen]


def test_inner_loops_see_outer_names(engine: Engine) -> None:
    """And so do `pre`, which runs anew for each turn, and the collection of the inner loop."""
    engine.install(
        body(
            "select when d t foreach twice([1, 2]) setting(list) foreach list setting(x) "
            'foreach 0.range(x) setting(y) pre { z = x * y } send_directive("it", [x, y, z])',
            shared="twice = function(list) { [list, list] }",
        )
    )
    once = [[1, 0, 0], [1, 1, 1], [2, 0, 0], [2, 1, 2], [2, 2, 4]]
    assert [options for _, options in engine.send("d:t")] == once + once


def test_loops_over_what_the_event_captured(engine: Engine) -> None:
    """FIX 8: `setting` names are there when the collections are computed."""
    engine.install(
        body(
            "select when d t list re#(.*)# setting(list) "
            "foreach list.split(re#,#) setting(one) send_directive(one)"
        )
    )
    assert engine.names("d:t", list="x,y") == ["x", "y"]


@pytest.mark.parametrize(("x", "y", "last"), [("a", "0", "a0"), ("a", "0,1", "a1"), ("a,b", "0,1", "b1")])
def test_on_final_is_the_last_turn_of_all_loops(engine: Engine, x: str, y: str, last: str) -> None:
    engine.install(
        body(
            'select when d t foreach event:attrs{"x"}.split(",") setting(x) '
            'foreach event:attrs{"y"}.split(",") setting(y) send_directive(x + y) '
            'always { raise d event "final" attributes {"last": x + y} on final }',
            'select when d final send_directive("final " + event:attrs{"last"})',
        )
    )
    every = [one + other for one in x.split(",") for other in y.split(",")]
    assert engine.names("d:t", x=x, y=y) == [*every, f"final {last}"]


# --- postlude --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("postlude", "if_true", "if_false"),
    [
        ("fired { N(1) }", [1], []),
        ("fired { N(1) } else { N(2) }", [1], [2]),
        ("fired { N(1) } finally { N(3) }", [1, 3], [3]),
        ("fired { N(1) } else { N(2) } finally { N(3) }", [1, 3], [2, 3]),
        ("notfired { N(1) }", [], [1]),
        ("notfired { N(1) } else { N(2) }", [2], [1]),
        ("notfired { N(1) } else { N(2) } finally { N(3) }", [2, 3], [1, 3]),
        ("always { N(1) }", [1], [1]),
    ],
)
def test_which_block_of_a_postlude_runs(
    engine: Engine, postlude: str, if_true: list[int], if_false: list[int]
) -> None:
    text = postlude.replace("N(", "ent:seen := note(")
    engine.install(body(f'select when d t if event:attrs{{"c"}} then noop() {text}'))
    engine.send("d:t", c=True)
    assert (engine.query("r/seen") or []) == if_true
    engine.send("d:t", c=False)
    assert (engine.query("r/seen") or []) == if_true + if_false


def test_guards(engine: Engine) -> None:
    """`if` asks for truth; `on final` is true where there is no loop."""
    engine.install(
        body(
            "select when d t foreach [1, 2, 3] setting(x) "
            "always { ent:seen := note(x) if x % 2; ent:seen := note(x * 10) on final }",
            'select when d u always { ent:seen := note(event:attrs{"x"}) on final }',
            "select when d v always { ent:seen := note(1) if 0; ent:seen := note(2) if [] }",
        )
    )
    for event in ("d:t", "d:u", "d:v"):
        engine.send(event, x=42)
    assert engine.query("r/seen") == [1, 3, 30, 42, 2]


def test_names_in_postludes(engine: Engine) -> None:
    """CHOOSE and FIX 10: a name of `fired` is visible in `finally`, a declaration may have a guard, and
    a name of the event or of `pre` may be declared again."""
    engine.install(
        body(
            "select when d t n re#(.)# setting(n) pre { p = n + 1 } "
            "fired { x = p + 2; y = 5 if false; n = 9 } finally { ent:seen := [x, y, n, p] }"
        )
    )
    engine.send("d:t", n="0")
    assert engine.query("r/seen") == ["012", None, 9, "01"]


def test_a_stored_value_is_visible_at_once(engine: Engine) -> None:
    engine.install(
        body(
            "select when d t pre { get = function() { ent:x } } "
            "fired { ent:x := 1; ent:seen := note(get()); ent:x := 2; ent:seen := note(get()) }"
        )
    )
    engine.send("d:t")
    assert engine.query("r/seen") == [1, 2]


# --- last and error --------------------------------------------------------------------------------


@pytest.fixture
def stopping(engine: Engine) -> Engine:
    """Three rules that stop where the event says, and another ruleset."""
    one = """
      select when d t send_directive("NAME")
      fired { last if event:attrs{"stop"} == "NAME"; ent:seen := note("NAME") }
      finally { ent:seen := note("finally") }
    """
    engine.install(body(*[one.replace("NAME", name) for name in "abc"]))
    engine.install(body('select when d t send_directive("other")', rid="other"))
    return engine


@pytest.mark.parametrize(
    ("stop", "ran"), [("a", ["a"]), ("b", ["a", "b"]), ("c", ["a", "b", "c"]), ("", ["a", "b", "c"])]
)
def test_last_ends_its_ruleset_alone(stopping: Engine, stop: str, ran: list[str]) -> None:
    """Further rules of the ruleset do not run; other rulesets do."""
    assert stopping.names("d:t", stop=stop) == [*ran, "other"]


def test_last_ends_its_rule_at_once(stopping: Engine) -> None:
    """Neither the rest of the block nor `finally` runs."""
    stopping.send("d:t", stop="b")
    assert stopping.query("r/seen") == ["a", "finally"]


def test_last_ends_the_loops_too(engine: Engine) -> None:
    """What was raised before is still handled."""
    engine.install(
        body(
            'select when d t foreach [1, 2, 3] setting(x) send_directive("x", x) '
            'always { raise d event "u"; last if x == 2 }',
            'select when d t send_directive("never")',
            'select when d u send_directive("raised")',
        )
    )
    assert engine.names("d:t") == ["x", "x", "raised", "raised"]


ERRORS = body(
    "select when system error fired { ent:seen := note(event:attrs) }",
    'select when d mild send_directive("mild") '
    'always { error debug "one"; error info {"two": 2}; error warn null }',
    'select when d mild send_directive("still")',
    'select when d hard send_directive("hard") '
    'fired { raise d event "mild"; error error "stop"; error error "never" } '
    'finally { ent:seen := note("never") }',
    'select when d hard send_directive("never")',
)


def test_errors_are_events_for_their_own_ruleset(engine: Engine) -> None:
    """`system:error` says what, where and how bad; another ruleset's rule for it is not asked."""
    engine.install(ERRORS, body('select when system error send_directive("never")', rid="other"))
    assert engine.names("d:mild") == ["mild", "still"]
    common = {"rid": "r", "rule_name": "rule1", "genus": "user"}
    assert engine.query("r/seen") == [
        {"level": "debug", "data": "one", **common},
        {"level": "info", "data": {"two": 2}, **common},
        {"level": "warn", "data": None, **common},
    ]


def test_an_error_of_level_error_stops_everything_that_waits(engine: Engine) -> None:
    """Its rule, its ruleset's rules, other rulesets and what was raised; what was told stays told."""
    engine.install(ERRORS, body('select when d hard or d mild send_directive("never")', rid="other"))
    assert engine.names("d:hard") == ["hard"]
    [error] = engine.query("r/seen")
    assert (error["level"], error["data"], error["rule_name"]) == ("error", "stop", "rule3")


def test_a_run_time_error_takes_the_whole_event_back(engine: Engine) -> None:
    """CHOOSE: nothing that any rule stored or told is left, and `system:error` comes as an event of its
    own, with the place."""
    engine.install(
        body(
            'select when d t send_directive("before") fired { ent:seen := note("gone") }',
            'select when d t send_directive("at") fired { ent:x := "text" - 1 }',
            "select when system error fired { ent:seen := note(event:attrs) }",
        ),
        body("select when d t fired { ent:seen := note(1) }", rid="other"),
    )
    assert "1 cannot be subtracted from text" in engine.fault("d:t")
    engine.settle()
    assert engine.query("other/seen") is None
    [error] = engine.query("r/seen")
    assert (error["genus"], error["rid"], error["rule_name"]) == ("system", "r", "rule1")
    assert error["data"].startswith("1 cannot be subtracted")
    assert error["span"]["rid"] == "r"


def test_directives_do_not_leak_into_the_next_event(engine: Engine) -> None:
    """FIX 1."""
    engine.install(
        body(
            'select when d t send_directive("lost") fired { x = null.klog() - "a" }',
            'select when d u send_directive("u")',
        )
    )
    engine.fault("d:t")
    assert engine.names("d:u") == ["u"]


# --- raise -----------------------------------------------------------------------------------------

ECHO = "select when d echo or e echo send_directive(event:domain, event:attrs)"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ('raise d event "echo"', ("d", {})),
        ('raise d event "echo" attributes null', ("d", {})),
        ('raise d event "ec" + "ho" attributes {"a": [1]}', ("d", {"a": [1]})),
        ('raise event "e:echo" attributes event:attrs', ("e", {"a": 7})),
        ('raise event " e : echo "', ("e", {})),
        ('raise d event "echo" for "r" attributes {"a": 1}', ("d", {"a": 1})),
        ('raise d event "echo" for meta:rid', ("d", {})),
        (
            'raise d event "echo" attributes {"f": function() { 1 }, "l": [], "r": re#a#i, "n": null}',
            ("d", {"l": [], "r": {}, "n": None}),
        ),
    ],
)
def test_raise(engine: Engine, statement: str, told: tuple[str, Any]) -> None:
    """Both forms; attributes are copied as JSON has them (CHOOSE: nulls are kept)."""
    engine.install(body(f"select when d t fired {{ {statement} }}", ECHO))
    assert engine.send("d:t", a=7) == [told]


def test_a_raise_for_one_ruleset_reaches_no_other(engine: Engine) -> None:
    """FIX 2. One that is not installed gets nothing, and nobody else does."""
    engine.install(
        body('select when d t fired { raise d event "echo" for event:attrs{"rid"} }', ECHO),
        body(ECHO, rid="other"),
    )
    assert len(engine.send("d:t", rid="other")) == 1
    assert engine.send("d:t", rid="nobody") == []


@pytest.mark.parametrize(
    "statement",
    [
        'raise event "nocolon"',
        'raise d event "t" attributes [1]',
        'raise d event "t" attributes "text"',
        "raise event null",
    ],
)
def test_a_raise_that_makes_no_event_is_a_fault(engine: Engine, statement: str) -> None:
    engine.install(body(f"select when d go fired {{ {statement} }}"))
    assert engine.fault("d:go")


def test_a_raised_event_belongs_to_its_transaction(engine: Engine) -> None:
    """The same id, channel and time; and the transaction's id is the event's."""
    facts = '{"eid": event:eid, "txn": meta:txnId, "eci": event:eci, "time": event:time}'
    engine.install(
        body(
            f'select when d t send_directive("t", {facts}) fired {{ raise d event "u" }}',
            f'select when d u send_directive("u", {facts})',
        )
    )
    (_, first), (_, second) = engine.send("d:t")
    assert first == second
    assert first["eid"] == first["txn"]
    assert (first["eci"], first["time"]) == (engine.host.root_eci(), engine.clock.time_ms)


def test_an_endless_raise_is_stopped(engine: Engine) -> None:
    """FIX 22: an error of that event; the next one is answered."""
    engine.install(
        body(
            'select when d t fired { raise event event:attrs{"again"} attributes event:attrs }',
            'select when d u send_directive("u")',
        )
    )
    assert "raised events" in engine.fault("d:t", again="d:t")
    assert engine.names("d:u") == ["u"]
