"""Action blocks and defactions: sections 6 and 8 of the language reference."""

from __future__ import annotations

import pytest

from engine.core.messages import Fault
from tests.compatibility.engine import Engine

KITCHEN = """
ruleset kitchen {
  meta { shares kept, order }
  global {
    kept = function() { ent:kept }
    order = function(dish, sides = 2) { { "dish": dish, "sides": sides * 10 } }
    cook = defaction(dish, sides = order(null, 4){"sides"}, sauce = "none") {
      doubled = sides + sides
      send_directive("cook", { "dish": dish, "sides": doubled, "sauce": sauce }) setting(told)
      return told
    }
    serve = defaction(way) {
      choose way {
        table => send_directive("served")
        box   => cook("lunch", 1)
      }
    }
    clean = defaction(really) {
      if really then every {
        send_directive("soap")
        send_directive("water")
      }
      return "asked " + really
    }
  }
  rule named { select when kitchen named   cook("soup", sauce = "mint", sides = 3) }
  rule default { select when kitchen default   cook("soup") }
  rule keep {
    select when kitchen keep
    cook("tea", 0) setting(told)
    fired { ent:kept := told }
  }
  rule serve { select when kitchen serve   serve(event:attrs{"way"}) }
  rule clean {
    select when kitchen clean
    clean(event:attrs{"really"}) setting(said)
    fired { ent:kept := said }
  }
}
"""


@pytest.fixture
def kitchen(engine: Engine) -> Engine:
    engine.install(KITCHEN)
    return engine


def test_a_defaction_takes_positional_and_named_arguments(kitchen: Engine) -> None:
    """Trailing commas, any order of names, and locals declared before the action."""
    assert kitchen.send("kitchen:named") == [("cook", {"dish": "soup", "sides": 6, "sauce": "mint"})]


def test_a_default_may_call_a_function(kitchen: Engine) -> None:
    """It is computed when the action is called."""
    assert kitchen.send("kitchen:default") == [("cook", {"dish": "soup", "sides": 80, "sauce": "none"})]


def test_a_directive_is_the_result_of_sending_it(kitchen: Engine) -> None:
    """`setting` names it, `return` passes it on, and it can be kept."""
    kitchen.send("kitchen:keep")
    directive = kitchen.query("kitchen/kept")
    txn_id = directive.pop("meta").pop("txnId")
    assert isinstance(txn_id, str)
    assert directive == {
        "type": "directive",
        "name": "cook",
        "options": {"dish": "tea", "sides": 0, "sauce": "none"},
    }


def test_a_defaction_may_choose(kitchen: Engine) -> None:
    """A label that nothing has, or null, is no mistake: nothing is done."""
    assert kitchen.names("kitchen:serve", way="table") == ["served"]
    assert kitchen.names("kitchen:serve", way="box") == ["cook"]
    assert kitchen.names("kitchen:serve", way="bag") == kitchen.names("kitchen:serve") == []


def test_the_condition_of_a_defaction_guards_its_actions_alone(kitchen: Engine) -> None:
    """What it returns is computed either way."""
    assert kitchen.names("kitchen:clean", really=True) == ["soap", "water"]
    assert kitchen.names("kitchen:clean", really=False) == []
    assert kitchen.query("kitchen/kept") == "asked false"


def test_a_map_that_looks_like_a_directive_is_a_map(kitchen: Engine) -> None:
    """A function cannot act by returning one."""
    assert kitchen.query("kitchen/order", dish="rice") == {"dish": "rice", "sides": 20}
    assert kitchen.names("kitchen:named") == ["cook"]


def test_actions_cannot_be_shared(engine: Engine) -> None:
    """A query must not act; one that nobody shares is not there for queries either."""
    assert engine.codes(KITCHEN.replace("shares kept", "shares cook, kept")) == ["K307"]
    engine.install(KITCHEN)
    reply = engine.ask("kitchen/cook", {})
    assert isinstance(reply, Fault)
    assert reply.message == 'Ruleset kitchen does not have query function "cook"'


def test_defactions_are_values_with_the_scope_they_are_declared_in(engine: Engine) -> None:
    """Those of `pre` hide globals and standard actions, and are called without arguments they do not have."""
    engine.install("""
      ruleset shades {
        global { greet = defaction() { send_directive("global") } }
        rule hide {
          select when shades hide
          pre {
            greet = defaction() { noop() return ["local", "greet"] }
            send_directive = defaction() { noop() setting(nothing) return "sent " + nothing }
            note = defaction() { noop() }
          }
          every {
            greet("too", "many") setting(greeted)
            send_directive() setting(sent)
            note() setting(noted)
          }
          fired { raise shades event "hidden" attributes { "all": [greeted, sent, noted] } }
        }
        rule show { select when shades hidden   send_directive("hidden", event:attrs) }
      }
    """)
    assert engine.send("shades:hide") == [("hidden", {"all": [["local", "greet"], "sent null", None]})]


def test_options_are_what_was_passed(engine: Engine) -> None:
    """Without any, and for null, they are an empty map."""
    engine.install("""
      ruleset o { rule r { select when o o every {
        send_directive("none") send_directive("null", null) send_directive("list", [1, null])
        send_directive("named", options = "text") } } }
    """)
    told = [("none", {}), ("null", {}), ("list", [1, None]), ("named", "text")]
    assert engine.send("o:o") == told


def test_a_choice_that_finds_nothing_still_fires(engine: Engine) -> None:
    """KEEP: only a false condition keeps a rule from firing."""
    engine.install("""
      ruleset c {
        meta { shares fired }
        global { fired = function() { ent:fired } }
        rule r {
          select when c c
          if event:attrs{"go"} then choose (event:attrs{"way"}) { left => send_directive("left") }
          fired { ent:fired := true } else { ent:fired := false }
        }
      }
    """)
    for attrs, names, fired in [
        ({"go": True, "way": "left"}, ["left"], True),
        ({"go": False, "way": "left"}, [], False),
        ({"go": True, "way": "up"}, [], True),
    ]:
        assert engine.names("c:c", **attrs) == names
        assert engine.query("c/fired") is fired


def test_sample_runs_one_action_of_several(engine: Engine) -> None:
    """Over many events every one of them gets its turn; behind a false condition none does."""
    engine.install("""
      ruleset s {
        rule r { select when s s if event:attrs{"go"} then sample {
          send_directive("red") send_directive("green") send_directive("blue") } }
      }
    """)
    drawn = [engine.names("s:s", go=True) for _ in range(40)]
    assert {len(names) for names in drawn} == {1}
    assert {name for [name] in drawn} == {"red", "green", "blue"}
    assert engine.names("s:s") == []


def test_labels_outside_choose_are_ignored(engine: Engine) -> None:
    engine.install("""
      ruleset l { rule r { select when l l every { a => send_directive("1") b => send_directive("2") } } }
    """)
    assert engine.names("l:l") == ["1", "2"]


def test_a_label_is_compared_exactly(engine: Engine) -> None:
    """The value to choose by is a string; 1 is not "one", and case counts."""
    engine.install("""
      ruleset l {
        global { way = function() { event:attrs{"way"} } }
        rule r { select when l l choose way() { a => send_directive("a") A => send_directive("A") } }
      }
    """)
    assert [engine.names("l:l", way=way) for way in ("a", "A", "a ", 1, None)] == [["a"], ["A"], [], [], []]


def test_an_action_given_as_an_argument_runs(engine: Engine) -> None:
    """Checked when it runs: a function in its place is a fault."""
    engine.install("""
      ruleset v {
        global {
          hi = defaction(n) { send_directive("hi", { "n": n }) }
          twice = defaction(act) { every { act(1) act(2) } }
        }
        rule good { select when v good   twice(hi) }
        rule bad { select when v bad   twice(function(n) { n }) }
      }
    """)
    assert [options["n"] for _, options in engine.send("v:good")] == [1, 2]
    assert "is not an action" in engine.fault("v:bad")


def test_a_rule_without_actions_is_fired(engine: Engine) -> None:
    engine.install("""
      ruleset e {
        meta { shares fired }
        global { fired = function() { ent:fired } }
        rule r { select when e e way re#^yes$#i fired { ent:fired := true } else { ent:fired := false } }
      }
    """)
    engine.send("e:e", way="no")
    assert engine.query("e/fired") is None
    engine.send("e:e", way="YES")
    assert engine.query("e/fired") is True


def test_a_module_action_gives_its_result(engine: Engine) -> None:
    """What `setting` names is null when the action did not run."""
    engine.install("""
      ruleset m {
        rule r {
          select when m m
          if event:attrs{"go"} then ctx:newChannel(["a tag"]) setting(channel)
          always { raise m event "told" attributes { "tags": channel{"tags"} } }
        }
        rule told { select when m told   send_directive("told", event:attrs) }
      }
    """)
    assert engine.send("m:m", go=True) == [("told", {"tags": ["a-tag"]})]
    assert engine.send("m:m", go=False) == [("told", {"tags": None})]
