"""Shared names, `meta`, `global` and the predefined `__testing`. Sections 7 and 12."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.messages import Fault, Refusal
from engine.runtime.genesis import BORN_WITH
from tests.compatibility.engine import Engine

GREETER = """
ruleset org.example.greeter {
  meta {
    version "1.2.3"
    name "Greeter"
    description << Says
hello. >>
    author "A. Nonymous"
    shares greet, heard
    shares list, where
  }
  global {
    list = [1, { "a": null }]
    greet = function(name = "world", mark = null) { "Hello " + name + mark.defaultsTo("!") }
    heard = function() { ent:heard }
    where = function() {
      { "eci": meta:eci, "inQuery": meta:inQuery, "inEvent": meta:inEvent, "rule": meta:ruleName,
        "attrs": event:attrs, "rid": meta:rid, "url": meta:rid_url, "pico": meta:picoId == ctx:picoId,
        "texts": [ctx:rid_version, ctx:rid_name, ctx:rid_description, ctx:rid_author],
        "config": [meta:rulesetConfig, ctx:rid_config], "same": meta:rulesetURI == ctx:rid_url }
    }
    private = function() { 1 }
  }
  rule hear { select when greeter hear   always { ent:heard := event:attrs{"name"} } }
}
"""


@pytest.fixture
def greeter(engine: Engine) -> Engine:
    engine.install(GREETER)
    return engine


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        ({}, "Hello world!"),
        ({"name": "Bob"}, "Hello Bob!"),
        ({"mark": "?"}, "Hello world?"),
        ({"0": "Bob", "1": "?"}, "Hello Bob?"),
        ({"0": "Bob", "mark": "?"}, "Hello Bob?"),
        ({"name": None}, "Hello world!"),
        ({"other": 1}, "Hello world!"),
    ],
)
def test_arguments_of_a_query(greeter: Engine, args: dict[str, Any], answer: str) -> None:
    """By name or by position; what is missing has its default."""
    assert greeter.query("org.example.greeter/greet", **args) == answer


def test_a_shared_value_is_answered_as_it_is(greeter: Engine) -> None:
    """And an unset entity variable is null."""
    assert greeter.query("org.example.greeter/list") == [1, {"a": None}]
    assert greeter.query("org.example.greeter/heard") is None
    greeter.send("greeter:hear", name="ok")
    assert greeter.query("org.example.greeter/heard") == "ok"


def test_what_a_query_knows_of_itself(greeter: Engine) -> None:
    assert greeter.query("org.example.greeter/where") == {
        "eci": greeter.host.root_eci(),
        "inQuery": True,
        "inEvent": False,
        "rule": None,
        "attrs": None,
        "rid": "org.example.greeter",
        "url": "file:///published/org.example.greeter.krl",
        "pico": True,
        "texts": ["1.2.3", "Greeter", " Says\nhello. ", "A. Nonymous"],
        "config": [{}, {}],
        "same": True,
    }


def test_what_cannot_be_asked(greeter: Engine) -> None:
    """The sentences are the peer's; a channel that is not there has a hint besides."""
    for query, message in [
        ("not.here/x", "Pico doesn't have not.here installed."),
        ("org.example.greeter/zzz", 'Ruleset org.example.greeter does not have query function "zzz"'),
        ("org.example.greeter/private", 'Ruleset org.example.greeter does not have query function "private"'),
    ]:
        reply = greeter.ask(query, {})
        assert isinstance(reply, Fault)
        assert reply.message == message
    refusal = greeter.ask("org.example.greeter/greet", {}, eci="nowhere")
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "unknown"


def test_a_query_cannot_change_anything(engine: Engine) -> None:
    """There is no syntax for it in a function."""
    for body in ("ent:x := 1", "ent:x = 1", "ctx:newChannel([])", 'send_directive("x")'):
        assert engine.install_fault(
            f"ruleset w {{ meta {{ shares f }} global {{ f = function() {{ {body} }} }} }}"
        )


def test_the_predefined_testing_describes_the_ruleset(engine: Engine) -> None:
    """Shared functions with their parameters; events with the attributes their rules read."""
    engine.install("""
      ruleset t {
        meta { shares f, v }
        global { f = function(a, b = 1) { a } v = 1 }
        rule one { select when d t x re#.# setting(x) or e u
          pre { y = event:attrs{"y"} z = event:attr("z") w = event:attrs.get("w") p = event:attrs["p"] } }
      }
    """)
    described = engine.query("t/__testing")
    assert {"name": "f", "args": ["a", "b"]} in described["queries"]
    by_event = {(one["domain"], one["name"]): set(one["attrs"]) for one in described["events"]}
    assert set(by_event) == {("d", "t"), ("e", "u")}
    assert {"x", "y", "z", "w"} <= by_event["d", "t"]


def test_testing_may_be_declared_anew_from_the_predefined_one(engine: Engine) -> None:
    engine.install("""
      ruleset t {
        global { __testing = { "queries": [], "event": __testing["events"] } read = function() { __testing } }
        rule say { select when say hello always { ent:said := event:attrs{"name"} } }
      }
    """)
    assert engine.query("t/__testing") == {
        "queries": [],
        "event": [{"domain": "say", "name": "hello", "attrs": ["name"]}],
    }


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ('version "1" version "2"', "K308"),
        ('name "1" name "2"', "K308"),
        ('description "1" description "2"', "K308"),
        ('author "1" author "2"', "K308"),
        ("shares nothing", "K306"),
        ("provides nothing", "K306"),
        ('key k "secret"', "K309"),
        ('keys k { "one": 1 }', "K309"),
        ("errors to other", "K309"),
        ("provides keys k to other", "K309"),
    ],
)
def test_meta_that_is_refused(engine: Engine, meta: str, code: str) -> None:
    assert engine.codes(f"ruleset m {{ meta {{ {meta} }} }}") == [code]


def test_meta_that_is_let_pass(engine: Engine) -> None:
    """Each with a warning; the ruleset works."""
    engine.install("""
      ruleset old { version "1" meta { logging on shares f } global { f = function() { {"a": 1}.a } }
        rule r is inactive { select when d t where true setting(x) noop() } }
    """)
    assert engine.query("old/f") == 1


def test_global_may_read_entity_variables(engine: Engine) -> None:
    """FIX 15. A value of `global` is computed once, so it stays what it was, also after a restart."""
    engine.install("""
      ruleset g {
        meta { shares first, now }
        global { first = ent:n.defaultsTo("none") now = function() { ent:n } }
        rule set { select when g set always { ent:n := 5 } }
      }
    """)
    engine.send("g:set")
    assert (engine.query("g/first"), engine.query("g/now")) == ("none", 5)
    engine.restart()
    assert (engine.query("g/first"), engine.query("g/now")) == ("none", 5)


def test_global_sees_no_event(engine: Engine) -> None:
    engine.install("""
      ruleset g {
        meta { shares seen }
        global { seen = [event:attrs, event:eid, meta:eci, meta:txnId, meta:inEvent, meta:rid] }
      }
    """)
    assert engine.query("g/seen") == [None, None, None, None, False, "g"]


def test_a_failing_global_is_a_failing_install(engine: Engine) -> None:
    assert "subtracted" in engine.install_fault('ruleset g { global { x = "a" - 1 } }')
    assert "g" not in engine.host.tree().rulesets


def test_a_flush_that_fails_leaves_the_old_ruleset(engine: Engine) -> None:
    """CHOOSE: it is refused with the reason, where the peer is silent."""
    engine.install("ruleset g { meta { shares x } global { x = 1 } }")
    assert isinstance(engine.flush('ruleset g { meta { shares x } global { x = "a" - 1 } }'), Refusal)
    assert engine.query("g/x") == 1


def test_install_time_configuration_is_kept_apart(engine: Engine) -> None:
    """`configure` values are the defaults when a ruleset is installed by itself."""
    text = """
      ruleset c { meta { shares both configure using who = "default" }
        global { both = function() { [who, ctx:rid_config, meta:rulesetConfig{"who"}] } } }
    """
    url = engine.publish(text)
    engine.send("wrangler:install_ruleset_request", url=url, config={"who": "me"})
    assert engine.query("c/both") == ["default", {"who": "me"}, "me"]


def test_a_ruleset_is_known_with_its_texts(engine: Engine) -> None:
    """`ctx:rulesets` lists what is installed, in order, with source, hash and warnings."""
    engine.install(
        GREETER,
        """ruleset list { meta { shares all } global { all = function() { ctx:rulesets } } }""",
    )
    *others, greeter, _ = engine.query("list/all")
    assert [one["rid"] for one in others] == [*BORN_WITH]
    assert greeter["rid"] == "org.example.greeter"
    assert greeter["url"] == "file:///published/org.example.greeter.krl"
    assert greeter["meta"]["krl"] == GREETER
    assert greeter["meta"]["krlMeta"]["version"] == "1.2.3"
    assert greeter["meta"]["flushed"].endswith("Z")
    assert greeter["meta"]["compiler"]["warnings"] == []
    assert len(greeter["meta"]["hash"]) == 64


def test_chevrons_are_kept_as_they_are_written(engine: Engine) -> None:
    engine.install("""
ruleset c {
  meta { shares d }
  global {
    a = 1
    c = "<b>bold</b>"
    d = <<
      hi #{a} + 2 = #{a + 2}
    #{c}
  >>
  }
}
""")
    assert engine.query("c/d") == "\n      hi 1 + 2 = 3\n    <b>bold</b>\n  "
